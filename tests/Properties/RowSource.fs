/// Rows of a list as a source, out of a buffer that is filled again and again, and what was seen of them at the other end.
module SingleSharp.Properties.RowSource

open System
open System.Threading
open SingleSharp.Core

/// What a transformation would make of a value, and of a row.
let transformed value = value / 3.0 - 1.0
let factor (cell: int64) = float (cell % 101L)

/// Rows out of a buffer that is filled again and again; sometimes dawdles, so that workers overtake one another.
let source (rows: (int * float) list list) perSlice dawdle : Source<Slice> =
    let rows = Array.ofList rows

    { Rows = rows.LongLength
      Open =
        fun () ->
            let slice = Slice()

            { new RowReader<Slice> with
                member _.Read(first, count, visit) =
                    if count > Blocks.rowsPerBlock then
                        failwith "more rows than a reader reads at once"

                    for part in Seq.chunkBySize perSlice [| int first .. int first + count - 1 |] do
                        if dawdle && first / 4096L % 2L = 0L then
                            Thread.Sleep 1

                        let values = part |> Array.map (fun row -> rows[row]) |> List.concat
                        slice.Reserve(part.Length, values.Length)
                        slice.FirstCell <- int64 part[0]
                        slice.Cells <- part.Length

                        part
                        |> Array.iteri (fun i row ->
                            slice.Offsets[i + 1] <- slice.Offsets[i] + rows[row].Length
                            slice.Factors[i] <- factor (int64 row))

                        values
                        |> List.iteri (fun i (gene, value) ->
                            slice.Genes[i] <- gene
                            slice.Values[i] <- value
                            slice.Output[i] <- transformed value)

                        visit slice

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

/// Every row, numbered on from each slice's FirstCell.
let transcript: Fold<Slice, Seen list> =
    Fold.ofSteps
        { Fresh = fun () -> []
          Step =
            fun seen slice ->
                [ for row in 0 .. slice.Cells - 1 do
                      { Number = slice.FirstCell + int64 row
                        Cell = slice.CellOf row
                        Group = (if slice.Groups.Length = 0 then -2 else slice.Groups[row])
                        Factor = bits slice.Factors[row]
                        Values =
                          [ for i in slice.Offsets[row] .. slice.Offsets[row + 1] - 1 ->
                                slice.Genes[i], bits slice.Values[i], bits slice.Output[i] ] } ]
                :: seen
          Merge = fun left right -> right @ left
          Finish = List.rev >> List.concat }

let seen number cell group row =
    { Number = number
      Cell = cell
      Group = group
      Factor = bits (factor cell)
      Values = row |> List.map (fun (gene, value) -> gene, bits value, bits (transformed value)) }
