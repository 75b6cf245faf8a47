/// Variances of genes whose mean is large beside their spread, against those of values about their mean.
module internal SingleSharp.Properties.DistancesLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

/// n·mean² over the squared distances, from which on these are summed.
let private most = 1048576.0

/// What a gene holds in the cells of a file, one number for each cell. Among them are genes that begin like others and go on
/// otherwise: what the first cells say of a gene is not to be trusted.
let private kinds: (string * (Random -> int -> float)) list =
    let near (random: Random) = random.NextDouble() - 0.5

    [ "1e9", (fun random _ -> 1e9 + near random)
      "-1e6", (fun random _ -> -1e6 + near random)
      "constant", (fun _ _ -> 0.1)
      "1,000", (fun random _ -> 1000.0 + 2.0 * near random)
      "counts", (fun random _ -> float (random.Next 4))
      "1e5, and now and then nothing", (fun random _ -> if random.Next 9 = 0 then 0.0 else 1e5 + near random)
      "nothing at first", (fun random cell -> if cell = 0 then 0.0 else 1e5 + near random)
      "drifting", (fun random cell -> 1e9 + float cell + near random)
      "small at first", (fun random cell -> if cell < 3 then 1.0 + near random else 1e9 + near random)
      "spread at first", (fun random cell -> if cell < 10 then 1e9 * (1.0 + near random) else 1e9 + near random)
      "spread at last", (fun random cell -> if cell > 20 then 1e9 * (1.0 + near random) else 1e9)
      "far at first", (fun random cell -> if cell = 0 then 5e8 else 1e9 + near random)
      "of two levels", (fun random cell -> (if cell % 13 < 6 then 1e9 else 1e9 + 1e3) + near random)
      "NaN at last", (fun random cell -> if cell = 17 then nan else 1e7 + near random)
      "infinite at first", (fun random cell -> if cell = 0 then infinity else 1e7 + near random)
      "large counts", (fun random _ -> 1e6 + float (random.Next 9))
      "large counts, but for one", (fun random cell -> (if cell = 11 then 1e6 + 0.5 else 1e6 + float (random.Next 9)))
      "too large for its square", (fun random _ -> 1e160 * (1.0 + 1e-14 * near random)) ]

let private genes = kinds.Length

/// So many cells as rows; genes in any order, zeros stored or not.
let private cellsOf precision (seed: int) first count =
    [ for cell in first .. first + count - 1 ->
          let random = Random(seed + cell)

          [ for gene, (_, value) in Array.ofList kinds |> Array.indexed |> Array.sortBy (fun _ -> random.Next()) do
                let value = Precision.round precision (value random cell)

                if value <> 0.0 || random.Next 3 = 0 then
                    gene, value ] ]

/// Row batches in the cut of others, with as many cells each.
let private recut precision seed groups (segments: RowBatch list list list) =
    segments
    |> List.map (
        List.map (
            List.map (fun rowBatch ->
                let first = int rowBatch.FirstCell

                let rowBatch =
                    RowBatches.ofRows rowBatch.FirstCell 0L (cellsOf precision seed first rowBatch.Cells)

                if groups > 1 then
                    rowBatch.Groups <- Array.init rowBatch.Cells (fun row -> (first + row) * (1 + abs seed % 5) % (groups + 1) - 1)

                rowBatch)
        )
    )

/// The values of each gene, in the cells of a group, or in all cells.
let private valuesOf (group: int option) (segments: RowBatch list list list) =
    [ for rowBatch in segments |> List.concat |> List.concat do
          for row, values in List.indexed (rowsOf [ rowBatch ]) do
              let isIn =
                  match group with
                  | Some group -> (if rowBatch.Groups.Length = 0 then 0 else rowBatch.Groups[row]) = group
                  | None -> true

              if isIn then
                  Map.ofList values ]
    |> fun cells -> Array.init genes (fun gene -> cells |> List.map (Map.tryFind gene >> Option.defaultValue 0.0) |> Array.ofList)

/// The variance in two passes over the distances from one of the values, and n·mean² over the squared distances from the mean.
let private inWords (values: float[]) =
    let n = float values.Length
    let distances = values |> Array.map (fun value -> value - values[0])
    let mean = Array.sum distances / n

    let squares =
        distances |> Array.sumBy (fun distance -> (distance - mean) * (distance - mean))

    struct (squares / (n - 1.0), n * (values[0] + mean) * (values[0] + mean) / squares)

/// scanpy's formula.
let private plain (moments: GeneMoments) gene =
    let n = float moments.Cells
    let mean = moments.Sums[gene] / n
    (moments.Squares[gene] / n - mean * mean) * (n / (n - 1.0))

/// float32 counts keep scanpy's formula, whatever it loses.
let private isCount (value: float) =
    value = Math.Floor value && abs value < 16777216.0

/// What does not hold of some cells' variances, in words.
let private wrong precision (values: float[][]) (moments: GeneMoments) =
    let variances = Moments.variances moments

    [ if moments.Cells <> int64 values[0].Length then
          $"{moments.Cells} cells"

      if moments.Cells > 1L then
          for gene in 0 .. genes - 1 do
              let struct (wanted, ratio) = inWords values[gene]
              let isFinite = values[gene] |> Array.forall Double.IsFinite
              let name = fst kinds[gene]

              if not isFinite || ratio <= 0.99 * most || precision = Precision.Single && Array.forall isCount values[gene] then
                  if not (sameBits variances[gene] (plain moments gene)) then
                      $"{name}: {variances[gene]} is not as scanpy has it"
              elif ratio > 1.01 * most && not (abs (variances[gene] - wanted) <= 1e-10 * wanted) then
                  $"{name}: {variances[gene]} instead of {wanted}, {precision}" ]

let private fold groups precision =
    Moments.perGene genes groups precision Quantity.Raw

let private every (found: GroupedMoments) =
    [ for group, moments in Array.indexed found.Groups do
          Some group, moments

      Some -1, found.Others
      None, Moments.ofAll found ]

let private wrongOf groups precision segments =
    let found = Fold.runParts (fold groups precision) segments

    [ for group, moments in every found do
          if not (groups = 1 && group = Some -1) then
              yield! wrong precision (valuesOf group segments) moments ]

let private same (left: GeneMoments) (right: GeneMoments) =
    Array.forall2 sameBits (Moments.variances left) (Moments.variances right)

let tests =
    testList
        "Distances"
        [ for precision in [ Precision.Double; Precision.Single ] do
              Law.holds $"distances, {precision}" (fun (CutRows segments) (seed: int) (groups: byte) ->
                  let groups = 1 + int groups % 3
                  let found = wrongOf groups precision (recut precision seed groups segments)

                  if not found.IsEmpty then
                      failtest (String.concat "\n" found))

          Law.holds "row batches of a block are one row batch" (fun (CutRows segments) (seed: int) ->
              let segments = recut Precision.Double seed 2 segments

              let joined =
                  segments
                  |> List.map (
                      List.map (fun block ->
                          let rowBatch = RowBatches.ofRows 0L 0L (rowsOf block)

                          rowBatch.Groups <-
                              block |> List.map (fun rowBatch -> Array.truncate rowBatch.Cells rowBatch.Groups) |> Array.concat

                          [ rowBatch ])
                  )

              let variances segments =
                  every (Fold.runParts (fold 2 Precision.Double) segments) |> List.map snd

              List.forall2 same (variances segments) (variances joined))

          Law.holds "counts and their logarithms keep their bits" (fun (CountRows matrix) ->
              [ matrix.Rows
                matrix.Rows |> List.map (List.map (fun (gene, value) -> gene, logged value)) ]
              |> List.forall (fun rows ->
                  let moments =
                      (Fold.run (Moments.perGene matrix.Genes 1 Precision.Single Quantity.Raw) [ RowBatches.ofRows 0L 0L rows ]).Groups[0]

                  let variances = Moments.variances moments

                  rows.Length < 2
                  || Seq.forall
                      (fun gene ->
                          let values =
                              rows
                              |> List.map (List.tryFind (fst >> (=) gene) >> Option.map snd >> Option.defaultValue 0.0)
                              |> Array.ofList

                          let struct (_, ratio) = inWords values
                          ratio > 0.99 * most || sameBits variances[gene] (plain moments gene))
                      [ 0 .. matrix.Genes - 1 ]))

          for sizes in [ [ 4096; 4096; 1 ]; [ 4096; 7 ]; [ 5; 0; 4096 ] ] do
              test $"blocks of %A{sizes} cells" {
                  let starts = sizes |> List.scan (+) 0

                  let blocks =
                      List.map2
                          (fun first size -> [ RowBatches.ofRows (int64 first) 0L (cellsOf Precision.Double 7 first size) ])
                          (List.take sizes.Length starts)
                          sizes

                  Expect.equal (wrongOf 1 Precision.Double [ blocks ]) [] "variances"
              } ]
