/// Text as it lies in files: UTF-8, and whatever bytes stand there instead, which must neither be lost nor become equal.
namespace SingleSharp.Core

open System
open System.Buffers
open System.Collections.Generic
open System.Text

/// As Python's surrogateescape (PEP 383): a byte that is no part of UTF-8 becomes the lone surrogate U+DC00 + byte, which no
/// UTF-8 gives, and becomes that byte again where the text is written.
[<RequireQualifiedAccess>]
module Utf8 =
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

    let private isEscaped letter =
        letter >= '\uDC80' && letter <= '\uDCFF'

    /// The bytes of a text as it is written.
    let bytes (text: string) =
        if isText text then
            Encoding.UTF8.GetBytes text
        else
            let bytes = List<byte> text.Length
            let mutable start = 0

            while start < text.Length do
                let lone = nextLone text start
                bytes.AddRange(Encoding.UTF8.GetBytes(text.Substring(start, lone - start)))

                if lone < text.Length then
                    if isEscaped text[lone] then
                        bytes.Add(byte (text[lone] - escaped))
                    else
                        bytes.AddRange(Encoding.UTF8.GetBytes "\uFFFD")

                start <- lone + 1

            bytes.ToArray()

    /// A text for messages: bytes that are no UTF-8, and NULs, as Python writes them.
    let shown (text: string) =
        let shown = StringBuilder text.Length
        let mutable i = 0

        while i < text.Length do
            if i + 1 < text.Length && Char.IsSurrogatePair(text[i], text[i + 1]) then
                shown.Append(text, i, 2) |> ignore
                i <- i + 2
            else
                if text[i] = '\000' || Char.IsSurrogate text[i] then
                    shown.Append("\\x").Append((int text[i] &&& 0xFF).ToString "x2") |> ignore
                else
                    shown.Append text[i] |> ignore

                i <- i + 1

        shown.ToString()
