/// Sums per gene and group against sums over lists, addition for addition.
module internal SingleSharp.Properties.MomentsLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

/// What is summed, and the type of the matrix.
type Asked = Asked of Quantity * Precision

/// Row batches as a transformation would leave them, their cells in `groups` groups and in none.
let grouped groups (seed: byte) (rowBatches: RowBatch list) =
    for rowBatch in rowBatches do
        Array.Copy(rowBatch.Values, rowBatch.Output, rowBatch.Count)

        if groups > 1 then
            rowBatch.Groups <- Array.init rowBatch.Cells (fun row -> (int rowBatch.FirstCell + row) * (1 + int seed % 5) % (groups + 1) - 1)

let private groupOf (rowBatch: RowBatch) groups row =
    if rowBatch.Groups.Length = 0 then 0
    elif rowBatch.Groups[row] < 0 then groups
    else rowBatch.Groups[row]

/// The number that a value adds, and its square.
let private terms (Asked(quantity, precision)) group gene value =
    let stored = Precision.round precision
    let square value = stored (stored value * stored value)

    match quantity with
    | Quantity.Raw
    | Quantity.Written -> value, square value
    | Quantity.Unlogged ValueNone ->
        let number = stored (Elementary.expm1 value)
        number, square number
    | Quantity.Unlogged(ValueSome basis) ->
        let number =
            stored (Elementary.expm1 (stored (stored value * stored (Elementary.log basis))))

        number, square number
    | Quantity.Clipped(limits, _) ->
        let number =
            if group < limits.Length && limits[group][gene] < value then limits[group][gene] else value

        number, number * number

let private emptyMoments genes : GeneMoments =
    { Cells = 0L
      Sums = Array.zeroCreate genes
      Squares = Array.zeroCreate genes
      IsExpressed = Array.zeroCreate genes
      Distances = Distances() }

let private plus (left: GeneMoments) (right: GeneMoments) : GeneMoments =
    { Cells = left.Cells + right.Cells
      Sums = Array.map2 (+) left.Sums right.Sums
      Squares = Array.map2 (+) left.Squares right.Squares
      IsExpressed = Array.map2 (||) left.IsExpressed right.IsExpressed
      Distances = Distances() }

/// The moments of one group in one block of row batches, value after value.
let private ofBlock asked genes groups group (block: RowBatch list) =
    let moments = emptyMoments genes
    let mutable cells = 0L

    for rowBatch in block do
        for row in 0 .. rowBatch.Cells - 1 do
            if groupOf rowBatch groups row = group then
                cells <- cells + 1L

                for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                    let gene = rowBatch.Genes[i]
                    let number, square = terms asked group gene rowBatch.Values[i]
                    moments.Sums[gene] <- moments.Sums[gene] + number
                    moments.Squares[gene] <- moments.Squares[gene] + square
                    moments.IsExpressed[gene] <- moments.IsExpressed[gene] || rowBatch.Values[i] > 0.0

    { moments with Cells = cells }

/// The same over a tree: blocks merge into their segment, segments into the result.
let private overTree asked genes groups (segments: RowBatch list list list) =
    let merge parts =
        if List.isEmpty parts then emptyMoments genes else List.reduce plus parts

    [ for group in 0..groups -> segments |> List.map (List.map (ofBlock asked genes groups group) >> merge) |> merge ]

let private same (left: GeneMoments) (right: GeneMoments) =
    left.Cells = right.Cells
    && Array.forall2 sameBits left.Sums right.Sums
    && Array.forall2 sameBits left.Squares right.Squares
    && left.IsExpressed = right.IsExpressed

let private every (found: GroupedMoments) =
    List.ofArray found.Groups @ [ found.Others ]

let private genesOf (rows: (int * float) list list) =
    1 + (rows |> List.concat |> List.fold (fun most (gene, _) -> max most gene) 0)

let private everyQuestion genes groups =
    let limits =
        Array.init groups (fun group -> Array.init genes (fun gene -> float (gene % 4 + group) / 2.0))

    [ for precision in [ Precision.Single; Precision.Double ] do
          Asked(Quantity.Raw, precision)
          Asked(Quantity.Written, precision)
          Asked(Quantity.Unlogged ValueNone, precision)
          Asked(Quantity.Unlogged(ValueSome 2.0), precision)
          Asked(Quantity.Clipped(limits, precision), precision) ]

let private fold genes groups (Asked(quantity, precision)) =
    Moments.perGene genes groups precision quantity

/// Every value of `wild` matrices as it is, in blocks of so many cells.
let private chunks size rows =
    [ rows
      |> List.chunkBySize (1 + int size % 7)
      |> List.mapi (fun block rows -> List.singleton (RowBatches.ofRows (int64 block * int64 (1 + int size % 7)) 0L rows)) ]

/// Counts whose squares float32 holds, so that no sum rounds.
let private exact (matrix: Rows) =
    { matrix with
        Rows = matrix.Rows |> List.map (List.map (fun (gene, value) -> gene, float (int64 value % 4096L))) }

let private whole (rows: (int * float) list list) =
    let rowBatch = RowBatches.ofRows 0L 0L rows
    Array.Copy(rowBatch.Values, rowBatch.Output, rowBatch.Count)
    rowBatch

let tests =
    testList
        "Moments"
        [ Law.holds "moments" (fun (CutRows segments) (seed: byte) ->
              let rowBatches = segments |> List.concat |> List.concat
              let genes = genesOf (rowsOf rowBatches)
              let groups = 1 + int seed % 3
              grouped groups seed rowBatches

              everyQuestion genes groups
              |> List.forall (fun asked ->
                  List.forall2 same (every (Fold.runParts (fold genes groups asked) segments)) (overTree asked genes groups segments)))

          Law.holds "moments of anything a file can hold" (fun (WildRows matrix) (size: byte) (seed: byte) ->
              let groups = 1 + int seed % 4
              let segments = chunks size matrix.Rows
              grouped groups seed (segments |> List.concat |> List.concat)

              everyQuestion matrix.Genes groups
              |> List.forall (fun asked ->
                  List.forall2
                      same
                      (every (Fold.runParts (fold matrix.Genes groups asked) segments))
                      (overTree asked matrix.Genes groups segments)))

          Law.holds "row batches of a block are one row batch" (fun (CutRows segments) (seed: byte) ->
              let rowBatches = segments |> List.concat |> List.concat
              let genes = genesOf (rowsOf rowBatches)

              let joined =
                  segments
                  |> List.map (
                      List.map (fun block ->
                          let first =
                              block |> List.tryHead |> Option.map _.FirstCell |> Option.defaultValue 0L

                          [ RowBatches.ofRows first 0L (rowsOf block) ])
                  )

              grouped 2 seed rowBatches
              grouped 2 seed (joined |> List.concat |> List.concat)

              everyQuestion genes 2
              |> List.forall (fun asked ->
                  List.forall2
                      same
                      (every (Fold.runParts (fold genes 2 asked) segments))
                      (every (Fold.runParts (fold genes 2 asked) joined))))

          Law.holds "group" (fun (CountRows matrix) (seed: byte) ->
              let groups = 2 + int seed % 3
              let rowBatch = whole matrix.Rows
              grouped groups seed [ rowBatch ]

              let found =
                  Fold.run (fold matrix.Genes groups (Asked(Quantity.Raw, Precision.Single))) [ rowBatch ]

              [ 0..groups ]
              |> List.forall (fun group ->
                  let alone =
                      matrix.Rows |> List.indexed |> List.filter (fun (row, _) -> groupOf rowBatch groups row = group) |> List.map snd

                  let ofThese =
                      Fold.run (fold matrix.Genes 1 (Asked(Quantity.Raw, Precision.Single))) [ whole alone ]

                  same (List.item group (every found)) ofThese.Groups[0]))

          Law.holds "all cells, whatever their group" (fun (CountRows matrix) (seed: byte) ->
              let rows = (exact matrix).Rows
              let rowBatch = whole rows
              grouped 3 seed [ rowBatch ]
              let asked = Asked(Quantity.Raw, Precision.Single)
              let found = Moments.ofAll (Fold.run (fold matrix.Genes 3 asked) [ rowBatch ])
              same found (Fold.run (fold matrix.Genes 1 asked) [ whole rows ]).Groups[0])

          Law.holds "cells in another order, and in other blocks, have the same moments" (fun (CountRows matrix) (size: byte) ->
              let rows = (exact matrix).Rows
              let asked = Asked(Quantity.Raw, Precision.Single)
              let found = Fold.runParts (fold matrix.Genes 1 asked) (chunks size (List.rev rows))
              same found.Groups[0] (Fold.run (fold matrix.Genes 1 asked) [ whole rows ]).Groups[0])

          Law.holds "cells without values change only the number of cells" (fun (WildRows matrix) (empty: byte) ->
              let asked = Asked(Quantity.Unlogged ValueNone, Precision.Single)

              let ofRows rows : GeneMoments =
                  (Fold.run (fold matrix.Genes 1 asked) [ whole rows ]).Groups[0]

              let more = ofRows (matrix.Rows @ List.replicate (int empty) [])

              same
                  more
                  { ofRows matrix.Rows with
                      Cells = int64 (matrix.Rows.Length + int empty) })

          Law.holds "interleave" (fun (CutRows segments) (seed: byte) ->
              // Pooled states of two runs of one fold value must not be one array.
              let rowBatches = segments |> List.concat |> List.concat
              grouped 2 seed rowBatches

              let fold =
                  fold (genesOf (rowsOf rowBatches)) 2 (Asked(Quantity.Unlogged ValueNone, Precision.Single))

              let struct (left, right) = Fold.run (Fold.both fold fold) rowBatches
              List.forall2 same (every left) (every right) && List.forall2 same (every left) (every (Fold.run fold rowBatches)))

          Law.holds "variances are mean squares of deviations" (fun (CountRows matrix) ->
              let rows = (exact matrix).Rows

              let moments =
                  (Fold.run (fold matrix.Genes 1 (Asked(Quantity.Raw, Precision.Single))) [ whole rows ]).Groups[0]

              let n = float rows.Length
              let means, variances = Moments.means moments, Moments.variances moments

              [ 0 .. matrix.Genes - 1 ]
              |> List.forall (fun gene ->
                  let values =
                      rows |> List.map (fun row -> row |> List.filter (fun (g, _) -> g = gene) |> sum)

                  let mean = List.sum values / n
                  let deviations = values |> List.sumBy (fun value -> (value - mean) * (value - mean))

                  match rows.Length with
                  | 0 -> Double.IsNaN means[gene] && Double.IsNaN variances[gene]
                  | 1 -> means[gene] = mean && variances[gene] = 0.0
                  | _ -> means[gene] = mean && abs (variances[gene] - deviations / (n - 1.0)) <= 1e-12 * (1.0 + mean * mean + deviations)))

          test "float32 squares underflow as scanpy's do, float64 squares do not" {
              let squares precision =
                  (Fold.run (Moments.perGene 1 1 precision Quantity.Raw) [ whole [ [ 0, single 1e-30 ] ] ]).Groups[0].Squares[0]

              Expect.equal (squares Precision.Single) 0.0 "float32"
              Expect.isGreaterThan (squares Precision.Double) 0.0 "float64"
          }

          test "one cell varies by nothing, however its square was rounded" {
              let value = single 0.1

              let moments =
                  (Fold.run (Moments.perGene 1 1 Precision.Single Quantity.Raw) [ whole [ [ 0, value ] ] ]).Groups[0]

              Expect.notEqual moments.Squares[0] (value * value) "rounded"
              Expect.equal (Moments.variances moments) [| 0.0 |] "no variance"
          } ]
