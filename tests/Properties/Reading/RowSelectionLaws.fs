/// Sources that let some rows and genes through, against lists of what stays.
module internal SingleSharp.Properties.RowSelectionLaws

open System
open Expecto
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenRuns
open SingleSharp.Properties.GenSelections
open SingleSharp.Properties.InMemory
open SingleSharp.Properties.RowSource

/// A fold whose bits depend on the order of rows, and on where blocks end.
let private sums: Fold<RowBatch, int64> =
    Fold.ofSteps
        { Fresh = fun () -> 0.1
          Step =
            fun sum rowBatch ->
                Seq.fold
                    (fun sum i -> sum / 1.0000001 + rowBatch.Values[i] / 3.0 + float rowBatch.Genes[i])
                    sum
                    (seq { 0 .. rowBatch.Count - 1 })
          Merge = fun left right -> left / 3.0 + right
          Finish = bits }

let private keepOf (flags: bool list) = RowMask.ofFlags (Array.ofList flags)

let private chosen flags items =
    List.zip flags items |> List.filter fst |> List.map snd

/// The genes that stay, by their new numbers.
let private renumbered (genes: bool list) row =
    let numbers =
        genes |> List.scan (fun number stays -> if stays then number + 1 else number) 0 |> Array.ofList

    let stays = Array.ofList genes
    row |> List.filter (fun (gene, _) -> stays[gene]) |> List.map (fun (gene, value) -> numbers[gene], value)

let private ask fold source schedule =
    Blocks.run (AnnDataFiles.schedule schedule) source Sink.none fold

/// Lets the rows through whose flag is set.
let private byFlags (flags: bool list) =
    let flags = Array.ofList flags

    RowSelection.byRule (fun () (rowBatch: RowBatch) stays ->
        for row in 0 .. rowBatch.Cells - 1 do
            stays[row] <- flags[int rowBatch.FirstCell + row])

/// The transformation comes after rows are dropped.
let private thenTransformed (source: Source<RowBatch>) =
    source
    |> Reader.through (fun () rowBatch ->
        let values, output = rowBatch.Values, rowBatch.Output

        for i in 0 .. rowBatch.Count - 1 do
            output[i] <- transformed values[i])

/// Codes for cells, −1 now and then.
let private code (cell: int64) = int (cell * 7L % 5L) - 1

let private codes () (first: int64) count (target: int[]) =
    for i in 0 .. count - 1 do
        target[i] <- code (first + int64 i)

let tests =
    testList
        "RowSelection"
        [ Law.holds "byRule" (fun () ->
              Prop.forAll someSelection (fun (AnySelection(matrix, cells, _)) (perBatch: byte) schedule dawdles ->
                  let kept = RowMask matrix.Rows.Length

                  let found =
                      Blocks.run
                          (AnnDataFiles.schedule schedule)
                          (source matrix.Rows (1 + int perBatch) dawdles |> byFlags cells |> thenTransformed)
                          (RowSelection.into kept)
                          transcript

                  let wanted =
                      List.indexed matrix.Rows |> chosen cells |> List.map (fun (cell, row) -> seen 0L (int64 cell) -2 row)

                  List.map (fun row -> { row with Number = 0L }) found = wanted && RowMaskLaws.isAsListed kept cells))

          Law.holds "byRule: folds see blocks of the rows that are read" (fun () ->
              Prop.forAll someSelection (fun (AnySelection(matrix, cells, _)) (perBatch: byte) schedule ->
                  let blocks =
                      List.zip cells matrix.Rows
                      |> List.chunkBySize Blocks.rowsPerBlock
                      |> List.map (List.filter fst >> List.map (fun (_, row) -> RowBatches.ofRows 0L 0L [ row ]))

                  ask sums (source matrix.Rows (1 + int perBatch) false |> byFlags cells) schedule = Fold.runParts sums [ blocks ]))

          Law.holds "byRule with the rule of filter_cells" (fun () ->
              Prop.forAll someFilter (fun (AnyFilter(study, sets, rule, _)) (perBatch: byte) schedule ->
                  let rows = study.Matrix.Rows
                  let kept = RowMask rows.Length
                  let decider = FilterRules.counting (Losses()) study.Type sets rule

                  let tallies =
                      Blocks.run
                          (AnnDataFiles.schedule schedule)
                          (source rows (1 + int perBatch) false |> RowSelection.byRule decider)
                          (RowSelection.into kept)
                          (FilterRules.perGene study.Matrix.Genes)

                  let stays: bool[] = Array.zeroCreate rows.Length
                  decider () (RowBatches.ofRows 0L 0L rows) stays

                  let alone =
                      Fold.run (FilterRules.perGene study.Matrix.Genes) [ RowBatches.ofRows 0L 0L (chosen (List.ofArray stays) rows) ]

                  Array.init rows.Length (fun row -> kept.Has row) = stays && tallies.Detected = alone.Detected))

          Law.holds "bySelection" (fun () ->
              Prop.forAll
                  someSelection
                  (fun (AnySelection(matrix, cells, genes)) (AnySchedule(workers, window)) (some: byte) (other: byte) ->
                      let selection =
                          { Cells = keepOf cells
                            Genes = keepOf genes }

                      let whole =
                          source matrix.Rows (1 + int some) false |> RowSelection.bySelection selection

                      let alone =
                          source (chosen cells matrix.Rows |> List.map (renumbered genes)) (1 + int other) false

                      let fold = Fold.both sums (FilterRules.perGene (int selection.Genes.Count))
                      let struct (sum, tallies) = ask fold whole (AnySchedule(workers, window))
                      let struct (sum', tallies') = ask fold alone (AnySchedule(1, 1))

                      sum = sum' && tallies.Detected = tallies'.Detected && Array.forall2 sameBits tallies.Totals tallies'.Totals))

          Law.holds "bySelection: rows have new numbers and their old cells" (fun () ->
              Prop.forAll someSelection (fun (AnySelection(matrix, cells, genes)) (perBatch: byte) schedule dawdles ->
                  let selection =
                      { Cells = keepOf cells
                        Genes = keepOf genes }

                  let found =
                      ask
                          transcript
                          (source matrix.Rows (1 + int perBatch) dawdles |> RowSelection.bySelection selection |> thenTransformed)
                          schedule

                  found =
                      (List.indexed matrix.Rows
                       |> chosen cells
                       |> List.mapi (fun number (cell, row) -> seen (int64 number) (int64 cell) -2 (renumbered genes row)))))

          Law.holdsFor 20 "bySelection out of a file" (fun (perBatch: byte) (GenHdf5.AnyStorage storage) schedule ->
              let rows = AnnDataFiles.manyRows

              Prop.forAll (Arb.fromGen (Gen.zip (flags rows.Rows.Length) (flags rows.Genes))) (fun (cells, genes) ->
                  GenFiles.withPath (fun path ->
                      AnnDataFiles.write path (AnnDataFiles.usual (if perBatch > 99uy then InChunks 977 else storage)) rows
                      use file = GenFiles.openRead path

                      let selection =
                          { Cells = keepOf cells
                            Genes = keepOf genes }

                      let found =
                          ask
                              AnnDataFiles.transcript
                              (Reader.rows file.Store.Disk file.X (1 + int perBatch) |> RowSelection.bySelection selection)
                              schedule

                      List.map (fun (_, _, row) -> row) found = (chosen cells rows.Rows |> List.map (renumbered genes))
                      && List.map (fun (cell, _, _) -> cell) found = List.init found.Length int64)))

          Law.holds "labels stay with their rows" (fun () ->
              Prop.forAll someSelection (fun (AnySelection(matrix, cells, genes)) (perBatch: byte) schedule ->
                  let labelled =
                      source matrix.Rows (1 + int perBatch) false |> RowSelection.labelled codes

                  let selection =
                      { Cells = keepOf cells
                        Genes = keepOf genes }

                  let groups source =
                      ask transcript source schedule |> List.map (fun row -> row.Cell, row.Group)

                  let all = List.init matrix.Rows.Length (fun cell -> int64 cell, code (int64 cell))

                  groups labelled = all
                  && groups (byFlags cells labelled) = chosen cells all
                  && groups (RowSelection.bySelection selection labelled) = chosen cells all))

          Law.holds "choose" (fun () ->
              Prop.forAll someSelection (fun (AnySelection(matrix, _, genes)) (perBatch: byte) schedule ->
                  let found =
                      ask transcript (source matrix.Rows (1 + int perBatch) false |> RowSelection.choose (keepOf genes)) schedule

                  let row (values: (int * float) list) =
                      renumbered genes values
                      |> List.map (fun (gene, value) -> gene, transformed value)
                      |> List.groupBy fst
                      |> List.map (fun (gene, values) -> gene, values |> List.map snd |> List.reduce (+))
                      |> List.sortBy fst
                      |> List.map (fun (gene, value) -> gene, bits value, bits value)

                  (found |> List.map (fun (seen: Seen) -> seen.Values)) = List.map row matrix.Rows
                  && (found |> List.map (fun seen -> seen.Cell)) = List.init matrix.Rows.Length int64))

          Law.holds "only" (fun (isScaled: bool) (excludes: bool) (changes: bool) ->
              Prop.forAll someSelection (fun (AnySelection(matrix, _, genes)) (perBatch: byte) schedule ->
                  let excluded =
                      if excludes then ValueSome(Array.init matrix.Genes (fun gene -> gene % 3 = 0)) else ValueNone

                  /// As scale without centring changes values.
                  let change () (rowBatch: RowBatch) =
                      for i in 0 .. rowBatch.Count - 1 do
                          rowBatch.Output[i] <- rowBatch.Output[i] / float (1 + rowBatch.Genes[i])

                  let transformation =
                      { Scaling = if isScaled then ValueSome({ Target = 1e4; Excluded = excluded }, Precision.Single) else ValueNone
                        Logarithm = ValueSome(ValueNone, Precision.Single)
                        Then = if changes then [ change ] else [] }

                  let values source =
                      ask transcript source schedule |> List.map (fun row -> row.Cell, row.Factor, row.Values)

                  let rows = source matrix.Rows (1 + int perBatch) false
                  let genes = keepOf genes

                  let all =
                      rows |> Reader.through (fun () -> Normalize.start transformation) |> RowSelection.choose genes

                  let first =
                      rows
                      |> Reader.through (fun () -> Normalize.startFactors transformation)
                      |> RowSelection.only genes
                      |> Reader.through (fun () -> Normalize.startValues transformation)
                      |> RowSelection.choose genes

                  values all = values first))

          Law.holds "dropped rows, then chosen genes" (fun () ->
              Prop.forAll someSelection (fun (AnySelection(matrix, cells, genes)) (perBatch: byte) schedule ->
                  let choose source =
                      RowSelection.choose (keepOf genes) source

                  let values source =
                      ask transcript source schedule |> List.map (fun row -> row.Cell, row.Factor, row.Values)

                  let rows = source matrix.Rows (1 + int perBatch) false
                  let all = values (choose rows)

                  let selection =
                      { Cells = keepOf cells
                        Genes = RowMask.all (int64 matrix.Genes) }

                  values (rows |> byFlags cells |> thenTransformed |> choose) = chosen cells all
                  && values (rows |> RowSelection.bySelection selection |> thenTransformed |> choose) = chosen cells all))

          test "a message names the cell of the input" {
              let rows = [ for cell in 0..99 -> [ 3, (if cell = 70 then -1.0 else 1.0) ] ]
              let cells = [ for cell in 0..99 -> cell % 10 = 0 ]
              let all = RowMask.all 5L

              for source in
                  [ byFlags cells (source rows 7 false)
                    RowSelection.bySelection { Cells = keepOf cells; Genes = all } (source rows 7 false) ] do
                  try
                      ask (Validity.find true) source (AnySchedule(1, 1)) |> ignore
                      failtest "nothing was refused"
                  with BlockFailed(_, _, NotACount(cell, _, _)) ->
                      Expect.equal cell 70L "its number"
          }

          test "a selection of other rows is a bug" {
              let selection =
                  { Cells = RowMask.all 2L
                    Genes = RowMask.all 1L }

              Expect.throwsT<ArgumentException>
                  (fun () -> source [ [] ] 1 false |> RowSelection.bySelection selection |> ignore)
                  "two rows of one"
          } ]
