/// A page stays small however long the names and lists of a file are.
namespace SingleSharp.Reporting

open System

[<RequireQualifiedAccess>]
module internal Shortened =
    /// Characters of a name, and of what stands beside one in a table.
    let private mostOfName, mostOfText = 80, 500

    /// Rows of a table.
    let private mostRows = 30

    let private cut most (text: string) =
        if text.Length <= most then
            text
        else
            // Half of a character outside the basic plane is none.
            let length = if Char.IsHighSurrogate text[most - 2] then most - 2 else most - 1
            text[.. length - 1] + "…"

    let name = cut mostOfName
    let text = cut mostOfText

    /// Labels that differ still differ.
    let labels (labels: string[]) =
        labels |> Array.mapi (fun at label -> if label.Length > mostOfName then $"{name label} ({at + 1})" else label)

    /// Names with commas between them, as many as there is room for, and how many more there are.
    let list (names: seq<string>) =
        let names = names |> Seq.map name |> Array.ofSeq
        let lengths = names |> Array.scan (fun length name -> length + name.Length + 2) 0

        let shown =
            // The rest is told in a few words, which have to fit too.
            lengths |> Array.tail |> Array.takeWhile (fun length -> length <= mostOfText - 30) |> Array.length

        match names.Length - shown with
        | _ when names.Length = 0 -> "none"
        | 0 -> String.Join(", ", names)
        | more -> String.Join(", ", Array.truncate shown names) + $" and {more} more"

    /// The first rows of a table, and how many more there are.
    let rows (rows: (string * string) list) =
        let shown =
            rows |> List.truncate mostRows |> List.map (fun (heading, value) -> name heading, text value)

        match rows.Length - shown.Length with
        | 0 -> shown
        | more -> shown @ [ "not shown", $"{more} more" ]
