/// Text as it lies in files: UTF-8, and whatever bytes stand there instead, which must neither be lost nor become equal.
namespace SingleSharp.Core.Contract

open System
open System.Buffers
open System.Collections.Generic
open System.Text

/// As Python's surrogateescape (PEP 383): a byte that is no part of UTF-8 becomes the lone surrogate U+DC00 + byte, which no
/// UTF-8 gives, and becomes that byte again where the text is written.
[<RequireQualifiedAccess>]
module internal Utf8 =
    let private escaped = '\uDC00'

    let private ofAny (bytes: ReadOnlySpan<byte>) =
        let text = StringBuilder bytes.Length
        let mutable rest = bytes

        while rest.Length > 0 do
            let mutable rune = Rune()
            let mutable consumed = 0

            if Rune.DecodeFromUtf8(rest, &rune, &consumed) = OperationStatus.Done then
                text.Append(rune.ToString()) |> ignore
            else
                for i in 0 .. consumed - 1 do
                    text.Append(escaped + char rest[i]) |> ignore

            rest <- rest.Slice consumed

        text.ToString()

    /// The text of some bytes. Law (utf8): bytes (text b) = b, so that different bytes are different texts.
    let text (bytes: ReadOnlySpan<byte>) =
        if Unicode.Utf8.IsValid bytes then Encoding.UTF8.GetString bytes else ofAny bytes

    /// The place of the first surrogate without its other half from a place on; the length where there is none.
    let rec private nextLone (text: string) i =
        if i >= text.Length then i
        elif not (Char.IsSurrogate text[i]) then nextLone text (i + 1)
        elif i + 1 < text.Length && Char.IsSurrogatePair(text[i], text[i + 1]) then nextLone text (i + 2)
        else i

    /// Was the text UTF-8 where it came from?
    let isText text = nextLone text 0 = text.Length

    /// The byte that a letter stands for; none for any other letter.
    let tryByte letter =
        if letter >= '\uDC80' && letter <= '\uDCFF' then ValueSome(byte (letter - escaped)) else ValueNone

    /// A text in pieces: what UTF-8 can hold, and between the pieces each surrogate without its other half.
    let pieces (text: string) (plain: string -> unit) (lone: char -> unit) =
        let mutable start = 0

        while start < text.Length do
            let next = nextLone text start
            plain (text.Substring(start, next - start))

            if next < text.Length then
                lone text[next]

            start <- next + 1

    /// The bytes of a text, with those of what stands for no byte.
    let bytesWith (bytesOf: char -> byte[]) (text: string) =
        if isText text then
            Encoding.UTF8.GetBytes text
        else
            let bytes = List<byte> text.Length

            pieces text (Encoding.UTF8.GetBytes >> bytes.AddRange) (fun lone ->
                match tryByte lone with
                | ValueSome byte -> bytes.Add byte
                | ValueNone -> bytes.AddRange(bytesOf lone))

            bytes.ToArray()

    /// The bytes of a text as it is written: what stands for no byte becomes U+FFFD.
    let bytes text =
        bytesWith (fun _ -> Encoding.UTF8.GetBytes "\uFFFD") text
