/// What is in a file, and what preprocessing it would mean.
namespace SingleSharp.Core

/// One dataset of the matrix.
type Stored =
    {
        Name: string
        Type: string
        Count: int64
        /// contiguous, chunked, gzip …
        Storage: string
        /// Elements per chunk; none where it is not chunked.
        ChunkLength: int64 option
    }

type Info =
    {
        Path: string
        Bytes: int64
        Cells: int64
        Genes: int
        StoredValues: int64
        /// csr_matrix, csc_matrix or array.
        Encoding: string
        Matrix: Stored list
        ObsColumns: string list
        VarColumns: string list
        /// Names of everything else that is kept as it is: layers/…, obsm/…, raw.
        Others: string list
        /// Does uns/log1p say that X is logged already?
        IsLogged: bool
        /// Are the values of the first block of cells whole, finite and not negative?
        LooksLikeCounts: bool
        /// How many cells that block has; 0 where genes were looked at instead, because X is stored in columns.
        CellsExamined: int64
        /// What preprocessing would do.
        Plan: Plan
    }

[<RequireQualifiedAccess>]
module Info =
    /// How a dataset is stored.
    let stored (dataset: Dataset) =
        { Name = dataset.Path
          Type = Datatype.name dataset.Type
          Count = dataset.Count
          Storage = Dataset.storage dataset
          ChunkLength =
            match dataset.Layout with
            | Chunked(shape, _, _, _) -> Some shape[0]
            | _ -> None }

    let private others (file: H5adFile) =
        let store = file.Store

        [ for name in [ "layers"; "raw"; "obsm"; "varm"; "obsp"; "varp"; "uns" ] do
              match store.TryFind("", store.Root, name) with
              | Some(GroupNode group) ->
                  for link in group.Links do
                      $"{name}/{link.Name}"
              | Some(DatasetNode _) -> name
              | None -> () ]

    /// The first block of cells; of a matrix that is not stored in rows, of genes.
    let examine (file: H5adFile) settings =
        let matrix =
            match file.X.Form with
            | Columns _ -> Matrix.flipped file.X
            | _ -> file.X

        let examined = min matrix.Cells (int64 Blocks.rowsPerBlock)

        let rows =
            if DenseRows.canStream matrix then
                Reader.rows file.Store.Disk matrix (Budget.fit matrix { settings with Workers = 1 } Budget.nothing).ValuesPerSlice
            else
                Budget.alone settings (DenseRows.partsMemory matrix.Values) |> ignore
                Reader.parts file.Store.Disk matrix

        Blocks.run Blocks.sequential { rows with Rows = examined } Outlet.none (Validity.find false),
        if matrix.Cells = file.X.Cells then examined else 0L

    // What a run would refuse is a warning here: people look at a file to learn such things.
    let private planned file (recipe: Recipe) settings =
        Plan.ofFile
            file
            { recipe with
                AllowLogged = recipe.AllowLogged || recipe.Log1p.IsSome }
            settings

    let private withPlan (file: H5adFile) plan areCounts examined =
        { Path = file.Path
          Bytes = file.Store.Disk.Device.Length
          Cells = file.X.Cells
          Genes = file.X.Genes
          StoredValues = file.X.Stored
          Encoding = file.X.Encoding
          Matrix = file.X.Datasets |> List.map stored
          ObsColumns = file.Obs.Columns
          VarColumns = file.Var.Columns
          Others = others file
          IsLogged = Schema.isLogged file
          LooksLikeCounts = areCounts
          CellsExamined = examined
          Plan = plan }

    /// Of a file whose values were looked at elsewhere: are those of so many cells counts?
    let ofLooked file recipe settings areCounts examined =
        withPlan file (planned file recipe settings) areCounts examined

    let ofFile file recipe settings =
        // What does not fit the memory allowed is refused before anything is read.
        let plan = planned file recipe settings
        let findings, examined = examine file settings
        withPlan file plan findings.AreCounts examined
