/// Components by products of cells are those by products of genes.
module internal SingleSharp.Properties.PcaByCellsLaws

open Expecto
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen

/// Rows as columns.
let private turned genes (rows: (int * float) list list) =
    let columns: ResizeArray<int * float>[] = Array.init genes (fun _ -> ResizeArray())
    rows |> List.iteri (fun cell row -> row |> List.iter (fun (gene, value) -> columns[gene].Add((cell, value))))
    columns |> Array.map List.ofSeq |> List.ofArray

let private byCells options genes (rows: (int * float) list list) =
    let sums = Fold.run (Shift.sums genes) [ RowBatches.ofRows 0L 0L rows ]
    Components.requireSums options string sums
    let columns = turned genes rows
    let products = GramLaws.gram rows.Length columns
    let pairs = PcaByCells.pairs Watch.none options sums products
    let count = pairs.Pairs.Values.Length
    let target: float[] = Array.zeroCreate (genes * count)
    PcaByCells.loadings options pairs () (RowBatches.ofRows 0L 0L columns) target 0

    let loadings =
        Array.init count (fun k -> Array.init genes (fun gene -> target[gene * count + k]))

    PcaByCells.components Watch.none options sums pairs loadings

let private loading (components: Components) k =
    Array.init (components.Loadings.Length / components.Count) (fun gene -> components.Loadings[gene * components.Count + k])

let private dot (left: float[]) (right: float[]) =
    Array.fold2 (fun sum x y -> sum + x * y) 0.0 left right

/// Few cells and more genes, logarithms of counts; as many cells are the same as is said.
let private made cells genes same =
    let distinct = GramLaws.fixedRows (cells - same) genes 40
    distinct @ List.truncate same distinct

let private agree options cells genes same =
    let rows = made cells genes same
    let wanted = Components.components options string (GramLaws.gram genes rows)
    let found = byCells options genes rows
    let tolerance = 1e-10 * wanted.TotalVariance
    let name = $"{cells} × {genes}, {same} the same, %A{options}"
    Expect.equal found.Count wanted.Count $"{name}: how many"
    Expect.isLessThan (abs (found.TotalVariance - wanted.TotalVariance)) tolerance $"{name}: the total"

    for k in 0 .. found.Count - 1 do
        Expect.isLessThan (abs (found.Variances[k] - wanted.Variances[k])) tolerance $"{name}: variance {k}"
        Expect.isTrue (found.Ratios[k] >= 0.0 && found.Ratios[k] <= 1.0) $"{name}: share {k}"
        let own = loading found k
        Expect.isGreaterThan (Array.maxBy abs own) 0.0 $"{name}: the sign of {k}"

        for j in 0..k do
            let expected = if j = k then 1.0 else 0.0
            Expect.isLessThan (abs (dot own (loading found j) - expected)) 1e-12 $"{name}: {j} and {k} at right angles"

        let gap other =
            other < 0 || other >= found.Count || abs (wanted.Variances[other] - wanted.Variances[k]) > 1e-3 * wanted.Variances[0]

        if gap (k - 1) && gap (k + 1) && k < found.Count - 1 then
            Expect.isGreaterThan (dot own (loading wanted k)) (1.0 - 1e-9) $"{name}: loadings of {k}"

let tests =
    testList
        "PcaByCells"
        [ test "components" {
              for zeroCenter in [ true; false ] do
                  for cells, genes, same in [ 2, 3, 0; 9, 10, 0; 12, 40, 0; 20, 31, 6; 31, 200, 0 ] do
                      for comps in [ None; Some 1 ] do
                          agree
                              { Pca.defaults with
                                  NComps = comps
                                  ZeroCenter = zeroCenter }
                              cells
                              genes
                              same
          }

          Law.holdsFor 100 "scores" (fun (CutRows segments) ->
              // Loadings are a map of genes; the columns of rows are cut here.
              let rowBatches = segments |> List.concat |> List.concat
              let columns = InMemory.rowsOf rowBatches
              let cells = 2 + (columns |> List.concat |> List.map fst |> List.fold max 0)
              let genes = columns.Length

              let vector k =
                  Array.init cells (fun cell -> float (1 + cell * (k + 3) % 7) / 10.0)

              let pairs =
                  { Pairs =
                      { Values = [| 2.0; 1.0; 0.5 |]
                        Vectors = Array.init 3 vector }
                    Sums =
                      { OfCells = int64 cells
                        OfValues = Array.init genes float
                        OfSquares = Array.init genes float } }

              let compute =
                  PcaByCells.loadings
                      { Pca.defaults with
                          NComps = None
                          ZeroCenter = true }
                      pairs

              let whole: float[] = Array.zeroCreate (3 * genes)
              let cut: float[] = Array.zeroCreate (3 * genes)
              compute () (RowBatches.ofRows 0L 0L columns) whole 0
              let piecewise = compute ()
              let mutable row = 0

              for rowBatch in rowBatches do
                  rowBatch.FirstCell <- int64 row
                  piecewise rowBatch cut row
                  row <- row + rowBatch.Cells

              Array.forall2 InMemory.sameBits whole cut)

          test "which way is taken depends on how many there are alone" {
              Expect.isTrue (PcaByCells.isShorter 5L 6) "fewer cells"
              Expect.isFalse (PcaByCells.isShorter 6L 6) "as many"
              Expect.isFalse (PcaByCells.isShorter 5_000_000_000L 60000) "more cells"
          }

          test "what has no components is refused with its reason" {
              for options in
                  [ { Pca.defaults with
                        NComps = None
                        ZeroCenter = true }
                    { Pca.defaults with
                        NComps = None
                        ZeroCenter = false } ] do
                  GenFiles.isFault "gene 1 has a value" (fun () -> byCells options 5 [ [ 0, 1.0 ]; [ 1, nan ]; [ 2, 1.0 ] ])
                  GenFiles.isFault "the total variance of" (fun () -> byCells options 5 [ []; []; [] ])
                  GenFiles.isFault "the total variance of" (fun () -> byCells options 5 (List.replicate 4 [ 0, 0.5; 2, 2.0 ]))
          } ]
