/// Numbers as pandas' to_csv and Python's str write them.
namespace SingleSharp.Core.Export

open System
open System.Buffers.Text
open System.Globalization
open System.Runtime.InteropServices
open SingleSharp.Core

[<RequireQualifiedAccess>]
module internal NumberText =
    /// Bytes that a number takes at most.
    let private most = 40

    /// Room to write one in: behind the number stands what it is made of.
    let room = 2 * most

    let private zero = byte '0'

    /// Lays out the shortest digits that .NET gives, such as 1E-05, as Python does: with a point unless there is an exponent, which has
    /// two digits at least. Returns how many bytes there are.
    let private layOut (text: Span<byte>) isPositional (target: Span<byte>) =
        let isNegative = text[0] = byte '-'
        // The digits move to the beginning of the text, without zeros before the first one.
        let mutable count = 0
        let mutable before = 0
        let mutable zerosBehind = 0
        let mutable exponent = 0
        let mutable isBehind = false
        let mutable at = if isNegative then 1 else 0

        while at < text.Length do
            let c = text[at]

            if c = byte 'E' then
                let sign = if text[at + 1] = byte '-' then -1 else 1

                for place in at + 2 .. text.Length - 1 do
                    exponent <- 10 * exponent + sign * int (text[place] - zero)

                at <- text.Length
            elif c = byte '.' then
                isBehind <- true
            elif count = 0 && c = zero then
                if isBehind then
                    zerosBehind <- zerosBehind + 1
            else
                text[count] <- c
                count <- count + 1

                if not isBehind then
                    before <- before + 1

            at <- at + 1

        /// How many of the digits stand before the point; negative where zeros stand behind it first.
        let point = (if before > 0 then before else -zerosBehind) + exponent
        let mutable used = 0

        if isNegative then
            target[0] <- byte '-'
            used <- 1

        if count = 0 then
            target[used] <- zero
            target[used + 1] <- byte '.'
            target[used + 2] <- zero
            used + 3
        elif isPositional then
            for i in min 0 (point - 1) .. max count (point + 1) - 1 do
                if i = point then
                    target[used] <- byte '.'
                    used <- used + 1

                target[used] <- if i >= 0 && i < count then text[i] else zero
                used <- used + 1

            used
        else
            while count > 1 && text[count - 1] = zero do
                count <- count - 1

            for i in 0 .. count - 1 do
                if i = 1 then
                    target[used] <- byte '.'
                    used <- used + 1

                target[used] <- text[i]
                used <- used + 1

            let power = point - 1
            target[used] <- byte 'e'
            target[used + 1] <- if power < 0 then byte '-' else byte '+'
            let mutable written = 0
            Utf8Formatter.TryFormat(abs power, target.Slice(used + 2), &written, Buffers.StandardFormat('D', 2uy)) |> ignore
            used + 2 + written

    let private word (text: string) (target: Span<byte>) =
        for i in 0 .. text.Length - 1 do
            target[i] <- byte text[i]

        text.Length

    /// NumPy and Python write what lies in this range without an exponent.
    let private isUsual (size: float) =
        size = 0.0 || size >= 1e-4 && size < 1e16

    let float64 (value: float) (target: Span<byte>) =
        if Double.IsNaN value then
            0
        elif Double.IsInfinity value then
            word (if value > 0.0 then "inf" else "-inf") target
        else
            let text = target.Slice(most, most)
            let mutable length = 0
            value.TryFormat(text, &length, "R".AsSpan(), CultureInfo.InvariantCulture) |> ignore
            layOut (text.Slice(0, length)) (isUsual (abs value)) target

    let float32 (value: float32) (target: Span<byte>) =
        if Single.IsNaN value || Single.IsInfinity value then
            float64 (float value) target
        else
            let text = target.Slice(most, most)
            let mutable length = 0
            value.TryFormat(text, &length, "R".AsSpan(), CultureInfo.InvariantCulture) |> ignore
            // As float64: 0.0001 is a little less as a float32, and NumPy writes 1e-04.
            layOut (text.Slice(0, length)) (isUsual (abs (float value))) target

    let private signed (value: int64) (target: Span<byte>) =
        let mutable written = 0
        Utf8Formatter.TryFormat(value, target, &written) |> ignore
        written

    let private unsigned (value: uint64) (target: Span<byte>) =
        let mutable written = 0
        Utf8Formatter.TryFormat(value, target, &written) |> ignore
        written

    /// The number at a place among the little-endian bytes of numbers; NaN is nothing. Returns how many bytes it takes; the target has `room` of them.
    let write numeric (bytes: byte[]) (place: int) (target: Span<byte>) =
        let value = ReadOnlySpan(bytes, place * DType.size numeric, DType.size numeric)

        match numeric with
        | DType.Bool -> word (if value[0] <> 0uy then "True" else "False") target
        | DType.Int8 -> signed (int64 (sbyte value[0])) target
        | DType.UInt8 -> unsigned (uint64 value[0]) target
        | DType.Int16 -> signed (int64 (MemoryMarshal.Read<int16> value)) target
        | DType.UInt16 -> unsigned (uint64 (MemoryMarshal.Read<uint16> value)) target
        | DType.Int32 -> signed (int64 (MemoryMarshal.Read<int32> value)) target
        | DType.UInt32 -> unsigned (uint64 (MemoryMarshal.Read<uint32> value)) target
        | DType.Int64 -> signed (MemoryMarshal.Read<int64> value) target
        | DType.UInt64 -> unsigned (MemoryMarshal.Read<uint64> value) target
        | DType.Float32 -> float32 (MemoryMarshal.Read<float32> value) target
        | DType.Float64 -> float64 (MemoryMarshal.Read<float> value) target

    /// The same as text.
    let text numeric bytes place =
        let target: byte[] = Array.zeroCreate room
        let length = write numeric bytes place (Span target)
        Text.Encoding.ASCII.GetString(target, 0, length)
