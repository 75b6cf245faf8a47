/// Values as a table shows them: in the words of pandas, with few digits.
namespace SingleSharp.Core.Run

open System
open System.Globalization
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal HeadText =
    let private invariant = CultureInfo.InvariantCulture

    let private missing = "NaN"
    let private unknown = "<NA>"

    let real (value: float) =
        if Double.IsNaN value then missing
        elif Double.IsInfinity value then (if value > 0.0 then "inf" else "-inf")
        else value.ToString("G6", invariant).Replace('E', 'e')

    let private truth isTrue = if isTrue then "True" else "False"

    /// A value of a matrix of this type.
    let number numeric (value: float) =
        match numeric with
        | DType.Bool -> truth (value <> 0.0)
        | _ when DType.isFloat numeric -> real value
        | _ -> value.ToString("0", invariant)

    /// Little-endian values of this type.
    let private numbers numeric (bytes: byte[]) =
        match numeric with
        | DType.Bool -> bytes |> Array.map (fun byte -> truth (byte <> 0uy))
        | _ when DType.isFloat numeric -> ResultType.toFloat numeric bytes |> Array.map real
        | _ ->
            let wholes: int64[] = Array.zeroCreate (bytes.Length / DType.size numeric)
            Integers.decode (DType.datatype numeric) (Span bytes) wholes

            wholes
            |> Array.map (fun whole -> if numeric = DType.UInt64 then (uint64 whole).ToString invariant else whole.ToString invariant)

    let private labels (labels: Labels) =
        match labels with
        | Labels.Texts texts -> texts
        | Labels.Numbers(numeric, bytes) -> numbers numeric (Array.copy bytes)

    /// The type of a column, and its first values.
    let column rows (field: Column) =
        let first (texts: seq<string>) =
            texts |> Seq.truncate rows |> Array.ofSeq

        match field with
        | Column.Numbers(numeric, batches) -> DType.name numeric, batches |> Seq.collect (numbers numeric) |> first
        | Column.NumbersOrNone(numeric, batches) ->
            $"nullable {DType.name numeric}",
            batches
            |> Seq.collect (fun (struct (bytes, isMissing)) ->
                Array.map2 (fun text isMissing -> if isMissing then unknown else text) (numbers numeric bytes) isMissing)
            |> first
        | Column.Texts texts -> "string", first texts
        | Column.TextsOrNone(naValue, texts) ->
            let none =
                match naValue with
                | Some value when value.ToLowerInvariant() = "nan" -> missing
                | _ -> unknown

            "string", texts |> Seq.map (ValueOption.defaultValue none) |> first
        | Column.Categories(stored, _, codes) ->
            let names = labels stored
            "category", codes |> Seq.map (fun code -> if code < 0 then missing else names[code]) |> first
