/// Lines of comma-separated values (RFC 4180), in UTF-8.
namespace SingleSharp.Core.Export

open System
open System.Buffers
open System.IO
open System.Text

/// Writes field after field to a stream, with a buffer of its own: Flush at the end.
[<Sealed>]
type internal CsvLines(target: Stream) =
    static let special = SearchValues.Create(",\"\r\n".AsSpan())
    static let quote = byte '"'

    let buffer: byte[] = Array.zeroCreate (1 <<< 16)
    let mutable used = 0
    let mutable fields = 0
    /// Bytes of the line so far.
    let mutable length = 0L

    let flush () =
        target.Write(ReadOnlySpan(buffer, 0, used))
        used <- 0

    let require bytes =
        if buffer.Length - used < bytes then
            flush ()

    let put (value: byte) =
        require 1
        buffer[used] <- value
        used <- used + 1
        length <- length + 1L

    let separate () =
        if fields > 0 then
            put (byte ',')

        fields <- fields + 1

    let copy (bytes: ReadOnlySpan<byte>) =
        if bytes.Length > buffer.Length then
            flush ()
            target.Write bytes
        else
            require bytes.Length
            bytes.CopyTo(Span(buffer, used, bytes.Length))
            used <- used + bytes.Length

        length <- length + int64 bytes.Length

    /// A text as a field: between quotation marks where it holds a comma, a quotation mark or the end of a line.
    static member Field(text: string) =
        if text.AsSpan().ContainsAny special then "\"" + text.Replace("\"", "\"\"") + "\"" else text

    /// The same as the bytes that Ready takes.
    static member Bytes(text: string) =
        Encoding.UTF8.GetBytes(CsvLines.Field text)

    member _.Text(text: string) =
        separate ()

        if text.AsSpan().ContainsAny special then
            copy (ReadOnlySpan(CsvLines.Bytes text))
        elif text.Length > buffer.Length / 4 then
            copy (ReadOnlySpan(Encoding.UTF8.GetBytes text))
        else
            require (Encoding.UTF8.GetMaxByteCount text.Length)

            let written =
                Encoding.UTF8.GetBytes(text.AsSpan(), Span(buffer, used, buffer.Length - used))

            used <- used + written
            length <- length + int64 written

    /// A field as its bytes.
    member _.Ready(bytes: byte[]) =
        separate ()
        copy (ReadOnlySpan bytes)

    /// The number at a place among the little-endian bytes of numbers.
    member _.Number(numeric, bytes, place) =
        separate ()
        require NumberText.room

        let written =
            NumberText.write numeric bytes place (Span(buffer, used, NumberText.room))

        used <- used + written
        length <- length + int64 written

    /// A field without a value.
    member _.Nothing() = separate ()

    /// Ends the line. One without anything in it would be no line to a reader.
    member _.End() =
        if fields = 1 && length = 0L then
            put quote
            put quote

        put (byte '\n')
        fields <- 0
        length <- 0L

    member _.Flush() =
        flush ()
        target.Flush()
