/// An appendable dataset holds what was appended, is stored like the dataset whose place it takes, and leaves no room behind that it could give back.
module internal SingleSharp.Properties.AppendableDatasetLaws

open System
open System.IO
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing
open SingleSharp.Properties.GenHdf5

let private opened path =
    new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)

/// A file with a dataset of numbers that is described and, where that is wanted, can grow.
let private withOld storage count extensible (work: string -> (Dataset -> Dataset) -> 'a) =
    GenFiles.withPath (fun path ->
        let file = H5File()
        let held = AnnDataFiles.line storage (Array.init count float32)
        held.Attributes["encoding-type"] <- "array"
        file["x"] <- held
        file.Write(path, H5WriteOptions(PreferCompactDatasetLayout = (count % 2 = 0)))

        let grown (old: Dataset) =
            match old.Layout with
            | Chunked _ when extensible ->
                { old with
                    Space = Simple([ int64 count ], [ -1L ]) }
            | _ -> old

        work path grown)

/// Puts an appendable dataset in the old dataset's place, in pieces of so many bytes one after another, and returns the bytes of the file.
let private write path (bytes: byte[]) datatype (pieces: int list) (grown: Dataset -> Dataset) =
    let copy = Path.ChangeExtension(path, ".copy")
    File.Copy(path, copy, true)

    try
        using (opened copy) (fun disk ->
            use store = new Hdf5File(disk)
            let editor = FileEditor(disk, store.Superblock, [])
            let old = grown (GenFiles.findDataset store "x")
            let most = bytes.LongLength / int64 (Datatype.size datatype)
            let appendable = AppendableDataset(editor, 32, old, datatype, most)
            let mutable at = 0

            for piece in pieces do
                let now = min piece (bytes.Length - at)
                appendable.Append(ReadOnlySpan(bytes, at, now))
                at <- at + now

            appendable.Append(ReadOnlySpan(bytes, at, bytes.Length - at))
            editor.Commit(editor.Rewrite("the root group", store.Root, [ "x", appendable.Finish() ], [])))

        let found =
            GenFiles.withStore copy (fun store ->
                let dataset = GenFiles.findDataset store "x"
                dataset, DatasetReader(store.Disk, dataset).ReadAll(), store.Text(dataset.Header, "encoding-type"))

        found, File.ReadAllBytes copy
    finally
        File.Delete copy

let private bytesOf seed count size =
    let bytes = Array.zeroCreate<byte>(count * size)
    (Random seed).NextBytes bytes
    bytes

/// Is it stored like the old one, as far as its length allows?
let private isLike (old: Dataset) (dataset: Dataset) =
    let count = dataset.Count

    let canGrow =
        match old.Space with
        | Simple(dims, most) -> dims <> most
        | Null -> false

    dataset.Space = Simple([ count ], [ (if canGrow then -1L else count) ])
    && match old.Layout, dataset.Layout with
       | Chunked(shape, _, _, _), Chunked(extent, TreeVersion1, _, _) ->
           dataset.Filters = old.Filters && extent = [| (if canGrow then shape[0] else min shape[0] count) |]
       | Chunked _, Contiguous address -> not canGrow && count = 0L && address = Bytes.undefined
       | _, Contiguous address -> (address = Bytes.undefined) = (count = 0L)
       | _ -> false

let tests =
    testList
        "AppendableDataset"
        [ Law.holdsFor
              100
              "appendable"
              (fun (AnyStorage storage) (count: byte, before: byte, extensible: bool) (numeric: DType) (seed: int) (pieces: byte list) ->
                  let datatype =
                      if numeric = DType.Bool then Float(4, false) else DType.datatype numeric

                  let bytes = bytesOf seed (int count) (Datatype.size datatype)
                  let cut = pieces |> List.map int

                  withOld storage (1 + int before) extensible (fun path grown ->
                      let (dataset, values, kind), file = write path bytes datatype cut grown
                      let _, same = write path bytes datatype [] grown

                      let old =
                          GenFiles.withStore path (fun store -> grown (GenFiles.findDataset store "x"))

                      values = bytes && kind = Some "array" && dataset.Type = datatype && file = same && isLike old dataset))

          test "longer than what waits in memory, in one piece and in chunks" {
              for storage in [ Unchunked; InChunks 100_000; Gzipped 30_011 ] do
                  withOld storage 300_000 false (fun path grown ->
                      let bytes = bytesOf 7 299_000 4

                      let (dataset, values, _), file =
                          write path bytes (Float(4, false)) [ 1; 262_143; 5; 262_144; 262_145; 300_000 ] grown

                      Expect.isTrue (values = bytes) $"{storage}"
                      Expect.isTrue (isLike (GenFiles.withStore path (fun store -> GenFiles.findDataset store "x")) dataset) "stored alike"
                      let _, same = write path bytes (Float(4, false)) [] grown
                      Expect.isTrue (file = same) "to the byte")
          }

          test "PureHDF reads an appendable dataset" {
              for storage in [ Unchunked; InChunks 7; Gzipped 7 ] do
                  for count in [ 1; 6; 7; 8; 20 ] do
                      withOld storage 20 false (fun path _ ->
                          using (opened path) (fun disk ->
                              use store = new Hdf5File(disk)
                              let editor = FileEditor(disk, store.Superblock, [])
                              let old = GenFiles.findDataset store "x"
                              let appendable = AppendableDataset(editor, 32, old, Integer(8, true, false), 20L)

                              for i in 1..count do
                                  appendable.Append(ReadOnlySpan(BitConverter.GetBytes(int64 i * 1_000_000_007L)))

                              editor.Commit(editor.Rewrite("the root group", store.Root, [ "x", appendable.Finish() ], [])))

                          use file = H5File.OpenRead path
                          let expected = Array.init count (fun i -> int64 (i + 1) * 1_000_000_007L)
                          Expect.equal (file.Dataset("x").Read<int64[]>()) expected $"{count} in {storage}")
          }

          test "chunks say which filters they were stored without" {
              withOld (Gzipped 7) 20 false (fun path _ ->
                  // Strings have a shuffle without its parameter; the header of these numbers has it with one.
                  let idle (old: Dataset) =
                      { old with
                          Filters =
                              old.Filters
                              |> List.map (fun filter -> if filter.Id = Dataset.Shuffle then { filter with Parameters = [||] } else filter) }

                  let bytes = bytesOf 3 20 4
                  let (dataset, values, _), _ = write path bytes (Float(4, false)) [] idle
                  Expect.equal (dataset.Filters |> List.map _.Id) [ Dataset.Shuffle; Dataset.Deflate ] "the filters"
                  Expect.equal values bytes "the values")
          }

          test "room that is not needed is given back, or stays a hole that nobody writes to" {
              withOld Unchunked 4 false (fun path _ ->
                  using (opened path) (fun disk ->
                      use store = new Hdf5File(disk)
                      let editor = FileEditor(disk, store.Superblock, [])
                      let old = GenFiles.findDataset store "x"
                      let start = editor.Reserve 8L
                      let first = AppendableDataset(editor, 32, old, old.Type, 1_000_000L)
                      let second = AppendableDataset(editor, 32, old, old.Type, 1_000_000L)
                      second.Append(ReadOnlySpan(BitConverter.GetBytes 1.0f))
                      let there = second.Finish()
                      let here = first.Finish()
                      let behind = editor.Reserve 8L
                      Expect.equal there (start + 8L + 4_000_000L + 8L) "the second gave its room back"
                      Expect.isLessThan (behind - here) 1000L "the first could not"
                      Expect.isLessThan (here - there) 1000L "and its hole lies before the second"))
          }

          test "what is appended beyond the bound is a bug" {
              withOld Unchunked 4 false (fun path _ ->
                  use disk = opened path
                  use store = new Hdf5File(disk)
                  let old = GenFiles.findDataset store "x"

                  let appendable =
                      AppendableDataset(FileEditor(disk, store.Superblock, []), 32, old, old.Type, 2L)

                  appendable.Append(ReadOnlySpan(Array.zeroCreate 8))
                  Expect.throws (fun () -> appendable.Append(ReadOnlySpan(Array.zeroCreate 4))) "a third element")
          } ]
