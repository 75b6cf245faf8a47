/// A copy of a file without the bytes that will be written anew.
namespace SingleSharp.Core.Files

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open System.Threading
open Microsoft.Win32.SafeHandles
open SingleSharp.Core
open SingleSharp.Core.Folds

module private Native =
    [<DllImport("libc", EntryPoint = "copy_file_range", SetLastError = true)>]
    extern nativeint copyFileRange(
        SafeFileHandle source,
        int64& sourceAt,
        SafeFileHandle target,
        int64& targetAt,
        unativeint count,
        uint32 flags
    )

/// Copies ranges of one file to another, each byte as many bytes further on as `shift` says: inside the kernel where it can, which shares the blocks
/// instead of copying them where the file system can.
[<Sealed>]
type private Copier(source: RandomAccessFile, target: RandomAccessFile, shift: int64) =
    /// Large enough that copying is not the slow part, small enough for every budget.
    let bufferBytes = 1024 * 1024

    let mutable buffer: byte[] = Array.Empty()
    let mutable inKernel = OperatingSystem.IsLinux()

    let throughMemory at count =
        if buffer.Length = 0 then
            buffer <- Array.zeroCreate bufferBytes

        let now = int (min (int64 bufferBytes) count)
        source.ReadInto(at, Span(buffer, 0, now))
        target.Write(at + shift, ReadOnlySpan(buffer, 0, now))
        int64 now

    /// How many bytes the kernel copied; none means that it will not.
    let throughKernel at count =
        match source.Device.Handle, target.Device.Handle with
        | ValueSome readable, ValueSome writable ->
            let mutable from = source.Origin + at
            let mutable into = target.Origin + at + shift
            int64 (Native.copyFileRange (readable, &from, writable, &into, unativeint count, 0u))
        | _ -> 0L

    /// Copies the bytes [low, high), some at a time so that a cancellation need not wait for all of them.
    member _.Copy(low: int64, high: int64, cancel: CancellationToken) =
        let mutable at = low

        while at < high do
            cancel.ThrowIfCancellationRequested()
            let count = min (high - at) (256L * 1024L * 1024L)
            let copied = if inKernel then throughKernel at count else 0L

            if copied > 0L then
                at <- at + copied
            else
                inKernel <- false
                at <- at + throughMemory at count

[<RequireQualifiedAccess>]
module internal CopyRanges =
    /// Copies the bytes [0, length) except those that lie in the ranges to skip, which are sorted by address.
    let copy
        (source: RandomAccessFile)
        (target: RandomAccessFile)
        (length: int64)
        (skip: struct (int64 * int64) list)
        (cancel: CancellationToken)
        =
        let copier = Copier(source, target, 0L)

        // The user block, if any, stands before the first address.
        copier.Copy(-source.Origin, 0L, cancel)
        let mutable at = 0L

        for struct (start, count) in skip do
            copier.Copy(at, min length start, cancel)
            at <- max at (start + count)

        copier.Copy(at, length, cancel)
        target.SetLength length

    /// Copies some ranges of bytes to the same places.
    let copyRanges (source: RandomAccessFile) (target: RandomAccessFile) (ranges: struct (int64 * int64) list) (cancel: CancellationToken) =
        let copier = Copier(source, target, 0L)

        for struct (start, count) in ranges do
            copier.Copy(start, start + count, cancel)

    /// Copies some bytes to another place.
    let copyTo (source: RandomAccessFile) (target: RandomAccessFile) start count place (cancel: CancellationToken) =
        Copier(source, target, place - start).Copy(start, start + count, cancel)

    /// Copies what the cells of a pass were read from as soon as they have been read, so that the disk is read only once.
    /// `pieces` are in the order of the values: the first value that each holds, its address and its bytes.
    let asRead
        (source: RandomAccessFile)
        (target: RandomAccessFile)
        (pieces: struct (int64 * int64 * int64)[])
        (cancel: CancellationToken)
        : Sink<RowBatch> =
        let copier = Copier(source, target, 0L)
        let waiting = Queue pieces

        let copyBefore value =
            let isBefore (struct (first, _, _)) = first < value

            // Chunks that lie next to one another are one copy.
            let mutable low = 0L
            let mutable high = 0L

            while waiting.Count > 0 && isBefore (waiting.Peek()) do
                let struct (_, address, bytes) = waiting.Dequeue()

                if address <> high then
                    copier.Copy(low, high, cancel)
                    low <- address

                high <- address + bytes

            copier.Copy(low, high, cancel)

        Sink.ofBuffer
            { Begin = fun _ -> ref 0L
              Fill = fun read rowBatch -> read.Value <- rowBatch.FirstValue + int64 rowBatch.Count
              IsFull = fun _ -> false
              Flush = fun read -> copyBefore read.Value
              Recycle = ignore
              Complete = fun () -> copyBefore Int64.MaxValue }
