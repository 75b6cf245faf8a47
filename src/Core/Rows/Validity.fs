/// Are these counts? What is not is counted, or refused at the first cell and gene.
namespace SingleSharp.Core.Rows

open System
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds

/// A value that cannot be normalised or logged: negative, NaN or infinite.
exception internal NotACount of cell: int64 * gene: int * value: float

[<RequireQualifiedAccess>]
module internal Validity =
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

    let private examine refuse (rowBatch: RowBatch) =
        let mutable negative = 0L
        let mutable notFinite = 0L
        let mutable fractional = 0L
        let mutable empty = 0L
        let counts = rowBatch.Counts
        let values = if counts.HasAll then null else rowBatch.Values

        for row in 0 .. rowBatch.Cells - 1 do
            let mutable total = 0.0

            if counts.Has row then
                total <- float (counts.Sum row)
            else
                for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                    let value = values[i]
                    total <- total + value

                    if not (value >= 0.0 && Double.IsFinite value) then
                        if refuse then
                            raise (NotACount(rowBatch.CellOf row, rowBatch.Genes[i], value))

                        if Double.IsFinite value then negative <- negative + 1L else notFinite <- notFinite + 1L

                    if Math.Floor value <> value && Double.IsFinite value then
                        fractional <- fractional + 1L

            if total = 0.0 then
                empty <- empty + 1L

        { Negative = negative
          NotFinite = notFinite
          Fractional = fractional
          EmptyCells = empty
          Stored = int64 rowBatch.Count }

    let private form: Saved<Findings> =
        { Write =
            fun writer found ->
                for number in
                    [ found.Negative
                      found.NotFinite
                      found.Fractional
                      found.EmptyCells
                      found.Stored ] do
                    writer.Write number
          Read =
            fun reader ->
                { Negative = reader.ReadInt64()
                  NotFinite = reader.ReadInt64()
                  Fractional = reader.ReadInt64()
                  EmptyCells = reader.ReadInt64()
                  Stored = reader.ReadInt64() } }

    /// Counts what is not a count; with `refuse`, raises NotACount at the first negative, NaN or infinite value instead.
    /// Law (findings): findings of two parts add up to the findings of the whole.
    let find refuse : Fold<RowBatch, Findings> =
        Fold.saved
            form
            { Fresh = fun () -> nothing
              Step = fun found rowBatch -> add found (examine refuse rowBatch)
              Merge = add
              Finish = id }
