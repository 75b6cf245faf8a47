/// Several machines write values to one file: the bytes are those of one, and no page has two writers.
module internal SingleSharp.Properties.WrittenTogetherLaws

open Expecto
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.MemoryPart
open SingleSharp.Properties.SavedSinkLaws

/// The pages that are not the same in two files.
let private changedPages page (before: byte[]) (after: byte[]) =
    [ for number in 0 .. (max before.Length after.Length - 1) / page do
          let of' (bytes: byte[]) =
              bytes[number * page .. (number + 1) * page - 1]

          if of' before <> of' after then
              number ]

/// Several machines write values to one file, each of its blocks, and the rest is restored to it: the bytes, and the pages that each has touched,
/// first those that were restored.
let private together storage page schedule source (bounds: int64 list) =
    let mutable touched = []

    let bytes =
        withValues storage (rows |> Array.sumBy List.length) (fun disk _ dataset ->
            let chunks =
                match dataset.Layout with
                | Chunked _ -> ValueSome(Chunks.load disk dataset)
                | _ -> ValueNone

            let content () = disk.Read(0L, disk.Length)

            let sink placing =
                ValueSink.inPlace placing disk dataset chunks Precision.Single

            let parts =
                [ for range in ranges bounds do
                      let before = content ()

                      taken
                          schedule
                          source
                          (fun pass ->
                              pass (sink (Together(disk, page)))
                              [||])
                          range

                      touched <- changedPages page before (content ()) :: touched ]

            let before = content ()
            Parts.restore false (sink Saved) (fun _ -> true) true parts
            touched <- changedPages page before (content ()) :: touched)

    struct (bytes, touched)

let private areWrittenTogether storage page schedule source bounds =
    let wanted =
        inPlace storage rows (fun sink -> Blocks.run Blocks.sequential source sink (Fold.always ()))

    let struct (bytes, touched) = together storage page schedule source bounds
    // What is restored is of several blocks, whose ends may have a page together.
    let all = List.concat touched
    bytes = wanted && List.distinct all = all

let tests =
    testList
        "WrittenTogether"
        [ for storage in [ Unchunked; InChunks 777 ] do
              Law.holdsFor 12 $"written together, each page by one machine: {storage}" (fun schedule (perBatch: byte) (page: byte) ->
                  let bounds = Gen.choose (0, 3) |> Gen.listOfLength 2

                  Prop.forAll (Arb.fromGen bounds) (fun bounds ->
                      let bounds = 0L :: List.sort (List.map int64 bounds) @ [ 3L ]
                      // Of many numbers, or such as numbers lie across.
                      let page =
                          if page % 5uy = 0uy then 1 + int page else 4 * (1 + int page * (1 + int perBatch % 7))

                      areWrittenTogether storage page (AnnDataFiles.schedule schedule) (source (1 + int perBatch) rows) bounds))

          test "nearly all values are written together" {
              let struct (_, touched) =
                  together Unchunked 256 Blocks.sequential (source 100 rows) [ 0L; 1L; 2L; 3L ]

              let bytes = 4 * (rows |> Array.sumBy List.length)
              Expect.isGreaterThan (256 * (List.concat touched.Tail).Length) (bytes - 3 * 2 * 256 - 256) "bytes"
          } ]
