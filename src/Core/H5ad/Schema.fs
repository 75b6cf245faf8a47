/// Where AnnData keeps the matrix, the cells and the genes.
namespace SingleSharp.Core

open System

/// A matrix in compressed sparse rows: rows are cells.
type Matrix =
    {
        /// X, or layers/NAME.
        Path: string
        Group: Group
        /// The attribute that holds its shape: shape, or h5sparse_shape before anndata 0.7.
        ShapeName: string
        Cells: int64
        Genes: int
        /// The type of its values.
        Type: Numeric
        Data: Dataset
        Indices: Dataset
        Indptr: Dataset
    }

    member matrix.Stored = matrix.Data.Count

/// An .h5ad file open for reading.
[<Sealed>]
type H5adFile(store: Store, matrix: Matrix, obs: Frame, var: Frame) =
    member _.Store = store
    member _.Path = store.Path
    member _.X = matrix
    member _.Obs = obs
    member _.Var = var

    interface IDisposable with
        member _.Dispose() = (store :> IDisposable).Dispose()

[<RequireQualifiedAccess>]
module Schema =
    let private refuse (store: Store) why : 'a =
        Fault.throw (NotAnnData(store.Path, why))

    /// The format of a sparse group: current files say csr_matrix, those before anndata 0.7 say csr.
    let private formatOf (store: Store) (header: Header) =
        [ "encoding-type"; "h5sparse_format" ]
        |> List.tryPick (fun name -> store.Text(header, name))
        |> Option.defaultValue "unknown"

    let private shapeOf (store: Store) (header: Header) =
        [ "shape"; "h5sparse_shape" ]
        |> List.tryPick (fun name -> store.Integers(header, name) |> Option.map (fun shape -> name, shape))

    let private numericOf (store: Store) (dataset: Dataset) =
        match Numeric.ofDatatype dataset.Type with
        | Some numeric -> numeric
        | None ->
            store.Disk.Unsupported
                dataset.Path
                $"its values are {Datatype.name dataset.Type}, which are not counts; convert them to float32 with anndata"

    let private requireWhole (store: Store) (dataset: Dataset) =
        if Numeric.isFloat (numericOf store dataset) then
            store.Disk.Damaged dataset.Path $"its values are {Datatype.name dataset.Type} instead of whole numbers"

    let private requireLine (store: Store) (dataset: Dataset) =
        if dataset.Dims.Length <> 1 then
            store.Disk.Damaged dataset.Path $"it has {dataset.Dims.Length} dimensions instead of one"

        match Filters.unsupported dataset.Filters with
        | Some filter ->
            store.Disk.Unsupported
                dataset.Path
                $"it is compressed with {Dataset.filterName filter.Id}; read the file with anndata and write it again with compression=\"gzip\" or none"
        | None -> ()

    let private matrix (store: Store) path node =
        match node with
        | None -> refuse store $"it has no {path}"
        | Some(DatasetNode dataset) when dataset.Dims.Length = 2 ->
            store.Disk.Unsupported path "it is dense; convert it with scipy.sparse.csr_matrix and write the file again with anndata"
        | Some(DatasetNode dataset) -> refuse store $"{path} has {dataset.Dims.Length} dimensions instead of two"
        | Some(GroupNode group) ->
            match formatOf store group.Header with
            | "csr_matrix"
            | "csr" -> ()
            | "csc_matrix"
            | "csc" ->
                store.Disk.Unsupported
                    path
                    "it is in compressed sparse columns (CSC); convert it with adata.X.tocsr() and write the file again with anndata"
            | other -> store.Disk.Unsupported path $"its encoding is {other}, not csr_matrix"

            let data = store.Dataset(path, group, "data")
            let indices = store.Dataset(path, group, "indices")
            let indptr = store.Dataset(path, group, "indptr")
            [ data; indices; indptr ] |> List.iter (requireLine store)
            [ indices; indptr ] |> List.iter (requireWhole store)

            let shapeName, cells, genes =
                match shapeOf store group.Header with
                | Some(name, [ cells; genes ]) -> name, cells, genes
                | Some(_, shape) -> refuse store $"{path} has {shape.Length} dimensions instead of two"
                | None -> store.Disk.Damaged path "its shape is missing"

            if genes < 0L || genes > int64 Int32.MaxValue then
                store.Disk.Damaged path $"it is said to have {genes} genes"

            if cells < 0L || indptr.Count <> cells + 1L then
                store.Disk.Damaged $"{path}/indptr" $"{cells} cells need {cells + 1L} row offsets, but there are {indptr.Count}"

            if indices.Count <> data.Count then
                store.Disk.Damaged path $"it has {data.Count} values but {indices.Count} column indices"

            { Path = path
              Group = group
              ShapeName = shapeName
              Cells = cells
              Genes = int genes
              Type = numericOf store data
              Data = data
              Indices = indices
              Indptr = indptr }

    let private requireRows (store: Store) (frame: Frame) expected what =
        if frame.Rows <> expected then
            store.Disk.Damaged frame.Path $"it names {frame.Rows} {what}, but X has {expected}"

    let private ofStore (store: Store) =
        let x = matrix store "X" (store.TryFind("", store.Root, "X"))
        let obs = Frame.read store "obs"
        let var = Frame.read store "var"
        requireRows store obs x.Cells "cells"
        requireRows store var (int64 x.Genes) "genes"
        new H5adFile(store, x, obs, var)

    /// Finds the parts of a file that is open already; where they are not all there, it is closed again.
    let opened (store: Store) =
        try
            ofStore store
        with _ ->
            (store :> IDisposable).Dispose()
            reraise ()

    /// Opens a file and finds its parts, or throws the fault that says what is missing.
    let openRead path = opened (Store.openRead path)

    /// The same, for adding to the file itself.
    let openWrite path = opened (Store.openWrite path)

    /// Does the file say that its X is already log-transformed?
    let isLogged (file: H5adFile) =
        match file.Store.TryFind("", file.Store.Root, "uns") with
        | Some(GroupNode uns) -> (Links.tryFind "log1p" uns).IsSome
        | _ -> false

    /// The base of the logarithm that uns/log1p tells of; none for the natural one, which is also meant where nothing is told.
    let logBase (file: H5adFile) =
        let store = file.Store

        let inside name path group =
            match group with
            | Some(GroupNode group) -> store.TryFind(path, group, name)
            | _ -> None

        let stored =
            store.TryFind("", store.Root, "uns") |> inside "log1p" "uns" |> inside "base" "uns/log1p"

        match stored with
        | Some(DatasetNode dataset) when dataset.Count = 1L ->
            match dataset.Type, SlabReader(store.Disk, dataset).ReadAll() with
            | Float(8, false), bytes -> Some(BitConverter.ToDouble(bytes, 0))
            | Float(4, false), bytes -> Some(float (BitConverter.ToSingle(bytes, 0)))
            | Integer _, bytes ->
                { Name = ""
                  Type = dataset.Type
                  Space = Encode.scalar
                  Data = bytes }
                |> Attribute.integers
                |> List.tryHead
                |> Option.map float
            | other, _ -> store.Disk.Unsupported dataset.Path $"a {Datatype.name other} is no base of a logarithm"
        | _ -> None

    let geneNames (file: H5adFile) =
        Frame.names file.Store file.Var 0L file.Var.Rows |> Array.ofSeq
