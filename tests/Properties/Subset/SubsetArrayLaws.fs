/// What stays of an array stands where it should, stored as before.
module internal SingleSharp.Properties.SubsetArrayLaws

open System
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Subset
open SingleSharp.Properties.GenHdf5

/// new[i, j, …] = old[At i, At j, …], one element after another.
let expected (size: int) (dims: int64[]) (kept: RowMask voption[]) (bytes: byte[]) =
    let rec places d (from: int64) =
        seq {
            if d = dims.Length then
                bytes[int from * size .. int from * size + size - 1]
            else
                for row in 0L .. dims[d] - 1L do
                    let stays =
                        match kept[d] with
                        | ValueSome(kept: RowMask) -> kept.Has row
                        | ValueNone -> true

                    if stays then
                        yield! places (d + 1) (from * dims[d] + row)
        }

    places 0 0L |> Array.concat

/// Which rows stay: none, all, one end, or some.
let keptOf (seed: int) (length: int64) =
    let random = Random seed

    let stays =
        match random.Next 8 with
        | 0 -> fun _ -> false
        | 1 -> fun _ -> true
        | 2 -> fun row -> row = 0L
        | 3 -> fun row -> row = length - 1L
        | _ ->
            let share = random.NextDouble()
            fun _ -> random.NextDouble() < share

    let kept = RowMask length

    for row in 0L .. length - 1L do
        kept.Add(stays row)

    kept

/// Replaces a dataset of the file by what stays of it, and has the new one judged beside the old one.
let private replaceChanged
    (change: Dataset -> Dataset)
    path
    name
    (kept: Dataset -> RowMask voption list)
    (judge: Hdf5File -> Dataset -> Hdf5File -> Dataset -> RowMask voption[] -> unit)
    =
    GenFiles.withPath (fun target ->
        File.Copy(path, target)

        GenFiles.withStore path (fun store ->
            let old = change (GenFiles.findDataset store name)
            let kept = kept old

            using
                (new RandomAccessFile(target, File.OpenHandle(target, FileMode.Open, FileAccess.ReadWrite), store.Disk.Origin))
                (fun disk ->
                    let editor = FileEditor(disk, store.Superblock, [])
                    let address = SubsetArray.write store editor CancellationToken.None false old kept
                    editor.Commit(editor.Rewrite("the root group", store.Root, [ name, address ], [])))

            GenFiles.withStore target (fun now ->
                let all =
                    Array.init old.Dims.Length (fun d -> kept |> List.tryItem d |> Option.defaultValue ValueNone)

                judge store old now (GenFiles.findDataset now name) all)))

let private replace path name kept judge = replaceChanged id path name kept judge

/// What lies in chunks beyond the end is what a dataset that grows would show there: its fill value.
let private isPadded (store: Hdf5File) (dataset: Dataset) =
    match dataset.Layout with
    | Chunked(shape, _, _, _) ->
        let dims = dataset.Dims

        let whole =
            Array.map2 (fun dim extent -> (dim + extent - 1L) / extent * extent) dims shape

        let bytes =
            DatasetReader(
                store.Disk,
                { dataset with
                    Space = Simple(List.ofArray whole, List.ofArray whole) }
            )
                .ReadAll()

        let isBeyond element =
            let mutable rest = int64 element
            let mutable beyond = false

            for d in whole.Length - 1 .. -1 .. 0 do
                beyond <- beyond || rest % whole[d] >= dims[d]
                rest <- rest / whole[d]

            beyond

        let size = dataset.ElementSize

        seq { 0 .. bytes.Length / size - 1 }
        |> Seq.forall (fun element -> not (isBeyond element) || bytes[element * size .. (element + 1) * size - 1] = dataset.FillValue)
    | _ -> true

let private isSubset (store: Hdf5File) (old: Dataset) (now: Hdf5File) (dataset: Dataset) (kept: RowMask voption[]) =
    let values = DatasetReader(store.Disk, old).ReadAll()
    let dims = Array.map2 Runs.total kept old.Dims
    Expect.equal dataset.Dims dims "its extent"

    Expect.isTrue (DatasetReader(now.Disk, dataset).ReadAll() = expected old.ElementSize old.Dims kept values) $"the values of {old.Path}"
    Expect.isTrue (isPadded now dataset) $"the ends of the chunks of {old.Path}"
    Expect.equal dataset.Type old.Type "its type"
    Expect.equal dataset.FillValue old.FillValue "its fill value"

    /// How far each dimension can grow, if it can.
    let most =
        match old.Space with
        | Simple(dims, most) -> List.map2 (fun most dim -> if most = dim then None else Some most) most dims
        | Null -> []

    match old.Layout, dataset.Layout with
    | Chunked(shape, _, _, _), Chunked(now, TreeVersion1, _, _) ->
        let clipped =
            List.mapi (fun d most -> if most = None then min shape[d] dims[d] else shape[d]) most |> Array.ofList

        Expect.equal now clipped "its chunks"
        Expect.equal dataset.Filters old.Filters "its filters"
        let room = List.mapi (fun d most -> Option.defaultValue dims[d] most) most
        Expect.equal dataset.Space (Simple(List.ofArray dims, room)) "how far it can grow"
    | Chunked _, Contiguous address ->
        Expect.equal address Bytes.undefined "no place"
        Expect.contains dims 0L "because it is empty"
    | Chunked _, _ -> failtest "a chunked dataset stays chunked"
    | _, Contiguous _ -> Expect.equal dataset.Space (Simple(List.ofArray dims, List.ofArray dims)) "it cannot grow"
    | _ -> failtest "it is stored in another way"

let tests =
    testList
        "SubsetArray"
        [ Law.holdsFor 300 "subset of an array" (fun (dataset: AnyDataset) (seeds: int list) ->
              GenFiles.withPath (fun path ->
                  DatasetReaderLaws.write path dataset

                  replace
                      path
                      "x"
                      (fun old ->
                          List.truncate old.Dims.Length seeds
                          |> List.mapi (fun d seed -> if seed % 4 = 0 then ValueNone else ValueSome(keptOf seed old.Dims[d])))
                      isSubset))

          yield!
              [ "chunked"; "chunked_old"; "long"; "long_old"; "types"; "types_old" ]
              |> List.map (fun fixture ->
                  testCase $"every array of {fixture}, whatever its type, chunks and filters" (fun () ->
                      GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
                          let arrays =
                              GenFiles.withStore path (fun store ->
                                  [ for link in store.Root.Links do
                                        match link.Target with
                                        | Hard address ->
                                            match store.TryAt(link.Name, address) with
                                            | Some(DatasetObject dataset) when
                                                dataset.Dims.Length > 0 && (Filters.unsupported dataset.Filters).IsNone
                                                ->
                                                link.Name
                                            | _ -> ()
                                        | Elsewhere _ -> () ])

                          Expect.isNonEmpty arrays "arrays to try"

                          for name in arrays do
                              for seed in 1..12 do
                                  replace
                                      path
                                      name
                                      (fun old ->
                                          [ for d in 0 .. (if seed % 3 = 0 then 0 else old.Dims.Length - 1) ->
                                                ValueSome(keptOf (100 * d + seed) old.Dims[d]) ])
                                      isSubset)))

          test "chunks of boxes say which filters they were stored without" {
              GenFiles.withPath (fun path ->
                  DatasetReaderLaws.write
                      path
                      { Dims = [ 6; 5 ]
                        Chunk = Some [ 2; 3 ]
                        Deflate = Some 9
                        Shuffled = true
                        Checked = false
                        Compact = false
                        Width = 4
                        Seed = 1 }

                  let idle (old: Dataset) =
                      { old with
                          Filters =
                              old.Filters
                              |> List.map (fun filter -> if filter.Id = Dataset.Shuffle then { filter with Parameters = [||] } else filter) }

                  replaceChanged
                      idle
                      path
                      "x"
                      (fun _ -> [ ValueSome(RowMask.ofFlags [| true; false; true; true; true; false |]) ])
                      (fun _ _ now dataset _ ->
                          let masks =
                              (Chunks.load now.Disk dataset).Entries |> Array.map _.Mask |> Array.distinct

                          Expect.equal masks [| 1u |] "without shuffle"))
          }

          test "what was never written stays so" {
              for layout, dims in
                  [ Contiguous Bytes.undefined, [ 6L; 5L ]
                    Chunked([| 2L; 3L |], TreeVersion1, Bytes.undefined, false), [ 6L; 5L ] ] do
                  GenFiles.withPath (fun path ->
                      DatasetReaderLaws.write
                          path
                          { Dims = [ 6; 5 ]
                            Chunk = Some [ 2; 3 ]
                            Deflate = None
                            Shuffled = false
                            Checked = false
                            Compact = false
                            Width = 4
                            Seed = 1 }

                      let unwritten (old: Dataset) =
                          { old with
                              Layout = layout
                              Space = Simple(dims, dims)
                              FillValue = [| 9uy; 0uy; 0uy; 0uy |] }

                      replaceChanged unwritten path "x" (fun old -> [ ValueSome(keptOf 9 old.Dims[0]) ]) (fun _ _ now dataset _ ->
                          match dataset.Layout with
                          | Contiguous address -> Expect.equal address Bytes.undefined "no place"
                          | Chunked(_, _, index, _) -> Expect.equal index Bytes.undefined "no chunks"
                          | Compact _ -> failtest "compact"

                          Expect.isGreaterThan (DatasetReader(now.Disk, dataset).ReadAll()).Length 0 "still readable"))
          }

          test "strings of a dataset that stays under another name are stored once more" {
              for isShared in [ true; false ] do
                  GenFiles.withBytes (GenFiles.fixtureBytes "types") (fun path ->
                      use disk =
                          new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)

                      use store = new Hdf5File(disk)
                      let editor = FileEditor(disk, store.Superblock, [])

                      for name in [ "vlen"; "vlen_chunked"; "texts_in_records"; "sequences" ] do
                          let old = GenFiles.findDataset store name

                          let address =
                              SubsetArray.write store editor CancellationToken.None isShared old [ ValueSome(RowMask.all old.Dims[0]) ]

                          editor.Commit(editor.Rewrite("the root group", store.Root, [ "new", address ], []))
                          let after = new Hdf5File(disk)
                          let now = GenFiles.findDataset after "new"
                          let before = DatasetReader(disk, old).ReadAll()
                          let bytes = DatasetReader(disk, now).ReadAll()

                          let references (bytes: byte[]) =
                              Set(Array.chunkBySize 16 bytes |> Array.filter (Array.exists ((<>) 0uy)))

                          if old.Type = VlenString then
                              Expect.equal (Subsetting.texts after now) (Subsetting.texts after old) name

                          if old.ElementSize = 16 then
                              Expect.equal
                                  (Set.intersect (references before) (references bytes)).IsEmpty
                                  isShared
                                  $"references of {name} are its own")
          } ]
