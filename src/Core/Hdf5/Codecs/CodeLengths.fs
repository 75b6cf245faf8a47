/// The lengths of a block's two codes, as a third code stores them (RFC 1951, section 3.2.7).
namespace SingleSharp.Core.Hdf5

open System

/// Describes the codes of block after block, for one thread.
[<Sealed>]
type internal CodeLengths() =
    static let endOfBlock = 256

    /// The order in which the third code's own lengths are stored.
    static let order = [| 16; 17; 18; 0; 8; 7; 9; 6; 10; 5; 11; 4; 12; 3; 13; 2; 14; 1; 15 |]

    static let extraBits symbol =
        match symbol with
        | 16 -> 2
        | 17 -> 3
        | 18 -> 7
        | _ -> 0

    let code = Huffman(19, 7)
    // Symbols of the third code, each with its extra bits above eight bits.
    let runs: int[] = Array.zeroCreate 320
    let mutable runCount = 0
    let mutable literalCount = 0
    let mutable distanceCount = 0
    let mutable kept = 0

    let add symbol extra =
        runs[runCount] <- symbol ||| (extra <<< 8)
        runCount <- runCount + 1
        code.Frequencies[symbol] <- code.Frequencies[symbol] + 1

    /// Takes a length that comes N times in a row.
    let addRun length times =
        let mutable left = times

        if length > 0 then
            add length 0
            left <- left - 1

        while left > 2 do
            let most = if length > 0 then 6 else 138
            let now = min most left

            if length > 0 then add 16 (now - 3)
            elif now < 11 then add 17 (now - 3)
            else add 18 (now - 11)

            left <- left - now

        for _ in 1..left do
            add length 0

    /// How many lengths are stored: all up to the last symbol that occurs, and `least` of them.
    let stored (lengths: int[]) least =
        max least (1 + Array.FindLastIndex(lengths, fun length -> length > 0))

    /// Takes the codes of a block, and says how many bits their description takes.
    member _.Describe(literals: Huffman, distances: Huffman) =
        Array.Clear code.Frequencies
        runCount <- 0
        literalCount <- stored literals.Lengths (endOfBlock + 1)
        distanceCount <- stored distances.Lengths 1
        let total = literalCount + distanceCount

        let lengthAt i =
            if i < literalCount then literals.Lengths[i] else distances.Lengths[i - literalCount]

        let mutable first = 0

        while first < total do
            let mutable stop = first + 1

            while stop < total && lengthAt stop = lengthAt first do
                stop <- stop + 1

            addRun (lengthAt first) (stop - first)
            first <- stop

        code.Build()
        kept <- max 4 (1 + Array.FindLastIndex(order, fun symbol -> code.Lengths[symbol] > 0))
        let f = code.Frequencies
        14L + 3L * int64 kept + code.BitsOf f + 2L * int64 f[16] + 3L * int64 f[17] + 7L * int64 f[18]

    /// Writes the description of the codes that were taken last.
    member _.Write(writer: BitWriter) =
        writer.Put(literalCount - 257, 5)
        writer.Put(distanceCount - 1, 5)
        writer.Put(kept - 4, 4)

        for i in 0 .. kept - 1 do
            writer.Put(code.Lengths[order[i]], 3)

        for run in ReadOnlySpan(runs, 0, runCount) do
            let symbol = run &&& 0xFF
            writer.Put(code.Codes[symbol], code.Lengths[symbol])
            writer.Put(run >>> 8, extraBits symbol)
