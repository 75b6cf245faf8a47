/// The first rows of a table, aligned, as wide as the terminal.
namespace SingleSharp.Cli

open System.Globalization
open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module HeadTable =
    /// Where nobody's terminal says otherwise.
    let private usualWidth = 100

    /// Longer texts are cut.
    let private longest = 40

    let private gap = 2

    let private count (number: int64) =
        number.ToString("N0", CultureInfo.InvariantCulture)

    let private several number thing =
        if number = 1L then $"1 {thing}" else $"{count number} {thing}s"

    let private cut (text: string) =
        let text = Escaped.line text
        if text.Length > longest then text[.. longest - 4] + "..." else text

    /// A column: its name, its type where the columns differ in that, and its values.
    let private column isTyped (head: TableHead) place =
        [ cut head.ColumnNames[place]
          if isTyped then
              head.Types[place]
          for row in head.Cells do
              cut row[place] ]

    let private widthOf (texts: string list) = texts |> List.map _.Length |> List.max

    /// The first columns that a line holds, one at least.
    let rec private fitting room (columns: string list list) =
        match columns with
        | [] -> []
        | column :: others ->
            match room - gap - widthOf column with
            | left when left < 0 -> []
            | left -> column :: fitting left others

    let private left (head: TableHead) shown =
        let rows, columns =
            head.Rows - int64 head.RowNames.Count, head.Columns - int64 shown

        match
            [ if rows > 0L then
                  several rows "more row"
              if columns > 0L then
                  several columns "more column" ]
        with
        | [] -> []
        | more ->
            let advice = if columns > 0L then "; --columns names some" else ""
            [ $"""({String.concat ", " more}{advice})""" ]

    /// Lines for a table of some width.
    let linesWithin width (head: TableHead) =
        let isTyped = head.Types |> Seq.distinct |> Seq.length > 1

        let index =
            [ ""
              if isTyped then
                  ""
              for name in head.RowNames do
                  cut name ]

        let all = List.init head.ColumnNames.Count (column isTyped head)
        let margin = widthOf index

        let columns =
            match fitting (width - margin) all with
            | [] -> List.truncate 1 all
            | some -> some

        let widths = columns |> List.map widthOf

        let line place =
            let cells =
                List.map2 (fun (column: string list) (width: int) -> column[place].PadLeft(width + gap)) columns widths

            (index[place].PadRight margin + String.concat "" cells).TrimEnd()

        let dtype = if not isTyped && head.Types.Count > 0 then $", {head.Types[0]}" else ""

        String.concat
            "\n"
            [ $"""{Escaped.line head.Part}: {several head.Rows "row"}, {several head.Columns "column"}{dtype}"""
              for place in 0 .. index.Length - 1 do
                  line place
              yield! left head columns.Length ]

    /// The same as wide as the terminal.
    let lines head =
        linesWithin (Terminal.tableWidth usualWidth) head
