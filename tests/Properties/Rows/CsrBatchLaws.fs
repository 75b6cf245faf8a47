/// Batches of rows as one's own code sees them: what they show, and how long they hold.
module internal SingleSharp.Properties.CsrBatchLaws

open System
open System.Collections.Generic
open Expecto
open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Properties.Gen
open SingleSharp.Properties.RowSource

let private seenRow (row: Row) (group: int) =
    let genes, values, output =
        row.Genes.ToArray(), row.Values.ToArray(), row.Output.ToArray()

    row.Cell, group, [ for i in 0 .. genes.Length - 1 -> genes[i], bits values[i], bits output[i] ]

/// Every row with its cell, genes, values and output, row by row.
let private byRows: Fold<CsrBatch, (int64 * int * (int * int64 * int64) list) list> =
    Fold.ofSteps
        { Fresh = fun () -> List()
          Step =
            fun seen batch ->
                let mutable rows = batch.GetEnumerator()

                while rows.MoveNext() do
                    seen.Add(seenRow rows.Current 0)

                seen
          Merge =
            fun left right ->
                left.AddRange right
                left
          Finish = List.ofSeq }

/// The same from the arrays of the batch.
let private byArrays: Fold<CsrBatch, (int64 * int * (int * int64 * int64) list) list> =
    let see (batch: CsrBatch) =
        let offsets, genes = batch.Offsets.ToArray(), batch.Genes.ToArray()
        let values, output = batch.Values.ToArray(), batch.Output.ToArray()

        if [ genes.Length; values.Length; output.Length; Array.last offsets ] |> List.exists ((<>) batch.Count) then
            failtest "arrays of another length than Count"

        if batch.Cells > 0 && batch.CellOf 0 <> batch.FirstCell then
            failtest "another first cell"

        [ for row in 0 .. batch.Cells - 1 ->
              batch.CellOf row, 0, [ for i in offsets[row] .. offsets[row + 1] - 1 -> genes[i], bits values[i], bits output[i] ] ]

    Fold.ofSteps
        { Fresh = fun () -> []
          Step = fun seen batch -> see batch :: seen
          Merge = fun left right -> right @ left
          Finish = List.rev >> List.concat }

let private schedule workers window =
    { Blocks.sequential with
        Workers = workers
        Window = window }

let private isOver (work: unit -> unit) =
    try
        work ()
        false
    with :? InvalidOperationException as trouble ->
        trouble.Message = "A batch of rows holds until the next one is read; copy what you need of it."

/// Every member of a batch, so that none of them shows what it no longer holds.
let private members: (string * (CsrBatch -> unit)) list =
    [ "Cells", (fun batch -> batch.Cells |> ignore)
      "Count", (fun batch -> batch.Count |> ignore)
      "FirstCell", (fun batch -> batch.FirstCell |> ignore)
      "CellOf", (fun batch -> batch.CellOf 0 |> ignore)
      "Offsets", (fun batch -> batch.Offsets.Length |> ignore)
      "Genes", (fun batch -> batch.Genes.Length |> ignore)
      "Values", (fun batch -> batch.Values.Length |> ignore)
      "Output", (fun batch -> batch.Output.Length |> ignore)
      "Row", (fun batch -> batch.Row(0).Cell |> ignore)
      "GetEnumerator",
      (fun batch ->
          let mutable rows = batch.GetEnumerator()
          rows.MoveNext() |> ignore) ]

/// Keeps the last batch in its state, and looks at it with `look` when it is `late`.
let private keeping late look : Fold<CsrBatch, unit> =
    let check now (kept: CsrBatch voption) =
        if now = late then
            ValueOption.iter look kept

    Fold.ofSteps
        { Fresh = fun () -> ValueNone
          Step =
            fun kept batch ->
                check "step" kept
                ValueSome batch
          Merge =
            fun left right ->
                check "merge" left
                check "merge" right
                right
          Finish = check "finish" }

/// Two blocks, the first one in two batches.
let private rowsOfTwoBlocks = List.init 5000 (fun row -> [ row % 3, float row ])

let tests =
    testList
        "CsrBatch"
        [ Law.holds "rows and arrays are those of the row batch" (fun (CountRows matrix) (AnySchedule(workers, window)) ->
              let expected =
                  [ for cell, row in List.indexed matrix.Rows ->
                        int64 cell, 0, [ for gene, value in row -> gene, bits value, bits (transformed value) ] ]

              let found =
                  Blocks.run
                      (schedule workers window)
                      (source matrix.Rows 3 false)
                      Sink.none
                      (Fold.both byRows byArrays |> CsrBatch.folding)

              Expect.equal found (struct (expected, expected)) "rows")

          for late in [ "step"; "merge"; "finish" ] do
              for name, look in members do
                  test $"a state that keeps a batch throws when {name} is asked for in {late}" {
                      let run workers =
                          Blocks.run
                              (schedule workers 3)
                              (source rowsOfTwoBlocks 3000 false)
                              Sink.none
                              (keeping late look |> CsrBatch.folding)

                      for workers in [ 1; 2 ] do
                          let isOver =
                              isOver (fun () ->
                                  try
                                      run workers
                                  with Rows.OwnCode.Thrown cause ->
                                      cause.Throw())

                          Expect.isTrue isOver "the sentence"
                  }

          test "a batch holds while its step lasts, and no longer than its row batch is as it was" {
              let rowBatch = RowBatches.ofRows 7L 0L [ [ 1, 2.0 ]; [] ]
              let batch = CsrBatch rowBatch

              for name, look in members do
                  Expect.isFalse (isOver (fun () -> look batch)) name

              rowBatch.Reserve(1, 1)

              for name, look in members do
                  Expect.isTrue (isOver (fun () -> look batch)) name

              for name, look in members do
                  Expect.isTrue (isOver (fun () -> look Unchecked.defaultof<CsrBatch>)) $"{name} of none"
          }

          test "there are no rows but those of the batch" {
              let batch = CsrBatch(RowBatches.ofRows 7L 0L [ [ 1, 2.0 ]; [] ])

              for row in [ -1; 2; Int32.MinValue ] do
                  Expect.throwsT<ArgumentOutOfRangeException> (fun () -> batch.Row(row).Cell |> ignore) "Row"
                  Expect.throwsT<ArgumentOutOfRangeException> (fun () -> batch.CellOf row |> ignore) "CellOf"
          } ]
