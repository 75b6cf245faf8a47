/// The values of a column as arrays of .NET types.
namespace SingleSharp.Core.Opened

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Export

[<RequireQualifiedAccess>]
module internal ColumnValues =
    /// Rows that come at a time.
    let private pieceRows = 16384

    /// The .NET type of a number.
    let typeOf numeric =
        match numeric with
        | DType.Int8 -> typeof<sbyte>
        | DType.UInt8 -> typeof<byte>
        | DType.Int16 -> typeof<int16>
        | DType.UInt16 -> typeof<uint16>
        | DType.Int32 -> typeof<int>
        | DType.UInt32 -> typeof<uint32>
        | DType.Int64 -> typeof<int64>
        | DType.UInt64 -> typeof<uint64>
        | DType.Float32 -> typeof<float32>
        | DType.Float64 -> typeof<float>
        | DType.Bool -> typeof<bool>

    let private cast<'t when 't: struct and 't: (new: unit -> 't) and 't :> ValueType> (bytes: byte[]) : Array =
        MemoryMarshal.Cast<byte, 't>(Span bytes).ToArray()

    /// Little-endian numbers as an array of their own type.
    let exact numeric (bytes: byte[]) : Array =
        match numeric with
        | DType.Int8 -> cast<sbyte> bytes
        | DType.UInt8 -> cast<byte> bytes
        | DType.Int16 -> cast<int16> bytes
        | DType.UInt16 -> cast<uint16> bytes
        | DType.Int32 -> cast<int> bytes
        | DType.UInt32 -> cast<uint32> bytes
        | DType.Int64 -> cast<int64> bytes
        | DType.UInt64 -> cast<uint64> bytes
        | DType.Float32 -> cast<float32> bytes
        | DType.Float64 -> cast<float> bytes
        | DType.Bool -> Array.map ((<>) 0uy) bytes

    let private whole numeric (bytes: byte[]) =
        let numbers: int64[] = Array.zeroCreate (bytes.Length / DType.size numeric)

        if numeric = DType.Bool then
            bytes |> Array.iteri (fun i byte -> numbers[i] <- if byte = 0uy then 0L else 1L)
        else
            Integers.decode (DType.datatype numeric) (Span(Array.copy bytes)) numbers

        numbers

    /// Can a type hold every number of another exactly, as far as this offers it: float64 any (64-bit integers rounded), int64 and int32
    /// narrower integers?
    let private converts numeric (wanted: Type) =
        let isWhole = not (DType.isFloat numeric)

        wanted = typeOf numeric
        || wanted = typeof<float>
        || (wanted = typeof<float32> && isWhole && DType.size numeric <= 2)
        || (wanted = typeof<int64> && isWhole && numeric <> DType.UInt64)
        || (wanted = typeof<int> && isWhole && DType.size numeric <= 2)

    let private converted numeric (wanted: Type) (bytes: byte[]) : Array =
        if wanted = typeOf numeric then exact numeric bytes
        elif wanted = typeof<float> then ResultType.toFloat numeric bytes
        elif wanted = typeof<float32> then Array.map float32 (whole numeric bytes)
        elif wanted = typeof<int64> then whole numeric bytes
        else Array.map int (whole numeric bytes)

    let private refuse path what (wanted: Type) others : 'a =
        let name (wanted: Type) =
            match Nullable.GetUnderlyingType wanted with
            | null -> wanted.Name
            | inner -> $"{inner.Name}?"

        invalidOp $"{path} holds {what}, which cannot be read as {name wanted}; read it as {others}."

    let private missingAs path (wanted: Type) : 'a =
        invalidOp $"{path} has missing values, which {wanted.Name} has no room for; read it as {wanted.Name}? (Nullable)."

    let private nullable<'u when 'u: struct and 'u: (new: unit -> 'u) and 'u :> ValueType> (values: Array) (missing: bool[]) : Array =
        Array.map2 (fun isMissing value -> if isMissing then Nullable() else Nullable value) missing (values :?> 'u[])

    /// Values of which some are missing, as an array of nullable ones.
    let private withMissing (values: Array) missing =
        match values.GetType().GetElementType() with
        | t when t = typeof<sbyte> -> nullable<sbyte> values missing
        | t when t = typeof<byte> -> nullable<byte> values missing
        | t when t = typeof<int16> -> nullable<int16> values missing
        | t when t = typeof<uint16> -> nullable<uint16> values missing
        | t when t = typeof<int> -> nullable<int> values missing
        | t when t = typeof<uint32> -> nullable<uint32> values missing
        | t when t = typeof<int64> -> nullable<int64> values missing
        | t when t = typeof<uint64> -> nullable<uint64> values missing
        | t when t = typeof<float32> -> nullable<float32> values missing
        | t when t = typeof<float> -> nullable<float> values missing
        | _ -> nullable<bool> values missing

    /// Numbers, of which those are missing that a mask marks, as an array of a wanted type.
    let private numbers path wanted numeric (bytes: byte[]) (missing: bool[]) : Array =
        let plain, isNullable =
            match Nullable.GetUnderlyingType wanted with
            | null -> wanted, false
            | inner -> inner, true

        if not (converts numeric plain) then
            refuse path $"{DType.name numeric} values" wanted $"{(typeOf numeric).Name}, or as Double"

        let values = converted numeric plain bytes

        if isNullable then
            withMissing values (if missing.Length = 0 then Array.zeroCreate values.Length else missing)
        elif not (Array.contains true missing) then
            values
        else
            match values with
            | :? (float[]) as floats when plain = typeof<float> ->
                Array.map2 (fun isMissing value -> if isMissing then nan else value) missing floats :> Array
            | _ -> missingAs path plain

    /// Little-endian numbers as an array of a type, none of them missing.
    let ofBytes<'T> path numeric bytes : 'T[] =
        unbox<'T[]>(numbers path typeof<'T> numeric bytes [||])

    /// What a category stands for, as text: what exports write.
    let texts labels = Table.labels labels

    /// Labels of numbers by their codes, row by row.
    let private labelBytes numeric (labels: byte[]) (codes: int[]) =
        let size = DType.size numeric
        let bytes = Array.zeroCreate (codes.Length * size)

        codes
        |> Array.iteri (fun row code ->
            if code >= 0 then
                Buffer.BlockCopy(labels, code * size, bytes, row * size, size))

        bytes

    let private arrays path (wanted: Type) column : seq<Array> =
        let isText = (wanted = typeof<string>)

        let refuseText what = refuse path what wanted "String"

        match column with
        | Column.Numbers(numeric, batches) -> batches |> Seq.map (fun bytes -> numbers path wanted numeric bytes [||])
        | Column.NumbersOrNone(numeric, batches) ->
            batches |> Seq.map (fun (struct (bytes, missing)) -> numbers path wanted numeric bytes missing)
        | Column.Texts texts when isText -> texts |> Seq.chunkBySize pieceRows |> Seq.map (fun texts -> texts :> Array)
        | Column.TextsOrNone(_, texts) when isText ->
            texts |> Seq.map (ValueOption.defaultValue null) |> Seq.chunkBySize pieceRows |> Seq.map (fun texts -> texts :> Array)
        | Column.Categories(labels, _, codes) when isText ->
            let names = texts labels

            codes
            |> Seq.map (fun code -> if code < 0 then null else names[code])
            |> Seq.chunkBySize pieceRows
            |> Seq.map (fun texts -> texts :> Array)
        | Column.Categories(Labels.Numbers(numeric, labels), _, codes) ->
            codes
            |> Seq.chunkBySize pieceRows
            |> Seq.map (fun codes ->
                numbers path wanted numeric (labelBytes numeric labels codes) (codes |> Array.map (fun code -> code < 0)))
        | Column.Texts _
        | Column.TextsOrNone _ -> refuseText "strings"
        | Column.Categories _ -> refuseText "categories of strings"

    /// The values of a column in arrays of a type, some rows at a time. What the type cannot hold is an InvalidOperationException.
    let pieces<'T> path column : seq<'T[]> =
        arrays path typeof<'T> column |> Seq.map (fun values -> unbox<'T[]> values)

    /// The values of N rows in one array.
    let read<'T> path (count: int64) column : 'T[] =
        let target: 'T[] = Array.zeroCreate (Checked.int count)
        let mutable next = 0

        for piece in pieces<'T> path column do
            piece.CopyTo(target, next)
            next <- next + piece.Length

        target

    /// All values, where nobody knows how many there are.
    let all<'T> path column : 'T[] = pieces<'T> path column |> Array.concat
