/// Unpacks gzip and tells a file that ends from one that is cut off, which .NET does not.
namespace SingleSharp.Core.Reading

open System
open System.IO
open System.IO.Compression
open SingleSharp.Core.Files

/// A file with some bytes behind its end.
[<Sealed>]
type private Followed(file: Stream, tail: byte[]) =
    inherit OneWayStream()
    let mutable isPast = false
    let mutable at = 0

    /// Has the file been read to its end?
    member _.IsPast = isPast

    override _.Read(target: Span<byte>) =
        let got = if isPast then 0 else file.Read target

        if got > 0 || target.Length = 0 then
            got
        else
            isPast <- true
            let now = min target.Length (tail.Length - at)
            tail.AsSpan(at, now).CopyTo target
            at <- at + now
            now

    override _.CanRead = true

/// The content of a gzip file of one member or several. An EndOfStreamException says that it is cut off.
[<Sealed>]
type internal Gunzip(file: Stream) =
    /// What unpacks to this stands behind the file as a member of its own. It comes out as it went in exactly if the member before
    /// it, checksum and length included, is complete; it compresses well, so that it never stands anywhere as it is.
    static let mark = Array.init 64 (fun i -> "the end of singlesharp's packed "B[i % 32])

    static let packedMark =
        use packed = new MemoryStream()
        using (new GZipStream(packed, CompressionLevel.Optimal, true)) (fun stream -> stream.Write(ReadOnlySpan mark))
        packed.ToArray()

    let followed = new Followed(file, packedMark)
    let inner = new GZipStream(followed, CompressionMode.Decompress)

    // More than the mark, and whatever it may be taken for, can unpack to.
    let buffer: byte[] = Array.zeroCreate (1 <<< 18)
    let mutable next = 0
    let mutable ready = 0
    let mutable isOver = false

    let cutOff () : 'a =
        raise (EndOfStreamException "it ends in the middle of what is packed (is it cut off?)")

    let unpack from =
        try
            inner.Read(buffer, from, buffer.Length - from)
        with :? InvalidDataException when followed.IsPast ->
            cutOff ()

    /// What comes once the file is past may be the mark, or rubbish that the mark was taken for: nobody gets to see it before it
    /// is known.
    let finish held =
        let mutable filled = held
        let mutable isReading = true

        while isReading do
            if filled = buffer.Length then
                cutOff ()

            let got = unpack filled
            filled <- filled + got
            isReading <- got > 0

        if filled < mark.Length || not (buffer.AsSpan(filled - mark.Length, mark.Length).SequenceEqual(ReadOnlySpan mark)) then
            cutOff ()

        isOver <- true
        ready <- filled - mark.Length

    /// Reads at least one byte, if there is one.
    member _.Read(target: Span<byte>) =
        if next = ready && not isOver then
            next <- 0
            ready <- 0
            let got = unpack 0

            if followed.IsPast then finish got else ready <- got

        let now = min target.Length (ready - next)
        buffer.AsSpan(next, now).CopyTo target
        next <- next + now
        now

    interface IDisposable with
        member _.Dispose() =
            inner.Dispose()
            followed.Dispose()
