/// The laws of the one runner: any schedule gives the bits of Fold.runParts, and sinks let rows out in order.
module internal SingleSharp.Properties.BlocksLaws

open System
open System.Collections.Generic
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Properties.Gen

/// Rows 0, 1, 2 … as numbers whose float sum depends on the order of addition.
let private value (row: int64) =
    float ((row * 7919L) % 1009L) * 1e-3 + (if row % 13L = 0L then 1e10 else 0.0)

/// Visits `perVisit` rows at a time; sometimes dawdles, so that workers overtake one another.
let private source rows perVisit dawdle : Source<int64[]> =
    { Rows = rows
      Open =
        fun () ->
            { new RowReader<int64[]> with
                member _.Read(first, count, visit) =
                    for part in Seq.chunkBySize perVisit [| first .. first + int64 count - 1L |] do
                        if dawdle && first / 4096L % 3L = 0L then
                            Thread.Sleep 1

                        visit part

                member _.Dispose() = () } }

let private sum: Fold<int64[], float> =
    Fold.ofSteps
        { Fresh = fun () -> 0.0
          Step = fun total part -> Array.fold (fun total row -> total + value row) total part
          Merge = (+)
          Finish = id }

let private schedule workers window =
    { Blocks.sequential with
        Workers = workers
        Window = window }

/// The tree of segments, blocks and rows, spelled out: its shape is part of what a result means.
let private tree rows =
    [| 0L .. rows - 1L |] |> Array.chunkBySize 4096 |> Array.map List.singleton |> List.ofArray |> List.chunkBySize 32

/// A number that tells every order of rows, parts and merges from every other.
let private order: Fold<int64[], int64> =
    Fold.ofSteps
        { Fresh = fun () -> 1L
          Step = fun state part -> Array.fold (fun state row -> state * 31L + row) state part
          Merge = fun left right -> (left * 1_000_003L ^^^ right) * 8191L + 7L
          Finish = id }

/// Keeps what leaves, and fails when buffers leave concurrently or with more on them than they may hold.
let private recorder limit (left: List<int64>) : Sink<int64[]> =
    let mutable leaving = 0

    Sink.ofBuffer
        { Begin = fun _ -> List<int64>()
          Fill = fun buffer part -> buffer.AddRange part
          IsFull = fun buffer -> buffer.Count >= limit
          Flush =
            fun buffer ->
                if Interlocked.Increment &leaving <> 1 then
                    failwith "two pages leave at once"

                left.AddRange buffer
                buffer.Clear()
                Interlocked.Decrement &leaving |> ignore
          Recycle = ignore
          Complete = fun () -> left.Add -1L }

let private someRows (n: int) =
    int64 (abs n % 9) * 3001L + int64 (abs n % 2)

exception private Deliberate of int64

let tests =
    testList
        "Blocks"
        [ Law.holdsFor 40 "schedule" (fun (n: int) (AnySchedule(workers, window)) (cut: byte) ->
              let rows = someRows n

              let run =
                  Blocks.run (schedule workers window) (source rows (1 + int cut * 40) true) Sink.none sum

              BitConverter.DoubleToInt64Bits run = BitConverter.DoubleToInt64Bits(Fold.runParts sum (tree rows)))

          Law.holdsFor 20 "blocks and segments merge from left to right" (fun (n: int) (AnySchedule(workers, window)) ->
              // Up to three segments and some blocks.
              let rows = int64 (abs n % 4) * 131072L + someRows n
              Blocks.run (schedule workers window) (source rows 4096 false) Sink.none order = Fold.runParts order (tree rows))

          test "blocks and segments have the sizes that every result rests on" {
              Expect.equal (Blocks.rowsPerBlock, Blocks.blocksPerSegment) (4096, 32) "rows and blocks"
          }

          test "more than one segment merges segment by segment" {
              let rows = int64 (Blocks.rowsPerBlock * Blocks.blocksPerSegment * 2 + 12345)
              let expected = Fold.runParts sum (tree rows)
              Expect.equal (Blocks.run (schedule 3 5) (source rows 4096 false) Sink.none sum) expected "sum of the tree"
              Expect.notEqual (Fold.run sum [ [| 0L .. rows - 1L |] ]) expected "the order of addition matters in this test"
          }

          Law.holdsFor 40 "outlets" (fun (n: int) (AnySchedule(workers, window)) (limit: byte) ->
              let rows = someRows n
              let left = List<int64>()
              let other = List<int64>()
              let sink = Sink.both (recorder (1 + 50 * int limit) left) (recorder 5000 other)
              Blocks.run (schedule workers window) (source rows 700 true) sink (Fold.always ()) |> ignore
              let expected = [ yield! seq { 0L .. rows - 1L }; -1L ]
              List.ofSeq left = expected && List.ofSeq other = expected)

          Law.holdsFor 30 "spent" (fun (AnySchedule(workers, window)) ->
              Blocks.run (schedule workers window) (source 20000L 999 true) Sink.none (FoldLaws.watched sum) =
                  Fold.runParts sum (tree 20000L))

          Law.holdsFor 30 "the first failing block is reported, whatever the schedule" (fun (AnySchedule(workers, window)) ->
              let failing = Set [ 2L; 3L; 6L ]

              let fragile =
                  sum
                  |> Fold.premap (fun (part: int64[]) ->
                      if failing.Contains(part[0] / 4096L) then
                          raise (Deliberate part[0])

                      part)

              try
                  Blocks.run (schedule workers window) (source 40000L 4096 true) Sink.none fragile |> ignore
                  false
              with BlockFailed(first, rows, Deliberate row) ->
                  first = 8192L && rows = 4096 && row = 8192L)

          test "at most `window` blocks are begun and not merged" {
              let mutable begun = 0L
              let mutable merged = 0L
              let mutable most = 0L

              let counting: Sink<int64[]> =
                  Sink.ofBuffer
                      { Begin =
                          fun _ ->
                              let now = Interlocked.Increment &begun - Volatile.Read &merged
                              lock sum (fun () -> most <- max most now)
                        Fill = fun () _ -> ()
                        IsFull = fun () -> false
                        Flush = ignore
                        Recycle = fun () -> Interlocked.Increment &merged |> ignore
                        Complete = ignore }

              Blocks.run (schedule 4 3) (source 200000L 4096 true) counting sum |> ignore
              Expect.isLessThanOrEqual most 3L "blocks in flight"
          }

          test "cancelling stops the run with OperationCanceledException" {
              use stop = new CancellationTokenSource()

              let cancelled =
                  { schedule 2 3 with
                      Cancel = stop.Token
                      RowsDone =
                          fun rows ->
                              if rows > 20000L then
                                  stop.Cancel() }

              Expect.throwsT<OperationCanceledException>
                  (fun () -> Blocks.run cancelled (source 4_000_000L 4096 false) Sink.none sum |> ignore)
                  "cancelled in mid-run"
          }

          test "a reader that cannot be opened fails the first block" {
              let closed: Source<int64[]> =
                  { Rows = 10000L
                    Open = fun () -> raise (Deliberate 0L) }

              Expect.throwsC (fun () -> Blocks.run (schedule 2 2) closed Sink.none sum |> ignore) (function
                  | BlockFailed(0L, 4096, Deliberate 0L) -> ()
                  | other -> failtest $"{other}")
          }

          test "rows are reported in order up to the last" {
              let told = List<int64>()

              let telling =
                  { schedule 3 4 with
                      RowsDone = told.Add }

              Blocks.run telling (source 10000L 4096 true) Sink.none sum |> ignore
              Expect.sequenceEqual told [ 4096L; 8192L; 10000L ] "rows done"
          } ]
