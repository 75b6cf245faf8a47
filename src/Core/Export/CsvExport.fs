/// Tables as comma-separated values: byte for byte what pandas' to_csv writes, but for a carriage return in a text, which is quoted.
namespace SingleSharp.Core.Export

open System.IO
open SingleSharp.Core

[<RequireQualifiedAccess>]
module internal CsvExport =
    /// Writes all rows, and tells after each piece how many there were.
    let write (table: Table) (tell: int64 -> unit) (target: Stream) =
        let lines = CsvLines target
        lines.Text(Option.defaultValue "" table.IndexName)
        table.Columns |> Array.iter (fun column -> lines.Text column.Name)
        lines.End()

        let labels =
            table.Columns
            |> Array.map (fun column ->
                match column.Kind with
                | TableKind.Category(labels, _) -> Table.labels labels |> Array.map CsvLines.Bytes
                | _ -> [||])

        let put column (values: ColumnPiece) row =
            match table.Columns[column].Kind with
            | TableKind.Number _ when not (isNull values.Missing) && values.Missing[row] -> lines.Nothing()
            | TableKind.Number numeric -> lines.Number(numeric, values.Numbers, row)
            | TableKind.Text when isNull values.Texts[row] -> lines.Nothing()
            | TableKind.Text -> lines.Text(values.Texts[row])
            | TableKind.Category _ when values.Codes[row] < 0 -> lines.Nothing()
            | TableKind.Category _ -> lines.Ready(labels[column][values.Codes[row]])

        let mutable written = 0L

        for piece in table.Pieces do
            for row in 0 .. piece.Names.Length - 1 do
                lines.Text(piece.Names[row])

                for column in 0 .. piece.Columns.Length - 1 do
                    put column piece.Columns[column] row

                lines.End()

            written <- written + int64 piece.Names.Length
            tell written

        lines.Flush()
