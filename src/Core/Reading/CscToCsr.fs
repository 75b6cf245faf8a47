/// Puts the rows of a matrix together in a scratch file where they cannot be read one after another: X in compressed sparse
/// columns, or dense X whose chunks are too tall.
namespace SingleSharp.Core.Reading

open System
open System.Threading
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

// Two readings of the matrix: the first counts the values of some neighbouring cells each (a stripe), so that stripes can be
// joined to buckets that fit into memory; the second hands each value to its bucket, all of which lie one after another in a
// first scratch file. Then each bucket is sorted by cell, once, into the second file, which is read as compressed sparse rows.

[<RequireQualifiedAccess>]
module internal CscToCsr =
    /// Values of a row batch while columns are read.
    let private rowBatch = 1 <<< 17

    /// Does a matrix have to be put together in rows before it can be read?
    let isNeeded (matrix: Matrix) =
        match matrix.Format with
        | Csc _ -> true
        | _ -> not (DenseRows.canStream matrix)

    /// In what precision the values are exact.
    let private precision (matrix: Matrix) =
        match matrix.Type with
        | DType.Float32
        | DType.Bool
        | DType.Int8
        | DType.UInt8
        | DType.Int16
        | DType.UInt16 -> Precision.Single
        | _ -> Precision.Double

    /// The matrix in rows.
    let private described (matrix: Matrix) stored =
        ScratchRows.ofValues matrix.Path matrix.Cells matrix.Genes matrix.Type (precision matrix) stored

    /// The matrix in rows as it will be, with all values that there may be.
    let foreseen (matrix: Matrix) = described matrix matrix.Stored

    /// Bytes of what reads a matrix: row batches of columns, or dense chunks.
    let private readBytes (matrix: Matrix) =
        match matrix.Format with
        | Dense values -> DenseRows.partsMemory values
        | Csc _ -> Reader.memory (Matrix.flipped matrix) rowBatch
        | Csr _ -> 0L

    /// What transposing keeps at least, in bytes.
    let least (matrix: Matrix) =
        SortMemory.sortBytes matrix.Cells matrix.Stored
        |> Memory.plus (Memory.times SortMemory.leastBuffer (SortMemory.bucketsOf matrix.Cells matrix.Stored))
        |> Memory.plus (readBytes matrix)

    /// What it keeps where this much memory is allowed: buffers of buckets are larger then.
    let memory allowed (matrix: Matrix) =
        let least = least matrix

        Memory.times (SortMemory.mostBuffer - SortMemory.leastBuffer) (SortMemory.bucketsOf matrix.Cells matrix.Stored)
        |> min (max 0L (allowed - least))
        |> Memory.plus least

    /// Visits the values of rows in order: the row, the column, the value.
    let private visitRows (source: Source<RowBatch>) (cancel: CancellationToken) (each: int64 -> int -> float -> unit) =
        use reader = source.Open()
        // A function of three arguments is asked once whether it takes them together, not for each value.
        let each = OptimizedClosures.FSharpFunc<_, _, _, _>.Adapt each

        for block in 0L .. Blocks.count source.Rows - 1L do
            let struct (first, count) = Blocks.extent source.Rows block

            reader.Read(
                first,
                count,
                fun rowBatch ->
                    cancel.ThrowIfCancellationRequested()
                    let genes, values = rowBatch.Genes, rowBatch.Values

                    for row in 0 .. rowBatch.Cells - 1 do
                        for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                            each.Invoke(rowBatch.FirstCell + int64 row, genes[i], values[i])
            )

    /// What visits every value: its cell, its gene. Zeros of a dense matrix are left out, save those of cells that are `full`.
    let private visitor (disk: RandomAccessFile) (matrix: Matrix) (cancel: CancellationToken) (isFull: int64 -> bool) =
        match matrix.Format with
        | Csc _ ->
            let columns = Reader.cutRows disk (Matrix.flipped matrix) rowBatch

            fun (each: int64 -> int -> float -> unit) ->
                let each = OptimizedClosures.FSharpFunc<_, _, _, _>.Adapt each
                visitRows columns cancel (fun gene cell value -> each.Invoke(int64 cell, int gene, value))
        | Dense values ->
            let chunks = Chunks.load disk values
            let reader = NumberReader(disk, values, ValueSome chunks)
            let shape = chunks.Shape
            let numbers: float[] = Array.zeroCreate (Memory.length (Memory.ofBox shape 1L))

            fun each ->
                let each = OptimizedClosures.FSharpFunc<_, _, _, _>.Adapt each

                for index in 0 .. chunks.Entries.Length - 1 do
                    cancel.ThrowIfCancellationRequested()
                    let cell = int64 index / chunks.Counts[1] * shape[0]
                    let gene = int64 index % chunks.Counts[1] * shape[1]
                    reader.Chunk(index, numbers)

                    for row in 0L .. min shape[0] (matrix.Cells - cell) - 1L do
                        let isFull = isFull (cell + row)

                        for column in 0L .. min shape[1] (int64 matrix.Genes - gene) - 1L do
                            let value = numbers[int (row * shape[1] + column)]

                            // Negative zeros keep their sign.
                            if value <> 0.0 || isFull || Double.IsNegative value then
                                each.Invoke(cell + row, int (gene + column), value)
        | Csr _ -> invalidOp $"{matrix.Path} is stored in rows"

    /// Visits every value, of whose cells as many as a stripe has share an element of `counts`, and counts them. Zeros stay zeros
    /// whatever a row is divided by, unless its total is not a number: then all of a dense row counts.
    let private counting (disk: RandomAccessFile) (matrix: Matrix) cancel (counts: int64[]) =
        // A bit for each cell of a stripe.
        let full: uint64[] =
            Array.zeroCreate (if matrix.Format.IsDense then counts.Length else 0)

        let bit (cell: int64) = 1UL <<< int (cell % Buckets.stripe)

        let visit =
            visitor disk matrix cancel (fun cell -> full[int (cell / Buckets.stripe)] &&& bit cell <> 0UL)

        let mutable isAgain = false

        let count cell value =
            let at = int (cell / Buckets.stripe)
            counts[at] <- counts[at] + 1L

            if full.Length > 0 && not (Double.IsFinite value) then
                full[at] <- full[at] ||| bit cell
                isAgain <- true

        visit (fun cell _ value -> count cell value)

        if isAgain then
            Array.Clear counts
            visit (fun cell _ value -> count cell value)

        visit

    /// One element for each stripe of N rows.
    let private stripes rows : int64[] =
        Array.zeroCreate (Memory.length (SortMemory.stripesOf rows))

    /// Sorts what is visited, of which stripes have N values, into the target; `spare` bytes are for buffers.
    let private sorted
        (rows: Matrix)
        precision
        (counts: int64[])
        visit
        spare
        (target: RandomAccessFile)
        folder
        (cancel: CancellationToken)
        (progress: float -> unit)
        =
        let buckets = Buckets.ofCounts rows.Cells counts
        let bucketOf: int[] = Array.zeroCreate counts.Length

        for bucket in 0 .. buckets.Length - 1 do
            let first = int (buckets[bucket].FirstCell / Buckets.stripe)

            let count =
                int ((int64 buckets[bucket].Cells + Buckets.stripe - 1L) / Buckets.stripe)

            Array.Fill(bucketOf, bucket, first, count)

        use scratch = new ScratchFile(folder)

        let file =
            BucketFile(scratch.Disk, buckets, precision, SortMemory.bufferBytes (max 0L spare) buckets.Length)

        visit (fun (cell: int64) (gene: int) (value: float) -> file.Add(bucketOf[int (cell / Buckets.stripe)], cell, gene, value))
        file.Close()
        progress 0.7
        let arrays = Matrix.rows rows
        let sort = Buckets.sorter target arrays file precision
        target.Write(0L, ReadOnlySpan(Bytes.i64 0L))

        for bucket in buckets do
            cancel.ThrowIfCancellationRequested()
            sort bucket

        progress 1.0
        rows

    /// Writes the rows into the target, with a scratch file in the folder for the time that it takes; `progress` is told the
    /// share that is done. Values of a cell come in the order of genes; those that are stored twice keep their order.
    /// Law (csr): the rows are those of the matrix, whatever its form and storage and the memory allowed.
    let write
        (disk: RandomAccessFile)
        (matrix: Matrix)
        (target: RandomAccessFile)
        (folder: string)
        allowed
        (cancel: CancellationToken)
        (progress: float -> unit)
        =
        let counts = stripes matrix.Cells
        let visit = counting disk matrix cancel counts
        progress 0.3
        let least = least matrix
        SortMemory.requireRoom disk matrix.Path least allowed (Array.fold max 0L counts)
        let rows = described matrix (Array.sum counts)
        sorted rows (precision matrix) counts visit (allowed - least) target folder cancel progress

    /// What turning N rows of N columns keeps at least, in bytes: stripes of columns that may be full, beside what reads the rows.
    let turnedMemory (rows: int64) (columns: int64) =
        let values = Memory.times rows columns

        let most =
            min values (max (int64 Buckets.mostValues) (Memory.times Buckets.stripe rows))

        SortMemory.sortBytes columns 0L
        |> Memory.plus (Memory.times most SortMemory.sortedBytes)
        |> Memory.plus (Memory.times SortMemory.leastBuffer (SortMemory.bucketsOf columns values))

    /// Writes the columns of rows into the target, as rows of N: what the rows hold of the first column, and so on, in the order of rows.
    /// The source is read twice.
    /// Law (turned): row j holds (i, v) for every row i that holds (j, v), in the order of i, whatever the memory allowed.
    let turned
        (disk: RandomAccessFile)
        path
        (source: Source<RowBatch>)
        columns
        precision
        (target: RandomAccessFile)
        folder
        allowed
        cancel
        (progress: float -> unit)
        =
        let counts = stripes (int64 columns)

        visitRows source cancel (fun _ column _ ->
            let stripe = column / int Buckets.stripe
            counts[stripe] <- counts[stripe] + 1L)

        progress 0.3
        let least = turnedMemory (int64 Buckets.mostValues / Buckets.stripe) (int64 columns)
        SortMemory.requireRoom disk path least allowed (Array.fold max 0L counts)

        let rows =
            ScratchRows.ofValues path (int64 columns) (Checked.int source.Rows) (Precision.dtype precision) precision (Array.sum counts)

        let visit each =
            visitRows source cancel (fun row column value -> each (int64 column) (int row) value)

        sorted rows precision counts visit (allowed - turnedMemory source.Rows (int64 columns)) target folder cancel progress
