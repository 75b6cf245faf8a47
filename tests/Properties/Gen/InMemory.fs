/// What the kernels must give, written as slowly and plainly as possible: one row at a time, straight from the definitions.
module internal SingleSharp.Properties.InMemory

open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows

/// The same bits, where NaN is NaN.
let sameBits (left: float) (right: float) =
    System.Double.IsNaN left && System.Double.IsNaN right
    || System.BitConverter.DoubleToInt64Bits left = System.BitConverter.DoubleToInt64Bits right

let single (value: float) = float (float32 value)

let sum (row: (int * float) list) =
    row |> List.fold (fun total (_, value) -> total + value) 0.0

/// The sum of a row as normalize_total takes it: of values as float32 holds them.
let singleSum row =
    row |> List.map (fun (gene, value) -> gene, single value) |> sum

/// The sum of the k largest values of a row with zeros for what is missing; explicit zeros are no values.
let topSum most k row =
    let values = row |> List.map snd |> List.filter (fun value -> value <> 0.0)
    let padded = values @ List.replicate (max 0 (most - values.Length)) 0.0
    padded |> List.sortDescending |> List.truncate k |> List.fold (+) 0.0

/// Per gene, over all rows in order: in how many cells it is not zero, and its sum.
let tallies genes (rows: (int * float) list list) =
    let cells = Array.zeroCreate<int64> genes
    let sums = Array.zeroCreate<float> genes

    for row in rows do
        for gene, value in row do
            sums[gene] <- sums[gene] + value

            if value <> 0.0 then
                cells[gene] <- cells[gene] + 1L

    cells, sums

/// normalize_total then log1p of one float32 value, every step rounded as scanpy stores it.
let normalized (target: float) (total: float) (value: float) =
    let factor = float32 (single total) / float32 target
    let divisor = if factor = 0.0f then 1.0f else factor
    float (float32 value / divisor)

let logged value = single (Elementary.log1p value)

/// All rows of row batches that follow one another.
let rowsOf (rowBatches: RowBatch list) =
    [ for rowBatch in rowBatches do
          for row in 0 .. rowBatch.Cells - 1 do
              [ for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 -> rowBatch.Genes[i], rowBatch.Values[i] ] ]

/// What columns hold after the row batches have gone through one computer, one after another.
let columnsOf (columns: CellColumns) (rowBatches: RowBatch list) =
    let cells = rowBatches |> List.sumBy _.Cells

    let values =
        columns.Columns |> List.map (fun _ -> Array.zeroCreate<float> cells) |> Array.ofList

    let compute = columns.Start()
    let mutable row = 0

    for rowBatch in rowBatches do
        compute rowBatch values row
        row <- row + rowBatch.Cells

    List.zip columns.Columns (List.ofArray values)

/// A value as a column of the type holds it.
let stored numeric value =
    if numeric = DType.Float32 then single value else value

/// Float32 where both numbers are.
let quotient numeric (part: float) (whole: float) =
    if numeric = DType.Float32 then float (float32 part / float32 whole) else part / whole

/// Floats stay, integers become as wide as they can.
let totalType numeric =
    match numeric with
    | DType.Float32
    | DType.Float64 -> numeric
    | DType.UInt8
    | DType.UInt16
    | DType.UInt32
    | DType.UInt64 -> DType.UInt64
    | _ -> DType.Int64

let logType numeric =
    if numeric = DType.Float32 then DType.Float32 else DType.Float64

let scaledType numeric =
    if numeric = DType.Float64 then DType.Float64 else DType.Float32
