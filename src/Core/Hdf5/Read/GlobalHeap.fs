/// The global heap, where strings of variable length lie.
namespace SingleSharp.Core.Hdf5

open System
open System.Collections.Generic
open SingleSharp.Core.Files

[<Sealed>]
type internal GlobalHeap(disk: RandomAccessFile) =
    /// Strings of one column lie side by side, so a few collections at a time are enough, and large ones one by one.
    let mostKept = 16

    let mostKeptBytes = 1L <<< 24
    let mutable keptBytes = 0L

    let kept = Dictionary<int64, byte[] * Dictionary<int, struct (int * int)>>()
    let order = Queue<int64>()

    let readCollection address =
        let where = $"the string heap at byte {address}"
        let head = Cursor(disk, where, disk.Read(address, 16L), 0)
        head.Expect "GCOL"
        head.Skip 4
        let length = head.I64()
        // One string may fill it, which is held as bytes, as text and as bytes again.
        disk.Require(if length > mostKeptBytes / 4L && length <= disk.Length then 5L * length else 0L)
        let bytes = disk.Read(address, length)
        let cursor = Cursor(disk, where, bytes, 16)
        let places = Dictionary<int, struct (int * int)>()
        let mutable more = true

        while more && cursor.Left >= 16 do
            let index = cursor.U16()
            cursor.Skip 6
            let size = cursor.I64()

            if index = 0 then
                more <- false
            else
                let length = cursor.Bounded(size, int64 cursor.Left)
                places[index] <- struct (cursor.Position, length)
                cursor.Skip(min cursor.Left (int (Bytes.align8 size)))

        bytes, places

    let collection address =
        match kept.TryGetValue address with
        | true, found -> found
        | _ ->
            let drop () =
                let first = order.Dequeue()
                keptBytes <- keptBytes - (fst kept[first]).LongLength
                kept.Remove first |> ignore

            // Large ones leave before another is read, not after it.
            while order.Count = mostKept || order.Count > 0 && keptBytes > mostKeptBytes do
                drop ()

            let read = readCollection address
            order.Enqueue address
            kept[address] <- read
            keptBytes <- keptBytes + (fst read).LongLength
            read

    /// Where the bytes behind a variable-length reference lie: its length in elements of a size, and their place in a collection.
    let find (reference: ReadOnlySpan<byte>) elementSize =
        let count = int64 (BitConverter.ToUInt32 reference)
        let address = BitConverter.ToInt64(reference.Slice 4)
        let index = BitConverter.ToInt32(reference.Slice 12)

        if count = 0L || address = 0L || address = Bytes.undefined then
            struct (Array.Empty(), 0, 0)
        else
            let bytes, places = collection address

            match places.TryGetValue index with
            | true, struct (start, length) when count * int64 elementSize <= int64 length -> struct (bytes, start, int count * elementSize)
            | _ -> disk.Damaged $"the string heap at byte {address}" $"it has no entry {index} of {count} bytes"

    /// The bytes behind a variable-length reference.
    member _.Resolve(reference: ReadOnlySpan<byte>, elementSize: int) =
        let struct (bytes, start, length) = find reference elementSize
        bytes.AsSpan(start, length).ToArray()

    /// Is the string that a reference leads to UTF-8? It must be there.
    member _.IsUtf8(reference: ReadOnlySpan<byte>) =
        let struct (bytes, start, length) = find reference 1
        Text.Unicode.Utf8.IsValid(ReadOnlySpan(bytes, start, length))

    member _.String(reference: ReadOnlySpan<byte>) =
        // A string may carry its terminating NUL, as some writers store it.
        let struct (bytes, start, length) = find reference 1
        Bytes.text (ReadOnlySpan(bytes, start, length))
