/// Reads the rows of a dense matrix as slices of the values that are not zero.
namespace SingleSharp.Core

open System

[<RequireQualifiedAccess>]
module internal DenseRows =
    /// Rows are decoded as many at a time as lie in one chunk, as long as these have no more values than this.
    let mostValues = 1L <<< 22

    /// The rows that are read at a time: those of one slice, or those of one row of chunks, each of which is decoded only once then.
    let bandOf (matrix: Matrix) (values: Dataset) rowsPerSlice =
        match values.Layout with
        | Chunked(shape, _, _, _) -> max 1L (min shape[0] matrix.Cells)
        | _ -> int64 rowsPerSlice

    let rowsPerSlice (matrix: Matrix) target = max 1 (target / max 1 matrix.Genes)

    /// Can its rows be read in order? Not where so many lie in one chunk that they would not fit into memory.
    let canStream (matrix: Matrix) =
        match matrix.Form with
        | Dense values -> bandOf matrix values 1 <= max 1L (mostValues / int64 (max 1 matrix.Genes))
        | _ -> true

    /// Bytes that one worker keeps for slices of so many values.
    let memory (matrix: Matrix) (values: Dataset) target =
        let rows = rowsPerSlice matrix target
        let genes = int64 matrix.Genes
        let band = Memory.times (bandOf matrix values rows) genes
        // Numbers as they are stored, as whole numbers where they are such, and as floats; genes, values and output of a slice.
        let number = values.ElementSize + (if values.Type.IsFloat then 0 else 8) + 8
        Memory.plus (Memory.times band (int64 number)) (Memory.times (Memory.times (int64 rows) genes) (int64 (4 + 8 + 8)))

    /// Bytes of what reads a dense matrix chunk by chunk: chunks as they are decoded, as numbers and, where they are whole ones, as such.
    let partsMemory (values: Dataset) =
        match values.Layout with
        | Chunked(shape, _, _, _) ->
            Memory.ofBox shape (int64 values.ElementSize + (if values.Type.IsFloat then 8L else 16L))
            |> Memory.plus (Slab.chunkMemory values)
        | _ -> 0L

/// Reads slices of a dense matrix. A slice has about `target` values, zeros as well, and at least one row.
[<Sealed>]
type internal DenseSlices(disk: Disk, matrix: Matrix, values: Dataset, chunks: Chunks voption, target: int) =
    let reader = NumberReader(disk, values, chunks)
    let genes = matrix.Genes
    let rowsPerSlice = DenseRows.rowsPerSlice matrix target
    let bandRows = DenseRows.bandOf matrix values rowsPerSlice
    let mutable band: float[] = Array.empty
    let slice = Slice()

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
        slice.FirstCell <- start + int64 low
        slice.FirstValue <- slice.FirstCell * int64 genes
        slice.Cells <- high - low
        slice.Reserve(high - low, (high - low) * genes)
        let mutable count = 0

        for row in low .. high - 1 do
            let isFinite = isFinite row

            for gene in 0 .. genes - 1 do
                let value = band[row * genes + gene]

                // Negative zeros keep their sign.
                if value <> 0.0 || not isFinite || Double.IsNegative value then
                    slice.Genes[count] <- gene
                    slice.Values[count] <- value
                    count <- count + 1

            slice.Offsets[row - low + 1] <- count

    interface RowReader<Slice> with
        member _.Read(first, count, visit) =
            let stop = first + int64 count
            let mutable next = first

            while next < stop do
                let bandStop = min stop ((next / bandRows + 1L) * bandRows)
                let rows = int (bandStop - next)
                read next rows

                for low in 0..rowsPerSlice .. rows - 1 do
                    fill next low (min rows (low + rowsPerSlice))
                    visit slice

                next <- bandStop

        member _.Dispose() = ()

/// Reads the values of a dense matrix chunk by chunk, where rows would not fit: a row comes in parts, for those who look at values alone.
[<Sealed>]
type internal DenseParts(disk: Disk, matrix: Matrix, values: Dataset, chunks: Chunks) =
    let reader = NumberReader(disk, values, ValueSome chunks)
    let shape = chunks.Shape
    let numbers: float[] = Array.zeroCreate (Memory.length (Memory.ofBox shape 1L))
    let slice = Slice()

    /// What a row of a chunk holds, which begins with this cell and gene.
    let fill cell gene row =
        slice.FirstCell <- cell + row
        slice.Cells <- 1
        slice.Reserve(1, int shape[1])
        let mutable count = 0

        for column in 0L .. min shape[1] (int64 matrix.Genes - gene) - 1L do
            let value = numbers[int (row * shape[1] + column)]

            if value <> 0.0 then
                slice.Genes[count] <- int (gene + column)
                slice.Values[count] <- value
                count <- count + 1

        slice.Offsets[1] <- count

    interface RowReader<Slice> with
        member _.Read(first, count, visit) =
            let stop = first + int64 count

            for band in first / shape[0] .. (stop - 1L) / shape[0] do
                for beside in 0L .. chunks.Counts[1] - 1L do
                    let cell = band * shape[0]
                    reader.Chunk(int (band * chunks.Counts[1] + beside), numbers)

                    for row in max 0L (first - cell) .. min shape[0] (stop - cell) - 1L do
                        fill cell (beside * shape[1]) row
                        visit slice

        member _.Dispose() = ()
