/// Some consecutive cells as rows: what travels through a pass.
namespace SingleSharp.Core

open System
open System.Numerics

/// Rows of a cells × genes matrix, only stored values. It is a buffer that its reader fills again and again:
/// nobody may keep it, or write to it except the reader and the one transformation that fills Output and Factors.
[<Sealed; AllowNullLiteral>]
type Slice() =
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

    member slice.Count = slice.Offsets[slice.Cells]

    /// Makes room for so many rows and values; buffers grow by doubling, so that they soon stop growing.
    member slice.Reserve(cells, values) =
        if slice.Offsets.Length < cells + 1 then
            slice.Offsets <- Array.zeroCreate (cells + 1)
            slice.Factors <- Array.zeroCreate cells

        if slice.Genes.Length < values then
            let room = int (BitOperations.RoundUpToPowerOf2(uint32 values))
            slice.Genes <- Array.zeroCreate room
            slice.Values <- Array.zeroCreate room
            slice.Output <- Array.zeroCreate room
