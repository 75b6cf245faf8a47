/// How much of a cell its most expressed genes make up.
namespace SingleSharp.Core.Steps

open System

/// The totals, in counts, of the ks[0], ks[1] … largest values of a row (ks ascending), with scratch memory for one thread. Of a dense matrix,
/// of N genes, the values that are not stored are zeros among the others; of a sparse one only what is stored is looked at.
[<Sealed>]
type internal TopTotals(ks: int[], dense: int voption) =
    // Almost every count is small, so counting them by value beats sorting; the rest is sorted.
    let small = 1024
    let tally: int[] = Array.zeroCreate small
    let mutable large: float[] = Array.zeroCreate 64
    let most = if ks.Length = 0 then 0 else ks[ks.Length - 1]

    /// Sums in descending order; rows with fewer values are padded with zeros, and zeros stand above negative values.
    let accumulate (sorted: float[]) count (totals: float[]) =
        let padding =
            match dense with
            | ValueSome genes -> genes - count
            | ValueNone -> max 0 (most - count)

        let mutable positives = count

        while positives > 0 && sorted[count - positives] < 0.0 do
            positives <- positives - 1

        let mutable sum = 0.0
        let mutable taken = 0

        for j in 0 .. ks.Length - 1 do
            while taken < ks[j] do
                if taken < positives then
                    sum <- sum + sorted[count - 1 - taken]
                elif taken >= positives + padding then
                    sum <- sum + sorted[count - 1 - (taken - padding)]

                taken <- taken + 1

            totals[j] <- sum

    let bySorting (values: float[]) start stop totals =
        if large.Length < stop - start then
            large <- Array.zeroCreate (stop - start)

        let mutable count = 0

        for i in start .. stop - 1 do
            if values[i] <> 0.0 then
                large[count] <- values[i]
                count <- count + 1

        Array.Sort(large, 0, count)
        accumulate large count totals

    /// Takes from the largest value down; k values of size v at once.
    let byTally highest (totals: float[]) =
        let mutable value = highest
        let mutable sum = 0L
        let mutable taken = 0

        for j in 0 .. ks.Length - 1 do
            while taken < ks[j] && value > 0 do
                let now = min tally[value] (ks[j] - taken)
                sum <- sum + int64 now * int64 value
                taken <- taken + now
                tally[value] <- tally[value] - now

                if tally[value] = 0 then
                    value <- value - 1

            totals[j] <- float sum

        Array.Clear(tally, 0, highest + 1)

    /// Fills the totals of the ks[j] largest values.
    member _.Fill(values: float[], start, stop, totals: float[]) =
        let mutable highest = 0
        let mutable i = start

        while i < stop do
            let value = values[i]
            let whole = int value

            if whole >= 0 && whole < small && float whole = value then
                tally[whole] <- tally[whole] + 1
                highest <- max highest whole
                i <- i + 1
            else
                i <- Int32.MaxValue

        if i = stop then
            byTally highest totals
        else
            Array.Clear(tally, 0, highest + 1)
            bySorting values start stop totals
