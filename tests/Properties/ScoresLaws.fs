/// Where scores go.
module SingleSharp.Properties.ScoresLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Properties.Gen

/// The number of the cell, its total, and how many values it has.
let private scores: CellScores =
    { Count = 3
      Start =
        fun () slice target first ->
            for row in 0 .. slice.Cells - 1 do
                let low, high = slice.Offsets[row], slice.Offsets[row + 1]
                target[3 * (first + row)] <- float32 (slice.FirstCell + int64 row)
                target[3 * (first + row) + 1] <- float32 (Array.sum slice.Values[low .. high - 1])
                target[3 * (first + row) + 2] <- float32 (high - low) }

let tests =
    testList
        "Scores"
        [ Law.holdsFor 15 "scores lie in the order of rows, whatever the schedule" (fun schedule (slice: byte) ->
              let rows = Array.ofList AnnDataFiles.manyRows.Rows

              GenFiles.withDisk (Array.zeroCreate 16) (fun disk ->
                  Blocks.run
                      (AnnDataFiles.schedule schedule)
                      (SpillLaws.source (1 + int slice) rows)
                      (ScoreOutlet.toPlace disk 16L scores)
                      (Fold.always ())

                  let wanted =
                      [| for i, row in Seq.indexed rows do
                             float32 i
                             float32 (List.sumBy snd row)
                             float32 row.Length |]
                      |> Array.collect BitConverter.GetBytes

                  disk.Read(16L, int64 wanted.Length) = wanted && disk.Length = 16L + wanted.LongLength)) ]
