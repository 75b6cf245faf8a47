/// Small .h5ad files of any types and storage, written with PureHDF, for the laws of the H5ad chapter.
module internal SingleSharp.Properties.AnnDataFiles

open System
open System.Collections.Generic
open PureHDF
open PureHDF.Filters
open PureHDF.VOL.Native
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen

/// h5py's bool.
type H5Bool =
    | FALSE = 0uy
    | TRUE = 1uy

/// How to store a matrix.
type Stored =
    { Values: DType
      Indices: DType
      Pointers: DType
      Storage: Storage }

let usual storage =
    { Values = DType.Float32
      Indices = DType.Int32
      Pointers = DType.Int32
      Storage = storage }

let asArray numeric (values: float[]) : Array =
    match numeric with
    | DType.Bool -> Array.map (fun value -> value <> 0.0) values
    | DType.Int8 -> Array.map sbyte values
    | DType.UInt8 -> Array.map byte values
    | DType.Int16 -> Array.map int16 values
    | DType.UInt16 -> Array.map uint16 values
    | DType.Int32 -> Array.map int32 values
    | DType.UInt32 -> Array.map uint32 values
    | DType.Int64 -> Array.map int64 values
    | DType.UInt64 -> Array.map uint64 values
    | DType.Float32 -> Array.map float32 values
    | DType.Float64 -> values

let line storage (values: Array) =
    let chunks (size: int) =
        [| uint32 (max 1 (min size values.Length)) |]

    // PureHDF 2.2 keeps what has less than 64 KiB in the object header. The length of a message has two bytes, and it counts four
    // bytes beside the values, so that the last few sizes overflow and the file is damaged.
    let overflows = Buffer.ByteLength values > 65531 && Buffer.ByteLength values < 65536

    match storage with
    | _ when values.Length = 0 -> H5Dataset values
    | Unchunked when overflows -> H5Dataset(values, chunks = chunks values.Length)
    | Unchunked -> H5Dataset values
    | InChunks size -> H5Dataset(values, chunks = chunks size)
    | Gzipped size ->
        let filters =
            List<H5Filter> [ H5Filter ShuffleFilter.Id; H5Filter DeflateFilter.Id ]

        H5Dataset(values, chunks = chunks size, datasetCreation = H5DatasetCreation(Filters = filters))

let group kind (members: (string * obj) list) =
    let group = H5Group()
    group.Attributes["encoding-type"] <- (kind: string)
    members |> List.iter (fun (name, value) -> group[name] <- value)
    group

let frame (index: obj) (columns: (string * obj) list) =
    let frame = group "dataframe" (("_index", index) :: columns)
    frame.Attributes["_index"] <- "_index"

    if not columns.IsEmpty then
        frame.Attributes["column-order"] <- (columns |> List.map fst |> Array.ofList)

    frame

let names prefix count =
    H5Dataset(Array.init count (fun i -> $"{prefix}{i}"))

/// The three arrays of compressed sparse rows.
let csr (rows: (int * float) list list) =
    let all = List.concat rows

    let pointers =
        rows |> List.map _.Length |> List.scan (+) 0 |> List.map float |> Array.ofList

    all |> List.map (snd >> float) |> Array.ofList, all |> List.map (fst >> float) |> Array.ofList, pointers

/// A root group with X, obs and var; whatever is in `others` replaces or joins these.
let file stored genes (values: float[], indices: float[], pointers: float[]) (others: (string * obj) list) =
    let x =
        group
            "csr_matrix"
            [ "data", line stored.Storage (asArray stored.Values values)
              "indices", line stored.Storage (asArray stored.Indices indices)
              "indptr", line stored.Storage (asArray stored.Pointers pointers) ]

    let cells = pointers.Length - 1
    x.Attributes["shape"] <- [| int64 cells; int64 genes |]
    let file = H5File()

    for name, value in
        [ "X", box x
          "obs", frame (names "cell" cells) []
          "var", frame (names "gene" genes) [] ]
        @ others do
        file[name] <- value

    file

let write (path: string) stored (rows: Rows) =
    (file stored rows.Genes (csr rows.Rows) []).Write path

/// The same matrix as NewFile takes it.
let counts (rows: Rows) : Counts =
    let values, indices, pointers = csr rows.Rows

    { CellNames = Array.init rows.Rows.Length (fun i -> $"cell{i}")
      GeneNames = Array.init rows.Genes (fun i -> $"gene{i}")
      Indptr = Array.map int pointers
      Indices = Array.map int indices
      Data = Array.map float32 values }

/// Rows as they went by, with the places that their row batches claim.
let transcript: Fold<RowBatch, (int64 * int64 * (int * float) list) list> =
    let rowsOf (rowBatch: RowBatch) =
        [ for row in 0 .. rowBatch.Cells - 1 do
              let low, high = rowBatch.Offsets[row], rowBatch.Offsets[row + 1]

              rowBatch.FirstCell + int64 row,
              rowBatch.FirstValue + int64 low,
              [ for i in low .. high - 1 -> rowBatch.Genes[i], rowBatch.Values[i] ] ]

    Fold.ofSteps
        { Fresh = fun () -> []
          Step = fun seen rowBatch -> rowsOf rowBatch :: seen
          Merge = fun left right -> right @ left
          Finish = List.rev >> List.concat }

/// What a transcript of the rows must be.
let expected (rows: (int * float) list list) =
    let starts = rows |> List.map (fun row -> int64 row.Length) |> List.scan (+) 0L
    List.mapi2 (fun i start row -> int64 i, start, row) (List.truncate rows.Length starts) rows

let schedule (AnySchedule(workers, window)) =
    { Blocks.sequential with
        Workers = workers
        Window = window }

let read path schedule valuesPerBatch =
    use file = GenFiles.openRead path
    Blocks.run schedule (Reader.rows file.Store.Disk file.X valuesPerBatch) Sink.none transcript

/// More rows than one block has, with few values each.
let manyRows =
    { Genes = 50
      Rows = [ for cell in 0..9999 -> [ for i in 0 .. cell % 4 - 1 -> (cell * 7 + i * 13) % 50, float (1 + cell % 9) ] ] }
