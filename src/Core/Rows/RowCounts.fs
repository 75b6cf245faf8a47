/// Counts, told apart from other values: what is computed of a count is computed once for all that a cell has of it.
namespace SingleSharp.Core.Rows

open System
open System.Numerics
open SingleSharp.Core.Numerics

/// The rows of a row batch as counts. Each value of such a row has a code, which is its place in tables of what is computed of counts:
/// the count itself where it is small; those of the others follow, one for each value. It is filled again and again.
/// Law (counts): what is computed of counts is, bit for bit, what is computed of their values.
[<Sealed>]
type internal RowCounts() =
    /// Counts below this are their own codes.
    static let small = 1024

    /// A row that has more larger counts is computed value by value.
    static let mostLarge = 1024

    let histogram = lazy (Histogram small)
    let mutable codes: int[] = Array.Empty()
    let mutable bits: int[] = Array.Empty()
    let mutable sums: int64[] = Array.Empty()
    let mutable large: int[] = Array.Empty()
    let mutable largeCodes: int[] = Array.Empty()
    let mutable largeFound = 0

    let mutable pairEnds: int[] = Array.zeroCreate 1
    let mutable pairCounts: int[] = Array.Empty()
    let mutable pairTimes: int[] = Array.Empty()
    let mutable pairCodes: int[] = Array.Empty()
    let mutable results: float[] = Array.Empty()
    // What each code stands for in a row.
    let singles = lazy (Array.zeroCreate<float32>(small + mostLarge))
    let doubles = lazy (Array.zeroCreate<float>(small + mostLarge))
    let mutable rows = 0
    let mutable offsets: int[] = Array.Empty()
    let mutable isTallied = false

    let roomFor needed =
        int (BitOperations.RoundUpToPowerOf2(uint32 needed))

    let reserve cells values =
        if codes.Length < values then
            codes <- Array.zeroCreate (roomFor values)

        if bits.Length < cells then
            bits <- Array.zeroCreate (roomFor cells)
            sums <- Array.zeroCreate (roomFor cells)
            pairEnds <- Array.zeroCreate (roomFor cells + 1)

    /// Gives counts that are not small their codes, as long as there are some left.
    let encodeLarge start stop =
        if large.Length = 0 then
            large <- Array.zeroCreate mostLarge
            largeCodes <- Array.zeroCreate mostLarge

        largeFound <- 0
        let mutable i = start

        while i < stop && largeFound >= 0 do
            if codes[i] >= small then
                if largeFound = mostLarge then
                    largeFound <- -1
                else
                    large[largeFound] <- codes[i]
                    largeCodes[largeFound] <- small + largeFound
                    codes[i] <- small + largeFound
                    largeFound <- largeFound + 1

            i <- i + 1

        largeFound >= 0

    let roomForPairs needed =
        if pairCounts.Length < needed then
            let room = roomFor needed
            Array.Resize(&pairCounts, room)
            Array.Resize(&pairTimes, room)
            Array.Resize(&pairCodes, room)
            results <- Array.zeroCreate room

    let prepare ofRows (rowOffsets: int[]) =
        rows <- ofRows
        offsets <- rowOffsets
        isTallied <- false
        reserve rows offsets[rows]

    /// Takes each row for what its reader finds in the values from one place on: the bits of its counts, or −1.
    let readRows rowOffsets ofRows (bitsOf: int -> int -> int) =
        prepare ofRows rowOffsets

        for row in 0 .. rows - 1 do
            let start, count = offsets[row], offsets[row + 1] - offsets[row]
            bits[row] <- bitsOf start count

            if bits[row] >= 0 then
                sums[row] <- CountLoops.sum (ReadOnlySpan(codes, start, count)) bits[row]

    /// Lists the different counts of a row, ascending, from the pair `at` on, and says where they end.
    let tally row at =
        let start, stop = offsets[row], offsets[row + 1]
        let hasLarge = bits[row] >= small

        if hasLarge && not (encodeLarge start stop) then
            bits[row] <- -1

        if bits[row] < 0 then
            at
        else
            roomForPairs (at + min (stop - start) (small + mostLarge))
            let histogram = histogram.Value

            if hasLarge then
                for i in start .. stop - 1 do
                    if codes[i] < small then
                        histogram.AddOne codes[i]
            else
                histogram.Add(ReadOnlySpan(codes, start, stop - start))

            let found =
                histogram.Drain(min small (bits[row] + 1), Span(pairCounts).Slice at, Span(pairTimes).Slice at)

            Array.Copy(pairCounts, at, pairCodes, at, found)

            if hasLarge then
                Array.Sort(large, largeCodes, 0, largeFound)
                Array.Copy(large, 0, pairCounts, at + found, largeFound)
                Array.Copy(largeCodes, 0, pairCodes, at + found, largeFound)
                Array.Fill(pairTimes, 1, at + found, largeFound)
                at + found + largeFound
            else
                at + found

    let tallyAll () =
        if not isTallied then
            isTallied <- true

            for row in 0 .. rows - 1 do
                pairEnds[row + 1] <- tally row pairEnds[row]

    /// Fills a table with what the counts of a row became.
    let fill row (table: 'v[]) (narrow: float -> 'v) =
        for pair in pairEnds[row] .. pairEnds[row + 1] - 1 do
            table[pairCodes[pair]] <- narrow results[pair]

    /// Bytes for each value of a row batch: its code and, where no two counts of a cell are the same, a pair.
    static member BytesPerValue = 4 + (4 + 4 + 4 + 8)

    /// How many places a table of what codes stand for has.
    static member Places = small + mostLarge

    /// Reads rows of float32 values.
    member _.Read(values: float32[], rowOffsets, ofRows) =
        readRows rowOffsets ofRows (fun start count ->
            CountLoops.ofSingles (ReadOnlySpan(values, start, count)) (Span(codes, start, count)))

    /// Reads rows of float64 values.
    member _.Read(values: float[], rowOffsets, ofRows) =
        readRows rowOffsets ofRows (fun start count ->
            CountLoops.ofDoubles (ReadOnlySpan(values, start, count)) (Span(codes, start, count)))

    /// Takes no row for one of counts.
    member _.ReadNone(rowOffsets, ofRows) =
        prepare ofRows rowOffsets
        Array.Fill(bits, -1, 0, rows)

    /// Are all values of a row counts?
    member _.Has row = bits[row] >= 0

    /// Are all values of all rows?
    member _.HasAll =
        let mutable row = 0

        while row < rows && bits[row] >= 0 do
            row <- row + 1

        row = rows

    /// The sum of a row.
    member _.Sum row = sums[row]

    /// Lists the pairs of every row: its different counts, ascending, each with how often it comes, its code, and room for what is made
    /// of it. The pairs of a row are those from Pair row to Pair (row + 1) − 1; a row that has no counts, or too many large ones, has none.
    member counts.Tally() =
        tallyAll ()
        counts

    member _.Pair row = pairEnds[row]

    /// How many zeros a row that has pairs has.
    member _.Zeros row =
        let first = pairEnds[row]
        if first < pairEnds[row + 1] && pairCounts[first] = 0 then pairTimes[first] else 0

    member _.Counts = pairCounts
    member _.Times = pairTimes
    member _.PairCodes = pairCodes
    member _.Results = results

    /// What the values of a row became, from the batch's value `first` on, as it is stored in float32.
    member _.Look(row, first, target: Span<float32>) =
        fill row singles.Value Precision.toFloat32
        CountLoops.look singles.Value (ReadOnlySpan(codes, first, target.Length)) target

    /// The same in float64.
    member _.Look(row, first, target: Span<float>) =
        fill row doubles.Value Precision.toFloat64
        CountLoops.look doubles.Value (ReadOnlySpan(codes, first, target.Length)) target

    /// The code of each value of the rows that have pairs.
    member _.CodesOf = codes

    /// Are the codes of a row its counts?
    member _.AreCodes row = bits[row] < small
