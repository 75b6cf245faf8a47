/// Bytes or bits of the same place in each element, put beside each other.
namespace SingleSharp.Core.Hdf5

open System

[<RequireQualifiedAccess>]
module internal Shuffling =
    /// The first bytes of all elements, then the second ones, and so on; what is no whole element stays at the end.
    let shuffle (size: int) (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let count = source.Length / size

        for j in 0 .. size - 1 do
            let plane = target.Slice(j * count, count)

            for i in 0 .. count - 1 do
                plane[i] <- source[i * size + j]

        source.Slice(count * size).CopyTo(target.Slice(count * size))

    /// Law (shuffle): unshuffle (shuffle bytes) = bytes.
    let unshuffle (size: int) (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let count = source.Length / size

        for j in 0 .. size - 1 do
            let plane = source.Slice(j * count, count)

            for i in 0 .. count - 1 do
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
