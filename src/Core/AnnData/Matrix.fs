/// A matrix of cells × genes in a file, in whichever form it is stored.
namespace SingleSharp.Core.AnnData

open System
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5

type internal MatrixFormat =
    /// Compressed sparse rows: one row per cell.
    | Csr of SparseArrays
    /// Compressed sparse columns: one column per gene.
    | Csc of SparseArrays
    /// Every value, zeros as well: cells × genes.
    | Dense of Dataset

type internal Matrix =
    {
        /// X, layers/NAME or raw/X.
        Path: string
        Format: MatrixFormat
        Cells: int64
        Genes: int
        /// Does only its path lead to it and to what it consists of? What has other names must stay as it is under these.
        IsAlone: bool
        /// The type of its values; float16 counts as float32, which holds the same values.
        Type: DType
    }

    /// The dataset that holds the values.
    member matrix.Values =
        match matrix.Format with
        | Csr arrays
        | Csc arrays -> arrays.Data
        | Dense values -> values

    /// How many values are stored, zeros among them.
    member matrix.Stored = matrix.Values.Count

    /// The datasets that it consists of.
    member matrix.Datasets =
        match matrix.Format with
        | Csr arrays
        | Csc arrays -> [ arrays.Data; arrays.Indices; arrays.Indptr ]
        | Dense values -> [ values ]

    /// How its form is called.
    member matrix.Encoding =
        match matrix.Format with
        | Csr _ -> "csr_matrix"
        | Csc _ -> "csc_matrix"
        | Dense _ -> "array"

[<RequireQualifiedAccess>]
module internal Matrix =
    /// Bytes of all that is stored of a matrix, not compressed.
    let bytes (matrix: Matrix) =
        matrix.Datasets |> List.sumBy (fun dataset -> dataset.Count * int64 dataset.ElementSize)

    /// The matrix with each of its datasets changed.
    let withDatasets (change: Dataset -> Dataset) (matrix: Matrix) =
        let changed (arrays: SparseArrays) =
            { arrays with
                Data = change arrays.Data
                Indices = change arrays.Indices
                Indptr = change arrays.Indptr }

        { matrix with
            Format =
                match matrix.Format with
                | Csr arrays -> Csr(changed arrays)
                | Csc arrays -> Csc(changed arrays)
                | Dense values -> Dense(change values) }

    let private numericOf (store: Hdf5File) (dataset: Dataset) =
        match dataset.Type with
        | Float(2, _) -> DType.Float32
        | datatype when Datatype.isBool datatype -> DType.Bool
        | datatype ->
            match DType.ofDatatype datatype with
            | Some numeric -> numeric
            | None ->
                store.Disk.Unsupported
                    dataset.Path
                    $"its values are {Datatype.name datatype}, which are not counts; convert them to float32 with anndata"

    let private requireWhole (store: Hdf5File) (dataset: Dataset) =
        if not (Integers.isStored dataset.Type) then
            store.Disk.Damaged dataset.Path $"its values are {Datatype.name dataset.Type} instead of integers"

    let private requireReadable (store: Hdf5File) (dataset: Dataset) =
        Chunks.requireSensible store.Disk dataset

        match Filters.unsupported dataset.Filters with
        | Some filter ->
            store.Disk.Unsupported
                dataset.Path
                $"it is compressed with {Dataset.filterName filter.Id}; read the file with anndata and write it again with compression=\"gzip\" or none"
        | None -> ()

    let private requireLine (store: Hdf5File) (dataset: Dataset) =
        if dataset.Dims.Length <> 1 then
            store.Disk.Damaged dataset.Path $"""it has {Plural.things dataset.Dims.LongLength "dimension"} instead of one"""

        requireReadable store dataset

    let private requireGenes (store: Hdf5File) path genes =
        if genes < 0L || genes > int64 Int32.MaxValue then
            store.Disk.Damaged path $"it is said to have {genes} genes"

    let private sparse (store: Hdf5File) path (arrays: SparseArrays) byRows =
        let data, indices, indptr = arrays.Data, arrays.Indices, arrays.Indptr
        [ data; indices; indptr ] |> List.iter (requireLine store)
        [ indices; indptr ] |> List.iter (requireWhole store)

        let cells, genes =
            match arrays.Shape with
            | [ cells; genes ] -> cells, genes
            | [] -> store.Disk.Damaged path "its shape is missing"
            | shape -> store.Disk.Damaged path $"""it has {Plural.things shape.Length "dimension"} instead of two"""

        requireGenes store path genes

        if cells < 0L then
            store.Disk.Damaged path $"it is said to have {cells} cells"

        if not byRows && cells > int64 Int32.MaxValue then
            store.Disk.Unsupported
                path
                $"it is stored in columns of {cells} cells, of which there may be {Int32.MaxValue}; store it in rows (tocsr)"

        let lines, each, what =
            if byRows then cells, "cell", "row" else genes, "gene", "column"

        if indptr.Count <> lines + 1L then
            store.Disk.Damaged
                $"{path}/indptr"
                $"""{Plural.say lines $"{each} needs" $"{each}s need"} {lines + 1L} {what} offsets, not {indptr.Count}"""

        if indices.Count <> data.Count then
            let other = if byRows then "column" else "row"

            store.Disk.Damaged
                path
                $"""it has {Plural.things data.Count "value"} but {Plural.say indices.Count $"{other} index" $"{other} indices"}"""

        { Path = path
          Format = if byRows then Csr arrays else Csc arrays
          IsAlone =
            arrays.Group.Header.LinkCount = 1
            && data.Header.LinkCount = 1
            && [ "data"; "indices"; "indptr" ] |> List.forall (fun name -> (Links.tryFind name arrays.Group).IsSome)
          Cells = cells
          Genes = int genes
          Type = numericOf store data }

    let private dense (store: Hdf5File) path (dataset: Dataset) =
        match dataset.Dims with
        | [| cells; genes |] ->
            requireReadable store dataset
            requireGenes store path genes

            { Path = path
              Format = Dense dataset
              IsAlone = dataset.Header.LinkCount = 1
              Cells = cells
              Genes = int genes
              Type = numericOf store dataset }
        | dims -> store.Disk.Damaged path $"""it has {Plural.things dims.LongLength "dimension"} instead of two"""

    /// The matrix that an element is.
    let ofElement (store: Hdf5File) path element =
        match element with
        | Element.Csr arrays -> sparse store path arrays true
        | Element.Csc arrays -> sparse store path arrays false
        | Element.AnyArray dataset -> dense store path dataset
        | other -> store.Disk.Unsupported path $"{Element.told other}, so that it is no matrix of numbers"

    /// The matrix behind a node.
    let ofNode store path node =
        Hdf5Element.read store path node |> ofElement store path

    /// Compressed sparse rows in datasets that belong to no group.
    let ofDatasets path cells genes numeric (data: Dataset) indices indptr =
        { Path = path
          Format =
            Csr
                { Group =
                    { Header = data.Header
                      Links = []
                      OrderFlags = 0 }
                  ShapeName = "shape"
                  Shape = [ cells; int64 genes ]
                  Data = data
                  Indices = indices
                  Indptr = indptr }
          IsAlone = true
          Cells = cells
          Genes = genes
          Type = numeric }

    /// Reads columns as rows and rows as columns: a matrix of genes × cells that is stored in the other form.
    let flipped (matrix: Matrix) =
        { matrix with
            Cells = int64 matrix.Genes
            Genes = Checked.int matrix.Cells
            Format =
                match matrix.Format with
                | Csc arrays -> Csr arrays
                | Csr arrays -> Csc arrays
                | Dense _ -> invalidOp "a dense matrix is not read column by column" }

    /// The shape of a matrix in the type of the old one, as the attribute that says it.
    let shape (old: Attribute) rows columns =
        let bytes = Array.zeroCreate (2 * Datatype.size old.Type)
        Integers.encode old.Type [| rows; columns |] (Span bytes)
        Encode.attribute old.Name old.Type (Encode.line 2L) bytes

    /// The arrays of a matrix of which it is known that it is stored in rows.
    let rows (matrix: Matrix) =
        match matrix.Format with
        | Csr arrays -> arrays
        | _ -> invalidOp $"{matrix.Path} is not stored in compressed sparse rows"
