/// Loops over the genes and the counts of one row, several at a time.
namespace SingleSharp.Core.Rows

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

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
module internal CountLoops =
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

    /// Of this many counts below 2¹⁰ the sum is one of int32.
    let private mostInLanes = 1 <<< 21

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
type internal Histogram(small: int) =
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
