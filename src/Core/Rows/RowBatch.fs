/// Some consecutive cells as rows: what travels through a pass.
namespace SingleSharp.Core

open System
open System.Numerics

/// Rows of a cells × genes matrix, only stored values. It is a buffer that its reader fills again and again:
/// nobody may keep it, or write to it except the reader and the one transformation that fills Output and Factors.
[<Sealed; AllowNullLiteral>]
type RowBatch() =
    let mutable firstCell = 0L
    let mutable origins: int64[] = Array.Empty()

    /// The number of the first cell among the rows of the source. To set it is to say that the rows follow one another.
    member _.FirstCell
        with get () = firstCell
        and set cell =
            firstCell <- cell
            origins <- Array.Empty()

    /// The number in the input of each row's cell, where rows were dropped; empty where cells follow one another.
    member _.Origins
        with get () = origins
        and set numbers = origins <- numbers

    /// The number in the input of a row's cell, whatever was dropped before it: what a message names it by.
    member _.CellOf row =
        if origins.Length = 0 then firstCell + int64 row else origins[row]

    /// The number of the first stored value among all of the matrix; without meaning once rows or genes were dropped.
    member val FirstValue = 0L with get, set

    member val Cells = 0 with get, set

    /// Where each row begins: the values of row i are those from Offsets[i] to Offsets[i + 1] − 1.
    member val Offsets: int[] = Array.zeroCreate 1 with get, set

    /// The gene of each stored value.
    member val Genes: int[] = Array.Empty() with get, set

    /// Each stored value as it was read.
    member val Values: float[] = Array.Empty() with get, set

    /// Each stored value as it will be written; meaningful after a transformation.
    member val Output: float[] = Array.Empty() with get, set

    /// What each row was divided by; meaningful after a normalization.
    member val Factors: float[] = Array.Empty() with get, set

    /// The group (batch) of each row, −1 where it belongs to none; empty where cells are not grouped.
    member val Groups: int[] = Array.Empty() with get, set

    /// The same rows as they were before the last change of Output, where a step changes it after others have seen it; null otherwise.
    member val Earlier: RowBatch = null with get, set

    member rowBatch.Count = rowBatch.Offsets[rowBatch.Cells]

    /// Makes this the view of other rows that keeps their Output as it is now.
    member internal view.Keep(rows: RowBatch) =
        view.FirstCell <- rows.FirstCell
        view.Origins <- rows.Origins
        view.FirstValue <- rows.FirstValue
        view.Cells <- rows.Cells
        view.Offsets <- rows.Offsets
        view.Genes <- rows.Genes
        view.Values <- rows.Values
        view.Factors <- rows.Factors
        view.Groups <- rows.Groups
        view.Earlier <- rows.Earlier

        if view.Output.Length < rows.Count then
            view.Output <- Array.zeroCreate rows.Output.Length

        Array.Copy(rows.Output, view.Output, rows.Count)

    /// Makes room for N rows and values; buffers grow by doubling, so that they soon stop growing.
    member rowBatch.Reserve(cells, values) =
        if rowBatch.Offsets.Length < cells + 1 then
            rowBatch.Offsets <- Array.zeroCreate (cells + 1)
            rowBatch.Factors <- Array.zeroCreate cells

        if rowBatch.Genes.Length < values then
            let room = int (BitOperations.RoundUpToPowerOf2(uint32 values))
            rowBatch.Genes <- Array.zeroCreate room
            rowBatch.Values <- Array.zeroCreate room
            rowBatch.Output <- Array.zeroCreate room
