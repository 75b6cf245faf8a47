/// Genes whose mean is large beside their spread, and rows in which they are distances from it.
namespace SingleSharp.Core.Steps

open System
open SingleSharp.Core
open SingleSharp.Core.Folds

/// Sums of each gene over all cells.
type internal GeneSums =
    { OfCells: int64
      OfValues: float[]
      OfSquares: float[] }

[<RequireQualifiedAccess>]
module internal Shift =
    /// Would a gene's squares lose too much?
    let isNeeded (cells: int64) (sum: float) (squares: float) =
        let ofMean = sum * (sum / float cells)
        ofMean > Distances.Most * (squares - ofMean)

    /// What is to be taken away from each gene: its mean, or zero where that is not needed; none where no gene needs it.
    let ofSums cells (sums: float[]) (squaresOf: int -> float) =
        let shifts =
            sums |> Array.mapi (fun gene sum -> if isNeeded cells sum (squaresOf gene) then sum / float cells else 0.0)

        if Array.exists ((<>) 0.0) shifts then ValueSome shifts else ValueNone

    /// How many of some genes, in ascending order, a row does not store.
    let private absent (genes: ReadOnlySpan<int>) (shifted: int[]) =
        let mutable found = 0
        let mutable at = 0

        for gene in genes do
            while at < shifted.Length && shifted[at] < gene do
                at <- at + 1

            if at < shifted.Length && shifted[at] = gene then
                found <- found + 1

        shifted.Length - found

    /// Takes the shifts away from the values of rows whose genes ascend; a gene that is shifted and not stored is zero less its shift.
    /// One transformation for each reader; it leaves row batches as large as they were, but for genes that were not stored.
    /// Law (shift): a row is the row it was, less the shifts.
    let start (shifts: float[]) () =
        let shifted =
            [| for gene in 0 .. shifts.Length - 1 do
                   if shifts[gene] <> 0.0 then
                       gene |]

        // From the last value to the first, so that rows make room for themselves.
        let insert (rowBatch: RowBatch) more =
            let room = Checked.(+) rowBatch.Count more

            if rowBatch.Genes.Length < room then
                let mutable genes, values, output = rowBatch.Genes, rowBatch.Values, rowBatch.Output
                Array.Resize(&genes, room)
                Array.Resize(&values, room)
                Array.Resize(&output, room)
                rowBatch.Genes <- genes
                rowBatch.Values <- values
                rowBatch.Output <- output

            let genes, values = rowBatch.Genes, rowBatch.Values
            let mutable target = room
            let mutable stop = rowBatch.Count

            for row in rowBatch.Cells - 1 .. -1 .. 0 do
                let first = rowBatch.Offsets[row]
                rowBatch.Offsets[row + 1] <- target
                let mutable from = stop - 1
                let mutable at = shifted.Length - 1

                while from >= first || at >= 0 do
                    target <- target - 1

                    if at >= 0 && (from < first || shifted[at] > genes[from]) then
                        genes[target] <- shifted[at]
                        values[target] <- -shifts[shifted[at]]
                        at <- at - 1
                    else
                        if at >= 0 && shifted[at] = genes[from] then
                            at <- at - 1

                        genes[target] <- genes[from]
                        values[target] <- values[from] - shifts[genes[from]]
                        from <- from - 1

                stop <- first

        fun (rowBatch: RowBatch) ->
            let mutable more = 0

            for row in 0 .. rowBatch.Cells - 1 do
                let start = rowBatch.Offsets[row]
                let genes = ReadOnlySpan(rowBatch.Genes, start, rowBatch.Offsets[row + 1] - start)
                more <- Checked.(+) more (absent genes shifted)

            let values = rowBatch.ChangeValues()

            if more > 0 then
                insert rowBatch more
            else
                for i in 0 .. rowBatch.Count - 1 do
                    values[i] <- values[i] - shifts[rowBatch.Genes[i]]

    /// Sums and sums of squares of each gene, in float64 in the order of rows.
    let sums genes : Fold<RowBatch, GeneSums> =
        let pool = Buffers.ArrayPool<float>.Shared

        let cleared () =
            let array = pool.Rent(2 * genes)
            Array.Clear(array, 0, 2 * genes)
            array

        let form =
            { Write =
                fun writer (struct (cells: int64, pairs)) ->
                    writer.Write cells
                    Saved.write writer pairs (2 * genes)
              Read =
                fun reader ->
                    let cells = reader.ReadInt64()
                    let pairs = pool.Rent(2 * genes)
                    Saved.readInto reader pairs (2 * genes)
                    struct (cells, pairs) }

        // The sum of gene g is at 2g, that of its squares at 2g + 1.
        Fold.saved
            form
            { Fresh = fun () -> struct (0L, cleared ())
              Step =
                fun (struct (cells, pairs)) rowBatch ->
                    let genes, values = rowBatch.Genes, rowBatch.Values

                    for i in 0 .. rowBatch.Count - 1 do
                        let at = 2 * genes[i]
                        let value = values[i]
                        pairs[at] <- pairs[at] + value
                        pairs[at + 1] <- pairs[at + 1] + value * value

                    struct (cells + int64 rowBatch.Cells, pairs)
              Merge =
                fun (struct (cells, pairs)) (struct (moreCells, more)) ->
                    for i in 0 .. 2 * genes - 1 do
                        pairs[i] <- pairs[i] + more[i]

                    pool.Return more
                    struct (cells + moreCells, pairs)
              Finish =
                fun (struct (cells, pairs)) ->
                    let sums =
                        { OfCells = cells
                          OfValues = Array.init genes (fun gene -> pairs[2 * gene])
                          OfSquares = Array.init genes (fun gene -> pairs[2 * gene + 1]) }

                    pool.Return pairs
                    sums }
