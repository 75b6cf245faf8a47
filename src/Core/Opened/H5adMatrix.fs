/// A matrix of an open file: X, a layer, raw/X, or an array or a sparse matrix of obsm, varm, obsp or varp.
namespace SingleSharp

open System
open System.Collections.Generic
open System.IO
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Opened

/// A matrix of numbers, rows × columns: csr, csc or dense. Nothing is read before it is asked for. Use it by one thread at a time.
[<Sealed>]
type H5adMatrix internal (file: OpenFile, matrix: Matrix) =
    let settings = file.Settings
    let disk = file.Store.Disk

    /// The matrix row by row: one that is stored in columns is transposed, once, into a scratch file that goes with the file.
    let view =
        lazy
            (file.Keep(
                matrix.Path,
                fun () ->
                    let folder = Scratch.folder settings (Path.GetTempPath())
                    CsrView.Of(disk, matrix, folder, settings.Memory, settings.Cancel, ignore)
            ))

    let usualCells = 1024

    let requireCells cells =
        ArgumentOutOfRangeException.ThrowIfLessThan(cells, 1, nameof cells)
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cells, Blocks.rowsPerBlock, nameof cells)

    /// The tables of its chunks are read once.
    let source =
        lazy
            (let view = view.Value
             let fit = Budget.fit view.Matrix { settings with Workers = 1 } Budget.nothing
             Reader.rows view.Disk view.Matrix fit.ValuesPerBatch)

    let gatherer () =
        new GatheredRows(source.Value.Open(), settings.Memory)

    let dense =
        match matrix.Format with
        | Dense values -> Some values
        | _ -> None

    let requireDense () =
        match dense with
        | Some values -> values
        | None -> invalidOp $"{matrix.Path} is sparse ({matrix.Encoding}); go through its Batches."

    /// Where it lies, such as X or obsm/X_pca.
    member _.Path = matrix.Path

    member _.Rows = matrix.Cells
    member _.Columns = matrix.Genes

    /// How it is stored, as anndata calls it: csr_matrix, csc_matrix, or array for a dense one.
    member _.Encoding = matrix.Encoding

    /// The .NET type of its values as they are stored; float16 counts as Single.
    member _.Type = ColumnValues.typeOf matrix.Type

    /// How many values are stored, explicit zeros among them; of a dense matrix all.
    member _.Stored = matrix.Stored

    /// Rows as csr, 1,024 at a time, the last ones fewer.
    member x.Batches() = x.Batches usualCells

    /// Rows as csr, N at a time (1 to 4,096), the last ones fewer. Of a dense matrix zeros are left out. A batch holds until the next
    /// one is asked for: what is needed longer has to be copied. Memory is that of one batch and of one chunk; a csc matrix, and a
    /// dense one in tall chunks, goes through a scratch file first. Duplicate entries come as they are stored.
    member _.Batches(cells: int) : IEnumerable<CsrBatch> =
        requireCells cells

        seq {
            use gathered = file.Look gatherer

            for first in 0L .. int64 cells .. matrix.Cells - 1L do
                file.Look(fun () -> gathered.Read(first, int (min (int64 cells) (matrix.Cells - first))))
        }

    /// Some rows as csr, 4,096 at most, in memory of their own.
    member _.ReadRows(first: int64, cells: int) : CsrBatch =
        requireCells cells
        ArgumentOutOfRangeException.ThrowIfNegative(first, nameof first)
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, matrix.Cells - int64 cells, nameof first)

        file.Look(fun () ->
            use gathered = gatherer ()
            gathered.Read(first, cells))

    /// The rows of a dense matrix, about 4 MiB of them at a time; of chunks that do not reach from the first column to the last, a row of
    /// chunks, up to a third of the memory of the settings.
    member _.Pieces<'T>() : IEnumerable<DensePiece<'T>> =
        let values = requireDense ()
        file.Each(fun () -> DensePieces.read<'T> disk matrix values 0L matrix.Cells)

    /// Some rows of a dense matrix, row after row.
    member _.Read<'T>(first: int64, count: int) : 'T[] =
        ArgumentOutOfRangeException.ThrowIfNegative(first, nameof first)
        ArgumentOutOfRangeException.ThrowIfNegative(count, nameof count)
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, matrix.Cells - int64 count, nameof first)

        file.Look(fun () ->
            let values = int64 count * int64 matrix.Genes

            if values > int64 Array.MaxLength then
                invalidOp
                    $"{matrix.Path} has {values} values in these rows, more than an array holds; ask for fewer rows, or go through its Pieces."

            let target: 'T[] = Array.zeroCreate (int values)

            for piece in DensePieces.read<'T> disk matrix (requireDense ()) first (int64 count) do
                piece.Values.CopyTo(target, int (piece.First - first) * matrix.Genes)

            target)

    /// All values of a dense matrix, row after row.
    member x.Read<'T>() : 'T[] =
        if matrix.Cells > int64 Array.MaxLength then
            invalidOp $"{matrix.Path} has {matrix.Cells} rows, more than an array holds; go through its Pieces."

        x.Read<'T>(0L, int matrix.Cells)

    override _.ToString() =
        $"{matrix.Path}: {matrix.Cells} × {matrix.Genes}, {matrix.Encoding} of {DType.name matrix.Type}"
