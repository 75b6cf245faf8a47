/// Are these counts? What is not is counted, or refused at the first cell and gene.
namespace SingleSharp.Core

open System

/// A value that cannot be normalised or logged: negative, NaN or infinite.
exception NotACount of cell: int64 * gene: int * value: float

type Findings =
    {
        Negative: int64
        /// NaN or infinite.
        NotFinite: int64
        /// Not whole numbers.
        Fractional: int64
        /// Cells whose total is zero.
        EmptyCells: int64
        /// Stored values, explicit zeros among them.
        Stored: int64
    }

    /// Could this be raw counts?
    member findings.AreCounts =
        findings.Negative = 0L && findings.NotFinite = 0L && findings.Fractional = 0L

[<RequireQualifiedAccess>]
module Validity =
    /// Of nothing at all.
    let nothing =
        { Negative = 0L
          NotFinite = 0L
          Fractional = 0L
          EmptyCells = 0L
          Stored = 0L }

    let private add left right =
        { Negative = left.Negative + right.Negative
          NotFinite = left.NotFinite + right.NotFinite
          Fractional = left.Fractional + right.Fractional
          EmptyCells = left.EmptyCells + right.EmptyCells
          Stored = left.Stored + right.Stored }

    let private examine refuse (slice: Slice) =
        let mutable negative = 0L
        let mutable notFinite = 0L
        let mutable fractional = 0L
        let mutable empty = 0L
        let values = slice.Values

        for row in 0 .. slice.Cells - 1 do
            let mutable total = 0.0

            for i in slice.Offsets[row] .. slice.Offsets[row + 1] - 1 do
                let value = values[i]
                total <- total + value

                if not (value >= 0.0 && Double.IsFinite value) then
                    if refuse then
                        raise (NotACount(slice.CellOf row, slice.Genes[i], value))

                    if Double.IsFinite value then negative <- negative + 1L else notFinite <- notFinite + 1L

                if Math.Floor value <> value && Double.IsFinite value then
                    fractional <- fractional + 1L

            if total = 0.0 then
                empty <- empty + 1L

        { Negative = negative
          NotFinite = notFinite
          Fractional = fractional
          EmptyCells = empty
          Stored = int64 slice.Count }

    /// Counts what is not a count; with `refuse`, raises NotACount at the first negative, NaN or infinite value instead.
    /// Law (findings): findings of two parts add up to the findings of the whole.
    let find refuse : Fold<Slice, Findings> =
        Fold.ofSteps
            { Fresh = fun () -> nothing
              Step = fun found slice -> add found (examine refuse slice)
              Merge = add
              Finish = id }
