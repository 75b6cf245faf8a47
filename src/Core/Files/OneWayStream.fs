/// Streams that are read or written from their start to their end, and know neither length nor place.
namespace SingleSharp.Core.Files

open System
open System.IO

/// What such a stream cannot do; it does one of Read and Write.
[<AbstractClass>]
type internal OneWayStream() =
    inherit Stream()

    override _.CanRead = false
    override _.CanSeek = false
    override _.CanWrite = false
    override _.Length = raise (NotSupportedException())

    override _.Position
        with get () = raise (NotSupportedException())
        and set _ = raise (NotSupportedException())

    override _.Flush() = ()
    override stream.Read(bytes: byte[], offset: int, count: int) = stream.Read(Span(bytes, offset, count))
    override _.Read(_: Span<byte>) : int = raise (NotSupportedException())

    override stream.Write(bytes: byte[], offset: int, count: int) =
        stream.Write(ReadOnlySpan(bytes, offset, count))

    override _.Write(_: ReadOnlySpan<byte>) = raise (NotSupportedException())
    override _.Seek(_: int64, _: SeekOrigin) : int64 = raise (NotSupportedException())
    override _.SetLength _ = raise (NotSupportedException())
