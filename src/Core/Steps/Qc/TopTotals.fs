/// How much of a cell its most expressed genes make up.
namespace SingleSharp.Core.Steps

open System
open SingleSharp.Core
open SingleSharp.Core.Rows

/// The totals, in counts, of the ks[0], ks[1] … largest values of a row (ks ascending), with scratch memory for one thread. Of a dense matrix,
/// of N genes, the values that are not stored are zeros among the others; of a sparse one only what is stored is looked at.
[<Sealed>]
type internal TopTotals(ks: int[], dense: int voption) =
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

    /// Takes from the largest count down; k of the same count at once.
    let byPairs (counts: RowCounts) row (totals: float[]) =
        let first = counts.Pair row
        let mutable pair = counts.Pair(row + 1) - 1
        let mutable left = if pair >= first then counts.Times[pair] else 0
        let mutable sum = 0L
        let mutable taken = 0

        for j in 0 .. ks.Length - 1 do
            while taken < ks[j] && pair >= first do
                let now = min left (ks[j] - taken)
                sum <- sum + int64 now * int64 counts.Counts[pair]
                taken <- taken + now
                left <- left - now

                if left = 0 then
                    pair <- pair - 1
                    left <- if pair >= first then counts.Times[pair] else 0

            totals[j] <- float sum

    /// Fills the totals of the ks[j] largest values of a row.
    member _.Fill(rowBatch: RowBatch, row, totals: float[]) =
        let counts = rowBatch.Counts.Tally()

        if counts.Has row then
            byPairs counts row totals
        else
            bySorting rowBatch.Values rowBatch.Offsets[row] rowBatch.Offsets[row + 1] totals
