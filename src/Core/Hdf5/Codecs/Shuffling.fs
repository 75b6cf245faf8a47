/// Bytes or bits of the same place in each element, put beside each other.
namespace SingleSharp.Core.Hdf5

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

[<RequireQualifiedAccess>]
module internal Shuffling =
    /// Swaps rows and columns of 4 × 4 bytes.
    let private transpose (bytes: Vector128<byte>) =
        Vector128.Shuffle(bytes, Vector128.Create(0uy, 4uy, 8uy, 12uy, 1uy, 5uy, 9uy, 13uy, 2uy, 6uy, 10uy, 14uy, 3uy, 7uy, 11uy, 15uy))

    /// Takes elements of four bytes apart, four at a time, and says how many.
    let private shuffleFours count (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let fours = count / 4

        for four in 0 .. fours - 1 do
            let planes =
                (transpose (MemoryMarshal.Read<Vector128<byte>>(source.Slice(16 * four, 16)))).AsUInt32()

            for j in 0..3 do
                let plane = planes[j]
                MemoryMarshal.Write(target.Slice(j * count + 4 * four, 4), &plane)

        4 * fours

    /// Puts elements of four bytes together, four at a time, and says how many.
    let private unshuffleFours count (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let fours = count / 4

        for four in 0 .. fours - 1 do
            let planes =
                Vector128.Create(
                    MemoryMarshal.Read<uint32>(source.Slice(4 * four, 4)),
                    MemoryMarshal.Read<uint32>(source.Slice(count + 4 * four, 4)),
                    MemoryMarshal.Read<uint32>(source.Slice(2 * count + 4 * four, 4)),
                    MemoryMarshal.Read<uint32>(source.Slice(3 * count + 4 * four, 4))
                )

            (transpose (planes.AsByte())).CopyTo(target.Slice(16 * four, 16))

        4 * fours

    /// The first bytes of all elements, then the second ones, and so on; what is no whole element stays at the end.
    let shuffle (size: int) (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let count = source.Length / size
        let first = if size = 4 then shuffleFours count source target else 0

        for j in 0 .. size - 1 do
            let plane = target.Slice(j * count, count)

            for i in first .. count - 1 do
                plane[i] <- source[i * size + j]

        source.Slice(count * size).CopyTo(target.Slice(count * size))

    /// Law (shuffle): unshuffle (shuffle bytes) = bytes.
    let unshuffle (size: int) (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let count = source.Length / size
        let first = if size = 4 then unshuffleFours count source target else 0

        for j in 0 .. size - 1 do
            let plane = source.Slice(j * count, count)

            for i in first .. count - 1 do
                target[i * size + j] <- plane[i]

        source.Slice(count * size).CopyTo(target.Slice(count * size))

    /// Undoes Blosc's bitshuffle: bit k of byte j of all elements, element i in bit i mod 8 of byte i / 8. Elements whose number is no multiple of
    /// eight were left as they are.
    let unshuffleBits (size: int) (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let count = source.Length / size

        if count % 8 <> 0 then
            source.CopyTo target
        else
            target.Slice(0, count * size).Clear()

            for row in 0 .. 8 * size - 1 do
                let bits = source.Slice(row * (count / 8), count / 8)
                let bit = row % 8

                for eight in 0 .. bits.Length - 1 do
                    let here = int bits[eight]
                    let at = 8 * eight * size + row / 8

                    for i in 0..7 do
                        let place = at + i * size
                        target[place] <- target[place] ||| byte ((here >>> i &&& 1) <<< bit)

            source.Slice(count * size).CopyTo(target.Slice(count * size))

/// HDF5's shuffle filter.
[<RequireQualifiedAccess>]
module internal Shuffle =
    /// The bytes of an element are the filter's parameter.
    let private start (parameters: uint32[]) size =
        let element =
            if parameters.Length > 0 && parameters[0] > 0u && parameters[0] <= uint32 size then
                int parameters[0]
            else
                1

        { new ICodec with
            member _.Decode(source, length, target) =
                Shuffling.unshuffle element (ReadOnlySpan(source, 0, length)) (Span target)
                length

            member _.Encode(source, length, target) =
                Shuffling.shuffle element (ReadOnlySpan(source, 0, length)) (Span target)
                length }

    let codec =
        { Id = 2
          Name = "shuffle"
          Length = CodecLength.Same
          NeedsParameters = true
          OwnMemory = fun _ _ -> 0L
          Start = start }
