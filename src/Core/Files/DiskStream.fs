/// A new file as a stream, for those who write one byte after another.
namespace SingleSharp.Core.Files

open System
open System.IO

/// Writes to a file from its beginning. What it is closed by leaves the file open.
[<Sealed>]
type internal DiskStream(disk: RandomAccessFile) =
    inherit Stream()

    let mutable position = 0L

    override _.CanRead = false
    override _.CanSeek = false
    override _.CanWrite = true
    override _.Length = position

    override _.Position
        with get () = position
        and set _ = raise (NotSupportedException())

    override _.Flush() = ()
    override _.Read(_: byte[], _: int, _: int) : int = raise (NotSupportedException())
    override _.Seek(_, _) = raise (NotSupportedException())
    override _.SetLength _ = raise (NotSupportedException())

    override stream.Write(bytes: byte[], offset, count) =
        stream.Write(ReadOnlySpan(bytes, offset, count))

    override _.Write(bytes: ReadOnlySpan<byte>) =
        disk.Write(position, bytes)
        position <- position + int64 bytes.Length

/// Passes on what is written and counts it. What it is closed by leaves the other stream open.
[<Sealed>]
type internal CountedStream(target: Stream) =
    inherit Stream()

    let mutable written = 0L

    override _.CanRead = false
    override _.CanSeek = false
    override _.CanWrite = true
    override _.Length = written

    override _.Position
        with get () = written
        and set _ = raise (NotSupportedException())

    override _.Flush() = target.Flush()
    override _.Read(_: byte[], _: int, _: int) : int = raise (NotSupportedException())
    override _.Seek(_, _) = raise (NotSupportedException())
    override _.SetLength _ = raise (NotSupportedException())

    override stream.Write(bytes: byte[], offset, count) =
        stream.Write(ReadOnlySpan(bytes, offset, count))

    override _.Write(bytes: ReadOnlySpan<byte>) =
        target.Write bytes
        written <- written + int64 bytes.Length
