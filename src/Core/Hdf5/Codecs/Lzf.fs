/// LZF, the compression that h5py brings along: short, fast, and without any checksum of its own.
namespace SingleSharp.Core.Hdf5

open System

// The stream is a sequence of runs. A byte below 32 says that N bytes and one more follow as they are. Any other byte
// holds a length in its upper three bits (7 means that the next byte adds to it) and, with the byte behind it, a distance:
// length + 2 bytes are repeated from distance + 1 bytes before.
[<RequireQualifiedAccess>]
module internal Lzf =
    let private mostLiteral = 32
    let private mostRepeated = 2 + 7 + 255
    let private mostDistance = 1 <<< 13
    let private tableBits = 14

    /// Undoes the compression and says how many bytes there are; −1 where the stream is malformed or needs more room.
    let decompress (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let mutable from = 0
        let mutable into = 0
        let mutable sound = true

        while sound && from < source.Length do
            let control = int source[from]
            from <- from + 1

            if control < mostLiteral then
                let length = control + 1

                if length > source.Length - from || length > target.Length - into then
                    sound <- false
                else
                    source.Slice(from, length).CopyTo(target.Slice into)
                    from <- from + length
                    into <- into + length
            else
                let isLong = control >>> 5 = 7

                if source.Length - from < (if isLong then 2 else 1) then
                    sound <- false
                else
                    let length = 2 + (control >>> 5) + (if isLong then int source[from] else 0)
                    from <- from + (if isLong then 2 else 1)
                    let start = into - 1 - (((control &&& 31) <<< 8) ||| int source[from - 1])

                    if start < 0 || length > target.Length - into then
                        sound <- false
                    else
                        // What is repeated may reach into what is being written, so it goes byte by byte.
                        for i in 0 .. length - 1 do
                            target[into + i] <- target[start + i]

                        into <- into + length

        if sound then into else -1

    /// Where the last occurrence of three bytes is remembered, for one thread.
    let table () : int[] = Array.zeroCreate (1 <<< tableBits)

    let private hash (bytes: ReadOnlySpan<byte>) at =
        let three =
            (uint32 bytes[at] <<< 16) ||| (uint32 bytes[at + 1] <<< 8) ||| uint32 bytes[at + 2]

        int (three * 0x9E3779B1u >>> 32 - tableBits)

    /// How many bytes are the same in both places, of `most` that may be compared.
    let private matching (bytes: ReadOnlySpan<byte>) before at most =
        bytes.Slice(before, most).CommonPrefixLength(bytes.Slice(at, most))

    /// Puts bytes as they are and says where the target goes on; −1 where it has no room for them.
    let private literals (bytes: ReadOnlySpan<byte>) (target: Span<byte>) into =
        let runs = (bytes.Length + mostLiteral - 1) / mostLiteral

        if into < 0 || bytes.Length + runs > target.Length - into then
            -1
        else
            let mutable at = 0

            for run in 0 .. runs - 1 do
                let now = min mostLiteral (bytes.Length - at)
                target[into + at + run] <- byte (now - 1)
                bytes.Slice(at, now).CopyTo(target.Slice(into + at + run + 1))
                at <- at + now

            into + bytes.Length + runs

    /// Puts a repetition and says where the target goes on; −1 where it has no room for it.
    let private repeat length distance (target: Span<byte>) into =
        let isLong = length - 2 >= 7
        let size = if isLong then 3 else 2

        if into < 0 || size > target.Length - into then
            -1
        else
            target[into] <- byte ((min 7 (length - 2) <<< 5) ||| (distance - 1 >>> 8))

            if isLong then
                target[into + 1] <- byte (length - 2 - 7)

            target[into + size - 1] <- byte (distance - 1)
            into + size

    /// Compresses into the target and says how many bytes that took; −1 where it has no room for them.
    /// Law (lzf): decompress (compress bytes) = bytes, whatever the table held before.
    let compress (table: int[]) (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        Array.Clear table
        let mutable pending = 0
        let mutable at = 0
        let mutable into = 0

        while into >= 0 && at + 2 < source.Length do
            let slot = hash source at
            // The table holds places counted from 1, because 0 is no place.
            let before = table[slot] - 1
            table[slot] <- at + 1

            let length =
                if before < 0 || at - before > mostDistance then
                    0
                else
                    matching source before at (min mostRepeated (source.Length - at))

            if length > 2 then
                into <- repeat length (at - before) target (literals (source.Slice(pending, at - pending)) target into)
                at <- at + length
                pending <- at
            else
                at <- at + 1

        literals (source.Slice pending) target into

    let private start _ _ =
        let table = lazy (table ())

        { new ICodec with
            member _.Decode(source, length, target) =
                decompress (ReadOnlySpan(source, 0, length)) (Span target) |> Codec.sound "lzf"

            // Like HDF5, leaves data alone that LZF cannot make shorter.
            member _.Encode(source, length, target) =
                compress table.Value (ReadOnlySpan(source, 0, length)) (Span(target, 0, max 0 (length - 1))) }

    let codec = Codec.compressing 32000 "lzf" id start
