/// Rows of a list as a source, out of a buffer that is filled again and again, and what was seen of them at the other end.
module internal SingleSharp.Properties.RowSource

open System
open System.Threading
open SingleSharp.Core
open SingleSharp.Core.Folds

/// What a transformation would make of a value, and of a row.
let transformed value = value / 3.0 - 1.0
let factor (cell: int64) = float (cell % 101L)

/// Rows out of a buffer that is filled again and again; sometimes dawdles, so that workers overtake one another.
let source (rows: (int * float) list list) perBatch dawdle : Source<RowBatch> =
    let rows = Array.ofList rows

    { Rows = rows.LongLength
      Open =
        fun () ->
            let rowBatch = RowBatch()

            { new RowReader<RowBatch> with
                member _.Read(first, count, visit) =
                    if count > Blocks.rowsPerBlock then
                        failwith "more rows than a reader reads at once"

                    for part in Seq.chunkBySize perBatch [| int first .. int first + count - 1 |] do
                        if dawdle && first / 4096L % 2L = 0L then
                            Thread.Sleep 1

                        let values = part |> Array.map (fun row -> rows[row]) |> List.concat
                        rowBatch.Reserve(part.Length, values.Length)
                        rowBatch.FirstCell <- int64 part[0]
                        rowBatch.Cells <- part.Length

                        part
                        |> Array.iteri (fun i row ->
                            rowBatch.Offsets[i + 1] <- rowBatch.Offsets[i] + rows[row].Length
                            rowBatch.Factors[i] <- factor (int64 row))

                        values
                        |> List.iteri (fun i (gene, value) ->
                            rowBatch.Genes[i] <- gene
                            rowBatch.Values[i] <- value
                            rowBatch.Output[i] <- transformed value)

                        visit rowBatch

                member _.Dispose() = () } }

/// A row as it went by, NaN by its bits.
type Seen =
    { Number: int64
      Cell: int64
      Group: int
      Factor: int64
      Values: (int * int64 * int64) list }

let bits (value: float) =
    if Double.IsNaN value then -1L else BitConverter.DoubleToInt64Bits value

/// Every row, numbered on from each row batch's FirstCell.
let transcript: Fold<RowBatch, Seen list> =
    Fold.ofSteps
        { Fresh = fun () -> []
          Step =
            fun seen rowBatch ->
                [ for row in 0 .. rowBatch.Cells - 1 do
                      { Number = rowBatch.FirstCell + int64 row
                        Cell = rowBatch.CellOf row
                        Group = (if rowBatch.Groups.Length = 0 then -2 else rowBatch.Groups[row])
                        Factor = bits rowBatch.Factors[row]
                        Values =
                          [ for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 ->
                                rowBatch.Genes[i], bits rowBatch.Values[i], bits rowBatch.Output[i] ] } ]
                :: seen
          Merge = fun left right -> right @ left
          Finish = List.rev >> List.concat }

let seen number cell group row =
    { Number = number
      Cell = cell
      Group = group
      Factor = bits (factor cell)
      Values = row |> List.map (fun (gene, value) -> gene, bits value, bits (transformed value)) }
