/// The type that numbers of two types have in common, as NumPy promotes them.
namespace SingleSharp.Core

open System
open System.Runtime.InteropServices

[<RequireQualifiedAccess>]
module Promotion =
    let private signed size =
        match size with
        | 1 -> Numeric.Int8
        | 2 -> Numeric.Int16
        | 4 -> Numeric.Int32
        | 8 -> Numeric.Int64
        | _ -> Numeric.Float64

    /// numpy.result_type of two types of numbers; truth values have something in common only with each other.
    /// Law (common type): it does not depend on the order, and holds every number of both that float64 holds.
    let common left right =
        let size = max (Numeric.size left) (Numeric.size right)

        match left, right with
        | _ when left = right -> Some left
        | Numeric.Bool, _
        | _, Numeric.Bool -> None
        | _ when Numeric.isFloat left && Numeric.isFloat right -> Some Numeric.Float64
        | _ when Numeric.isFloat left || Numeric.isFloat right ->
            let whole, real = if Numeric.isFloat left then right, left else left, right
            Some(if Numeric.size whole <= 2 then real else Numeric.Float64)
        | _ when Numeric.isUnsigned left = Numeric.isUnsigned right -> Some(if Numeric.size left = size then left else right)
        | _ ->
            let unsigned = if Numeric.isUnsigned left then left else right
            Some(signed (max size (2 * Numeric.size unsigned)))

    let private toFloat numeric (bytes: byte[]) =
        match numeric with
        | Numeric.Float64 -> MemoryMarshal.Cast<byte, float>(Span bytes).ToArray()
        | Numeric.Float32 -> MemoryMarshal.Cast<byte, float32>(Span bytes).ToArray() |> Array.map float
        | _ ->
            let numbers = Array.zeroCreate<int64>(bytes.Length / Numeric.size numeric)
            Whole.decode (Numeric.datatype numeric) (Span bytes) numbers
            numbers |> Array.map (if numeric = Numeric.UInt64 then uint64 >> float else float)

    /// Real numbers, those that are missing as what is no number.
    let withoutNumber numeric (struct (bytes: byte[], missing: bool[])) =
        let target = Array.copy bytes

        if numeric = Numeric.Float32 then
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
            let count = bytes.Length / Numeric.size before
            let target = Array.zeroCreate (count * Numeric.size after)

            match after with
            | Numeric.Float64 -> MemoryMarshal.AsBytes(Span(toFloat before bytes)).CopyTo(Span target)
            | Numeric.Float32 -> MemoryMarshal.AsBytes(Span(toFloat before bytes |> Array.map float32)).CopyTo(Span target)
            | _ ->
                let numbers = Array.zeroCreate<int64> count
                Whole.decode (Numeric.datatype before) (Span(Array.copy bytes)) numbers
                Whole.encode (Numeric.datatype after) numbers (Span target)

            target
