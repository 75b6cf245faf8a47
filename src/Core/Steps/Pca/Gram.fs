/// Sums of products of genes over all cells, from which principal components follow exactly.
namespace SingleSharp.Core.Steps

open System
open System.Collections.Concurrent
open System.Numerics
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Folds

/// What cells amount to for PCA: XᵀX and the sums of X's columns, in float64.
type internal Gram =
    {
        Cells: int64
        /// The number of genes.
        Size: int
        Sums: float[]
        /// The upper triangle of XᵀX row by row: row i holds the entries (i, i) to (i, Size − 1).
        Upper: float[]
    }

/// The sums so far, and rows that wait to be multiplied.
[<Sealed>]
type private GramState(size: int) =
    member val Cells = 0L with get, set
    member val Sums: float[] = GC.AllocateUninitializedArray size
    member val Upper: float[] = GC.AllocateUninitializedArray(Packed.length size)
    member val Waiting: Multiplier = null with get, set

[<RequireQualifiedAccess>]
module internal Gram =
    /// target[i] + more[i] for every i.
    let private add (target: float[]) (more: float[]) =
        let targets = MemoryMarshal.Cast<float, Vector<float>>(Span target)
        let mores = MemoryMarshal.Cast<float, Vector<float>>(ReadOnlySpan more)

        for i in 0 .. targets.Length - 1 do
            targets[i] <- targets[i] + mores[i]

        for i in targets.Length * Vector<float>.Count .. target.Length - 1 do
            target[i] <- target[i] + more[i]

    /// The Gram matrix of rows whose genes are numbered from 0 to size − 1 and ascend in each row; their values are Values.
    /// Every entry is a sum in the order of rows: Upper(i, j) = Σ x_i·x_j over the rows that store both genes.
    /// OverflowException where the triangle would be no array, from 65,536 genes on.
    /// A value that is not finite shows in Sums; which entries of Upper it spoils beside its own is not defined.
    /// Law (gram): runs that cut the rows at the same blocks give the same bits.
    /// Law (permuted): genes in another order give the same entries in that order.
    let fold size : Fold<RowBatch, Gram> =
        // Large, so that they are used again: a state lives until its block has merged, a multiplier only while rows wait.
        let states = ConcurrentBag<GramState>()
        let multipliers = ConcurrentBag<Multiplier>()

        // Cleared, also where it is new: a page that is read before it is written is mapped twice, and the second time interrupts the
        // other threads.
        let fresh () =
            let state =
                match states.TryTake() with
                | true, state -> state
                | _ -> GramState size

            Array.Clear state.Sums
            Array.Clear state.Upper
            state.Cells <- 0L
            state

        /// Multiplies the rows that wait.
        let settle (state: GramState) =
            if not (isNull state.Waiting) then
                state.Waiting.Add state.Upper
                multipliers.Add state.Waiting
                state.Waiting <- null

        let addRow (state: GramState) (rowBatch: RowBatch) row =
            let start = rowBatch.Offsets[row]
            let stop = rowBatch.Offsets[row + 1]

            if not (isNull state.Waiting) && not (state.Waiting.Batch.HasRoomFor(stop - start)) then
                settle state

            if isNull state.Waiting then
                state.Waiting <-
                    match multipliers.TryTake() with
                    | true, multiplier -> multiplier
                    | _ -> Multiplier size

            state.Waiting.Batch.Add(rowBatch, row)

            let genes, values = rowBatch.Genes, rowBatch.Values

            for i in start .. stop - 1 do
                state.Sums[genes[i]] <- state.Sums[genes[i]] + values[i]

            state.Cells <- state.Cells + 1L

            // The last row of a block: its worker multiplies, so that merging need not.
            if state.Cells % int64 Blocks.rowsPerBlock = 0L then
                settle state

        let form =
            { Write =
                fun writer state ->
                    settle state
                    writer.Write state.Cells
                    Saved.write writer state.Sums state.Sums.Length
                    Saved.write writer state.Upper state.Upper.Length
              Read =
                fun reader ->
                    let state = fresh ()
                    state.Cells <- reader.ReadInt64()
                    Saved.readInto reader state.Sums state.Sums.Length
                    Saved.readInto reader state.Upper state.Upper.Length
                    state }

        Fold.saved
            form
            { Fresh = fresh
              Step =
                fun state rowBatch ->
                    for row in 0 .. rowBatch.Cells - 1 do
                        addRow state rowBatch row

                    state
              Merge =
                fun state more ->
                    settle state
                    settle more
                    add state.Sums more.Sums
                    add state.Upper more.Upper
                    state.Cells <- state.Cells + more.Cells
                    states.Add more
                    state
              Finish =
                fun state ->
                    settle state
                    states.Clear()
                    multipliers.Clear()

                    { Cells = state.Cells
                      Size = size
                      Sums = state.Sums
                      Upper = state.Upper } }
