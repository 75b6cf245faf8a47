/// Orders and tables of highly_variable_genes.
module internal SingleSharp.Properties.HvgLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps
open SingleSharp.Properties.HvgInWords

let tests =
    testList
        "Hvg"
        [ Law.holds
              "genes are in the order of the first comparison that tells them apart, then of their positions"
              (fun (keys: (byte * byte) list) ->
                  // Few different keys, so that ties are common.
                  let first = keys |> List.map (fun (key, _) -> float (key % 3uy))

                  let second =
                      keys |> List.map (fun (_, key) -> if key % 4uy = 3uy then nan else float (key % 4uy))

                  let found =
                      GeneRanking.order
                          keys.Length
                          [ GeneRanking.descending (Array.ofList first)
                            GeneRanking.ascending (Array.ofList second) ]

                  let expected =
                      List.zip first second
                      |> List.indexed
                      |> List.sortBy (fun (position, (first, second)) ->
                          -first, (if Double.IsNaN second then infinity else second), position)
                      |> List.map fst

                  List.ofArray found = expected)

          Law.holds "NaN comes last, upwards and downwards" (fun (keys: byte list) ->
              let keys =
                  keys |> List.map (fun key -> if key % 3uy = 0uy then nan else float key) |> Array.ofList

              let known = keys |> Array.filter (Double.IsNaN >> not)

              let sorted comparison =
                  GeneRanking.order keys.Length [ comparison keys ] |> Array.map (fun i -> keys[i])

              Array.truncate known.Length (sorted GeneRanking.ascending) = Array.sort known
              && Array.truncate known.Length (sorted GeneRanking.descending) = Array.sortDescending known)

          Law.holds "the first n genes of an order are flagged, or all of them" (fun (n: byte) (size: byte) ->
              let order =
                  GeneRanking.order (int size) [ GeneRanking.descending (Array.init (int size) float) ]

              let flags = GeneRanking.first (int n) order
              flags = Array.init (int size) (fun gene -> gene >= int size - int n))

          test "highly_variable is the first column, of truth values" {
              let table =
                  GeneRanking.table [| true; false |] [ "means", DType.Float64, [| 0.5; 0.25 |] ] [ "a word" ]

              Expect.equal
                  table.Columns
                  [ { Name = "highly_variable"
                      Type = DType.Bool },
                    [| 1.0; 0.0 |]
                    { Name = "means"; Type = DType.Float64 }, [| 0.5; 0.25 |] ]
                  "columns"

              Expect.equal table.Warnings [ "a word" ] "warnings"
          }

          test "names and types of the columns are scanpy's" {
              let genes = 30

              let moments =
                  { Cells = 10L
                    Sums = Array.init genes (fun gene -> float (gene + 1))
                    Squares = Array.init genes (fun gene -> float ((gene + 1) * (gene + 2)))
                    IsExpressed = Array.create genes true
                    Distances = Distances() }

              let none = { moments with Cells = 0L }

              let grouped =
                  { Groups = [| moments |]
                    Others = none }

              let described (table: HvgTable) =
                  table.Columns |> List.map (fun ((column: OutputColumn), _) -> column.Name, column.Type)

              let one = Some [| "only" |]

              let ofTrend flavor batches =
                  let trends =
                      SeuratV3.trends (standard flavor) (fun _ _ y -> Ok y) batches (names genes) grouped

                  SeuratV3.table (standard flavor) batches grouped trends grouped

              let first = [ "highly_variable", DType.Bool ]

              let byDispersion =
                  first
                  @ [ "means", DType.Float64
                      "dispersions", DType.Float64
                      "dispersions_norm", DType.Float32 ]

              let byTrend =
                  first
                  @ [ "highly_variable_rank", DType.Float32
                      "means", DType.Float64
                      "variances", DType.Float64
                      "variances_norm", DType.Float64 ]

              let batches = [ "highly_variable_nbatches", DType.Int64 ]

              for flavor in [ HvgFlavor.Seurat; HvgFlavor.CellRanger ] do
                  Expect.equal (described (Dispersion.table (standard flavor) None (names genes) [| moments |])) byDispersion "dispersion"

                  Expect.equal
                      (described (Dispersion.table (standard flavor) one (names genes) [| moments |]))
                      (byDispersion @ batches @ [ "highly_variable_intersection", DType.Bool ])
                      "dispersion with batches"

              for flavor in [ HvgFlavor.SeuratV3; HvgFlavor.SeuratV3Paper ] do
                  Expect.equal (described (ofTrend flavor None)) byTrend "trend"
                  Expect.equal (described (ofTrend flavor one)) (byTrend @ batches) "trend with batches"
          }

          test "flavours are called as in scanpy" {
              Expect.equal
                  ([ HvgFlavor.Seurat
                     HvgFlavor.CellRanger
                     HvgFlavor.SeuratV3
                     HvgFlavor.SeuratV3Paper ]
                   |> List.map GeneRanking.flavorName)
                  [ "seurat"; "cell_ranger"; "seurat_v3"; "seurat_v3_paper" ]
                  "names"
          } ]
