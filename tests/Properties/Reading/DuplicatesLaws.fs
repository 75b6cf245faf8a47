/// What a cell has twice is noticed, or added up.
module internal SingleSharp.Properties.DuplicatesLaws

open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen

/// Rows in which some genes come again, next to their first value or far from it.
let private doubled (rows: Rows) (every: byte) : Rows =
    { rows with
        Rows = rows.Rows |> List.mapi (fun cell row -> if cell % (1 + int every % 3) = 0 then row @ List.truncate 2 row else row) }

let private read path (through: int -> Source<RowBatch> -> Source<RowBatch>) perBatch =
    use file = GenFiles.openRead path

    Blocks.run Blocks.sequential (Reader.rows file.Store.Disk file.X perBatch |> through file.X.Genes) Sink.none AnnDataFiles.transcript
    |> List.map (fun (_, _, row) -> row)

let private isTwice row =
    (row |> List.map fst |> List.distinct |> List.length) <> List.length row

/// A row with its duplicates added up, in stored order; rows without any as they are.
let private summed row =
    if isTwice row then
        row
        |> List.groupBy fst
        |> List.map (fun (gene, values) -> gene, float (float32 (values |> List.map snd |> List.reduce (+))))
        |> List.sortBy fst
    else
        row

let tests =
    testList
        "Duplicates"
        [ Law.holds "summed" (fun (CountRows rows) (every: byte) (rowBatch: byte) ->
              let rows = doubled rows every

              let rows =
                  { rows with
                      Rows = rows.Rows |> List.map (List.map (fun (gene, value) -> gene, float (float32 value))) }

              GenFiles.withPath (fun path ->
                  AnnDataFiles.write path (AnnDataFiles.usual Unchunked) rows
                  read path (Duplicates.summed DType.Float32) (1 + int rowBatch) = List.map summed rows.Rows))

          Law.holds "a first second value is refused, and rows without one pass" (fun (CountRows rows) (every: byte) (rowBatch: byte) ->
              let clean =
                  { rows with
                      Rows = rows.Rows |> List.map (List.distinctBy fst) }

              let refused rows =
                  GenFiles.withPath (fun path ->
                      AnnDataFiles.write path (AnnDataFiles.usual Unchunked) rows

                      try
                          read path Duplicates.refused (1 + int rowBatch) |> ignore
                          None
                      with BlockFailed(_, _, SecondValue(cell, gene)) ->
                          Some(int cell, gene))

              let wanted (rows: Rows) =
                  rows.Rows
                  |> List.indexed
                  |> List.tryPick (fun (cell, row) ->
                      let before = row |> List.scan (fun seen (gene, _) -> Set.add gene seen) Set.empty

                      List.zip row (List.truncate row.Length before)
                      |> List.tryPick (fun ((gene, _), before) -> if before.Contains gene then Some(cell, gene) else None))

              let twice = doubled rows every
              refused clean = None && refused twice = wanted twice)

          test "sums that the type does not hold are refused, and truth stays truth" {
              let sums numeric values =
                  GenFiles.withPath (fun path ->
                      AnnDataFiles.write
                          path
                          { AnnDataFiles.usual Unchunked with
                              Values = if numeric = DType.Int64 then DType.Int64 else DType.Int32 }
                          { Genes = 3
                            Rows = [ values |> List.map (fun value -> 1, value) ] }

                      read path (Duplicates.summed numeric) 9)

              Expect.equal (sums DType.Bool [ 1.0; 1.0 ]) [ [ 1, 1.0 ] ] "bool"
              Expect.equal (sums DType.Int8 [ 100.0; 27.0 ]) [ [ 1, 127.0 ] ] "int8"

              Expect.equal (sums DType.Float32 [ 16777216.0; 1.0; 1.0; 1.0 ]) [ [ 1, 16777220.0 ] ] "float32, rounded once"
              Expect.equal (sums DType.Int8 [ -100.0; -28.0 ]) [ [ 1, -128.0 ] ] "the least int8"

              for numeric, values in
                  [ DType.Int8, [ 100.0; 28.0 ]
                    DType.Int8, [ -100.0; -29.0 ]
                    DType.Int64, List.replicate 3 9007199254740991.0 ] do
                  match Expect.throwsC (fun () -> sums numeric values |> ignore) id with
                  | BlockFailed(_, _, SumTooLarge(0L, 1)) -> ()
                  | other -> failtest $"{numeric}: {other}"
          }

          test "a row of far more values than there are genes is refused before it takes any memory" {
              GenFiles.withPath (fun path ->
                  let rows count : Rows =
                      { Genes = 2
                        Rows = [ [ 1, 1.0 ]; List.replicate count (0, 1.0) ] }

                  AnnDataFiles.write path (AnnDataFiles.usual Unchunked) (rows (1 <<< 20))
                  Expect.equal (read path (Duplicates.summed DType.Float32) 9) [ [ 1, 1.0 ]; [ 0, 1048576.0 ] ] "as many as that"
                  File.Delete path
                  AnnDataFiles.write path (AnnDataFiles.usual Unchunked) (rows ((1 <<< 20) + 1))

                  match Expect.throwsC (fun () -> read path (Duplicates.summed DType.Float32) 9 |> ignore) id with
                  | BlockFailed(_, _, FaultException(Damaged(_, "X/indptr", what))) -> Expect.stringContains what "cell 1" "where"
                  | FaultException(Damaged(_, "X/indptr", what)) -> Expect.stringContains what "cell 1" "where"
                  | other -> failtest $"{other}")
          }

          test "every reading refuses or adds up, whatever the form" {
              let clean: Rows =
                  { Genes = 5
                    Rows =
                      [ for cell in 0..11 ->
                            [ for gene in 0..4 do
                                  if (cell + 2 * gene) % 3 > 0 then
                                      gene, float (4 + (cell * gene) % 5) ] ] }

              /// Each value as 1 and the rest.
              let doubled =
                  { clean with
                      Rows = clean.Rows |> List.map (List.collect (fun (gene, value) -> [ gene, 1.0; gene, value - 1.0 ])) }

              let recipe =
                  (Recipe.standard
                   |> Recipe.add (
                       NormalizeTotal.step
                           { NormalizeTotal.defaults with
                               TargetSum = TargetSum.MedianOfPositive
                               ExcludeHighlyExpressed = true
                               MaxFraction = 0.45 }
                   )
                   |> Recipe.add (Hvg.step { Hvg.defaults with NTopGenes = Some 3 })
                   |> Recipe.add (Pca.step { Pca.defaults with NComps = Some 2 }))

              for form in [ GenForms.AnyForm.Rows Unchunked; GenForms.AnyForm.Columns Unchunked ] do
                  let outcome rows recipe =
                      GenFiles.withPath (fun input ->
                          GenFiles.withPath (fun output ->
                              GenForms.write input form DType.Float32 rows

                              Pipeline.run recipe SingleSharp.Answers.withoutNote (Input.file input) (NewFile output)
                              |> Result.bind (fun _ -> Pipeline.digest SingleSharp.Answers.withoutNote output)
                              |> Result.map (fun digest -> digest.Elements)))

                  match outcome doubled recipe with
                  | Error(DuplicateEntry(_, "cell0", _)) -> ()
                  | other -> failtest $"%A{form}: {other}"

                  let summed = outcome doubled { recipe with SumDuplicates = true }
                  Expect.isOk summed $"%A{form}: a result"
                  Expect.equal summed (outcome clean { recipe with SumDuplicates = true }) $"%A{form}"
          }

          test "a run names the cell and the gene, or adds up and stores the sum" {
              GenFiles.withPath (fun input ->
                  GenFiles.withPath (fun output ->
                      AnnDataFiles.write
                          input
                          (AnnDataFiles.usual Unchunked)
                          { Genes = 3
                            Rows = [ [ 0, 1.0 ]; [ 2, 2.0; 0, 4.0; 2, 6.0 ] ] }

                      match Pipeline.run Recipe.standard SingleSharp.Answers.withoutNote (Input.file input) (NewFile output) with
                      | Error(DuplicateEntry(_, "cell1", "gene2")) -> ()
                      | other -> failtest $"{other}"

                      let recipe =
                          { (Recipe.ofSteps
                                [ NormalizeTotal.step
                                      { NormalizeTotal.defaults with
                                          TargetSum = TargetSum.Counts 6.0 } ]) with
                              SumDuplicates = true }

                      match Pipeline.run recipe SingleSharp.Answers.withoutNote (Input.file input) (NewFile output) with
                      | Ok _ -> ()
                      | Error fault -> failtest (Fault.sentence fault)

                      let rows =
                          AnnDataFiles.read output Blocks.sequential 9 |> List.map (fun (_, _, row) -> row)

                      Expect.equal rows [ [ 0, 6.0 ]; [ 0, 2.0; 2, 4.0 ] ] "X"))
          } ]
