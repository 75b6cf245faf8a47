/// Text of files and paths as messages show it: what would steer a terminal, or begin a line of its own, is escaped.
namespace SingleSharp.Core

open System
open System.Text

[<RequireQualifiedAccess>]
module Shown =
    /// Control characters, the separators of lines and paragraphs, and what turns the direction of writing.
    let private steers (letter: char) =
        Char.IsControl letter
        || letter = '\u2028'
        || letter = '\u2029'
        || letter = '\u061c'
        || letter = '\u200e'
        || letter = '\u200f'
        || (letter >= '\u202a' && letter <= '\u202e')
        || (letter >= '\u2066' && letter <= '\u2069')

    /// Half of a pair without the other, which no UTF-8 can hold.
    let private isAlone (text: string) at =
        (Char.IsHighSurrogate text[at] && (at + 1 = text.Length || not (Char.IsLowSurrogate text[at + 1])))
        || (Char.IsLowSurrogate text[at] && (at = 0 || not (Char.IsHighSurrogate text[at - 1])))

    /// As Python writes it; half a surrogate pair that stands for a byte, as PEP 383 has it, is shown as this byte.
    let private escape (letter: char) =
        match letter with
        | '\n' -> "\\n"
        | '\r' -> "\\r"
        | '\t' -> "\\t"
        | _ when int letter >= 0xdc80 && int letter <= 0xdcff -> $"\\x{int letter - 0xdc00:x2}"
        | _ when letter < '\u0100' -> $"\\x{int letter:x2}"
        | _ -> $"\\u{int letter:x4}"

    let private escapeWhere isEscaped (text: string) =
        let isPlain =
            seq { 0 .. text.Length - 1 } |> Seq.forall (fun at -> not (isEscaped text at))

        if isPlain then
            text
        else
            let shown = StringBuilder()

            for at in 0 .. text.Length - 1 do
                if isEscaped text at then
                    shown.Append(escape text[at]) |> ignore
                else
                    shown.Append text[at] |> ignore

            shown.ToString()

    /// One line of a message.
    let line (text: string) =
        escapeWhere (fun text at -> steers text[at] || isAlone text at) text

    /// Several lines, whose breaks are meant.
    let lines (text: string) =
        text.Split '\n' |> Array.map (fun each -> line (each.TrimEnd '\r')) |> String.concat "\n"

    /// What UTF-8 can hold, with everything else as it is: for formats that escape the rest by themselves.
    let whole (text: string) = escapeWhere isAlone text
