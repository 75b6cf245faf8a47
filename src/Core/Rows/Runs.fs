/// Rows that stay, in runs of neighbours: what lies side by side is copied at once.
namespace SingleSharp.Core.Rows

[<RequireQualifiedAccess>]
module internal Runs =
    /// Visits the runs among the rows [low, stop): the number of the first row, its new number, and how many there are.
    /// Where nothing is dropped, no row has a new number.
    /// Law (runs): the rows of all runs are those that stay, in order, each with its Rank; no two runs touch.
    let visit (kept: RowMask voption) (low: int64) (stop: int64) (each: int64 -> int64 -> int64 -> unit) =
        match kept with
        | ValueNone ->
            if low < stop then
                each low low (stop - low)
        | ValueSome kept ->
            let mutable row = low
            let mutable number = if low < stop then kept.Rank low else 0L

            while row < stop do
                let first = row

                while row < stop && kept.Has row do
                    row <- row + 1L

                if row > first then
                    each first number (row - first)
                    number <- number + (row - first)

                row <- row + 1L

    /// How many of the rows [low, stop) stay.
    let count (kept: RowMask voption) low stop =
        match kept with
        | ValueNone -> stop - low
        | ValueSome kept -> kept.Rank stop - kept.Rank low

    /// How many of N rows stay.
    let total (kept: RowMask voption) length = count kept 0L length

    /// The old number of a row that stays, given its new one.
    let oldOf (kept: RowMask voption) number =
        match kept with
        | ValueNone -> number
        | ValueSome kept -> kept.At number
