/// LZ4 blocks, which the Blosc filter holds: literals and repetitions of what came up to 65,535 bytes before.
namespace SingleSharp.Core.Hdf5

open System
open System.Buffers.Binary

[<RequireQualifiedAccess>]
module internal Lz4 =
    let private tableBits = 14
    let private mostDistance = 65535

    /// A repetition has at least N bytes.
    let private least = 4

    /// A length that goes on in further bytes, each up to 255; −1 where they do not end.
    let private further (source: ReadOnlySpan<byte>) (at: byref<int>) start =
        let mutable length = start
        let mutable goesOn = (start = 15)

        while goesOn do
            if at >= source.Length || length < 0 then
                length <- -1
                goesOn <- false
            else
                goesOn <- source[at] = 255uy
                // Beyond any buffer it becomes negative, which every caller refuses.
                length <- length + int source[at]
                at <- at + 1

        length

    /// Undoes the compression and says how many bytes there are; −1 where the block is malformed or needs more room.
    let decompress (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let mutable from = 0
        let mutable into = 0
        let mutable sound = source.Length > 0

        while sound && from < source.Length do
            let token = int source[from]
            from <- from + 1
            let literals = further source &from (token >>> 4)

            if literals < 0 || literals > source.Length - from || literals > target.Length - into then
                sound <- false
            else
                source.Slice(from, literals).CopyTo(target.Slice into)
                from <- from + literals
                into <- into + literals

                // The last literals are followed by nothing.
                if from < source.Length then
                    if source.Length - from < 2 then
                        sound <- false
                    else
                        let distance = int (BinaryPrimitives.ReadUInt16LittleEndian(source.Slice from))
                        from <- from + 2
                        let more = further source &from (token &&& 15)

                        if more < 0 || distance = 0 || distance > into || more > target.Length - into - least then
                            sound <- false
                        else
                            // What is repeated may reach into what is being written, so it goes byte by byte.
                            for i in into .. into + more + least - 1 do
                                target[i] <- target[i - distance]

                            into <- into + more + least

        if sound then into else -1

    /// Where the last occurrence of four bytes is remembered, for one thread.
    let table () : int[] = Array.zeroCreate (1 <<< tableBits)

    let private hash (bytes: ReadOnlySpan<byte>) at =
        int (BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice at) * 0x9E3779B1u >>> 32 - tableBits)

    /// The most bytes that N can take.
    let bound length = Checked.(+) length (length / 255 + 16)

    /// Puts what of a length its half of the token does not hold.
    let private put length (target: Span<byte>) into =
        let mutable left = length - 15
        let mutable at = into

        while left >= 0 do
            target[at] <- byte (min 255 left)
            at <- at + 1
            left <- left - 255

        at

    /// Puts literals, and a repetition after them where its length is not zero; says where the target goes on.
    let private sequence (literals: ReadOnlySpan<byte>) length distance (target: Span<byte>) into =
        let repeated = if length = 0 then 0 else length - least
        target[into] <- byte ((min 15 literals.Length <<< 4) ||| min 15 repeated)
        let at = put literals.Length target (into + 1)
        literals.CopyTo(target.Slice at)
        let at = at + literals.Length

        if length = 0 then
            at
        else
            BinaryPrimitives.WriteUInt16LittleEndian(target.Slice at, uint16 distance)
            put repeated target (at + 2)

    /// Compresses into the target, which has `bound` bytes, and says how many that took.
    /// Law (lz4): decompress (compress bytes) = bytes, whatever the table held before.
    let compress (table: int[]) (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        Array.Clear table
        // The format wants the last five bytes as literals, and no repetition to begin in the last twelve.
        let lastStart = source.Length - 12
        let mutable pending = 0
        let mutable at = 0
        let mutable into = 0

        while at <= lastStart do
            let slot = hash source at
            // The table holds places counted from 1, because 0 is no place.
            let before = table[slot] - 1
            table[slot] <- at + 1

            let length =
                if before < 0 || at - before > mostDistance then
                    0
                else
                    let most = source.Length - 5 - at
                    source.Slice(before, most).CommonPrefixLength(source.Slice(at, most))

            if length >= least then
                into <- sequence (source.Slice(pending, at - pending)) length (at - before) target into
                at <- at + length
                pending <- at
            else
                at <- at + 1

        sequence (source.Slice pending) 0 0 target into
