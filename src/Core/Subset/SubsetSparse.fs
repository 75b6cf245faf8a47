/// Writes what stays of a compressed sparse matrix, in one read and within little memory.
namespace SingleSharp.Core.Subset

open System
open System.Threading
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// Values of a sparse matrix and their indices along the minor dimension, some at a time, without what is dropped.
[<Sealed>]
type private SparsePieces(store: Hdf5File, matrix: AlignedSparse, minor: RowMask voption, extent: int64, indexType: Datatype, most: int) =
    let data = DatasetReader(store.Disk, matrix.Data)
    let indices = DatasetReader(store.Disk, matrix.Indices)
    let dataSize = matrix.Data.ElementSize
    let indexSize = matrix.Indices.ElementSize
    let dataBytes: byte[] = Array.zeroCreate (most * dataSize)
    let newSize = Datatype.size indexType
    let isRetyped = indexType <> matrix.Indices.Type
    let indexBytes: byte[] = Array.zeroCreate (most * max indexSize newSize)

    let numbers: int64[] =
        Array.zeroCreate (if minor.IsSome || isRetyped then most else 0)

    /// How many of the values before each one stay.
    let before: int[] = Array.zeroCreate (if minor.IsSome then most + 1 else 0)

    let decode count =
        Integers.decode matrix.Indices.Type (Span(indexBytes, 0, count * indexSize)) numbers

    let encode count =
        Integers.encode indexType numbers (Span(indexBytes, 0, count * newSize))

    /// All of them stay, in another type.
    let retype first count =
        decode count

        for i in 0 .. count - 1 do
            if uint64 numbers[i] >= uint64 extent then
                store.Disk.Damaged matrix.Indices.Path $"the index at position {first + int64 i} is not one of {extent}"

        encode count

    let sift (minor: RowMask) first count =
        decode count
        let mutable kept = 0
        // The first value of the run that is to be moved next.
        let mutable start = 0

        let move stop =
            if stop > start then
                let into = kept - (stop - start)
                Buffer.BlockCopy(dataBytes, start * dataSize, dataBytes, into * dataSize, (stop - start) * dataSize)

        for i in 0 .. count - 1 do
            let index = numbers[i]

            if uint64 index >= uint64 extent then
                store.Disk.Damaged matrix.Indices.Path $"the index at position {first + int64 i} is not one of {extent}"

            before[i] <- kept

            if minor.Has index then
                numbers[kept] <- minor.Rank index
                kept <- kept + 1
            else
                move i
                start <- i + 1

        move count
        before[count] <- kept
        encode kept
        kept

    /// Reads the values [first, first + count) and says how many of them stay.
    member _.Load(first: int64, count: int) =
        data.Read(first, count, dataBytes)
        indices.Read(first, count, indexBytes)

        match minor with
        | ValueSome minor -> sift minor first count
        | ValueNone ->
            if isRetyped then
                retype first count

            count

    /// How many stay of the first N values that were loaded.
    member _.Before(count: int) =
        if minor.IsSome then before[count] else count

    member _.Put(count: int, dataTo: AppendableDataset, indicesTo: AppendableDataset) =
        dataTo.Append(ReadOnlySpan(dataBytes, 0, count * dataSize))
        indicesTo.Append(ReadOnlySpan(indexBytes, 0, count * newSize))

/// The three arrays of what stays, while they grow.
[<Sealed>]
type private SparseGrowth
    (
        pieces: SparsePieces,
        most: int,
        data: AppendableDataset,
        indices: AppendableDataset,
        indptr: AppendableDataset,
        pointerType: Datatype,
        batch: int
    ) =
    let ends: int64[] = Array.zeroCreate batch
    let endBytes: byte[] = Array.zeroCreate (batch * Datatype.size pointerType)
    let mutable total = 0L

    let putEnds count =
        let bytes = count * Datatype.size pointerType
        Integers.encode pointerType ends (Span(endBytes, 0, bytes))
        indptr.Append(ReadOnlySpan(endBytes, 0, bytes))

    do putEnds 1

    /// Appends the neighbouring rows whose values lie between offsets[low] and offsets[high].
    member _.Add(offsets: int64[], low: int, high: int) =
        let mutable row = low
        let mutable at = offsets[low]

        while row < high && offsets[row + 1] = at do
            ends[row - low] <- total
            row <- row + 1

        while at < offsets[high] do
            let count = int (min (int64 most) (offsets[high] - at))
            let kept = pieces.Load(at, count)

            while row < high && offsets[row + 1] <= at + int64 count do
                ends[row - low] <- total + int64 (pieces.Before(int (offsets[row + 1] - at)))
                row <- row + 1

            pieces.Put(kept, data, indices)
            total <- total + int64 kept
            at <- at + int64 count

        putEnds (high - low)

[<RequireQualifiedAccess>]
module internal SubsetSparse =
    /// Offsets that are read at a time, and values.
    let private batch = 1 <<< 16

    let private mostValues = 1 <<< 18

    /// Visits the rows that stay, a run of neighbours at a time: the values of a run lie between offsets[low] and offsets[high].
    let private runs
        (store: Hdf5File)
        (cancel: CancellationToken)
        (indptr: Dataset)
        (stored: int64)
        major
        (visit: int64[] -> int -> int -> unit)
        =
        let reader = DatasetReader(store.Disk, indptr)
        let size = indptr.ElementSize
        let bytes = Array.zeroCreate ((batch + 1) * size)
        let offsets: int64[] = Array.zeroCreate (batch + 1)
        let rows = indptr.Count - 1L

        for first in 0L .. int64 batch .. rows - 1L do
            cancel.ThrowIfCancellationRequested()
            let count = int (min (int64 batch) (rows - first))

            if Runs.count major first (first + int64 count) > 0L then
                reader.Read(first, count + 1, bytes)
                Integers.decode indptr.Type (Span(bytes, 0, (count + 1) * size)) offsets

                for i in 0..count do
                    if uint64 offsets[i] > uint64 stored || (i > 0 && offsets[i] < offsets[i - 1]) then
                        store.Disk.Damaged indptr.Path $"the offset {offsets[i]} at position {first + int64 i} is out of order"

                Runs.visit major first (first + int64 count) (fun low _ length ->
                    visit offsets (int (low - first)) (int (low - first + length)))

    /// Writes the three arrays of what stays of the rows (of a CSC matrix: columns), whose values lie side by side, and of what
    /// they hold along the other dimension; the order of values, explicit zeros and duplicates stay.
    let private arrays (store: Hdf5File) (editor: FileEditor) cancel (matrix: AlignedSparse) major minor extent =
        let runs = runs store cancel matrix.Indptr matrix.Data.Count major
        // As many values as there can be, so that little room is left over where they are stored contiguous.
        let bound = ref 0L
        runs (fun offsets low high -> bound.Value <- bound.Value + offsets[high] - offsets[low])

        let indexType =
            IndexType.succeeding matrix.Indices.Type matrix.Indptr.Type (max bound.Value extent)

        let appendable (old: Dataset) datatype most =
            AppendableDataset(editor, store.Superblock.ChunkNodeK, old, datatype, most)

        let indptr =
            appendable matrix.Indptr indexType (Runs.total major (matrix.Indptr.Count - 1L) + 1L)

        let indices = appendable matrix.Indices indexType bound.Value
        let data = appendable matrix.Data matrix.Data.Type bound.Value
        let most = int (min bound.Value (int64 mostValues))

        let growth =
            SparseGrowth(SparsePieces(store, matrix, minor, extent, indexType, most), most, data, indices, indptr, indexType, batch)

        runs (fun offsets low high -> growth.Add(offsets, low, high))
        let data = data.Finish()
        let indices = indices.Finish()
        [ "data", data; "indices", indices; "indptr", indptr.Finish() ]

    /// Writes a matrix of the rows and columns that stay and returns its address.
    /// Law (subset of a sparse matrix): as of the array that it means; its values are stored in the old order.
    let write (store: Hdf5File) (editor: FileEditor) cancel (matrix: AlignedSparse) (rows: RowMask voption) (columns: RowMask voption) =
        let links =
            if matrix.ByRows then
                arrays store editor cancel matrix rows columns matrix.Columns
            else
                arrays store editor cancel matrix columns rows matrix.Rows

        let shape =
            Matrix.shape matrix.Shape (Runs.total rows matrix.Rows) (Runs.total columns matrix.Columns)

        editor.Rewrite(matrix.Path, matrix.Group, links, [ shape ])
