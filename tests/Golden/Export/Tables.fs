/// Parquet files and record batches, read back and written as the CSV of the same table.
module internal SingleSharp.Golden.Tables

open System
open System.IO
open System.Runtime.InteropServices
open System.Text
open Apache.Arrow
open Parquet
open Parquet.Schema
open SingleSharp.Core
open SingleSharp.Core.Export
open SingleSharp.Arrow

/// A field of a row; none where a value is missing.
type private Cell = string option

let private numberOf<'v when 'v: struct and 'v: (new: unit -> 'v) and 'v :> ValueType> numeric (value: 'v) : Cell =
    let bytes = MemoryMarshal.AsBytes(ReadOnlySpan [| value |]).ToArray()
    Some(NumberText.text numeric bytes 0)

let private dtypeOf (kind: Type) =
    match kind.Name with
    | "SByte" -> DType.Int8
    | "Byte" -> DType.UInt8
    | "Int16" -> DType.Int16
    | "UInt16" -> DType.UInt16
    | "Int32" -> DType.Int32
    | "UInt32" -> DType.UInt32
    | "Int64" -> DType.Int64
    | "UInt64" -> DType.UInt64
    | "Single" -> DType.Float32
    | "Double" -> DType.Float64
    | "Boolean" -> DType.Bool
    | other -> failwith $"no column is of {other}"

let private csv (header: string list) (rows: seq<Cell list>) =
    use stream = new MemoryStream()
    let lines = CsvLines stream
    header |> List.iter lines.Text
    lines.End()

    for row in rows do
        row
        |> List.iter (fun cell ->
            match cell with
            | Some text -> lines.Text text
            | None -> lines.Nothing())

        lines.End()

    lines.Flush()
    stream.ToArray()

/// The index of a frame that calls it nothing has no name in CSV, and one with the name of a column has it there too.
let private header (names: string list) =
    match names with
    | "__index_level_0__" :: others -> "" :: others
    | index :: others when index.EndsWith '_' && List.contains (index.TrimEnd '_') others -> index.TrimEnd '_' :: others
    | names -> names

let private transposed rows (columns: (int -> Cell) list) =
    [ for row in 0 .. rows - 1 -> columns |> List.map (fun column -> column row) ]

let private ofField (group: ParquetRowGroupReader) rows (field: DataField) : int -> Cell =
    let numbers (_: 'v) : int -> Cell =
        let numeric = dtypeOf typeof<'v>

        if field.IsNullable then
            let values: Nullable<'v>[] = Array.zeroCreate rows
            group.ReadAsync<'v>(field, Memory values).AsTask().GetAwaiter().GetResult()
            fun row -> if values[row].HasValue then numberOf numeric values[row].Value else None
        else
            let values: 'v[] = Array.zeroCreate rows
            group.ReadAsync<'v>(field, Memory values).AsTask().GetAwaiter().GetResult()
            fun row -> numberOf numeric values[row]

    match field.ClrType with
    | kind when kind = typeof<ReadOnlyMemory<char>> ->
        let values: string[] = Array.zeroCreate rows
        group.ReadAsync(field, Memory values).AsTask().GetAwaiter().GetResult()
        fun row -> Option.ofObj values[row]
    | kind ->
        match dtypeOf kind with
        | DType.Int8 -> numbers 0y
        | DType.UInt8 -> numbers 0uy
        | DType.Int16 -> numbers 0s
        | DType.UInt16 -> numbers 0us
        | DType.Int32 -> numbers 0
        | DType.UInt32 -> numbers 0u
        | DType.Int64 -> numbers 0L
        | DType.UInt64 -> numbers 0UL
        | DType.Float32 -> numbers 0.0f
        | DType.Float64 -> numbers 0.0
        | DType.Bool -> numbers false

/// The rows of a Parquet file, how many groups they come in, and what the file tells of itself.
let ofParquet (path: string) =
    let reader = ParquetReader.CreateAsync(path).GetAwaiter().GetResult()

    try
        let fields = reader.Schema.DataFields |> List.ofArray

        let rows =
            [ for at in 0 .. reader.RowGroupCount - 1 do
                  use group = reader.OpenRowGroupReader at
                  let rows = int group.RowCount
                  yield! fields |> List.map (ofField group rows) |> transposed rows ]

        csv (fields |> List.map _.Name |> header) rows, reader.RowGroupCount, reader.CustomMetadata
    finally
        reader.DisposeAsync().AsTask().GetAwaiter().GetResult()

let rec private ofArray (array: IArrowArray) : int -> Cell =
    let numbers (array: PrimitiveArray<'v>) : int -> Cell =
        let numeric = dtypeOf typeof<'v>

        fun row ->
            match array.GetValue row with
            | value when value.HasValue -> numberOf numeric value.Value
            | _ -> None

    match array with
    | :? StringArray as texts -> fun row -> Option.ofObj (texts.GetString row)
    | :? DictionaryArray as categories ->
        let codes = categories.Indices :?> Int32Array
        let labels = ofArray categories.Dictionary
        fun row -> codes.GetValue row |> Option.ofNullable |> Option.bind labels
    | :? BooleanArray as flags -> fun row -> flags.GetValue row |> Option.ofNullable |> Option.map string
    | :? Int8Array as array -> numbers array
    | :? UInt8Array as array -> numbers array
    | :? Int16Array as array -> numbers array
    | :? UInt16Array as array -> numbers array
    | :? Int32Array as array -> numbers array
    | :? UInt32Array as array -> numbers array
    | :? Int64Array as array -> numbers array
    | :? UInt64Array as array -> numbers array
    | :? FloatArray as array -> numbers array
    | :? DoubleArray as array -> numbers array
    | other -> failwith $"no column is a {other.GetType().Name}"

/// All batches that a reader has.
let ofBatches (reader: ArrowReader) =
    let names = [ for field in reader.Schema.FieldsList -> field.Name ]

    let rows =
        Seq.initInfinite (fun _ -> reader.ReadNextRecordBatchAsync().AsTask().Result)
        |> Seq.takeWhile (fun batch -> not (isNull batch))
        |> Seq.collect (fun batch -> batch.Arrays |> List.ofSeq |> List.map ofArray |> transposed batch.Length)

    csv (header names) rows
