/// What the kernels must give, written as slowly and plainly as possible: one row at a time, straight from the definitions.
module SingleSharp.Properties.InMemory

open SingleSharp.Core

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

/// All rows of slices that follow one another.
let rowsOf (slices: Slice list) =
    [ for slice in slices do
          for row in 0 .. slice.Cells - 1 do
              [ for i in slice.Offsets[row] .. slice.Offsets[row + 1] - 1 -> slice.Genes[i], slice.Values[i] ] ]

/// What columns hold after the slices have gone through one computer, one after another.
let columnsOf (columns: CellColumns) (slices: Slice list) =
    let cells = slices |> List.sumBy _.Cells

    let values =
        columns.Columns |> List.map (fun _ -> Array.zeroCreate<float> cells) |> Array.ofList

    let compute = columns.Start()
    let mutable row = 0

    for slice in slices do
        compute slice values row
        row <- row + slice.Cells

    List.zip columns.Columns (List.ofArray values)

/// A value as a column of the type holds it.
let stored numeric value =
    if numeric = Numeric.Float32 then single value else value

/// Float32 where both numbers are.
let quotient numeric (part: float) (whole: float) =
    if numeric = Numeric.Float32 then float (float32 part / float32 whole) else part / whole

/// Floats stay, whole numbers become as wide as they can.
let totalType numeric =
    match numeric with
    | Numeric.Float32
    | Numeric.Float64 -> numeric
    | Numeric.UInt8
    | Numeric.UInt16
    | Numeric.UInt32
    | Numeric.UInt64 -> Numeric.UInt64
    | _ -> Numeric.Int64

let logType numeric =
    if numeric = Numeric.Float32 then Numeric.Float32 else Numeric.Float64

let scaledType numeric =
    if numeric = Numeric.Float64 then Numeric.Float64 else Numeric.Float32
