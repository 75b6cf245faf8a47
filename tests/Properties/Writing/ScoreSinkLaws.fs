/// Where scores go.
module internal SingleSharp.Properties.ScoreSinkLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen

/// The number of the cell, its total, and how many values it has.
let private scores: CellScores =
    { Count = 3
      Start =
        fun () rowBatch target first ->
            for row in 0 .. rowBatch.Cells - 1 do
                let low, high = rowBatch.Offsets[row], rowBatch.Offsets[row + 1]
                target[3 * (first + row)] <- float32 (rowBatch.FirstCell + int64 row)
                target[3 * (first + row) + 1] <- float32 (Array.sum rowBatch.Values[low .. high - 1])
                target[3 * (first + row) + 2] <- float32 (high - low) }

let tests =
    testList
        "ScoreSink"
        [ Law.holdsFor 15 "scores lie in the order of rows, whatever the schedule" (fun schedule (rowBatch: byte) ->
              let rows = Array.ofList AnnDataFiles.manyRows.Rows

              GenFiles.withDisk (Array.zeroCreate 16) (fun disk ->
                  Blocks.run
                      (AnnDataFiles.schedule schedule)
                      (SpillLaws.source (1 + int rowBatch) rows)
                      (ScoreSink.toPlace disk 16L scores)
                      (Fold.always ())

                  let wanted =
                      [| for i, row in Seq.indexed rows do
                             float32 i
                             float32 (List.sumBy snd row)
                             float32 row.Length |]
                      |> Array.collect BitConverter.GetBytes

                  disk.Read(16L, int64 wanted.Length) = wanted && disk.Length = 16L + wanted.LongLength)) ]
