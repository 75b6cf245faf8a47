/// Reads the rows of a matrix as row batches, a chunk at a time, into buffers that are used again.
namespace SingleSharp.Core.Reading

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// Reads row batches of a matrix. A row batch has about `target` stored values, and at least one row; where rows may be cut, one of more
/// values comes as several row batches.
[<Sealed>]
type private RowBatches
    (
        disk: RandomAccessFile,
        matrix: Matrix,
        arrays: SparseArrays,
        chunks: struct (Chunks voption * Chunks voption * Chunks voption),
        target: int,
        mayCut: bool
    ) =
    let struct (dataChunks, indexChunks, pointerChunks) = chunks
    let data = NumberReader(disk, arrays.Data, dataChunks)
    let indices = NumberReader(disk, arrays.Indices, indexChunks)
    let indptr = NumberReader(disk, arrays.Indptr, pointerChunks)
    let pointers: int64[] = Array.zeroCreate (Blocks.rowsPerBlock + 1)
    let rowBatch = RowBatch()

    let checkPointers first count =
        indptr.Offsets(first, count + 1, pointers, matrix.Stored)

        if first = 0L && pointers[0] <> 0L then
            disk.Damaged arrays.Indptr.Path $"the first row offset is {pointers[0]} instead of 0"

        if first + int64 count = matrix.Cells && pointers[count] <> matrix.Stored then
            disk.Damaged arrays.Indptr.Path $"the last row offset is {pointers[count]}, but {matrix.Stored} values are stored"

        for i in 1..count do
            if pointers[i] < pointers[i - 1] then
                disk.Damaged arrays.Indptr.Path $"the row offsets decrease at cell {first + int64 (i - 1)}"

    /// A row has one value of each gene; some more may be there to be added up.
    let mostInRow = max (int64 matrix.Genes) (1L <<< 20)

    /// What the rows [low, high) have of the values [start, stop).
    let load first low high start stop =
        let count = int (stop - start)
        rowBatch.FirstCell <- first + int64 low
        rowBatch.FirstValue <- start
        rowBatch.Cells <- high - low
        rowBatch.Reserve(high - low, count)

        for row in low..high do
            rowBatch.Offsets[row - low] <- int (max start (min stop pointers[row]) - start)

        if data.AreSingle then
            data.Singles(start, count, rowBatch.ReserveSingles count)
        else
            data.Values(start, count, rowBatch.Values)

        indices.Genes(start, count, rowBatch.Genes, matrix.Genes)

    let loadWhole first low high =
        let count = pointers[high] - pointers[low]

        if high - low = 1 && count > mostInRow then
            disk.Damaged arrays.Indptr.Path $"cell {first + int64 low} is said to have {count} values, but there are {matrix.Genes} genes"

        load first low high pointers[low] pointers[high]

    interface RowReader<RowBatch> with
        member _.Read(first, count, visit) =
            checkPointers first count
            let mutable low = 0

            while low < count do
                let mutable high = low + 1

                while high < count && pointers[high + 1] - pointers[low] <= int64 target do
                    high <- high + 1

                if mayCut then
                    for start in pointers[low] .. int64 target .. max pointers[low] (pointers[high] - 1L) do
                        load first low high start (min pointers[high] (start + int64 target))
                        visit rowBatch
                else
                    loadWhole first low high
                    visit rowBatch

                low <- high

        member _.Dispose() = ()

[<RequireQualifiedAccess>]
module internal Reader =
    /// Where the chunks of a dataset lie, if it has any: read once, for all readers of it.
    let chunks disk (dataset: Dataset) =
        match dataset.Layout with
        | Chunked _ -> ValueSome(Chunks.load disk dataset)
        | _ -> ValueNone

    let private rowBatches mayCut (disk: RandomAccessFile) (matrix: Matrix) valuesPerBatch : Source<RowBatch> =
        { Rows = matrix.Cells
          Open =
            match matrix.Format with
            | Csr arrays ->
                let chunks =
                    struct (chunks disk arrays.Data, chunks disk arrays.Indices, chunks disk arrays.Indptr)

                fun () -> new RowBatches(disk, matrix, arrays, chunks, valuesPerBatch, mayCut)
            | Dense values ->
                let chunks = chunks disk values
                fun () -> new DenseBatches(disk, matrix, values, chunks, valuesPerBatch)
            | Csc _ -> invalidOp $"{matrix.Path} is stored in columns and has to be transposed first" }

    /// The rows of a matrix that is stored in rows, sparse or dense. Chunk tables are read once, here; every worker has buffers
    /// of its own. `valuesPerBatch` bounds memory and changes no result.
    let rows disk matrix valuesPerBatch =
        rowBatches false disk matrix valuesPerBatch

    /// The same for rows that may be longer than any memory: none comes in row batches of more values than this.
    let cutRows disk matrix valuesPerBatch =
        rowBatches true disk matrix valuesPerBatch

    /// The values of a dense matrix in chunks of any height, of which a row comes in several row batches.
    let parts disk (matrix: Matrix) : Source<RowBatch> =
        let chunks = Chunks.load disk matrix.Values

        { Rows = matrix.Cells
          Open = fun () -> new DenseParts(disk, matrix, matrix.Values, chunks) }

    /// Applies something to every row batch before anybody sees it; `start` makes one for each worker.
    let through (start: unit -> RowBatch -> unit) (source: Source<RowBatch>) : Source<RowBatch> =
        { Rows = source.Rows
          Open =
            fun () ->
                let apply = start ()
                let reader = source.Open()

                { new RowReader<RowBatch> with
                    member _.Read(first, count, visit) =
                        reader.Read(
                            first,
                            count,
                            fun rowBatch ->
                                apply rowBatch
                                visit rowBatch
                        )

                    member _.Dispose() = reader.Dispose() } }

    /// The values that the largest row batch has, about: a row has them all, and is as long as rows are on the average.
    let valuesOf (matrix: Matrix) valuesPerBatch =
        match matrix.Format with
        | Dense _ -> Memory.times (int64 (DenseRows.rowsPerBatch matrix valuesPerBatch)) (int64 matrix.Genes)
        | Csr _
        | Csc _ ->
            let row = matrix.Stored / max 1L matrix.Cells
            min matrix.Stored (max (int64 valuesPerBatch) row)

    /// Bytes of a number while it is read: as it is stored and, of integers that are not taken as they are, as such.
    let private numberBytes (dataset: Dataset) isTaken =
        int64 dataset.ElementSize + (if isTaken dataset.Type then 0L else 8L)

    /// Bytes of where the chunks of a matrix lie, which all workers look up.
    let tables (matrix: Matrix) =
        matrix.Datasets |> List.fold (fun bytes dataset -> Memory.plus bytes (Chunks.memory dataset)) 0L

    /// Bytes that one worker keeps for row batches of N values and for the chunks that it decodes.
    let memory (matrix: Matrix) valuesPerBatch =
        let decoded =
            matrix.Datasets |> List.fold (fun bytes dataset -> Memory.plus bytes (Hyperslab.chunkMemory dataset)) 0L

        match matrix.Format with
        | Dense values -> Memory.plus decoded (DenseRows.memory matrix values valuesPerBatch)
        | Csr arrays
        | Csc arrays ->
            // Genes, values and output of a row batch, its counts, and what all is read through; offsets of the rows of a block.
            Memory.times
                (valuesOf matrix valuesPerBatch)
                (int64 (4 + 8 + 8 + RowCounts.BytesPerValue)
                 + numberBytes arrays.Data _.IsFloat
                 + numberBytes arrays.Indices (function
                     | Integer(4, true, _) -> true
                     | _ -> false))
            + int64 Blocks.rowsPerBlock * 32L
            |> Memory.plus decoded
