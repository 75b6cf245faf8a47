/// For which rows a query is true, and for which it is false: where a value is missing it may be neither.
namespace SingleSharp.Core.Query

open SingleSharp.Core.Folds
open SingleSharp.Core.Rows

/// Two bits for each of N rows. A row with neither is unknown, as pandas' NA is.
[<Sealed>]
type internal QueryTruth(length: int64) =
    let words = Memory.length ((length + 63L) / 64L)
    let yes: uint64[] = Array.zeroCreate words
    let no: uint64[] = Array.zeroCreate words

    member _.Length = length
    member private _.Yes = yes
    member private _.No = no

    /// Says of a row whether it is so; none where that is unknown.
    member _.Set(row: int64, answer: bool voption) =
        let bit = 1UL <<< int (row &&& 63L)
        let word = int (row >>> 6)

        match answer with
        | ValueSome true -> yes[word] <- yes[word] ||| bit
        | ValueSome false -> no[word] <- no[word] ||| bit
        | ValueNone -> ()

    /// The answers of rows in their order.
    static member OfSeq(length, answers: seq<bool voption>) =
        let truth = QueryTruth length
        let mutable row = 0L

        for answer in answers do
            truth.Set(row, answer)
            row <- row + 1L

        truth

    member private _.With(other: QueryTruth, ofYes: uint64 -> uint64 -> uint64, ofNo: uint64 -> uint64 -> uint64) =
        for word in 0 .. words - 1 do
            yes[word] <- ofYes yes[word] other.Yes[word]
            no[word] <- ofNo no[word] other.No[word]

    /// Kleene's and: false where one of both is, true where both are.
    member truth.And(other: QueryTruth) = truth.With(other, (&&&), (|||))

    /// Kleene's or.
    member truth.Or(other: QueryTruth) = truth.With(other, (|||), (&&&))

    /// What is unknown stays unknown.
    member _.Negate() =
        for word in 0 .. words - 1 do
            let was = yes[word]
            yes[word] <- no[word]
            no[word] <- was

    /// The rows for which it is true.
    member _.Rows =
        RowMask.ofSeq
            length
            (seq {
                for row in 0L .. length - 1L do
                    yes[int (row >>> 6)] >>> int (row &&& 63L) &&& 1UL = 1UL
            })
