/// Some consecutive cells as rows: what travels through a pass.
namespace SingleSharp.Core

open System
open System.Numerics
open SingleSharp.Core.Rows

/// Where the output of a row batch is, until somebody asks for it.
[<RequireQualifiedAccess>]
type private OutputPlace =
    | Output
    /// It is the values.
    | Values
    /// Of rows that are counts it is what their pairs became; of others it is in Output.
    | Pairs

/// Rows of a cells × genes matrix, only stored values. It is a buffer that its reader fills again and again:
/// nobody may keep it, or write to it except the reader and the one transformation that fills Output and Factors.
[<Sealed; AllowNullLiteral>]
type internal RowBatch() =
    let mutable filling = 0L
    let mutable firstCell = 0L
    let mutable origins: int64[] = Array.Empty()
    let mutable values: float[] = Array.Empty()
    let mutable output: float[] = Array.Empty()
    // Values of float32 stay what they are until somebody asks for float64.
    let mutable singles: float32[] = Array.Empty()
    let mutable areSingle = false
    let mutable outputPlace = OutputPlace.Output
    let mutable room = 0

    let mutable counts = RowCounts()
    let mutable areCountsKnown = false
    let mutable ascends: bool[] = Array.Empty()
    let mutable isOrderKnown = false

    let roomFor needed =
        int (BitOperations.RoundUpToPowerOf2(uint32 needed))

    let reserveOutput () =
        if output.Length < room then
            output <- Array.zeroCreate room

    /// Changes whenever the rows are filled anew, or are withdrawn from those that they were lent to.
    member _.Filling = filling

    /// Says that whoever was lent the rows as they are now must not look at them any more.
    member _.Withdraw() = filling <- filling + 1L

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
    member rowBatch.Values
        with get () =
            if values.Length < room then
                values <- Array.zeroCreate room

            if areSingle then
                areSingle <- false

                for i in 0 .. rowBatch.Count - 1 do
                    values[i] <- float singles[i]

            values
        and set numbers =
            values <- numbers
            areSingle <- false
            areCountsKnown <- false
            outputPlace <- OutputPlace.Output

    /// One of Values, for somebody who needs few of them.
    member _.ValueAt i =
        if areSingle then float singles[i] else values[i]

    /// Each stored value as it will be written; meaningful after a transformation.
    member rowBatch.Output
        with get () =
            reserveOutput ()

            match outputPlace with
            | OutputPlace.Output -> ()
            | OutputPlace.Values -> Array.Copy(rowBatch.Values, output, rowBatch.Count)
            | OutputPlace.Pairs ->
                for row in 0 .. rowBatch.Cells - 1 do
                    if counts.Has row then
                        let start = rowBatch.Offsets[row]
                        counts.Look(row, start, Span(output, start, rowBatch.Offsets[row + 1] - start))

            outputPlace <- OutputPlace.Output
            output
        and set numbers =
            output <- numbers
            outputPlace <- OutputPlace.Output

    /// What each row was divided by; meaningful after a normalization.
    member val Factors: float[] = Array.Empty() with get, set

    /// The group (batch) of each row, −1 where it belongs to none; empty where cells are not grouped.
    member val Groups: int[] = Array.Empty() with get, set

    /// The same rows as they were before the last change of Output, where a step changes it after others have seen it; null otherwise.
    member val Earlier: RowBatch = null with get, set

    member rowBatch.Count = rowBatch.Offsets[rowBatch.Cells]

    /// Room for N values of float32, which are read into it: they become Values once these are asked for.
    member _.ReserveSingles count =
        if singles.Length < count then
            singles <- Array.zeroCreate room

        areSingle <- true
        singles

    /// The values of float32, while nobody has asked for them as float64.
    member _.Singles = if areSingle then ValueSome singles else ValueNone

    /// Values for somebody who changes them, as the reader's other filters do.
    member rowBatch.ChangeValues() =
        if outputPlace <> OutputPlace.Output then
            rowBatch.Output |> ignore

        areCountsKnown <- false
        isOrderKnown <- false
        rowBatch.Values

    /// Says that some values were taken out, and the others moved up to where Offsets have them. Output is without meaning afterwards.
    member _.Shrink() =
        areCountsKnown <- false
        isOrderKnown <- false
        outputPlace <- OutputPlace.Output

    /// Every row is computed value by value, as if none were of counts; that must make no difference.
    member val IsPlain = false with get, set

    /// The rows as counts, as far as they are such.
    member rowBatch.Counts =
        if not areCountsKnown then
            areCountsKnown <- true

            if rowBatch.IsPlain then counts.ReadNone(rowBatch.Offsets, rowBatch.Cells)
            elif areSingle then counts.Read(singles, rowBatch.Offsets, rowBatch.Cells)
            else counts.Read(rowBatch.Values, rowBatch.Offsets, rowBatch.Cells)

        counts

    /// Do the genes of a row ascend?
    member rowBatch.Ascends row =
        if not isOrderKnown then
            isOrderKnown <- true

            if ascends.Length < rowBatch.Cells then
                ascends <- Array.zeroCreate (roomFor rowBatch.Cells)

            for row in 0 .. rowBatch.Cells - 1 do
                let start = rowBatch.Offsets[row]
                ascends[row] <- RowOrder.ascend (ReadOnlySpan(rowBatch.Genes, start, rowBatch.Offsets[row + 1] - start))

        ascends[row]

    /// Says that Output is Values.
    member _.LeaveValues() = outputPlace <- OutputPlace.Values

    /// Says that Output of rows that are counts is what their pairs became (Results). Gives Output of the others, to be filled.
    member _.TakePairs() =
        outputPlace <- OutputPlace.Pairs

        if not counts.HasAll then
            reserveOutput ()

        output

    /// Is Output of rows that are counts what their pairs became?
    member _.IsOfPairs = (outputPlace = OutputPlace.Pairs)

    /// Output for somebody who changes nothing.
    member rowBatch.OutputToRead =
        if outputPlace = OutputPlace.Values then rowBatch.Values else rowBatch.Output

    /// Output of the rows that are no counts.
    member _.OutputOfOthers = output

    /// The counts of a view are those of the rows.
    member private _.ShareCounts(ofRows: RowCounts) =
        counts <- ofRows
        areCountsKnown <- true

    /// Makes this the view of other rows that keeps their Output as it is now.
    member view.Keep(rows: RowBatch) =
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
        view.Shrink()
        view.ShareCounts rows.Counts
        let kept = rows.Output

        if view.Output.Length < rows.Count then
            view.Output <- Array.zeroCreate kept.Length

        Array.Copy(kept, view.Output, rows.Count)

    /// Makes room for N rows and values; buffers grow by doubling, so that they soon stop growing.
    member rowBatch.Reserve(cells, values) =
        rowBatch.Withdraw()

        if rowBatch.Offsets.Length < cells + 1 then
            rowBatch.Offsets <- Array.zeroCreate (cells + 1)
            rowBatch.Factors <- Array.zeroCreate cells

        if rowBatch.Genes.Length < values then
            rowBatch.Genes <- Array.zeroCreate (roomFor values)

        room <- max room rowBatch.Genes.Length
        areSingle <- false
        rowBatch.Shrink()
