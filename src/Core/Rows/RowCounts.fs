/// Counts, told apart from other values: what is computed of a count is computed once for all that a cell has of it.
namespace SingleSharp.Core.Rows

open System
open System.Numerics
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open SingleSharp.Core.Numerics

[<RequireQualifiedAccess>]
module internal RowOrder =
    /// Do these genes ascend? Then none comes twice.
    let ascend (genes: ReadOnlySpan<int>) =
        let before =
            MemoryMarshal.Cast<int, Vector256<int>>(genes.Slice(0, max 0 (genes.Length - 1)))

        let after = MemoryMarshal.Cast<int, Vector256<int>>(genes.Slice(min 1 genes.Length))
        let mutable greater = Vector256<int>.AllBitsSet

        for i in 0 .. before.Length - 1 do
            greater <- greater &&& Vector256.GreaterThan(after[i], before[i])

        let mutable ascends = (greater = Vector256<int>.AllBitsSet)

        for i in before.Length * Vector256<int>.Count .. genes.Length - 2 do
            ascends <- ascends && genes[i + 1] > genes[i]

        ascends

    /// How many genes come before the first that is not one of those from 0 to N − 1.
    let below (most: int) (genes: ReadOnlySpan<int>) =
        let vectors = MemoryMarshal.Cast<int, Vector256<uint32>> genes
        let limit = Vector256.Create(uint32 most)
        let mutable isBelow = Vector256<uint32>.AllBitsSet

        for i in 0 .. vectors.Length - 1 do
            isBelow <- isBelow &&& Vector256.LessThan(vectors[i], limit)

        let mutable i =
            if isBelow = Vector256<uint32>.AllBitsSet then vectors.Length * Vector256<uint32>.Count else 0

        while i < genes.Length && uint32 genes[i] < uint32 most do
            i <- i + 1

        i

/// Loops over the values of one row.
[<RequireQualifiedAccess>]
module private CountLoops =
    /// A count is an integer from 0 to 2²⁴ − 1 without a sign, so that every float type holds it and int64 holds every sum of them.
    let limit = 1 <<< 24

    let private sign = Vector256.Create Int32.MinValue

    let inline private orOf (bits: Vector256<int>) =
        let mutable any = 0

        for lane in 0 .. Vector256<int>.Count - 1 do
            any <- any ||| bits.GetElement lane

        any

    /// Puts the counts into the target, and gives the bits that any of them has, or −1 where one of the values is no count.
    let ofSingles (values: ReadOnlySpan<float32>) (target: Span<int>) =
        let from = MemoryMarshal.Cast<float32, Vector256<float32>> values
        let into = MemoryMarshal.Cast<int, Vector256<int>> target
        let mutable same = Vector256<int>.AllBitsSet
        let mutable bits = Vector256<int>.Zero

        for i in 0 .. from.Length - 1 do
            let value = from[i]
            let count = Vector256.ConvertToInt32Native value
            into[i] <- count
            same <- same &&& Vector256.Equals(Vector256.ConvertToSingle count, value).AsInt32()
            bits <- bits ||| count ||| (value.AsInt32() &&& sign)

        let mutable isCount = (same = Vector256<int>.AllBitsSet)
        let mutable any = orOf bits

        for i in from.Length * Vector256<int>.Count .. values.Length - 1 do
            let value = values[i]
            let count = Single.ConvertToIntegerNative<int> value
            target[i] <- count
            isCount <- isCount && float32 count = value
            any <- any ||| count ||| (BitConverter.SingleToInt32Bits value &&& Int32.MinValue)

        if isCount && uint32 any < uint32 limit then any else -1

    /// The same of float64.
    let ofDoubles (values: ReadOnlySpan<float>) (target: Span<int>) =
        let mutable isCount = true
        let mutable any = 0

        for i in 0 .. values.Length - 1 do
            let value = values[i]
            let count = Double.ConvertToIntegerNative<int> value
            target[i] <- count
            isCount <- isCount && float count = value
            any <- any ||| count ||| (int (BitConverter.DoubleToInt64Bits value >>> 32) &&& Int32.MinValue)

        if isCount && uint32 any < uint32 limit then any else -1

    /// A lane has an eighth of a row, which may have 2²⁰ values and more, each below 2¹⁰.
    let private mostInLanes = 1 <<< 22

    /// The sum of counts that have no bits but these.
    let sum (counts: ReadOnlySpan<int>) bits =
        let vectors = MemoryMarshal.Cast<int, Vector256<int>> counts

        let inLanes =
            if bits < 1024 && counts.Length < mostInLanes then vectors.Length else 0

        let mutable lanes = Vector256<int>.Zero

        for i in 0 .. inLanes - 1 do
            lanes <- lanes + vectors[i]

        let mutable total = int64 (Vector256.Sum lanes)

        for i in inLanes * Vector256<int>.Count .. counts.Length - 1 do
            total <- total + int64 counts[i]

        total

    /// What a table says of each code.
    let look (table: 'v[]) (codes: ReadOnlySpan<int>) (target: Span<'v>) =
        let table = ReadOnlySpan table

        for i in 0 .. min codes.Length target.Length - 1 do
            target[i] <- table[codes[i]]

/// How often each small count comes in a row.
[<Sealed>]
type private Histogram(small: int) =
    // Most counts of a cell are 1: one counter would wait for its own last result, four do not.
    let first: int[] = Array.zeroCreate small
    let second: int[] = Array.zeroCreate small
    let third: int[] = Array.zeroCreate small
    let fourth: int[] = Array.zeroCreate small

    /// Adds small counts, all of them.
    member _.Add(counts: ReadOnlySpan<int>) =
        let mutable i = 0

        while i + 3 < counts.Length do
            let a, b, c, d = counts[i], counts[i + 1], counts[i + 2], counts[i + 3]
            first[a] <- first[a] + 1
            second[b] <- second[b] + 1
            third[c] <- third[c] + 1
            fourth[d] <- fourth[d] + 1
            i <- i + 4

        while i < counts.Length do
            first[counts[i]] <- first[counts[i]] + 1
            i <- i + 1

    member _.AddOne count = first[count] <- first[count] + 1

    /// Moves what was added of the counts below `stop` to the targets: the counts that come, ascending, and how often. Says how many.
    member _.Drain(stop, counts: Span<int>, times: Span<int>) =
        let width = Vector256<int>.Count
        let firsts = MemoryMarshal.Cast<int, Vector256<int>>(Span first)
        let seconds = MemoryMarshal.Cast<int, Vector256<int>>(Span second)
        let thirds = MemoryMarshal.Cast<int, Vector256<int>>(Span third)
        let fourths = MemoryMarshal.Cast<int, Vector256<int>>(Span fourth)
        let mutable found = 0

        for i in 0 .. (stop + width - 1) / width - 1 do
            let together = firsts[i] + seconds[i] + thirds[i] + fourths[i]

            if together <> Vector256<int>.Zero then
                firsts[i] <- together

                for count in width * i .. width * i + width - 1 do
                    if first[count] > 0 then
                        counts[found] <- count
                        times[found] <- first[count]
                        found <- found + 1

                firsts[i] <- Vector256<int>.Zero
                seconds[i] <- Vector256<int>.Zero
                thirds[i] <- Vector256<int>.Zero
                fourths[i] <- Vector256<int>.Zero

        found

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

    let add row =
        sums[row] <- CountLoops.sum (ReadOnlySpan(codes, offsets[row], offsets[row + 1] - offsets[row])) bits[row]

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

    /// How many places a table of what codes stand for has.
    static member Places = small + mostLarge

    /// Reads rows of float32 values.
    member _.Read(values: float32[], rowOffsets, ofRows) =
        prepare ofRows rowOffsets

        for row in 0 .. rows - 1 do
            let start, count = offsets[row], offsets[row + 1] - offsets[row]
            bits[row] <- CountLoops.ofSingles (ReadOnlySpan(values, start, count)) (Span(codes, start, count))
            add row

    /// Reads rows of float64 values.
    member _.Read(values: float[], rowOffsets, ofRows) =
        prepare ofRows rowOffsets

        for row in 0 .. rows - 1 do
            let start, count = offsets[row], offsets[row + 1] - offsets[row]
            bits[row] <- CountLoops.ofDoubles (ReadOnlySpan(values, start, count)) (Span(codes, start, count))
            add row

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
        let table = singles.Value

        for pair in pairEnds[row] .. pairEnds[row + 1] - 1 do
            table[pairCodes[pair]] <- Precision.toFloat32 results[pair]

        CountLoops.look table (ReadOnlySpan(codes, first, target.Length)) target

    /// The same in float64.
    member _.Look(row, first, target: Span<float>) =
        let table = doubles.Value

        for pair in pairEnds[row] .. pairEnds[row + 1] - 1 do
            table[pairCodes[pair]] <- Precision.toFloat64 results[pair]

        CountLoops.look table (ReadOnlySpan(codes, first, target.Length)) target

    /// The code of each value of the rows that have pairs.
    member _.CodesOf = codes

    /// Are the codes of a row its counts?
    member _.AreCodes row = bits[row] < small
