/// What waits to leave while X is read, and what it leaves through, in bytes.
namespace SingleSharp.Core.Writing

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal SinkMemory =
    let block = int64 Blocks.rowsPerBlock

    /// Rows of a dense matrix are written together up to N bytes.
    let piece = 1L <<< 20

    /// Bytes of a column's values in a buffer, as numbers; beside them stand the bytes of one column.
    let columns columns =
        if columns = 0L then 0L else 8L * block * (columns + 1L)

    /// Buffers that hold more bytes of values than 4 MiB leave before their block ends, with the row batch that made them more.
    let private mostWaiting = 5L <<< 20

    /// Values that a block has, about.
    let private valuesOf (matrix: Matrix) =
        Memory.times block (1L + matrix.Stored / max 1L matrix.Cells) |> min matrix.Stored

    /// Bytes that wait in a buffer, of N for each value of a block.
    let private waiting matrix bytes =
        min mostWaiting (Memory.times (valuesOf matrix) bytes)

    /// A buffer of rows, whose values have N bytes.
    let rows (matrix: Matrix) bytes =
        waiting matrix (bytes + 8L) + 4L * block

    /// A buffer of values; one of new chunks also has one that is being built and the buffers of its codec.
    let values (matrix: Matrix) values after =
        let size = int64 (DType.size after)

        match values, matrix.Format with
        | StoreAnew, _ ->
            match matrix.Values.Layout with
            | Chunked(shape, _, _, _) ->
                Memory.plus (waiting matrix size) (ChunkCodec.EncodingMemory(matrix.Values.Filters, Memory.times shape[0] size))
            | _ -> 0L
        | RowByRow, (Csr _ | Csc _) -> rows matrix size
        | _ -> 0L

    /// What each worker needs for each value of a row batch to write it at once.
    let perValue values after =
        match values with
        | Overwrite
        | StoreAnew -> int64 (DType.size after)
        | Untouched
        | RowByRow -> 0L

    /// Rows of a dense matrix that a worker writes together.
    let denseRows (matrix: Matrix) values =
        match matrix.Format, values with
        | Dense _, (Overwrite | RowByRow) -> max piece (8L * int64 matrix.Genes) + 8L * int64 matrix.Genes
        | _ -> 0L

    /// Values of a row batch of dense X, unless a row has more.
    let private denseBatch = 1L <<< 17

    /// Dense rows of N genes that wait in a buffer to be saved, of row batches of a matrix: of a sparse one a row batch may have all rows of
    /// a block.
    let savedRows (matrix: Matrix) genes size =
        match matrix.Format with
        | Dense _ -> Memory.plus mostWaiting (Memory.times (max denseBatch genes) size)
        | Csr _
        | Csc _ -> Memory.times block (Memory.times genes size)

    /// The same of the values of a matrix that have their places beforehand, and of the page that is not whole yet.
    let savedValues (matrix: Matrix) values after =
        let size = int64 (DType.size after)

        match matrix.Format, values with
        | Dense _, (Overwrite | RowByRow) -> Memory.plus (int64 WholePages.page) (savedRows matrix (int64 matrix.Genes) size)
        | Csr _, Overwrite -> Memory.plus (int64 WholePages.page) (waiting matrix size)
        | _ -> 0L

    /// A chunk of a dataset that is written row by row, and the buffers of its codec.
    let private chunkOf bytes (dataset: Dataset) =
        match dataset.Layout with
        | Chunked(shape, _, _, _) -> ChunkCodec.EncodingMemory(dataset.Filters, Memory.ofBox shape bytes)
        | _ -> 1L <<< 18

    /// Those of all datasets that are written while rows are read.
    let chunks (matrix: Matrix) values after =
        match values, matrix.Format with
        | RowByRow, (Csr arrays | Csc arrays) ->
            chunkOf (int64 (DType.size after)) arrays.Data
            |> Memory.plus (chunkOf (int64 arrays.Indices.ElementSize) arrays.Indices)
            |> Memory.plus (chunkOf (int64 arrays.Indptr.ElementSize) arrays.Indptr)
        | _ -> 0L

    /// The one of dense rows, which is written once all of them are there.
    let chunksAfter (matrix: Matrix) values after =
        match values, matrix.Format with
        | RowByRow, Dense array -> chunkOf (int64 (DType.size after)) array
        | _ -> 0L

    /// Chosen genes hold more of a row than others do; N times as much at most.
    let private favour = 3L

    /// Rows of the chosen genes on their way to their file, their values in this type.
    let spill (matrix: Matrix) precision genes =
        let bytes =
            (if genes <= 65536L then 2L else 4L) + int64 (DType.size (Precision.dtype precision))

        let all = max 1L (int64 matrix.Genes)

        waiting matrix bytes
        |> min (Memory.times (valuesOf matrix / all + 1L) (bytes * min all (favour * genes)))
        |> Memory.plus (4L * block)
