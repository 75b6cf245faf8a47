/// Reads the rows of a sparse matrix as slices, a chunk at a time, into buffers that are used again.
namespace SingleSharp.Core

open System
open System.Numerics
open System.Runtime.InteropServices

[<RequireQualifiedAccess>]
module private Widen =
    /// Each stored number as a wider one.
    let inline each (bytes: Span<byte>) (target: Span<'wide>) ([<InlineIfLambda>] widen: 'stored -> 'wide) =
        let stored = MemoryMarshal.Cast<byte, 'stored> bytes

        for i in 0 .. stored.Length - 1 do
            target[i] <- widen stored[i]

/// Numbers of one dataset, widened to the form in which kernels use them.
[<Sealed>]
type internal NumberReader(disk: Disk, dataset: Dataset, chunks: Chunks voption) =
    let reader = SlabReader(disk, dataset, chunks)
    let numeric = (Numeric.ofDatatype dataset.Type).Value
    let size = Numeric.size numeric
    let swap = Datatype.isBigEndian dataset.Type
    let mutable buffer: byte[] = Array.Empty()
    let mutable wide: int64[] = Array.Empty()

    /// Counts beyond 2^53 are not whole numbers of float64 any more.
    let mostExact = 1L <<< 53

    let load first count : Span<byte> =
        let bytes = Checked.(*) count size

        if buffer.Length < bytes then
            buffer <- Array.zeroCreate (int (BitOperations.RoundUpToPowerOf2(uint32 bytes)))

        reader.Read(first, count, buffer)

        if swap then
            for at in 0..size .. bytes - size do
                Array.Reverse(buffer, at, size)

        Span(buffer, 0, bytes)

    /// Whole numbers of any width; a uint64 beyond int64 comes out negative, which every caller refuses.
    let loadWhole first count (target: Span<int64>) =
        let bytes = load first count

        match numeric with
        | Numeric.Bool
        | Numeric.Int8 -> Widen.each bytes target (fun (value: sbyte) -> int64 value)
        | Numeric.UInt8 -> Widen.each bytes target (fun (value: byte) -> int64 value)
        | Numeric.Int16 -> Widen.each bytes target (fun (value: int16) -> int64 value)
        | Numeric.UInt16 -> Widen.each bytes target (fun (value: uint16) -> int64 value)
        | Numeric.Int32 -> Widen.each bytes target (fun (value: int32) -> int64 value)
        | Numeric.UInt32 -> Widen.each bytes target (fun (value: uint32) -> int64 value)
        | Numeric.Int64
        | Numeric.UInt64 -> Widen.each bytes target (fun (value: int64) -> value)
        | Numeric.Float32
        | Numeric.Float64 -> invalidOp "floats are not whole numbers"

    let reserveWide count =
        if wide.Length < count then
            wide <- Array.zeroCreate (int (BitOperations.RoundUpToPowerOf2(uint32 count)))

    /// Whole numbers of any width; a uint64 beyond int64 comes out negative.
    member _.Whole(first, count, target: int64[]) = loadWhole first count (Span target)

    /// Row offsets, checked to lie between 0 and `most`.
    member _.Offsets(first, count, target: int64[], most: int64) =
        loadWhole first count (Span target)

        for i in 0 .. count - 1 do
            if uint64 target[i] > uint64 most then
                disk.Damaged dataset.Path $"the row offset {target[i]} at position {first + int64 i} lies outside 0 to {most}"

    /// Column indices, checked to be one of so many genes.
    member _.Genes(first, count, target: int[], genes: int) =
        if numeric = Numeric.Int32 then
            MemoryMarshal.Cast<byte, int>(load first count).CopyTo(Span target)
        else
            reserveWide count
            loadWhole first count (Span wide)

            for i in 0 .. count - 1 do
                target[i] <- if uint64 wide[i] < uint64 genes then int wide[i] else -1

        for i in 0 .. count - 1 do
            if uint32 target[i] >= uint32 genes then
                disk.Damaged dataset.Path $"the column index at position {first + int64 i} is not one of the {genes} genes"

    member _.Values(first, count, target: float[]) =
        match numeric with
        | Numeric.Float32 -> Widen.each (load first count) (Span target) (fun (value: float32) -> float value)
        | Numeric.Float64 -> Widen.each (load first count) (Span target) (fun (value: float) -> value)
        | _ ->
            reserveWide count
            loadWhole first count (Span wide)

            for i in 0 .. count - 1 do
                if wide[i] > mostExact || wide[i] < (if numeric = Numeric.UInt64 then 0L else -mostExact) then
                    disk.Unsupported dataset.Path "it holds whole numbers beyond 2^53, which cannot be summed exactly"

                target[i] <- float wide[i]

/// Reads slices of a matrix. A slice has about `target` stored values, and at least one row.
[<Sealed>]
type private RowSlices(disk: Disk, matrix: Matrix, chunks: struct (Chunks voption * Chunks voption * Chunks voption), target: int) =
    let struct (dataChunks, indexChunks, pointerChunks) = chunks
    let data = NumberReader(disk, matrix.Data, dataChunks)
    let indices = NumberReader(disk, matrix.Indices, indexChunks)
    let indptr = NumberReader(disk, matrix.Indptr, pointerChunks)
    let pointers: int64[] = Array.zeroCreate (Blocks.rowsPerBlock + 1)
    let slice = Slice()

    let checkPointers first count =
        indptr.Offsets(first, count + 1, pointers, matrix.Stored)

        if first = 0L && pointers[0] <> 0L then
            disk.Damaged matrix.Indptr.Path $"the first row offset is {pointers[0]} instead of 0"

        if first + int64 count = matrix.Cells && pointers[count] <> matrix.Stored then
            disk.Damaged matrix.Indptr.Path $"the last row offset is {pointers[count]}, but {matrix.Stored} values are stored"

        for i in 1..count do
            if pointers[i] < pointers[i - 1] then
                disk.Damaged matrix.Indptr.Path $"the row offsets decrease at cell {first + int64 (i - 1)}"

    let load first low high =
        let start = pointers[low]
        let count = Checked.int (pointers[high] - start)
        slice.FirstCell <- first + int64 low
        slice.FirstValue <- start
        slice.Cells <- high - low
        slice.Reserve(high - low, count)

        for row in low..high do
            slice.Offsets[row - low] <- int (pointers[row] - start)

        data.Values(start, count, slice.Values)
        indices.Genes(start, count, slice.Genes, matrix.Genes)

    interface RowReader<Slice> with
        member _.Read(first, count, visit) =
            checkPointers first count
            let mutable low = 0

            while low < count do
                let mutable high = low + 1

                while high < count && pointers[high + 1] - pointers[low] <= int64 target do
                    high <- high + 1

                load first low high
                visit slice
                low <- high

        member _.Dispose() = ()

[<RequireQualifiedAccess>]
module Reader =
    /// Where the chunks of a dataset lie, if it has any: read once, for all readers of it.
    let chunks disk (dataset: Dataset) =
        match dataset.Layout with
        | Chunked _ -> ValueSome(Chunks.load disk dataset)
        | _ -> ValueNone

    /// The rows of a matrix. Chunk tables are read once, here; every worker has buffers of its own.
    /// `valuesPerSlice` bounds memory and changes no result.
    let rows (disk: Disk) (matrix: Matrix) valuesPerSlice : Source<Slice> =
        let chunks =
            struct (chunks disk matrix.Data, chunks disk matrix.Indices, chunks disk matrix.Indptr)

        { Rows = matrix.Cells
          Open = fun () -> new RowSlices(disk, matrix, chunks, valuesPerSlice) }

    /// Applies something to every slice before anybody sees it; `start` makes one for each worker.
    let through (start: unit -> Slice -> unit) (source: Source<Slice>) : Source<Slice> =
        { Rows = source.Rows
          Open =
            fun () ->
                let apply = start ()
                let reader = source.Open()

                { new RowReader<Slice> with
                    member _.Read(first, count, visit) =
                        reader.Read(
                            first,
                            count,
                            fun slice ->
                                apply slice
                                visit slice
                        )

                    member _.Dispose() = reader.Dispose() } }

    /// Bytes that one worker keeps for slices of so many values and for the chunks that it decodes.
    let memory (matrix: Matrix) valuesPerSlice =
        let chunkBytes (dataset: Dataset) =
            match dataset.Layout with
            | Chunked(shape, _, _, _) when not dataset.Filters.IsEmpty ->
                4L * Array.fold (fun product extent -> Checked.(*) product extent) (int64 dataset.ElementSize) shape
            | _ -> 0L

        // Genes, values and output of a slice, and the two byte buffers behind them.
        int64 valuesPerSlice * int64 (4 + 8 + 8 + matrix.Data.ElementSize + matrix.Indices.ElementSize)
        + ([ matrix.Data; matrix.Indices; matrix.Indptr ] |> List.sumBy chunkBytes)
        + int64 Blocks.rowsPerBlock * 32L
