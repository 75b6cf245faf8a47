/// Where old values lie, and what of their room can be used again.
module internal SingleSharp.Properties.OutputStorageLaws

open System
open System.IO
open System.Threading
open Expecto
open FsCheck.FSharp
open PureHDF
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
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

/// The bytes that some work leaves of a new file.
let private made origin (work: RandomAccessFile -> unit) =
    GenFiles.withPath (fun path ->
        using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite), origin)) work
        File.ReadAllBytes path)

/// A copy that is made of shares, some of which are copied twice, in any order, one of them even when something was added and the copy is complete.
let private inShares (random: Random) (file: AnnDataFile) plan page shares =
    let share disk share =
        SharedCopy.copyShare file disk plan page share shares ignore CancellationToken.None

    made file.Store.Disk.Origin (fun disk ->
        for number in List.sortBy (fun _ -> random.Next()) ([ 0 .. shares - 1 ] @ [ random.Next shares ]) do
            share disk number

        // A merge may be taken again, from its beginning.
        for _ in 1..2 do
            let editor = SharedCopy.completing file disk plan None page CancellationToken.None

            editor.Put [| 1uy .. 99uy |] |> ignore
            editor.Commit file.Store.Superblock.Root

        share disk (random.Next shares))

let private atOnce (file: AnnDataFile) plan =
    made file.Store.Disk.Origin (fun disk ->
        let editor, _ =
            OutputStorage.clone file disk plan None false [] CancellationToken.None

        editor.Put [| 1uy .. 99uy |] |> ignore
        editor.Commit file.Store.Superblock.Root)

let private edges =
    [ "layout_contiguous"
      "layout_chunked"
      "layout_gzip"
      "layout_dense_chunked"
      "x_dense_f32"
      "x_int32"
      "x_csc"
      "preserve_everything" ]

let private shares =
    let cases =
        gen {
            let! name = Gen.elements edges
            let! plan = Gen.elements [ Untouched; Overwrite; StoreAnew ]
            let! page = Gen.elements [ 1; 64; 100; 512; 4096; 1 <<< 16 ]
            let! shares = Gen.choose (1, 9)
            let! hasUserBlock = Gen.elements [ false; true ]
            let! seed = Gen.choose (0, 1000)
            return name, plan, page, shares, hasUserBlock, seed
        }

    Law.holdsFor 60 "shares of a copy are the copy" (fun () ->
        Prop.forAll (Arb.fromGen cases) (fun (name, plan, page, shares, hasUserBlock, seed) ->
            let bytes = File.ReadAllBytes(GenFiles.goldenEdge name)

            GenFiles.withBytes (if hasUserBlock then GenFiles.behindUserBlock bytes else bytes) (fun path ->
                use file = GenFiles.openRead path
                inShares (Random seed) file plan page shares = atOnce file plan)))

let tests =
    testList
        "OutputStorage"
        [ shares
          Law.holds "old values lie where nothing else does" (fun (AnyStorage storage) (count: uint16) ->
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
