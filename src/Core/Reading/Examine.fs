/// A look at a matrix: how its datasets are stored, and whether its first block holds counts.
namespace SingleSharp.Core.Reading

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal Examine =
    /// How a dataset is stored.
    let stored (dataset: Dataset) : StoredDataset =
        { Name = dataset.Path
          Type = Datatype.name dataset.Type
          Count = dataset.Count
          Storage = Dataset.storage dataset
          ChunkLength =
            match dataset.Layout with
            | Chunked(shape, _, _, _) -> System.Nullable shape[0]
            | _ -> System.Nullable() }

    /// The first block of cells; of a matrix that is not stored in rows, of genes.
    let firstBlock (file: AnnDataFile) settings =
        let matrix =
            match file.X.Format with
            | Csc _ -> Matrix.flipped file.X
            | _ -> file.X

        let examined = min matrix.Cells (int64 Blocks.rowsPerBlock)

        let rows =
            if DenseRows.canStream matrix then
                Reader.rows file.Store.Disk matrix (Budget.fit matrix { settings with Workers = 1 } Budget.nothing).ValuesPerBatch
            else
                Budget.alone settings (DenseRows.partsMemory matrix.Values) |> ignore
                Reader.parts file.Store.Disk matrix

        Blocks.run Blocks.sequential { rows with Rows = examined } Sink.none (Validity.find false),
        if matrix.Cells = file.X.Cells then examined else 0L
