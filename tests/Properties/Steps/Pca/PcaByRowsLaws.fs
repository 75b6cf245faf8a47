/// Components by products of rows with vectors are those by products of genes.
module internal SingleSharp.Properties.PcaByRowsLaws

open System
open System.Collections.Concurrent
open System.Runtime.Intrinsics
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen

/// 32 numbers for each gene, whole and small.
let private vectors genes =
    Array.init (RowProducts.Together * genes) (fun i -> Vector256.Create(float (i % 7 - 3), float (i % 5), float (i % 3), 1.0))

let private numbers (vectors: Vector256<float>[]) =
    [| for four in vectors do
           for lane in 0..3 -> four.GetElement lane |]

let private product genes (rows: (int * float) list list) =
    let ps = vectors genes

    Fold.run (RowProducts.fold (ConcurrentBag()) ps) [ RowBatches.ofRows 0L 0L rows ] |> numbers

/// Σ x (xᵀ p), one number after the other.
let private plain genes (rows: (int * float) list list) =
    let ps = numbers (vectors genes)
    let width = 4 * RowProducts.Together
    let sums: float[] = Array.zeroCreate ps.Length

    for row in rows do
        for k in 0 .. width - 1 do
            let along =
                row |> List.fold (fun sum (gene, value) -> sum + value * ps[width * gene + k]) 0.0

            for gene, value in row do
                sums[width * gene + k] <- sums[width * gene + k] + value * along

    sums

let private rowsOf genes rows : PcaByRows.Rows =
    let batches = [ RowBatches.ofRows 0L 0L rows ]

    { Sums = Fold.run (Shift.sums genes) batches
      Multiply = fun spare vectors -> Fold.run (RowProducts.fold spare vectors) batches }

let private byRows options genes rows =
    let rows = rowsOf genes rows

    let struct (components, _) =
        PcaByRows.components Watch.none options string rows rows

    components

let private options zeroCenter =
    { Pca.defaults with
        NComps = Some 3
        ZeroCenter = zeroCenter }

let private loading (components: Components) k =
    Array.init (components.Loadings.Length / components.Count) (fun gene -> components.Loadings[gene * components.Count + k])

let private dot (left: float[]) (right: float[]) =
    Array.fold2 (fun sum x y -> sum + x * y) 0.0 left right

/// As few genes as there may be.
let private genes =
    int (Lanczos.leastRows 3 RowProducts.Together) + 8 * Multivector.Width * RowProducts.Together

let private agree zeroCenter rows name =
    let options = options zeroCenter
    let wanted = Components.components options string (GramLaws.gram genes rows)
    let found = byRows options genes rows
    let tolerance = 1e-10 * wanted.TotalVariance
    Expect.equal found.Count wanted.Count $"{name}: how many"
    Expect.isLessThan (abs (found.TotalVariance - wanted.TotalVariance)) tolerance $"{name}: the total"

    for gene in 0 .. genes - 1 do
        Expect.isLessThan (abs (found.Means[gene] - wanted.Means[gene])) 1e-12 $"{name}: the mean of {gene}"

    for k in 0 .. found.Count - 1 do
        Expect.isLessThan (abs (found.Variances[k] - wanted.Variances[k])) tolerance $"{name}: variance {k}"
        Expect.isLessThan (abs (found.Ratios[k] - wanted.Ratios[k])) 1e-10 $"{name}: share {k}"
        Expect.isGreaterThan (Array.maxBy abs (loading found k)) 0.0 $"{name}: the sign of {k}"

        for j in 0..k do
            Expect.isLessThan (abs (dot (loading found k) (loading found j) - (if j = k then 1.0 else 0.0))) 1e-12 $"{name}: {j} and {k}"

        if k < found.Count - 1 && abs (wanted.Variances[k + 1] - wanted.Variances[k]) > 1e-3 * wanted.Variances[0] then
            Expect.isGreaterThan (dot (loading found k) (loading wanted k)) (1.0 - 1e-8) $"{name}: loadings of {k}"

let tests =
    testList
        "PcaByRows"
        [ Law.holds "it is XᵀX p, number by number" (fun (WildRows matrix) ->
              let rows = GramLaws.tame matrix.Rows
              Array.forall2 InMemory.sameBits (product matrix.Genes rows) (plain matrix.Genes rows))

          Law.holds "row products" (fun (CutRows segments) ->
              let rowBatches = segments |> List.concat |> List.concat

              let genes =
                  1 + (InMemory.rowsOf rowBatches |> List.concat |> List.map fst |> List.fold max 0)

              let tame = List.map (fun part -> InMemory.rowsOf [ part ] |> GramLaws.tame)

              let run parts =
                  let rowBatch = RowBatches.ofRows 0L 0L
                  let parts = parts |> List.map (List.map (List.map rowBatch))

                  Fold.runParts (RowProducts.fold (ConcurrentBag()) (vectors genes)) parts |> numbers

              let blocks = segments |> List.map (List.map tame)
              let whole = blocks |> List.map (List.map (fun block -> [ List.concat block ]))
              Array.forall2 InMemory.sameBits (run blocks) (run whole))

          test "components" {
              for zeroCenter in [ true; false ] do
                  agree zeroCenter (GramLaws.fixedRows 40 genes 20) $"few cells, centred: {zeroCenter}"
                  agree zeroCenter (GramLaws.fixedRows (genes + 60) genes 3) $"many cells, centred: {zeroCenter}"
                  agree zeroCenter (List.replicate 5 (GramLaws.fixedRows 2 genes 20) |> List.concat) $"one component, centred: {zeroCenter}"
          }

          test "vectors that were used before leave nothing behind" {
              let rows = GramLaws.fixedRows 30 40 50

              let spare =
                  ConcurrentBag [ Array.create (RowProducts.Together * 40) (Vector256.Create nan) ]

              let found =
                  Fold.run (RowProducts.fold spare (vectors 40)) [ RowBatches.ofRows 0L 0L rows ]

              Expect.equal (numbers found) (product 40 rows) "the same"
              Expect.isEmpty spare "it was used"
          }

          test "which way is taken depends on how many there are alone" {
              for cells, genes, components, way in
                  [ 100_000L, 2_000, 50, PcaWay.ByGenes
                    100_000L, 8_192, 50, PcaWay.ByGenes
                    100_000L, 8_193, 50, PcaWay.ByRows
                    100_000L, 48_788, 50, PcaWay.ByRows
                    2_700L, 13_714, 50, PcaWay.ByCells
                    20_000L, 48_788, 50, PcaWay.ByRows
                    8_800L, 48_788, 50, PcaWay.ByRows
                    25_000L, 500_000, 50, PcaWay.ByRows
                    20_000L, 2_000_000, 50, PcaWay.ByCells
                    10_000L, 2_000_000, 50, PcaWay.ByCells
                    70_000L, 2_000_000, 50, PcaWay.ByRows
                    65_536L, 5_000_000, 50, PcaWay.ByRows
                    // So many components that the vectors are no less than products.
                    10_000L, 10_000, 5_000, PcaWay.ByGenes
                    5_000_000_000L, 60_000, 50, PcaWay.ByRows ] do
                  Expect.equal (PcaByRows.way cells genes components) way $"{cells} × {genes}, {components}"
          }

          test "the largest side of a matrix is just not taken by rows" {
              for genes in [ 8_193; 48_788; 500_000; 2_000_000 ] do
                  let side = int64 (PcaByRows.largestSide (int64 genes) 50L)
                  Expect.notEqual (PcaByRows.way side genes 50) PcaWay.ByRows $"{side} × {genes}"
                  Expect.equal (PcaByRows.way (side + 1L) genes 50) PcaWay.ByRows $"{side + 1L} × {genes}"
          }

          test "so many components of so many cells are refused" {
              GenFiles.isFault "ask for fewer components" (fun () -> PcaByRows.way 70_000L 70_000 60_000)
          }

          test "units of values that float64 hardly holds" {
              let rows = GramLaws.fixedRows 40 genes 20

              let huge =
                  rows |> List.map (List.map (fun (gene, value) -> gene, Math.ScaleB(value, 480)))

              for zeroCenter in [ true; false ] do
                  let one, other =
                      byRows (options zeroCenter) genes rows, byRows (options zeroCenter) genes huge

                  Expect.equal other.Loadings one.Loadings "loadings"
                  Expect.equal other.Variances (one.Variances |> Array.map (fun variance -> Math.ScaleB(variance, 960))) "variances"
          }

          test "what has no components is refused with its reason" {
              for zeroCenter in [ true; false ] do
                  let options = options zeroCenter
                  GenFiles.isFault "gene 1 has a value" (fun () -> byRows options genes [ [ 0, 1.0 ]; [ 1, nan ]; [ 2, 1.0 ]; [] ])
                  GenFiles.isFault "the total variance of" (fun () -> byRows options genes [ []; []; []; [] ])
          } ]
