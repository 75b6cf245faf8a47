/// Values arrive at their places, in the same bytes, however rows are cut and whoever is faster.
module internal SingleSharp.Properties.ValueSinkLaws

open System
open System.Collections.Generic
open System.IO
open System.Threading
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5

/// The output for stored value number i: some that float32 cannot hold.
let private output (i: int64) =
    float (i * 7919L % 10007L) / 3.0 + (if i % 50L = 0L then 1e30 else 0.0)

/// Rows of `widths` values in row batches of at most `perBatch` rows; sometimes dawdles, so that workers overtake one another.
let private source (widths: int[]) perBatch dawdle : Source<RowBatch> =
    let starts = Array.scan (fun start width -> start + int64 width) 0L widths

    { Rows = widths.LongLength
      Open =
        fun () ->
            let rowBatch = RowBatch()

            { new RowReader<RowBatch> with
                member _.Read(first, count, visit) =
                    for rows in Seq.chunkBySize perBatch [| int first .. int first + count - 1 |] do
                        if dawdle && first / 4096L % 2L = 0L then
                            Thread.Sleep 1

                        let start = starts[rows[0]]
                        let values = int (starts[rows[rows.Length - 1] + 1] - start)
                        rowBatch.Reserve(rows.Length, values)
                        rowBatch.FirstCell <- int64 rows[0]
                        rowBatch.FirstValue <- start
                        rowBatch.Cells <- rows.Length

                        for i in 0 .. rows.Length do
                            rowBatch.Offsets[i] <- int (starts[rows[0] + i] - start)

                        for i in 0 .. values - 1 do
                            rowBatch.Output[i] <- output (start + int64 i)

                        visit rowBatch

                member _.Dispose() = () } }

let private filter id (parameters: uint32 list) =
    { Id = id
      Optional = false
      Parameters = Array.ofList parameters }

let private rounded precision value =
    if precision = Precision.Single then float (float32 value) else value

let private numbersOf precision (bytes: byte[]) =
    match precision with
    | Precision.Single -> Array.init (bytes.Length / 4) (fun i -> float (BitConverter.ToSingle(bytes, 4 * i)))
    | Precision.Double -> Array.init (bytes.Length / 8) (fun i -> BitConverter.ToDouble(bytes, 8 * i))

/// A file with the values as its only dataset, and its bytes.
let private chunked path (widths: int[]) filters extent precision schedule perBatch dawdle =
    H5File().Write(path: string)
    let count = widths |> Array.sumBy int64

    using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
        use store = new Hdf5File(disk)
        let editor = FileEditor(disk, store.Superblock, [])
        let table = List<ChunkEntry>()
        let sink = ValueSink.intoChunks editor "x" filters extent precision table
        Blocks.run schedule (source widths perBatch dawdle) sink (Fold.always ())
        let datatype = DType.datatype (Precision.dtype precision)

        let index =
            ChunkTree.write editor 32 [| extent |] [| int64 table.Count |] (Datatype.size datatype) (table.ToArray())

        // Filters as version 2 of their message says them: without names.
        let pipeline =
            Bytes.concat
                [ [| 2uy; byte (List.length filters) |]
                  for filter in filters do
                      Bytes.concat (
                          [ Bytes.u16 filter.Id
                            if filter.Id >= 256 then
                                Bytes.u16 0
                            Bytes.u16 0
                            Bytes.u16 filter.Parameters.Length ]
                          @ [ for parameter in filter.Parameters -> Bytes.u32 parameter ]
                      ) ]

        let dataset =
            editor.Put(
                Encode.header
                    0uy
                    [ Encode.message Header.Dataspace (Encode.dataspaceBody (Encode.line count))
                      { Encode.message Header.Datatype (Encode.datatypeBody datatype) with
                          Flags = 1uy }
                      Encode.zeroFillValue
                      Encode.chunked [| extent |] (Datatype.size datatype) index
                      if not filters.IsEmpty then
                          Encode.message Header.Filters pipeline ]
            )

        editor.Commit(editor.Rewrite("the root group", store.Root, [ "x", dataset ], [])))

    let values =
        GenFiles.withStore path (fun store -> numbersOf precision (DatasetReader(store.Disk, GenFiles.findDataset store "x").ReadAll()))

    values, File.ReadAllBytes path

let private wanted precision (widths: int[]) =
    Array.init (Array.sum widths) (fun i -> rounded precision (output (int64 i)))

let private someWidths (seed: int) rows =
    let random = Random seed
    Array.init rows (fun _ -> if random.Next 10 = 0 then 0 else random.Next 9)

/// Pipelines that PureHDF has too.
let private common =
    [ []
      [ filter Dataset.Deflate [ 4u ] ]
      [ filter Dataset.Shuffle [ 4u ]
        filter Dataset.Deflate [ 6u ]
        filter Dataset.Fletcher32 [] ] ]

let private pipelines =
    common
    @ [ [ filter Dataset.Shuffle [ 4u ]; filter Dataset.Lzf [] ]
        [ filter Dataset.Lzf [ 4u; 0x105u ]; filter Dataset.Fletcher32 [] ]
        [ filter Dataset.Shuffle [ 8u ]; filter Dataset.Zstd [ 5u ] ] ]

let tests =
    testList
        "ValueSink"
        [ Law.holdsFor 30 "chunks" (fun (seed: int) (extent: uint16) (perBatch: byte) (rows: byte) schedule ->
              let widths = someWidths seed (int rows * 60)
              let extent = 1L + int64 extent % (if seed % 4 = 0 then 12L else 3000L)
              let filters = pipelines[abs (seed % pipelines.Length)]
              let precision = if extent % 2L = 0L then Precision.Single else Precision.Double

              GenFiles.withPath (fun path ->
                  let values, bytes =
                      chunked path widths filters extent precision (AnnDataFiles.schedule schedule) (1 + int perBatch) true

                  let again, same =
                      chunked path widths filters extent precision Blocks.sequential 4096 false

                  values = wanted precision widths && again = values && bytes = same))

          test "blocks so full that their pages leave before they end" {
              let widths = Array.create 4200 300

              GenFiles.withPath (fun path ->
                  for extent in [ 30_011L; 400_000L ] do
                      let values, bytes =
                          chunked path widths [] extent Precision.Single (AnnDataFiles.schedule (AnySchedule(3, 4))) 500 false

                      let _, same =
                          chunked path widths [] extent Precision.Single Blocks.sequential 4096 false

                      Expect.isTrue (values = wanted Precision.Single widths) $"values in chunks of {extent}"
                      Expect.isTrue (bytes = same) "the same bytes")
          }

          test "PureHDF reads the chunks" {
              GenFiles.withPath (fun path ->
                  for filters in common do
                      let widths = someWidths 5 6000
                      chunked path widths filters 1000L Precision.Single Blocks.sequential 100 false |> ignore
                      use file = H5File.OpenRead path

                      Expect.equal (file.Dataset("x").Read<float32[]>() |> Array.map float) (wanted Precision.Single widths) $"%A{filters}")
          }

          Law.holdsFor 25 "places" (fun (seed: int) (perBatch: byte) (rows: byte) (AnyStorage storage) schedule ->
              let widths = Array.append [| 1 |] (someWidths seed (int rows * 60))
              let count = Array.sum widths

              let storage =
                  match storage with
                  | Gzipped size -> InChunks size
                  | other -> other

              GenFiles.withPath (fun path ->
                  let file = H5File()
                  file["before"] <- [| 1; 2; 3 |]
                  file["x"] <- AnnDataFiles.line storage (Array.create count -1.0f)
                  file["after"] <- [| 4; 5; 6 |]
                  // Values in a compact dataset have no place of their own.
                  file.Write(path, H5WriteOptions(PreferCompactDatasetLayout = false))

                  using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
                      use store = new Hdf5File(disk)
                      let dataset = GenFiles.findDataset store "x"

                      let chunks =
                          match dataset.Layout with
                          | Chunked _ -> ValueSome(Chunks.load disk dataset)
                          | _ -> ValueNone

                      Blocks.run
                          (AnnDataFiles.schedule schedule)
                          (source widths (1 + int perBatch) true)
                          (ValueSink.inPlace AtOnce disk dataset chunks Precision.Single)
                          (Fold.always ()))

                  use file = H5File.OpenRead path

                  file.Dataset("x").Read<float32[]>() |> Array.map float = wanted Precision.Single widths
                  && file.Dataset("before").Read<int[]>() = [| 1; 2; 3 |]
                  && file.Dataset("after").Read<int[]>() = [| 4; 5; 6 |])) ]
