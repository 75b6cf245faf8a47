/// Rows about the means of their genes, and the components that follow from them.
module internal SingleSharp.Properties.ShiftLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

let private shifted shifts rows =
    let rowBatch = RowBatches.ofRows 0L 0L rows
    Shift.start shifts () rowBatch
    rowBatch

/// The value of every gene, stored or not, less its shift.
let private inWords (shifts: float[]) (rows: (int * float) list list) =
    rows
    |> List.map (fun row ->
        let stored = Map.ofList row

        [ for gene in 0 .. shifts.Length - 1 do
              match Map.tryFind gene stored with
              | Some value -> gene, value - shifts[gene]
              | None when shifts[gene] <> 0.0 -> gene, -shifts[gene]
              | None -> () ])

/// Random numbers that are the same everywhere.
let private spread cells genes seed =
    let random = Random(seed: int)

    List.init cells (fun _ ->
        let common = random.NextDouble() - 0.5
        List.init genes (fun gene -> gene, common * float (1 + gene % 3) + 0.1 * (random.NextDouble() - 0.5)))

let private diagonal (gram: Gram) gene =
    gram.Upper[gene * gram.Size - gene * (gene - 1) / 2]

let private shiftsOf (gram: Gram) =
    Shift.ofSums gram.Cells gram.Sums (diagonal gram)

let private offset amount rows =
    rows |> List.map (List.map (fun (gene, value) -> gene, value + amount))

/// Components as pca computes them, of rows that store every gene.
let private components (options: PcaOptions) genes rows =
    let gram = GramLaws.gram genes rows

    match shiftsOf gram with
    | ValueSome shifts when options.ZeroCenter -> GramLaws.gram genes (inWords shifts rows) |> Components.components options string
    | ValueSome shifts ->
        let pairs = Components.uncentred Watch.none options string gram
        Components.ofShifted pairs (GramLaws.gram genes (inWords shifts rows))
    | ValueNone -> Components.components options string gram

let tests =
    testList
        "Shift"
        [ Law.holds "shift" (fun (CountRows matrix) (chosen: byte) ->
              let shifts =
                  Array.init matrix.Genes (fun gene -> if (int chosen >>> (gene % 8)) &&& 1 = 1 then float gene + 0.5 else 0.0)

              let rows = matrix.Rows |> List.map (List.sortBy fst)
              rowsOf [ shifted shifts rows ] = inWords shifts rows)

          Law.holds "sums are those of the rows" (fun (CutRows segments) ->
              let rowBatches = segments |> List.concat |> List.concat
              let rows = rowsOf rowBatches |> List.concat
              let genes = 1 + (rows |> List.map fst |> List.fold max 0)
              let found = Fold.runParts (Shift.sums genes) segments

              let near left right =
                  abs (left - right) <= 1e-9 * (1.0 + abs right)

              Seq.forall
                  (fun gene ->
                      let values = rows |> List.filter (fun (other, _) -> other = gene) |> List.map snd

                      near found.OfValues[gene] (List.sum values)
                      && near found.OfSquares[gene] (values |> List.sumBy (fun value -> value * value)))
                  [ 0 .. genes - 1 ])

          Law.holds "counts and their logarithms keep their way, unless a gene is the same in all cells" (fun (CountRows matrix) ->
              let log =
                  matrix.Rows |> List.map (List.sortBy fst >> List.map (fun (gene, value) -> gene, logged value))

              [ matrix.Rows |> List.map (List.sortBy fst); log ]
              |> List.forall (fun rows ->
                  let gram = GramLaws.gram matrix.Genes rows

                  match shiftsOf gram with
                  | ValueNone -> true
                  | ValueSome shifts ->
                      Seq.forall
                          (fun gene ->
                              shifts[gene] = 0.0
                              || rows
                                 |> List.map (fun row -> row |> List.tryFind (fun (other, _) -> other = gene))
                                 |> List.distinct
                                 |> List.length
                                  =
                                  1)
                          [ 0 .. matrix.Genes - 1 ]))

          test "an offset changes no variance, and no share is more than all" {
              for options in
                  [ { Pca.defaults with
                        NComps = Some 3
                        ZeroCenter = true }
                    { Pca.defaults with
                        NComps = Some 1
                        ZeroCenter = false } ] do
                  let rows = spread 90 12 7
                  let wanted = components { options with ZeroCenter = true } 12 rows

                  for amount in [ 1e5; 1e6; -1e7 ] do
                      let found = components options 12 (offset amount rows)
                      Expect.all found.Ratios (fun ratio -> ratio >= 0.0 && ratio <= 1.0) $"shares, {amount}"

                      let total =
                          if options.ZeroCenter then wanted.TotalVariance else wanted.TotalVariance * 89.0 / 90.0

                      Expect.isLessThan (abs (found.TotalVariance / total - 1.0)) 1e-6 $"total, {amount}"

                      if options.ZeroCenter then
                          for k in 0..2 do
                              Expect.isLessThan (abs (found.Variances[k] / wanted.Variances[k] - 1.0)) 1e-6 $"variance {k}, {amount}"
          } ]
