/// BloscLZ, the Blosc filter's own codec: FastLZ's second level.
namespace SingleSharp.Core.Hdf5

open System

[<RequireQualifiedAccess>]
module internal BloscLz =
    /// Distances that take more than 13 bits begin behind this one.
    let private mostShort = 8191

    /// Undoes the compression and says how many bytes there are; −1 where the stream is malformed or needs more room.
    let decompress (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let mutable from = 0
        let mutable into = 0
        let mutable sound = source.Length > 0

        while sound && from < source.Length do
            // The first byte's upper bits are a mark of the format.
            let control = if from = 0 then int source[0] &&& 31 else int source[from]
            from <- from + 1

            if control < 32 then
                let literals = control + 1

                if literals > source.Length - from || literals > target.Length - into then
                    sound <- false
                else
                    source.Slice(from, literals).CopyTo(target.Slice into)
                    from <- from + literals
                    into <- into + literals
            else
                let mutable length = (control >>> 5) + 2
                let mutable goesOn = (control >>> 5 = 7)

                while goesOn do
                    if from >= source.Length || length > target.Length then
                        goesOn <- false
                        sound <- false
                    else
                        length <- length + int source[from]
                        goesOn <- source[from] = 255uy
                        from <- from + 1

                if sound && from < source.Length then
                    let near = ((control &&& 31) <<< 8) + int source[from]
                    from <- from + 1

                    let distance =
                        if near <> mostShort then
                            near + 1
                        elif source.Length - from < 2 then
                            0
                        else
                            from <- from + 2
                            mostShort + 1 + (int source[from - 2] <<< 8) + int source[from - 1]

                    if distance < 1 || distance > into || length > target.Length - into then
                        sound <- false
                    else
                        // What is repeated may reach into what is being written, so it goes byte by byte.
                        for i in into .. into + length - 1 do
                            target[i] <- target[i - distance]

                        into <- into + length
                else
                    sound <- false

        if sound then into else -1
