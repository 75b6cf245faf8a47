/// Files of shards: each the cells of one, cut out of the result, with all else that it has. Each is valid alone.
namespace SingleSharp.Core.Shards

open System
open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.AnnData
open SingleSharp.Core.Steps
open SingleSharp.Core.Run

[<RequireQualifiedAccess>]
module internal ShardFiles =
    /// The stage in which they are written.
    let stage = "files"

    /// result.h5ad has the files result.0000.h5ad and so on.
    let path (out: string) (task: int) =
        let stem =
            if out.EndsWith(".h5ad", StringComparison.OrdinalIgnoreCase) then out[.. out.Length - 6] else out

        $"{stem}.{task:D4}.h5ad"

    /// Writes the file of a task: whole blocks of cells, those of its share of a stage over the result's cells.
    let write (out: string) tasks task (settings: Settings) =
        use file = AnnDataFile.openReadWithin settings.Memory MatrixName.X out
        let range = ShardCut.range file.X.Cells tasks task
        let rowsPerBlock = int64 Blocks.rowsPerBlock

        let select (file: AnnDataFile) : KnownSelection =
            let cells = RowMask file.X.Cells

            for cell in 0L .. file.X.Cells - 1L do
                cells.Add(cell >= range.First * rowsPerBlock && cell < range.Stop * rowsPerBlock)

            { Selection =
                { Cells = cells
                  Genes = RowMask.all (int64 file.X.Genes) }
              LostCells = [ "shard", file.X.Cells - cells.Count ]
              LostGenes = [] }

        let step =
            SubsetStep.knowing
                select
                { SubsetStep.defaults with
                    ObsQuery = Some $"shard {task} of {tasks}" }

        Runner.onFileAs
            { Input = Input.file out
              Files = [ out ]
              Recipe = Recipe.ofSteps [ step ] }
            file
            (Recipe.ofSteps [ step ])
            // The notes of the result are theirs too.
            { settings with
                Provenance = false
                Compression = None }
            (NewFile(path out task))
        |> ignore
