/// Where old values lie, and what of their room can be used again.
module internal SingleSharp.Properties.OutputStorageLaws

open System
open System.IO
open Expecto
open PureHDF
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing
open SingleSharp.Properties.GenHdf5

let private withNumbers storage count (work: Hdf5File -> Dataset -> byte[] -> 'a) =
    GenFiles.withPath (fun path ->
        let file = H5File()
        file["x"] <- AnnDataFiles.line storage (Array.init count (fun i -> float32 i + 0.5f))
        file.Write(path, H5WriteOptions(PreferCompactDatasetLayout = false))
        GenFiles.withStore path (fun store -> work store (GenFiles.findDataset store "x") (File.ReadAllBytes path)))

let private inFixture fixture name (work: Hdf5File -> Dataset -> 'a) =
    GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
        GenFiles.withStore path (fun store -> work store (GenFiles.findDataset store name)))

let private isApart ranges =
    ranges |> List.pairwise |> List.forall (fun (struct (start, length), struct (next, _)) -> start + length < next)

let private int32 = Integer(4, true, false)

let tests =
    testList
        "OutputStorage"
        [ Law.holds "old values lie where nothing else does" (fun (AnyStorage storage) (count: uint16) ->
              let count = 1 + int count % 500

              withNumbers storage count (fun store dataset bytes ->
                  let ranges = OutputStorage.ranges (OutputStorage.pieces store.Disk dataset)

                  let held =
                      ranges |> List.collect (fun (struct (start, length)) -> List.ofArray bytes[int start .. int (start + length) - 1])

                  let isTheirs =
                      match storage with
                      | Gzipped _ -> true
                      | _ -> held = List.ofArray (Array.collect (fun i -> BitConverter.GetBytes(float32 i + 0.5f)) [| 0 .. count - 1 |])

                  // Zeros in their place leave every other object as it was.
                  let emptied = Array.copy bytes

                  for struct (start, length) in ranges do
                      Array.Clear(emptied, int start, int length)

                  isApart ranges
                  && isTheirs
                  && GenFiles.withBytes emptied (fun path ->
                      GenFiles.withStore path (fun store ->
                          match GenFiles.find store "x" with
                          | DatasetObject same -> same.Layout = dataset.Layout && same.Count = dataset.Count
                          | GroupObject _ -> false))))

          Law.holds "without" (fun (some: (byte * byte) list) (others: (byte * byte) list) ->
              let ranges (gaps: (byte * byte) list) =
                  (([], 0L), gaps)
                  ||> List.fold (fun (ranges, at) (gap, length) ->
                      let start = at + int64 gap % 9L
                      let length = 1L + int64 length % 9L
                      struct (start, length) :: ranges, start + length)
                  |> fst
                  |> List.rev

              let bytes ranges =
                  ranges |> List.collect (fun (struct (start, length)) -> [ start .. start + length - 1L ])

              let left = OutputStorage.without (ranges others) (ranges some)
              bytes left = List.except (bytes (ranges others)) (bytes (ranges some)))

          Law.holds "room lies in the ranges, in whole multiples of eight" (fun (AnyHoles(_, holes)) (nudge: byte) ->
              let ranges =
                  holes |> List.map (fun (struct (start, length)) -> struct (start + int64 nudge % 3L, length - int64 nudge % 7L))

              OutputStorage.room ranges
              |> List.forall (fun (struct (start, length)) ->
                  start % 8L = 0L
                  && length % 8L = 0L
                  && length > 0L
                  && ranges |> List.exists (fun (struct (low, size)) -> start >= low && start + length <= low + size)))

          test "what is in one piece or in plain chunks can be overwritten by values of its type" {
              for storage in [ Unchunked; InChunks 7 ] do
                  withNumbers storage 50 (fun store dataset _ ->
                      Expect.isTrue (OutputStorage.canOverwrite store.Disk dataset (Float(4, false))) $"{storage}"
                      Expect.isFalse (OutputStorage.canOverwrite store.Disk dataset (Float(8, false))) "another size"
                      Expect.isFalse (OutputStorage.canOverwrite store.Disk dataset int32) "another kind")

              withNumbers (Gzipped 7) 50 (fun store dataset _ ->
                  Expect.isFalse (OutputStorage.canOverwrite store.Disk dataset (Float(4, false))) "compressed")
          }

          test "what was never written has no place, nor has what is compact" {
              for fixture in [ "long"; "long_old" ] do
                  for name in [ "never_written"; "never_written_chunks"; "sparse" ] do
                      inFixture fixture name (fun store dataset ->
                          Expect.isFalse (OutputStorage.canOverwrite store.Disk dataset int32) name)

                  inFixture fixture "never_written" (fun store dataset ->
                      Expect.isEmpty (OutputStorage.ranges (OutputStorage.pieces store.Disk dataset)) "no bytes")

                  inFixture fixture "sparse" (fun store dataset ->
                      let bytes =
                          OutputStorage.ranges (OutputStorage.pieces store.Disk dataset) |> List.sumBy (fun (struct (_, length)) -> length)

                      Expect.equal bytes 36L "nine numbers")

              GenFiles.withPath (fun path ->
                  let file = H5File()
                  file["x"] <- [| 1; 2; 3 |]
                  file.Write(path, H5WriteOptions(PreferCompactDatasetLayout = true))

                  GenFiles.withStore path (fun store ->
                      let dataset = GenFiles.findDataset store "x"
                      Expect.isEmpty (OutputStorage.ranges (OutputStorage.pieces store.Disk dataset)) "in its header"
                      Expect.isFalse (OutputStorage.canOverwrite store.Disk dataset int32) "not in place"))
          }

          test "what has a second hard link cannot be overwritten" {
              for fixture in [ "heavy"; "heavy_old" ] do
                  inFixture fixture "twice" (fun store dataset ->
                      Expect.isFalse (OutputStorage.canOverwrite store.Disk dataset (Float(4, false))) fixture)
          } ]
