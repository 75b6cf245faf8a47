/// Which of many rows stay, and where: one bit per row, so that even a billion cells take little memory.
namespace SingleSharp.Core.Rows

open System
open System.Numerics
open SingleSharp.Core.Folds

/// Some of `length` rows in their old order. Rows are added in order; it is complete once all have been added.
[<Sealed>]
type internal RowMask(length: int64) =
    let words: uint64[] = Array.zeroCreate (Memory.length ((length + 63L) / 64L))

    /// How many rows stay before each word, filled in as rows are added.
    let before: int64[] = Array.zeroCreate (words.Length + 1)
    let mutable added = 0L
    let mutable count = 0L

    /// How many rows there were.
    member _.Length = length

    /// How many of them stay.
    member _.Count = count

    /// Does every row stay?
    member _.IsAll = count = length

    /// Says of the next row whether it stays.
    member _.Add stays =
        if added = length then
            invalidOp $"all {length} rows have been added"

        let word = int (added >>> 6)

        if stays then
            words[word] <- words[word] ||| (1UL <<< int (added &&& 63L))
            count <- count + 1L

        before[word + 1] <- count
        added <- added + 1L

    /// Says that none of the rows before this one stays, of those not added yet.
    member kept.DropUntil(row: int64) =
        while added < row do
            kept.Add false

    /// Does this row stay?
    member _.Has(row: int64) =
        words[int (row >>> 6)] >>> int (row &&& 63L) &&& 1UL = 1UL

    /// How many rows stay of those before this one: the new number of a row that stays.
    member _.Rank(row: int64) =
        let word = int (row >>> 6)
        let inside = int (row &&& 63L)

        if inside = 0 then
            before[word]
        else
            before[word] + int64 (BitOperations.PopCount(words[word] <<< (64 - inside)))

    /// The old number of the row with this new number.
    /// Law (kept): Rank (At i) = i, and Has (At i)
    member kept.At(rank: int64) =
        if rank < 0L || rank >= count then
            raise (ArgumentOutOfRangeException(nameof rank))

        // Binary search for the last word whose prefix count is ≤ rank.
        let mutable word = 0
        let mutable beyond = words.Length

        while beyond - word > 1 do
            let middle = word + (beyond - word) / 2
            if before[middle] <= rank then word <- middle else beyond <- middle

        let mutable bits = words[word]

        for _ in before[word] .. rank - 1L do
            bits <- bits &&& (bits - 1UL)

        64L * int64 word + int64 (BitOperations.TrailingZeroCount bits)

[<RequireQualifiedAccess>]
module internal RowMask =
    /// One flag for each of N rows.
    let ofSeq length (flags: seq<bool>) =
        let kept = RowMask length
        flags |> Seq.iter kept.Add
        kept

    let ofFlags (flags: bool[]) = ofSeq flags.LongLength flags

    let none (length: int64) =
        let kept = RowMask length
        kept.DropUntil length
        kept

    let all (length: int64) =
        let kept = RowMask length

        for _ in 1L .. length do
            kept.Add true

        kept

/// The cells and genes that stay.
type internal Selection = { Cells: RowMask; Genes: RowMask }
