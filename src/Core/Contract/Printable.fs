/// Text of files and paths as messages show it: what would steer a terminal, or begin a line of its own, is escaped.
namespace SingleSharp.Core.Contract

open System
open System.Text

[<RequireQualifiedAccess>]
module internal Printable =
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

    /// As Python writes it; half a surrogate pair that stands for a byte, as PEP 383 has it, is shown as this byte.
    let private escape (letter: char) =
        match letter, Utf8.tryByte letter with
        | _, ValueSome byte -> $"\\x{byte:x2}"
        | '\n', _ -> "\\n"
        | '\r', _ -> "\\r"
        | '\t', _ -> "\\t"
        | _ when letter < '\u0100' -> $"\\x{int letter:x2}"
        | _ -> $"\\u{int letter:x4}"

    /// Escapes letters of some kinds, and whatever no UTF-8 can hold.
    let private escapeWhere (isEscaped: char -> bool) (text: string) =
        if Utf8.isText text && not (String.exists isEscaped text) then
            text
        else
            let shown = StringBuilder()

            let append (piece: string) =
                for letter in piece do
                    if isEscaped letter then shown.Append(escape letter) |> ignore else shown.Append letter |> ignore

            Utf8.pieces text append (fun lone -> shown.Append(escape lone) |> ignore)
            shown.ToString()

    /// One line of a message.
    let line (text: string) = escapeWhere steers text

    /// Several lines, whose breaks are meant.
    let lines (text: string) =
        text.Split '\n' |> Array.map (fun each -> line (each.TrimEnd '\r')) |> String.concat "\n"

    /// What UTF-8 can hold, with everything else as it is: for formats that escape the rest by themselves.
    let whole (text: string) = escapeWhere (fun _ -> false) text
