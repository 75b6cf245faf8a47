/// Huffman codes with a limit to their lengths, numbered as deflate does (RFC 1951, section 3.2.2).
namespace SingleSharp.Core.Hdf5

open System

/// The code of an alphabet, for one thread.
[<Sealed>]
type internal Huffman(symbols: int, limit: int) =
    let frequencies: int[] = Array.zeroCreate symbols
    let lengths: int[] = Array.zeroCreate symbols
    let codes: int[] = Array.zeroCreate symbols
    // A tree's nodes: leaves by rising weight, then inner nodes in the order in which they are made.
    let order: int64[] = Array.zeroCreate symbols
    let weights: int[] = Array.zeroCreate (2 * symbols)
    let parents: int[] = Array.zeroCreate (2 * symbols)
    let depths: int[] = Array.zeroCreate (2 * symbols)
    let counts: int[] = Array.zeroCreate (limit + 2)

    /// Sorts the symbols that occur and says how many there are. Where it is fewer than two, others are taken along: a decoder may refuse a
    /// code that leaves bits without a meaning.
    let sort () =
        let mutable used = 0

        for symbol in 0 .. symbols - 1 do
            if frequencies[symbol] > 0 then
                order[used] <- (int64 frequencies[symbol] <<< 16) ||| int64 symbol
                used <- used + 1

        let mutable spare = 0

        while used < 2 do
            if frequencies[spare] = 0 then
                order[used] <- int64 spare
                used <- used + 1

            spare <- spare + 1

        Array.Sort(order, 0, used)
        used

    /// Joins the two lightest nodes until one is left.
    let join used =
        let mutable leaf = 0
        let mutable inner = used

        for node in used .. 2 * used - 2 do
            let mutable weight = 0

            for _ in 0..1 do
                let lightest =
                    if leaf < used && (inner >= node || weights[leaf] <= weights[inner]) then
                        leaf <- leaf + 1
                        leaf - 1
                    else
                        inner <- inner + 1
                        inner - 1

                parents[lightest] <- node
                weight <- weight + weights[lightest]

            weights[node] <- weight

    /// Counts the leaves of each depth, none deeper than the limit.
    let count used =
        Array.Clear counts
        depths[2 * used - 2] <- 0
        let mutable excess = -(1 <<< limit)

        for node in 2 * used - 3 .. -1 .. 0 do
            depths[node] <- depths[parents[node]] + 1

            if node < used then
                let length = min limit depths[node]
                counts[length] <- counts[length] + 1
                excess <- excess + (1 <<< (limit - length))

        // A leaf from above goes one level down and takes a leaf of the lowest level as its brother: one code of the lowest level less.
        for _ in 1..excess do
            let mutable above = limit - 1

            while counts[above] = 0 do
                above <- above - 1

            counts[above] <- counts[above] - 1
            counts[above + 1] <- counts[above + 1] + 2
            counts[limit] <- counts[limit] - 1

    /// Numbers the codes by length, then by symbol; the first bit of a code is its lowest.
    let number () =
        Array.Clear counts

        for symbol in 0 .. symbols - 1 do
            counts[lengths[symbol]] <- counts[lengths[symbol]] + 1

        let mutable next = 0
        counts[0] <- 0

        for length in 1..limit do
            let here = counts[length]
            counts[length] <- next
            next <- (next + here) <<< 1

        for symbol in 0 .. symbols - 1 do
            let length = lengths[symbol]

            if length > 0 then
                let mutable code = counts[length]
                let mutable reversed = 0
                counts[length] <- code + 1

                for _ in 1..length do
                    reversed <- (reversed <<< 1) ||| (code &&& 1)
                    code <- code >>> 1

                codes[symbol] <- reversed

    /// How often each symbol comes.
    member _.Frequencies = frequencies

    /// Bits of each symbol's code; none where it has no code.
    member _.Lengths = lengths

    /// Each symbol's code, its first bit lowest.
    member _.Codes = codes

    /// Makes the code that takes the fewest bits for these frequencies, or nearly so where the limit cuts it.
    /// Law (huffman): no code begins another one, and all together leave no bits without a meaning.
    member _.Build() =
        let used = sort ()

        for i in 0 .. used - 1 do
            weights[i] <- int (order[i] >>> 16)

        join used
        count used
        Array.Clear lengths
        let mutable next = 0

        for length in limit .. -1 .. 1 do
            for _ in 1 .. counts[length] do
                lengths[int (order[next] &&& 0xFFFFL)] <- length
                next <- next + 1

        number ()

    /// The code that has these lengths.
    static member OfLengths(given: int[]) =
        let code = Huffman(given.Length, Array.max given)
        code.Take given
        code

    member private _.Take(given: int[]) =
        Array.blit given 0 lengths 0 symbols
        number ()

    /// Bits that symbols take which come so often.
    member _.BitsOf(times: int[]) =
        let mutable sum = 0L

        for symbol in 0 .. symbols - 1 do
            sum <- sum + int64 times[symbol] * int64 lengths[symbol]

        sum
