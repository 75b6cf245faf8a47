/// What the bytes of a file lie on: the operating system's file, or something in its place that watches what is done to it.
namespace SingleSharp.Core.Files

open System
open System.IO
open System.Runtime.InteropServices
open Microsoft.Win32.SafeHandles

/// Positions count from the first byte of the file.
type internal Device =
    inherit IDisposable

    abstract Length: int64

    /// Another one than before once somebody has changed the file.
    abstract Stamp: Stamp

    /// How many bytes were read into the span; fewer than it has room for where the file ends.
    abstract Read: position: int64 * target: Span<byte> -> int
    abstract Write: position: int64 * source: ReadOnlySpan<byte> -> unit
    abstract SetLength: length: int64 -> unit

    /// Asks for everything written to be taken out of reach of a loss of power, and does not wait for it.
    abstract StartFlush: unit -> unit

    /// Returns when everything written is out of reach of a loss of power.
    abstract Flush: unit -> unit

    /// The handle through which the kernel may copy by itself; none where every byte must come by here.
    abstract Handle: SafeFileHandle voption

/// A call of the operating system that .NET does not offer.
module private Writeback =
    [<DllImport("libc", EntryPoint = "sync_file_range")>]
    extern int syncFileRange(SafeFileHandle handle, int64 start, int64 length, uint32 flags)

    /// SYNC_FILE_RANGE_WRITE: begin, and wait for nothing.
    let start handle =
        if OperatingSystem.IsLinux() then
            // It promises nothing, so nothing is lost where it fails, or where the C library has no such call.
            try
                syncFileRange (handle, 0L, 0L, 2u) |> ignore
            with :? EntryPointNotFoundException ->
                ()

/// The file behind a handle.
[<Sealed>]
type internal FileDevice(handle: SafeFileHandle) =
    interface Device with
        member _.Length = RandomAccess.GetLength handle
        member _.Stamp = Status.stamp (Status.ofHandle handle)

        member _.Read(position, target) =
            RandomAccess.Read(handle, target, position)

        member _.Write(position, source) =
            RandomAccess.Write(handle, source, position)

        member _.SetLength length = RandomAccess.SetLength(handle, length)
        member _.StartFlush() = Writeback.start handle
        member _.Flush() = RandomAccess.FlushToDisk handle
        member _.Handle = ValueSome handle
        member _.Dispose() = handle.Dispose()
