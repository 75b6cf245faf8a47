/// normalize_total and log1p against their definitions, rounding for rounding.
module internal SingleSharp.Properties.NormalizeLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

let private scaling target =
    { Target = target
      Excluded = ValueNone }

let private whole rows = RowBatches.ofRows 0L 0L rows

/// Output, row by row.
let private outputs transformation (rowBatches: RowBatch list) =
    let apply = Normalize.start transformation

    [ for rowBatch in rowBatches do
          apply rowBatch
          yield! Seq.truncate rowBatch.Count rowBatch.Output ]

let private agree left right =
    List.length left = List.length right && List.forall2 sameBits left right

let private preprocess target =
    { Scaling = ValueSome(scaling target, Precision.Single)
      Logarithm = ValueSome(ValueNone, Precision.Single)
      Then = [] }

let tests =
    testList
        "Normalize"
        [ Law.holds "normalize_total divides by total / target, rounding twice" (fun (WildRows matrix) ->
              let transformation =
                  { Scaling = ValueSome(scaling 1e4, Precision.Single)
                    Logarithm = ValueNone
                    Then = [] }

              let expected =
                  [ for row in matrix.Rows do
                        for _, value in row -> normalized 1e4 (singleSum row) value ]

              agree (outputs transformation [ whole matrix.Rows ]) expected)

          Law.holds "preprocess is normalize_total, then log1p of what that stored" (fun (CountRows matrix) (target: uint16) ->
              let target = 1.0 + float target

              let expected =
                  [ for row in matrix.Rows do
                        for _, value in row -> logged (normalized target (singleSum row) value) ]

              agree (outputs (preprocess target) [ whole matrix.Rows ]) expected)

          Law.holds "transform" (fun (CutRows segments) ->
              let rowBatches = segments |> List.concat |> List.concat
              agree (outputs (preprocess 1e4) rowBatches) (outputs (preprocess 1e4) [ whole (rowsOf rowBatches) ]))

          Law.holds "log1p alone forgets nothing from row to row" (fun (CountRows matrix) ->
              let transformation =
                  { Scaling = ValueNone
                    Logarithm = ValueSome(ValueSome 2.0, Precision.Double)
                    Then = [] }

              let expected =
                  [ for row in matrix.Rows do
                        for _, value in row -> Elementary.log1p value / Elementary.log 2.0 ]

              agree (outputs transformation [ whole matrix.Rows ]) expected)

          Law.holds "factors are kept for key_added, zero for empty cells" (fun (CountRows matrix) ->
              let rowBatch = whole matrix.Rows
              Normalize.start (preprocess 1e4) rowBatch

              let column =
                  columnsOf (Normalize.factorColumn "factor" Precision.Single) [ rowBatch ] |> List.head |> snd

              let expected =
                  matrix.Rows |> List.map (fun row -> float (float32 (singleSum row) / 1e4f))

              agree (List.ofArray column) expected)

          Law.holds "excluded" (fun (CutRows segments) (percent: byte) ->
              let rowBatches = segments |> List.concat |> List.concat
              let rows = rowsOf rowBatches

              let genes =
                  1 + (rows |> List.concat |> List.fold (fun most (gene, _) -> max most gene) 0)

              let fraction = float percent / 255.0

              let found =
                  Fold.runParts (Normalize.highlyExpressed genes Precision.Single fraction) segments

              let expected =
                  Array.init genes (fun gene ->
                      rows
                      |> List.exists (fun row ->
                          row |> List.exists (fun (g, value) -> g = gene && single value > fraction * single (singleSum row))))

              found = expected)

          Law.holds "the limit of highly expressed genes is a float64 product of a float32 total" (fun (whole': byte) (tenth: byte) ->
              // Values one float32 on either side of the limit, and the rest of the total in another gene.
              let fraction = float (1 + int tenth % 9) / 10.0
              let total = float (1 + int whole')

              for nudge in [ -1; 0; 1; 2 ] do
                  let value =
                      float (BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(float32 (fraction * total)) + nudge))

                  let row = [ 0, value; 1, single (total - value) ]

                  let found =
                      Fold.run (Normalize.highlyExpressed 2 Precision.Single fraction) [ whole [ row ] ]

                  let limit = fraction * single (singleSum row)
                  Expect.equal found [| value > limit; snd row[1] > limit |] $"%A{row}")

          Law.holds "totals for the median are stored in the matrix's type" (fun (WildRows matrix) ->
              let totals precision =
                  columnsOf (Normalize.totalColumn precision ValueNone) [ whole matrix.Rows ] |> List.head |> snd |> List.ofArray

              agree (totals Precision.Single) (matrix.Rows |> List.map (singleSum >> single))
              && agree (totals Precision.Double) (matrix.Rows |> List.map sum))

          Law.holds "float32 logarithms are stored before they are divided by that of the base" (fun (WildRows matrix) ->
              let outputs basis =
                  outputs
                      { Scaling = ValueNone
                        Logarithm = ValueSome(basis, Precision.Single)
                        Then = [] }
                      [ whole matrix.Rows ]

              let values = matrix.Rows |> List.concat |> List.map snd

              agree (outputs ValueNone) (values |> List.map logged)
              && agree
                  (outputs (ValueSome 2.0))
                  (values |> List.map (fun value -> float (float32 (logged value) / float32 (Elementary.log 2.0)))))

          Law.holds "excluded genes do not count, and are scaled like the others" (fun (CountRows matrix) ->
              let excluded = Array.init matrix.Genes (fun gene -> gene % 2 = 0)

              let transformation =
                  { Scaling =
                      ValueSome(
                          { Target = 100.0
                            Excluded = ValueSome excluded },
                          Precision.Single
                      )
                    Logarithm = ValueNone
                    Then = [] }

              let expected =
                  [ for row in matrix.Rows do
                        let total = row |> List.filter (fun (gene, _) -> not excluded[gene]) |> singleSum
                        for _, value in row -> normalized 100.0 total value ]

              agree (outputs transformation [ whole matrix.Rows ]) expected) ]
