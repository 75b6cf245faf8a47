/// The type that numbers of two types have in common, as NumPy promotes them.
namespace SingleSharp.Core.AnnData

open System
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Hdf5

[<RequireQualifiedAccess>]
module internal ResultType =
    let private signed size =
        match size with
        | 1 -> DType.Int8
        | 2 -> DType.Int16
        | 4 -> DType.Int32
        | 8 -> DType.Int64
        | _ -> DType.Float64

    /// numpy.result_type of two types of numbers; booleans have something in common only with each other.
    /// Law (common type): it does not depend on the order, and holds every number of both that float64 holds.
    let common left right =
        let size = max (DType.size left) (DType.size right)

        match left, right with
        | _ when left = right -> Some left
        | DType.Bool, _
        | _, DType.Bool -> None
        | _ when DType.isFloat left && DType.isFloat right -> Some DType.Float64
        | _ when DType.isFloat left || DType.isFloat right ->
            let whole, real = if DType.isFloat left then right, left else left, right
            Some(if DType.size whole <= 2 then real else DType.Float64)
        | _ when DType.isUnsigned left = DType.isUnsigned right -> Some(if DType.size left = size then left else right)
        | _ ->
            let unsigned = if DType.isUnsigned left then left else right
            Some(signed (max size (2 * DType.size unsigned)))

    /// numpy.result_type of several types, of one at least. Real ones come first: int16, uint16 and float32 are float32 together,
    /// although int16 and uint16 alone would be int32, which float32 does not hold.
    /// Law (of all): it does not depend on the order, nor on how often a type occurs.
    let ofAll types =
        match types |> List.sortBy (DType.isFloat >> not) with
        | [] -> invalidOp "no type at all"
        | first :: others -> (Some first, others) ||> List.fold (fun found other -> found |> Option.bind (common other))

    /// Little-endian numbers, or booleans as 0 and 1, as float64, which holds all but large 64-bit integers.
    let toFloat numeric (bytes: byte[]) =
        match numeric with
        | DType.Bool -> bytes |> Array.map (fun byte -> if byte = 0uy then 0.0 else 1.0)
        | DType.Float64 -> MemoryMarshal.Cast<byte, float>(Span bytes).ToArray()
        | DType.Float32 -> MemoryMarshal.Cast<byte, float32>(Span bytes).ToArray() |> Array.map float
        | _ ->
            let numbers = Array.zeroCreate<int64>(bytes.Length / DType.size numeric)
            Integers.decode (DType.datatype numeric) (Span bytes) numbers
            numbers |> Array.map (if numeric = DType.UInt64 then uint64 >> float else float)

    /// Real numbers, those that are missing as what is no number.
    let withoutNumber numeric (struct (bytes: byte[], missing: bool[])) =
        let target = Array.copy bytes

        if numeric = DType.Float32 then
            let numbers = MemoryMarshal.Cast<byte, float32>(Span target)

            for row in 0 .. missing.Length - 1 do
                if missing[row] then
                    numbers[row] <- Single.NaN
        else
            let numbers = MemoryMarshal.Cast<byte, float>(Span target)

            for row in 0 .. missing.Length - 1 do
                if missing[row] then
                    numbers[row] <- Double.NaN

        target

    /// Little-endian numbers of one type in another that holds them.
    let convert before after (bytes: byte[]) =
        if before = after then
            bytes
        else
            let count = bytes.Length / DType.size before
            let target = Array.zeroCreate (count * DType.size after)

            match after with
            | DType.Float64 -> MemoryMarshal.AsBytes(Span(toFloat before bytes)).CopyTo(Span target)
            | DType.Float32 -> MemoryMarshal.AsBytes(Span(toFloat before bytes |> Array.map float32)).CopyTo(Span target)
            | _ ->
                let numbers = Array.zeroCreate<int64> count
                Integers.decode (DType.datatype before) (Span(Array.copy bytes)) numbers
                Integers.encode (DType.datatype after) numbers (Span target)

            target
