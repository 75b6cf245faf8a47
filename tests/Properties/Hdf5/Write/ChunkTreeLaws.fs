/// The index that ChunkTree writes is the one that Chunks and PureHDF read.
module internal SingleSharp.Properties.ChunkTreeLaws

open System
open System.IO
open Expecto
open PureHDF
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

/// A chunked dataset of integers: the number i at place i of each chunk's own, counted over all chunks.
type private Chunked =
    {
        Dims: int64[]
        Shape: int64[]
        /// Chunks that are never written, by their place.
        Missing: int Set
    }

    member chunked.Counts =
        Array.map2 (fun dim extent -> (dim + extent - 1L) / extent) chunked.Dims chunked.Shape

    member chunked.Extent = Array.fold (*) 1L chunked.Shape

/// What stands at a place of the array.
let private valueAt (chunked: Chunked) (at: int64[]) =
    let fold (places: int64[]) (extents: int64[]) =
        Array.fold2 (fun index place extent -> index * extent + place) 0L places extents

    let chunk = fold (Array.map2 (/) at chunked.Shape) chunked.Counts
    let inside = fold (Array.map2 (%) at chunked.Shape) chunked.Shape
    if chunked.Missing.Contains(int chunk) then 0 else int (chunk * chunked.Extent + inside)

/// All values in row-major order.
let private values (chunked: Chunked) =
    let rec places (dims: int64 list) =
        match dims with
        | [] -> [ [] ]
        | dim :: rest ->
            let inner = places rest

            [ for i in 0L .. dim - 1L do
                  for place in inner -> i :: place ]

    places (List.ofArray chunked.Dims) |> List.map (Array.ofList >> valueAt chunked) |> Array.ofList

/// An empty file of PureHDF, to which the dataset is added.
let private withChunks (path: string) k (chunked: Chunked) (work: Hdf5File -> Dataset -> ChunkEntry[] -> unit) =
    H5File().Write path

    let written =
        use disk =
            new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)

        use store = new Hdf5File(disk)
        let editor = FileEditor(disk, store.Superblock, [])

        let chunks =
            [| for chunk in 0 .. int (Array.fold (*) 1L chunked.Counts) - 1 do
                   let bytes =
                       Array.init (int chunked.Extent) (fun i -> BitConverter.GetBytes(chunk * int chunked.Extent + i)) |> Array.concat

                   let isMissing = chunked.Missing.Contains chunk

                   { Address = if isMissing then Bytes.undefined else editor.Put bytes
                     Size = bytes.LongLength
                     Mask = 0u } |]

        let index = ChunkTree.write editor k chunked.Shape chunked.Counts 4 chunks
        let dims = List.ofArray chunked.Dims

        let dataset =
            editor.Put(
                Encode.header
                    0uy
                    [ Encode.message Header.Dataspace (Encode.dataspaceBody (Simple(dims, dims)))
                      { Encode.message Header.Datatype (Encode.datatypeBody (Integer(4, true, false))) with
                          Flags = 1uy }
                      Encode.zeroFillValue
                      Encode.chunked chunked.Shape 4 index ]
            )

        editor.Commit(editor.Rewrite("the root group", store.Root, [ "x", dataset ], []))
        chunks

    GenFiles.withStore path (fun store -> work store (GenFiles.findDataset store "x") written)

/// The key behind the last child of the last leaf: HDF5 looks for no chunk at or beyond it.
let rec private lastKey (disk: RandomAccessFile) rank address =
    let head = disk.Read(address, 24L)
    let keySize = 8L + 8L * int64 (rank + 1)
    let used = int64 (BitConverter.ToUInt16(head, 6))
    let last = address + 24L + used * (keySize + 8L)

    if head[5] = 0uy then
        let key = disk.Read(last, keySize)
        List.init rank (fun d -> BitConverter.ToInt64(key, 8 + 8 * d))
    else
        lastKey disk rank (BitConverter.ToInt64(disk.Read(last - 8L, 8L), 0))

let private isFound k (chunked: Chunked) =
    GenFiles.withPath (fun path ->
        withChunks path k chunked (fun store dataset written ->
            let found = (Chunks.load store.Disk dataset).Entries

            Expect.equal found written $"%A{chunked} in nodes of {2 * k}"

            match dataset.Layout with
            | Chunked(_, _, index, _) when index <> Bytes.undefined ->
                let last =
                    Array.map2 (fun count extent -> (count - 1L) * extent) chunked.Counts chunked.Shape |> List.ofArray

                Expect.isGreaterThan (lastKey store.Disk last.Length index) last "the last key lies behind the last chunk"
            | _ -> ()

            let bytes = DatasetReader(store.Disk, dataset).ReadAll()
            Expect.equal bytes (values chunked |> Array.collect (BitConverter.GetBytes: int -> byte[])) "values")

        // PureHDF takes the nodes to have their usual size.
        if k = 32 then
            use file = H5File.OpenRead path

            if not (Array.contains 0L chunked.Dims) then
                let dims = chunked.Dims |> Array.map uint64
                Expect.equal (file.Dataset("x").Read<int[]>(memoryDims = [| Array.fold (*) 1UL dims |])) (values chunked) "by PureHDF")

let private line extent count rest =
    { Dims = [| max 0L (int64 count * extent - rest) |]
      Shape = [| extent |]
      Missing = Set.empty }

let tests =
    testList
        "ChunkTree"
        [ test "as many chunks as fill a leaf, one more, two levels, one more, thousands" {
              for count in [ 0; 1; 2; 64; 65; 128; 64 * 64; 64 * 64 + 1; 10_007 ] do
                  isFound 32 (line 2L count 0L)
          }

          test "the last chunk may be longer than what is left for it" { isFound 32 (line 10L 7 9L) }

          test "boxes whose grid has more rows than a leaf holds, and more columns" {
              for dims, shape in
                  [ [| 130L; 3L |], [| 1L; 2L |]
                    [| 3L; 200L |], [| 2L; 1L |]
                    [| 90L; 91L |], [| 1L; 1L |]
                    [| 5L; 7L; 9L |], [| 2L; 3L; 4L |]
                    [| 3L; 4L; 5L; 2L |], [| 1L; 1L; 1L; 1L |]
                    [| 0L; 5L |], [| 2L; 2L |] ] do
                  isFound
                      32
                      { Dims = dims
                        Shape = shape
                        Missing = Set.empty }
          }

          test "chunks that were never written are not in the index" {
              let boxes missing =
                  { Dims = [| 20L; 7L |]
                    Shape = [| 3L; 2L |]
                    Missing = missing }

              for missing in [ Set [ 0 ]; Set [ 27 ]; Set [ 3..25 ]; Set [ 0..27 ] ] do
                  isFound 32 (boxes missing)
                  isFound 1 (boxes missing)
          }

          Law.holdsFor 60 "any number of chunks in nodes of any size" (fun (k: byte) (extent: byte) (count: uint16) (rest: byte) ->
              let extent = 1L + int64 extent % 9L
              isFound (1 + int k % 5) (line extent (int count % 300) (int64 rest % extent)))

          Law.holdsFor 100 "boxes of any shape in nodes of any size" (fun (k: byte) (sides: (byte * byte) list) (missing: byte list) ->
              let sides =
                  List.truncate 3 ((7uy, 2uy) :: sides) |> List.map (fun (dim, extent) -> 1L + int64 dim % 13L, 1L + int64 extent % 4L)

              let chunked =
                  { Dims = sides |> List.map fst |> Array.ofList
                    Shape = sides |> List.map (fun (dim, extent) -> min dim extent) |> Array.ofList
                    Missing = Set.empty }

              let count = int (Array.fold (*) 1L chunked.Counts)

              isFound
                  (if k % 3uy = 0uy then 32 else 1 + int k % 5)
                  { chunked with
                      Missing = missing |> List.map (fun i -> int i % count) |> Set }) ]
