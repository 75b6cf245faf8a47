/// The flavours seurat_v3 and seurat_v3_paper against the words of scanpy-semantics, taken down over lists.
module internal SingleSharp.Properties.SeuratV3Laws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory
open SingleSharp.Properties.HvgInWords

let private v3 = standard HvgFlavor.SeuratV3

/// A trend for the laws: halfway between each point and their mean, so that it follows the points without meeting them.
let private halfway (_: float) (_: float[]) y =
    let mean = Array.fold (+) 0.0 y / float y.Length
    Ok(y |> Array.map (fun value -> (value + mean) / 2.0))

/// Small counts, whose sums are exact.
let private small (matrix: Rows) =
    { matrix with
        Rows = matrix.Rows |> List.map (List.map (fun (gene, value) -> gene, float (int64 value % 4096L))) }

let private rowBatch (rows: (int * float) list list) groups =
    let rowBatch = RowBatches.ofRows 0L 0L rows
    rowBatch.Groups <- groups
    rowBatch

/// Two reads of rows whose cells are in these groups.
let private tableOf (options: HvgOptions) fit (batches: string[] option) genes rows groups =
    let count = batches |> Option.map Array.length |> Option.defaultValue 1
    let cells = rowBatch rows (if batches.IsSome then groups else [||])

    let moments =
        Fold.run (Moments.perGene genes count Precision.Single Quantity.Raw) [ cells ]

    let trends = SeuratV3.trends options fit batches (names genes) moments
    SeuratV3.table options batches moments trends (Fold.run (SeuratV3.clipped genes Precision.Single trends) [ cells ])

/// Batches 0, 1, …, and now and then none.
let private dealt batches rows =
    Array.init (List.length rows) (fun row -> if row % 11 = 10 then -1 else row % batches)

/// Are normalized variances what the words say?
let private variesAsSaid (matrix: Rows) batches =
    let groups = dealt batches matrix.Rows

    let parts =
        [ for batch in 0 .. batches - 1 -> List.zip matrix.Rows (List.ofArray groups) |> List.filter (snd >> (=) batch) |> List.map fst ]
        |> List.filter (List.isEmpty >> not)

    let expected = parts |> List.map (variances halfway matrix.Genes)

    let compute () =
        tableOf v3 halfway (Some(batchNames batches)) matrix.Genes matrix.Rows groups

    if parts.IsEmpty || expected |> List.exists _.IsNone then
        refusal compute <> ""
    else
        let found = column "variances_norm" (compute ())

        [ 0 .. matrix.Genes - 1 ]
        |> List.forall (fun gene -> near found[gene] (expected |> List.map (fun batch -> batch.Value[gene]) |> List.average))

let tests =
    testList
        "SeuratV3"
        [ Law.holds "normalized variances are what the words say" (fun (CountRows matrix) (batches: byte) ->
              variesAsSaid (small matrix) (1 + int batches % 3))

          Law.holds "whatever is added to all values of a gene" (fun (CountRows matrix) (batches: byte) (far: bool) ->
              // Neither are counts: beyond 2^24 float32 has integers only.
              let added = if far then 1e9 else 1e6 + 0.5

              let offset row =
                  let stored = Map.ofList row

                  [ for gene in 0 .. matrix.Genes - 1 ->
                        gene, added * float (1 + 2 * (gene % 3)) + float (int64 (Map.tryFind gene stored |> Option.defaultValue 0.0) % 64L) ]

              variesAsSaid
                  { matrix with
                      Rows = List.map offset matrix.Rows }
                  (1 + int batches % 3))

          Law.holds "genes are ranked and chosen as the words say" (fun (CountRows matrix) (batches: byte) (n: byte) (paper: bool) ->
              let matrix = matrix |> small |> twins
              let batches = 1 + int batches % 4
              let n = 1 + int n % (matrix.Genes + 3)
              let groups = dealt batches matrix.Rows

              let options =
                  { standard (if paper then HvgFlavor.SeuratV3Paper else HvgFlavor.SeuratV3) with
                      NTopGenes = Some n }

              /// What the table says of a batch alone; its numbers are held against the words elsewhere.
              let alone batch =
                  let rows =
                      List.zip matrix.Rows (List.ofArray groups) |> List.filter (snd >> (=) batch) |> List.map fst

                  if rows.IsEmpty then
                      None
                  else
                      Some(List.ofArray (column "variances_norm" (tableOf options halfway None matrix.Genes rows [||])))

              let compute () =
                  tableOf options halfway (Some(batchNames batches)) matrix.Genes matrix.Rows groups

              if refusal compute <> "" then
                  matrix.Rows.IsEmpty || refusal (fun () -> [ 0 .. batches - 1 ] |> List.map alone) <> ""
              else
                  let table = compute ()

                  let medians, counts, best = chosen paper n (List.choose alone [ 0 .. batches - 1 ])

                  Array.forall2 sameBits (column "highly_variable_rank" table) medians
                  && column "highly_variable_nbatches" table = counts
                  && table.IsHighlyVariable = best
                  && (table.IsHighlyVariable |> Array.filter id).Length = min n matrix.Genes)

          Law.holds "positions" (fun (CountRows matrix) ->
              let matrix = matrix |> small |> twins

              let options =
                  { v3 with
                      NTopGenes = Some(2 * matrix.Genes) }

              let compute () =
                  tableOf options halfway None matrix.Genes matrix.Rows [||]

              refusal compute <> ""
              || (let ranks = column "highly_variable_rank" (compute ())
                  [ 0..2 .. matrix.Genes - 1 ] |> List.forall (fun gene -> ranks[gene] < ranks[gene + 1])))

          Law.holds "empty" (fun (CountRows matrix) (n: byte) ->
              let matrix = small matrix
              let options = { v3 with NTopGenes = Some(1 + int n) }
              let groups = dealt 2 matrix.Rows

              let table names groups =
                  tableOf options halfway (Some names) matrix.Genes matrix.Rows groups

              let said = refusal (fun () -> table [| "A"; "B" |] groups)
              let between = groups |> Array.map (fun group -> if group = 1 then 2 else group)

              if said <> "" then
                  refusal (fun () -> table [| "A"; "none"; "B" |] between) = said
              else
                  sameTable (table [| "A"; "B" |] groups) (table [| "A"; "none"; "B" |] between))

          Law.holds "cells in another order choose the same genes" (fun (CountRows matrix) (n: byte) ->
              // Limits are not whole, so that clipped sums round; no trend clips where it expects more than there is.
              let generous _ _ y =
                  Ok(y |> Array.map (fun value -> value + 2.0))

              let matrix = matrix |> small |> twins

              let options =
                  { v3 with
                      NTopGenes = Some(1 + int n % 40) }

              let compute rows () =
                  tableOf options generous None matrix.Genes rows [||]

              let said = refusal (compute matrix.Rows)

              if said <> "" then
                  refusal (compute (List.rev matrix.Rows)) = said
              else
                  sameTable (compute matrix.Rows ()) (compute (List.rev matrix.Rows) ()))

          Law.holds "genes that vary as expected have normalized variance 1, those that do not vary 0" (fun (CountRows matrix) ->
              let matrix = small matrix

              let compute () =
                  tableOf v3 (fun _ _ y -> Ok y) None matrix.Genes matrix.Rows [||]

              refusal compute <> ""
              || (let table = compute ()

                  Array.forall2
                      (fun variance normalized -> abs (normalized - (if variance > 0.0 then 1.0 else 0.0)) <= 1e-9)
                      (column "variances" table)
                      (column "variances_norm" table)))

          Law.holds "limits are a deviation times the root of the number of cells above the mean" (fun (CountRows matrix) ->
              let matrix = small matrix

              let moments =
                  Fold.run (Moments.perGene matrix.Genes 1 Precision.Single Quantity.Raw) [ rowBatch matrix.Rows [||] ]

              let trends () =
                  SeuratV3.trends v3 (fun _ x _ -> Ok x) None (names matrix.Genes) moments

              refusal trends <> ""
              || (let trend = trends () |> Array.exactlyOne
                  let variances = Moments.variances moments.Groups[0]

                  [ 0 .. matrix.Genes - 1 ]
                  |> List.forall (fun gene ->
                      // The trend is y = x: as much variance as mean.
                      let deviation = if variances[gene] > 0.0 then sqrt trend.Means[gene] else 1.0

                      near trend.Deviations[gene] deviation
                      && near trend.Limits[gene] (deviation * sqrt (float matrix.Rows.Length) + trend.Means[gene]))))

          Law.holds "means and variances are over all cells, also those of no batch" (fun (CountRows matrix) ->
              let matrix = small matrix

              let table batches groups () =
                  tableOf v3 halfway batches matrix.Genes matrix.Rows groups

              let batched = table (Some [| "A"; "B" |]) (dealt 2 matrix.Rows)

              refusal batched <> ""
              || refusal (table None [||]) <> ""
              || List.forall
                  (fun name -> Array.forall2 sameBits (column name (batched ())) (column name (table None [||] ())))
                  [ "means"; "variances" ])

          Law.holdsFor 10 "the trend is that of loess" (fun (seed: int) ->
              // Counts of many levels, each gene's own, so that a quadratic can be fitted everywhere.
              let random = Random seed

              let rows =
                  [ for _ in 1..30 ->
                        [ for gene in 0..149 do
                              let value =
                                  Math.Floor(random.NextDouble() * random.NextDouble() * (2.0 + float gene / 5.0))

                              if value > 0.0 then
                                  gene, value ] ]

              let found = column "variances_norm" (tableOf v3 Loess.fit None 150 rows [||])

              variances Loess.fit 150 rows |> Option.exists (fun expected -> Array.forall2 near found (Array.ofList expected)))

          test "2,000 genes are chosen where nothing else is said" {
              let rows =
                  [ [ for gene in 0..2499 -> gene, float (gene % 17) ]
                    [ for gene in 0..2499 -> gene, float (gene % 5) ] ]

              let table = tableOf v3 halfway None 2500 rows [||]
              Expect.equal (table.IsHighlyVariable |> Array.filter id).Length 2000 "genes"
          }

          test "what cannot be fitted is called by its name" {
              let rows = [ [ 0, 1.0; 1, 2.0 ]; [ 0, 3.0; 1, 5.0 ]; [ 0, 4.0 ] ]
              let stubborn _ _ _ = Error "there are too few points"

              let said fit batches rows groups =
                  refusal (fun () -> tableOf v3 fit batches 2 rows groups)

              let two = Some [| "A"; "solo" |]

              Expect.equal
                  (said stubborn two rows [| 0; 0; 1 |])
                  "highly_variable_genes (seurat_v3) cannot be computed: no trend can be fitted to means and variances in batch A, because there are too few points; filter genes with min_cells, or raise span."
                  "no trend"

              Expect.equal
                  (said halfway two rows [| 0; 0; 1 |])
                  "highly_variable_genes (seurat_v3) cannot be computed: batch solo has one cell, so no gene varies there; use more cells."
                  "one cell"

              Expect.stringContains (said halfway two rows [| -1; -1; -1 |]) "no cell belongs to a batch" "no cell in a batch"
              Expect.stringContains (said halfway None [] [||]) "no cells" "no cell at all"

              Expect.stringContains
                  (said halfway None [ [ 0, 1.0; 1, 2.0 ]; [ 0, 1.0; 1, 2.0 ] ] [||])
                  "no gene varies"
                  "the same cell twice"

              Expect.stringContains
                  (said halfway None [ [ 0, 1.0; 1, -4.0 ]; [ 0, 2.0; 1, 1.0 ] ] [||])
                  "gene g1 varies in the data, but has no positive, finite mean"
                  "negative"

              Expect.stringContains (said halfway None [ [ 0, 1.0; 1, 1e30 ]; [ 0, 2.0 ] ] [||]) "use counts" "beyond float32"
          }

          test "genes that hold NaN are ranked last" {
              let rows = [ [ 0, nan; 1, 2.0; 2, 1.0 ]; [ 0, 3.0; 1, 5.0; 2, 4.0 ]; [ 0, 4.0 ] ]
              let table = tableOf v3 halfway None 3 rows [||]
              Expect.equal (entry "highly_variable_rank" table 0) 2.0 "rank"
              Expect.isTrue (Double.IsNaN(entry "variances_norm" table 0)) "no variance"
          } ]
