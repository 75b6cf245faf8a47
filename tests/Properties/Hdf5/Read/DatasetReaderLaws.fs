/// Any rows of any dataset come out as PureHDF wrote them.
module internal SingleSharp.Properties.DatasetReaderLaws

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open Expecto
open PureHDF
open PureHDF.Filters
open PureHDF.VOL.Native
open SingleSharp.Core.Hdf5
open SingleSharp.Properties.GenHdf5

let private valuesOf dataset : int64[] =
    let random = Random dataset.Seed
    Array.init (List.reduce (*) dataset.Dims) (fun _ -> random.NextInt64(0L, (if dataset.Width = 1 then 100L else 100000L)))

let private filtersOf dataset =
    List<H5Filter>(
        [ if dataset.Shuffled then
              H5Filter ShuffleFilter.Id
          match dataset.Deflate with
          | Some level -> H5Filter(DeflateFilter.Id, Dictionary(dict [ DeflateFilter.COMPRESSION_LEVEL, box level ]))
          | None -> ()
          if dataset.Checked then
              H5Filter Fletcher32Filter.Id ]
    )

let write (path: string) dataset =
    let values = valuesOf dataset

    let data: obj =
        match dataset.Width with
        | 1 -> Array.map sbyte values
        | 4 -> Array.map int values
        | _ -> values

    let dims = dataset.Dims |> List.map uint64 |> Array.ofList

    let held =
        match dataset.Chunk with
        | None -> H5Dataset(data, fileDims = dims)
        | Some extents ->
            H5Dataset(
                data,
                chunks = (extents |> List.map uint32 |> Array.ofList),
                fileDims = dims,
                datasetCreation = H5DatasetCreation(Filters = filtersOf dataset)
            )

    let file = H5File()
    file["x"] <- held
    file.Write(path, H5WriteOptions(PreferCompactDatasetLayout = dataset.Compact))

let private widened width (bytes: byte[]) : int64[] =
    match width with
    | 1 -> bytes |> Array.map (sbyte >> int64)
    | 4 -> MemoryMarshal.Cast<byte, int>(Span bytes).ToArray() |> Array.map int64
    | _ -> MemoryMarshal.Cast<byte, int64>(Span bytes).ToArray()

let private readBack path dataset ranges =
    write path dataset

    GenFiles.withStore path (fun store ->
        let found = GenFiles.findDataset store "x"
        let reader = DatasetReader(store.Disk, found)

        [ for first, count in ranges do
              let bytes = Array.zeroCreate (count * int (Hyperslab.rowBytes found))
              reader.Read(int64 first, count, bytes)
              widened dataset.Width bytes ])

let private oneOfInts = [| 1; 2; 3 |]

let tests =
    testList
        "DatasetReader"
        [ Law.holdsFor 300 "any rows of any storage" (fun (dataset: AnyDataset) (cuts: (uint16 * uint16) list) ->
              let rows = List.head dataset.Dims
              let perRow = List.reduce (*) dataset.Dims / rows
              let values = valuesOf dataset

              let ranges =
                  (0, rows)
                  :: [ for first, count in cuts do
                           let first = int first % rows
                           first, int count % (rows - first + 1) ]

              GenFiles.withPath (fun path ->
                  readBack path dataset ranges = [ for first, count in ranges -> Array.sub values (first * perRow) (count * perRow) ]))

          Law.holdsFor 50 "what PureHDF writes is stored as its layout says" (fun (dataset: AnyDataset) ->
              GenFiles.withPath (fun path ->
                  write path dataset

                  GenFiles.withStore path (fun store ->
                      match (GenFiles.findDataset store "x").Layout with
                      | Chunked(shape, _, _, _) -> Some(List.ofArray shape |> List.map int) = dataset.Chunk
                      | Compact _ -> dataset.Compact && dataset.Chunk.IsNone
                      | Contiguous _ -> dataset.Chunk.IsNone)))

          test "rows beyond the end are refused" {
              GenFiles.withPath (fun path ->
                  let file = H5File()
                  file["x"] <- H5Dataset(oneOfInts)
                  file.Write path

                  GenFiles.withStore path (fun store ->
                      let reader = DatasetReader(store.Disk, GenFiles.findDataset store "x")

                      for first, count in [ 0L, 4; 3L, 1; -1L, 1; Int64.MaxValue, 1 ] do
                          GenFiles.isFault "rows" (fun () -> reader.Read(first, count, Array.zeroCreate 64))

                      reader.Read(3L, 0, [||])))
          }

          test "pieces of one row each give the same as one read" {
              for fixture, path in
                  [ "chunked", "plain_2d"
                    "chunked_old", "plain_3d_filtered"
                    "long", "sparse_pieces"
                    "long_old", "masked" ] do
                  GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun file ->
                      GenFiles.withStore file (fun store ->
                          let dataset = GenFiles.findDataset store path
                          let whole = DatasetReader(store.Disk, dataset).ReadAll()
                          let row = int (Hyperslab.rowBytes dataset)
                          let reader = DatasetReader(store.Disk, dataset)

                          for i in List.rev [ 0 .. int dataset.Dims[0] - 1 ] do
                              let bytes = Array.zeroCreate row
                              reader.Read(int64 i, 1, bytes)
                              Expect.equal bytes whole[i * row .. (i + 1) * row - 1] $"row {i} of {path}"))
          } ]
