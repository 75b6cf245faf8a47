/// QC metrics against their definitions.
module internal SingleSharp.Properties.QcLaws

open Expecto
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

let private genesOf rowBatches =
    1
    + List.fold (fun most (rowBatch: RowBatch) -> Seq.fold max most (Seq.truncate rowBatch.Count rowBatch.Genes)) 0 rowBatches

/// Two sets that overlap, and one with no gene in it.
let private options genes tops log1p =
    { Sets =
        Membership.ofMasks
            [ "even", Array.init genes (fun gene -> gene % 2 = 0)
              "third", Array.init genes (fun gene -> gene % 3 = 0)
              "none", Array.create genes false ]
      PercentTop = tops
      Log1p = log1p
      Dense = ValueNone }

let private whole rows = RowBatches.ofRows 0L 0L rows

let private column name columns =
    columns |> List.find (fun ((column: OutputColumn), _) -> column.Name = name) |> snd

let private agree left right = Array.forall2 sameBits left right

let private perRow (rows: (int * float) list list) compute =
    rows |> List.map compute |> Array.ofList

let tests =
    testList
        "Qc"
        [ Law.holds "tallies" (fun (CutRows segments) ->
              let rowBatches = segments |> List.concat |> List.concat
              let genes = genesOf rowBatches
              let cells, sums = tallies genes (rowsOf rowBatches)
              let found = Fold.runParts (GeneTallies.perGene genes) segments
              found.CellsByCounts = cells && found.Totals = sums && found.Cells = int64 (rowsOf rowBatches).Length)

          Law.holds "interleave" (fun (CutRows segments) ->
              // Pooled states of two runs of one fold value must not be one array.
              let rowBatches = segments |> List.concat |> List.concat
              let genes = genesOf rowBatches
              let fold = GeneTallies.perGene genes
              let struct (left, right) = Fold.run (Fold.both fold fold) rowBatches
              left = right && left = Fold.run fold rowBatches)

          Law.holds "rows" (fun (CutRows segments) (log1p: bool) ->
              let rowBatches = segments |> List.concat |> List.concat

              let columns =
                  QcMetrics.perCell DType.Float32 DType.Int32 (options (genesOf rowBatches) [ 1; 2; 5; 50 ] log1p)

              List.forall2
                  (fun (name, left) (name', right) -> name = name' && agree left right)
                  (columnsOf columns rowBatches)
                  (columnsOf columns [ whole (rowsOf rowBatches) ]))

          Law.holds "totals, detected genes and sets are what they are called" (fun (WildRows matrix) ->
              let columns =
                  columnsOf (QcMetrics.perCell DType.Float64 DType.Int32 (options matrix.Genes [] false)) [ whole matrix.Rows ]

              let inSet step row =
                  row |> List.filter (fun (gene, _) -> gene % step = 0)

              agree (column "total_counts" columns) (perRow matrix.Rows sum)
              && agree (column "total_counts_even" columns) (perRow matrix.Rows (inSet 2 >> sum))
              && agree (column "total_counts_third" columns) (perRow matrix.Rows (inSet 3 >> sum))
              && agree (column "total_counts_none" columns) (perRow matrix.Rows (fun _ -> 0.0))
              && agree (column "pct_counts_third" columns) (perRow matrix.Rows (fun row -> sum (inSet 3 row) / sum row * 100.0))
              && agree
                  (column "n_genes_by_counts" columns)
                  (perRow matrix.Rows (List.filter (fun (_, value) -> value <> 0.0) >> List.length >> float)))

          Law.holds "pct_counts_in_top_k: counted or sorted, the k largest values" (fun (CountRows matrix) (fractional: bool) ->
              // A fraction anywhere in a row makes the kernel sort it instead of counting values.
              let rows =
                  if fractional then
                      matrix.Rows |> List.map (List.map (fun (gene, value) -> gene, value / 4.0))
                  else
                      matrix.Rows

              let tops = [ 1; 3; 10; 20 ]

              let columns =
                  columnsOf (QcMetrics.perCell DType.Float64 DType.Int32 (options matrix.Genes tops false)) [ whole rows ]

              tops
              |> List.forall (fun k ->
                  agree (column $"pct_counts_in_top_{k}_genes" columns) (perRow rows (fun row -> topSum 20 k row / sum row * 100.0))))

          Law.holds "the tally of a row forgets the rows before" (fun (LongRows matrix) ->
              let tops = [ 1; 2; 7; 20 ]

              let columns =
                  columnsOf (QcMetrics.perCell DType.Float64 DType.Int32 (options matrix.Genes tops false)) [ whole matrix.Rows ]

              tops
              |> List.forall (fun k ->
                  agree
                      (column $"pct_counts_in_top_{k}_genes" columns)
                      (perRow matrix.Rows (fun row -> topSum 20 k row / sum row * 100.0))))

          Law.holds "negative values stand below the zeros that pad a row" (fun (CountRows matrix) ->
              let rows =
                  matrix.Rows |> List.map (List.map (fun (gene, value) -> gene, (if gene % 3 = 0 then -value else value)))

              let columns =
                  columnsOf (QcMetrics.perCell DType.Float64 DType.Int32 (options matrix.Genes [ 2; 15 ] false)) [ whole rows ]

              [ 2; 15 ]
              |> List.forall (fun k ->
                  agree (column $"pct_counts_in_top_{k}_genes" columns) (perRow rows (fun row -> topSum 15 k row / sum row * 100.0))))

          Law.holds "zeros of a dense row stand above its negative values, stored or not" (fun (CountRows matrix) ->
              let rows =
                  matrix.Rows |> List.map (List.map (fun (gene, value) -> gene, (if gene % 3 = 0 then -value else value)))

              let tops = [ 2; 15 ] |> List.filter (fun k -> k <= matrix.Genes)

              let dense =
                  { options matrix.Genes tops false with
                      Dense = ValueSome matrix.Genes }

              let columns =
                  columnsOf (QcMetrics.perCell DType.Float64 DType.Int32 dense) [ whole rows ]

              // As scanpy has it: all values of the row in descending order.
              let top k row =
                  topSum matrix.Genes k row / sum row * 100.0

              tops |> List.forall (fun k -> agree (column $"pct_counts_in_top_{k}_genes" columns) (perRow rows (top k))))

          Law.holds "log1p columns are log1p of the stored columns" (fun (CountRows matrix) ->
              let columns =
                  columnsOf (QcMetrics.perCell DType.Float32 DType.Int32 (options matrix.Genes [] true)) [ whole matrix.Rows ]

              agree (column "log1p_total_counts" columns) (column "total_counts" columns |> Array.map (single >> Elementary.log1p)))

          Law.holds "columns of var follow from the tallies" (fun (CountRows matrix) ->
              let found = Fold.run (GeneTallies.perGene matrix.Genes) [ whole matrix.Rows ]
              let n = float matrix.Rows.Length

              let columns =
                  QcMetrics.geneColumns DType.Float32 DType.Int64 true |> List.map (fun (column, values) -> column, values found)

              agree (column "mean_counts" columns) (found.Totals |> Array.map (fun total -> total / n))
              && agree
                  (column "pct_dropout_by_counts" columns)
                  (found.CellsByCounts |> Array.map (fun cells -> (1.0 - float cells / n) * 100.0))
              && agree (column "log1p_mean_counts" columns) (column "mean_counts" columns |> Array.map Elementary.log1p))

          test "names and order are scanpy's" {
              let obs = QcMetrics.perCell DType.Float32 DType.Int32 (options 10 [ 5 ] true)

              Expect.equal
                  (obs.Columns |> List.map _.Name |> List.truncate 8)
                  [ "n_genes_by_counts"
                    "log1p_n_genes_by_counts"
                    "total_counts"
                    "log1p_total_counts"
                    "pct_counts_in_top_5_genes"
                    "total_counts_even"
                    "log1p_total_counts_even"
                    "pct_counts_even" ]
                  "obs"

              Expect.equal
                  (QcMetrics.geneColumns DType.Float32 DType.Int64 true |> List.map (fun (column, _) -> column.Name))
                  [ "n_cells_by_counts"
                    "mean_counts"
                    "log1p_mean_counts"
                    "pct_dropout_by_counts"
                    "total_counts"
                    "log1p_total_counts" ]
                  "var"
          }

          test "a gene's total is exact beyond 2^24" {
              let rows = List.replicate 5000 [ 0, 16777217.0 ]
              let found = Fold.run (GeneTallies.perGene 1) [ whole rows ]
              Expect.equal found.Totals[0] (5000.0 * 16777217.0) "a float32 sum would have lost counts"
          } ]
