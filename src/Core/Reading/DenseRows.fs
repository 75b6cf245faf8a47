/// Reads the rows of a dense matrix as row batches of the values that are not zero.
namespace SingleSharp.Core.Reading

open System
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal DenseRows =
    /// Rows are decoded as many at a time as lie in one chunk, as long as these have no more values than this.
    let mostValues = 1L <<< 22

    /// The rows that are read at a time: those of one row batch, or those of one row of chunks, each of which is decoded only once then.
    let bandOf (matrix: Matrix) (values: Dataset) rowsPerBatch =
        match values.Layout with
        | Chunked(shape, _, _, _) -> max 1L (min shape[0] matrix.Cells)
        | _ -> int64 rowsPerBatch

    let rowsPerBatch (matrix: Matrix) target = max 1 (target / max 1 matrix.Genes)

    /// Can its rows be read in order? Not where N lie in one chunk that they would not fit into memory.
    let canStream (matrix: Matrix) =
        match matrix.Format with
        | Dense values -> bandOf matrix values 1 <= max 1L (mostValues / int64 (max 1 matrix.Genes))
        | _ -> true

    /// Bytes that one worker keeps for row batches of N values.
    let memory (matrix: Matrix) (values: Dataset) target =
        let rows = rowsPerBatch matrix target
        let genes = int64 matrix.Genes
        let band = Memory.times (bandOf matrix values rows) genes
        // Numbers as they are stored, as integers where they are such, and as floats; genes, values and output of a row batch.
        let number = values.ElementSize + (if values.Type.IsFloat then 0 else 8) + 8

        Memory.plus
            (Memory.times band (int64 number))
            (Memory.times (Memory.times (int64 rows) genes) (int64 (4 + 8 + 8 + RowCounts.BytesPerValue)))

    /// Bytes of what reads a dense matrix chunk by chunk: chunks as they are decoded, as numbers and, where they are whole ones, as such.
    let partsMemory (values: Dataset) =
        match values.Layout with
        | Chunked(shape, _, _, _) ->
            Memory.ofBox shape (int64 values.ElementSize + (if values.Type.IsFloat then 8L else 16L))
            |> Memory.plus (Hyperslab.chunkMemory values)
        | _ -> 0L

/// Reads row batches of a dense matrix. A row batch has about `target` values, zeros as well, and at least one row.
[<Sealed>]
type internal DenseBatches(disk: RandomAccessFile, matrix: Matrix, values: Dataset, chunks: Chunks voption, target: int) =
    let reader = NumberReader(disk, values, chunks)
    let genes = matrix.Genes
    let rowsPerBatch = DenseRows.rowsPerBatch matrix target
    let bandRows = DenseRows.bandOf matrix values rowsPerBatch
    let mutable band: float[] = Array.empty
    let rowBatch = RowBatch()

    let read first rows =
        let needed = Checked.(*) rows genes

        if band.Length < needed then
            band <- Array.zeroCreate needed

        reader.Values(first, rows, band)

    /// Zeros stay zeros whatever a row is divided by, unless its total is NaN.
    let isFinite row =
        let mutable gene = 0

        while gene < genes && Double.IsFinite band[row * genes + gene] do
            gene <- gene + 1

        gene = genes

    /// The rows [low, high) of the band, which begins with the cell `start`.
    let fill start low high =
        rowBatch.FirstCell <- start + int64 low
        rowBatch.FirstValue <- rowBatch.FirstCell * int64 genes
        rowBatch.Cells <- high - low
        rowBatch.Reserve(high - low, (high - low) * genes)
        let genesOf, values = rowBatch.Genes, rowBatch.Values
        let mutable count = 0

        for row in low .. high - 1 do
            let isFinite = isFinite row

            for gene in 0 .. genes - 1 do
                let value = band[row * genes + gene]

                // Negative zeros keep their sign.
                if value <> 0.0 || not isFinite || Double.IsNegative value then
                    genesOf[count] <- gene
                    values[count] <- value
                    count <- count + 1

            rowBatch.Offsets[row - low + 1] <- count

    interface RowReader<RowBatch> with
        member _.Read(first, count, visit) =
            let stop = first + int64 count
            let mutable next = first

            while next < stop do
                let bandStop = min stop ((next / bandRows + 1L) * bandRows)
                let rows = int (bandStop - next)
                read next rows

                for low in 0..rowsPerBatch .. rows - 1 do
                    fill next low (min rows (low + rowsPerBatch))
                    visit rowBatch

                next <- bandStop

        member _.Dispose() = ()

/// Reads the values of a dense matrix chunk by chunk, where rows would not fit: a row comes in parts, for those who look at values alone.
[<Sealed>]
type internal DenseParts(disk: RandomAccessFile, matrix: Matrix, values: Dataset, chunks: Chunks) =
    let reader = NumberReader(disk, values, ValueSome chunks)
    let shape = chunks.Shape
    let numbers: float[] = Array.zeroCreate (Memory.length (Memory.ofBox shape 1L))
    let rowBatch = RowBatch()

    /// What a row of a chunk holds, which begins with this cell and gene.
    let fill cell gene row =
        rowBatch.FirstCell <- cell + row
        rowBatch.Cells <- 1
        rowBatch.Reserve(1, int shape[1])
        let mutable count = 0

        for column in 0L .. min shape[1] (int64 matrix.Genes - gene) - 1L do
            let value = numbers[int (row * shape[1] + column)]

            if value <> 0.0 then
                rowBatch.Genes[count] <- int (gene + column)
                rowBatch.Values[count] <- value
                count <- count + 1

        rowBatch.Offsets[1] <- count

    interface RowReader<RowBatch> with
        member _.Read(first, count, visit) =
            let stop = first + int64 count

            for band in first / shape[0] .. (stop - 1L) / shape[0] do
                for beside in 0L .. chunks.Counts[1] - 1L do
                    let cell = band * shape[0]
                    reader.Chunk(int (band * chunks.Counts[1] + beside), numbers)

                    for row in max 0L (first - cell) .. min shape[0] (stop - cell) - 1L do
                        fill cell (beside * shape[1]) row
                        visit rowBatch

        member _.Dispose() = ()
