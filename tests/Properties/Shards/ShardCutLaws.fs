/// Every block is somebody's, and nobody else's.
module internal SingleSharp.Properties.ShardCutLaws

open Expecto
open FsCheck.FSharp
open SingleSharp.Core.Folds
open SingleSharp.Core.Shards

/// Rows from none up to a trillion, and tasks: fewer and more than there are segments, and than there are blocks.
let private cuts =
    gen {
        let! digits = Gen.choose (0, 12)
        let! leading = Gen.choose (0, 9999)
        let! tasks = Gen.frequency [ 6, Gen.choose (1, 12); 2, Gen.choose (13, 3000) ]
        return int64 leading * pown 10L digits / 10000L, tasks
    }

let private perSegment = int64 Blocks.blocksPerSegment

let tests =
    testList
        "ShardCut"
        [ Law.holdsFor 300 "cut" (fun () ->
              Prop.forAll (Arb.fromGen cuts) (fun (rows, tasks) ->
                  let ranges = [ for task in 0 .. tasks - 1 -> ShardCut.range rows tasks task ]
                  let blocks = Blocks.count rows
                  let lengths = ranges |> List.map (fun range -> range.Stop - range.First)

                  ranges.Head.First = 0L
                  && (List.last ranges).Stop = blocks
                  && List.forall (fun length -> length >= 0L) lengths
                  && ranges |> List.pairwise |> List.forall (fun (range, next) -> range.Stop = next.First)))

          Law.holdsFor 300 "whole segments where there are as many as tasks, else blocks, in even shares" (fun () ->
              Prop.forAll (Arb.fromGen cuts) (fun (rows, tasks) ->
                  let ranges = [ for task in 0 .. tasks - 1 -> ShardCut.range rows tasks task ]
                  let blocks = Blocks.count rows
                  let segments = (blocks + perSegment - 1L) / perSegment

                  let isWhole bound =
                      bound % perSegment = 0L || bound = blocks

                  let unit = if segments >= int64 tasks then perSegment else 1L
                  // The last unit may be a part of one.
                  let units =
                      ranges |> List.map (fun range -> (range.Stop - range.First + unit - 1L) / unit)

                  (unit = 1L || ranges |> List.forall (fun range -> isWhole range.First && isWhole range.Stop))
                  && List.max units - List.min units <= 1L
                  && (int64 tasks > blocks || List.min units > 0L)))

          test "as it was: parts of a plan fit those of another version" {
              let bounds rows tasks =
                  [ for task in 0 .. tasks - 1 -> (ShardCut.range rows tasks task).Stop ]

              // 74 blocks, which are 3 segments.
              Expect.equal (bounds 300_000L 3) [ 32L; 64L; 74L ] "three segments"
              Expect.equal (bounds 300_000L 2) [ 32L; 74L ] "two and one"
              Expect.equal (bounds 300_000L 4) [ 18L; 37L; 55L; 74L ] "blocks"
              Expect.equal (bounds 5000L 3) [ 0L; 1L; 2L ] "fewer blocks than tasks"
              Expect.equal (bounds 0L 2) [ 0L; 0L ] "no rows"
          } ]
