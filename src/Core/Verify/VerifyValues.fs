/// What the values of a matrix are, told while they are decoded anyway: how many are no numbers, and how many no counts.
namespace SingleSharp.Core.Verify

open System
open System.Runtime.InteropServices
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5

/// Counts odd values of one dataset, piece by piece in any order.
[<Sealed>]
type internal ValueTally(dataset: Dataset) =
    let size = dataset.ElementSize

    /// Bytes that are looked at at a time, of which a copy may be made.
    let pieceBytes = 65536 / size * size |> max size

    let piece: byte[] = Array.zeroCreate pieceBytes
    let whole: int64[] = Array.zeroCreate (pieceBytes / size)
    let mutable notFinite = 0L
    let mutable negative = 0L

    let datatype =
        match dataset.Type with
        | Float(size, true) -> Float(size, false)
        | other -> other

    let look (bytes: Span<byte>) =
        match datatype with
        | Float(8, _) ->
            for value in MemoryMarshal.Cast<byte, float> bytes do
                if not (Double.IsFinite value) then
                    notFinite <- notFinite + 1L
                elif value < 0.0 then
                    negative <- negative + 1L
        | Float(4, _) ->
            for value in MemoryMarshal.Cast<byte, float32> bytes do
                if not (Single.IsFinite value) then
                    notFinite <- notFinite + 1L
                elif value < 0.0f then
                    negative <- negative + 1L
        | Float(2, _) ->
            for value in MemoryMarshal.Cast<byte, Half> bytes do
                if not (Half.IsFinite value) then
                    notFinite <- notFinite + 1L
                elif Half.IsNegative value && value <> Half.Zero then
                    negative <- negative + 1L
        | Integer(_, true, _) ->
            Integers.decode datatype bytes whole

            for i in 0 .. bytes.Length / size - 1 do
                if whole[i] < 0L then
                    negative <- negative + 1L
        | _ -> ()

    /// Can values of its type be odd at all?
    let isNumeric =
        match datatype with
        | Float((2 | 4 | 8), _) -> true
        | Integer(_, true, _) -> Integers.isStored datatype
        | _ -> false

    /// The values of some bytes, which stay as they are.
    member _.Add(bytes: ReadOnlySpan<byte>) =
        if isNumeric then
            for at in 0..pieceBytes .. bytes.Length - 1 do
                let now = Span(piece, 0, min pieceBytes (bytes.Length - at))
                bytes.Slice(at, now.Length).CopyTo now

                match dataset.Type with
                | Float(size, true) -> Integers.swap size now
                | _ -> ()

                look now

    /// The values of a chunk, by its place in row-major order, that lie within the dataset.
    member tally.AddChunk(chunks: Chunks, index: int, bytes: byte[]) =
        let rank = chunks.Shape.Length
        let valid: int64[] = Array.zeroCreate rank
        let mutable rest = int64 index

        for d in rank - 1 .. -1 .. 0 do
            let start = rest % chunks.Counts[d] * chunks.Shape[d]
            valid[d] <- min chunks.Shape[d] (dataset.Dims[d] - start)
            rest <- rest / chunks.Counts[d]

        let strides =
            Array.scanBack (fun (extent: int64) stride -> stride * extent) (Array.tail chunks.Shape) (int64 size)

        // What follows the last dimension along which the chunk reaches beyond the dataset lies contiguous.
        let cut = max 0 (Array.FindLastIndex(Array.map2 (<) valid chunks.Shape, id))

        let rec along d (from: int64) =
            if d = cut then
                tally.Add(ReadOnlySpan(bytes, int from, int (valid[d] * strides[d])))
            else
                for i in 0L .. valid[d] - 1L do
                    along (d + 1) (from + i * strides[d])

        along 0 0L

    /// Notes what was counted.
    member _.Tell(findings: FindingList) =
        if notFinite > 0L then
            findings.Note dataset.Path $"""{Plural.say notFinite "of its values is" "of its values are"} NaN or infinite"""

        if negative > 0L then
            findings.Note dataset.Path $"""{Plural.say negative "of its values is" "of its values are"} negative, which counts are not"""
