/// Breaks a text into lines.
namespace SingleSharp.Cli

[<RequireQualifiedAccess>]
module WordWrap =
    /// Lines of at most this width, unless a word alone is wider.
    let wrap width (text: string) =
        let add lines (word: string) =
            match lines with
            | line :: above when String.length line + 1 + word.Length <= width -> $"{line} {word}" :: above
            | _ -> word :: lines

        text.Split ' ' |> Array.fold add [] |> List.rev

    /// A name and what there is to say about it, beside it or, where the name is too long, below it.
    let hang indent margin width (name: string) (text: string) =
        let name = String.replicate indent " " + name

        let lines =
            wrap (width - margin) text |> List.map (fun line -> String.replicate margin " " + line)

        match lines with
        | first :: rest when name.Length + 2 <= margin -> name.PadRight margin + first.TrimStart() :: rest
        | _ -> name :: lines
