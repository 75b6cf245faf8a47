/// Where AnnData keeps the matrix, the cells and the genes.
namespace SingleSharp.Core.AnnData

open System
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5

/// An .h5ad file open for reading.
[<Sealed>]
type internal AnnDataFile(store: Hdf5File, matrix: Matrix, obs: DataFrame, var: DataFrame) =
    member _.Store = store
    member _.Path = store.Path

    /// The matrix that it was opened for.
    member _.X = matrix

    member _.Obs = obs
    member _.Var = var

    interface IDisposable with
        member _.Dispose() = (store :> IDisposable).Dispose()

[<RequireQualifiedAccess>]
module internal AnnDataFile =
    let private refuse (store: Hdf5File) why : 'a =
        Fault.throw (NotAnnData(store.Path, why))

    let private requireRows (store: Hdf5File) (frame: DataFrame) (matrix: Matrix) expected thing =
        if frame.Rows <> expected then
            store.Disk.Damaged frame.Path $"it names {Plural.things frame.Rows thing}, but {matrix.Path} has {expected}"

    /// The matrix that is meant, or what there is instead.
    let private matrix (store: Hdf5File) name =
        let names (layers: Group) =
            match layers.Links with
            | [] -> "none"
            | links -> links |> List.map _.Name |> String.concat ", "

        match name with
        | MatrixName.X ->
            match store.TryFind "X" with
            | Some node -> Matrix.ofNode store "X" node
            | None ->
                match OtherHdf5.tell store, store.TryFind "layers" with
                | Some why, _ -> refuse store why
                | None, Some(GroupObject layers) when not layers.Links.IsEmpty ->
                    refuse store $"it has no X; choose a layer with ⟨layer⟩, of which it has {names layers}"
                | _ -> refuse store "it has no X; put the counts there with anndata"
        | MatrixName.Layer layer when layer.Contains '/' ->
            Fault.throw (InvalidOption("layer", $"anndata reads no layer whose name holds a slash, as {layer}; give it another name"))
        | MatrixName.Layer layer ->
            match store.TryFind "layers" with
            | Some(GroupObject layers) ->
                match store.TryFind("layers", layers, layer) with
                | Some node -> Matrix.ofNode store $"layers/{layer}" node
                | None -> Fault.throw (InvalidOption("layer", $"there is no layer called {layer}; the file has {names layers}"))
            | _ -> Fault.throw (InvalidOption("layer", "the file has no layers"))
        | MatrixName.Raw ->
            match store.TryFind "raw/X" with
            | Some node -> Matrix.ofNode store "raw/X" node
            | None -> Fault.throw (InvalidOption("use_raw", "the file has no raw"))

    /// The parts of a file that is open already, for one of its matrices.
    let ofStore (store: Hdf5File) name =
        let x = matrix store name
        let struct (_, link) = store.LinkAt x.Path

        let x =
            { x with
                IsAlone = x.IsAlone && link.Target.IsHard }

        let obs = DataFrame.read store "obs"
        let var = DataFrame.read store (if name = MatrixName.Raw then "raw/var" else "var")
        requireRows store obs x x.Cells "cell"
        requireRows store var x (int64 x.Genes) "gene"
        new AnnDataFile(store, x, obs, var)

    /// Finds the parts of a file that is open already, for one of its matrices; where they are not all there, it is closed again.
    let opened name (store: Hdf5File) =
        try
            ofStore store name
        with _ ->
            (store :> IDisposable).Dispose()
            reraise ()

    /// Opens a file for one of its matrices and finds its parts, or throws the fault that says what is missing. At a time no more is
    /// read than fits this much memory.
    let openReadWithin memory name path =
        opened name (Hdf5File.openReadWithin memory path)

    /// The same, for adding to the file itself.
    let openWriteWithin memory name path =
        opened name (Hdf5File.openWriteWithin memory path)

    /// Other matrices that are soft links to this one, so that they change with it.
    let followers (file: AnnDataFile) =
        let store = file.Store

        let own =
            match file.X.Format with
            | Csr arrays
            | Csc arrays -> arrays.Group.Header.Address
            | Dense values -> values.Header.Address

        let leadsHere parent (group: Group) (link: Link) =
            try
                match store.TryFind(parent, group, link.Name) with
                | Some(GroupObject group) -> group.Header.Address = own
                | Some(DatasetObject dataset) -> dataset.Header.Address = own
                | None -> false
            with FaultException _ ->
                false

        [ for parent, group in [ "", Some(GroupObject store.Root); "layers", store.TryFind "layers" ] do
              match group with
              | Some(GroupObject group) ->
                  for link in group.Links do
                      let path = if parent = "" then link.Name else $"{parent}/{link.Name}"

                      if not link.Target.IsHard && path <> file.X.Path && leadsHere parent group link then
                          path
              | _ -> () ]

    /// Does the file say that its X is already log-transformed?
    let isLogged (file: AnnDataFile) =
        match file.Store.TryFind("", file.Store.Root, "uns") with
        | Some(GroupObject uns) -> (Links.tryFind "log1p" uns).IsSome
        | _ -> false

    /// The base of the logarithm that uns/log1p tells of; none for the natural one, which is also meant where nothing is told.
    let logBase (file: AnnDataFile) =
        let store = file.Store

        let inside name path group =
            match group with
            | Some(GroupObject group) -> store.TryFind(path, group, name)
            | _ -> None

        let stored =
            store.TryFind("", store.Root, "uns") |> inside "log1p" "uns" |> inside "base" "uns/log1p"

        match stored with
        | Some(DatasetObject dataset) when dataset.Count = 1L ->
            match dataset.Type, DatasetReader(store.Disk, dataset).ReadAll() with
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

    /// Bytes of memory that the names of all genes take, by those of the first ones.
    let geneNameBytes (file: AnnDataFile) =
        let first = min file.Var.Rows 4096L

        if first < 1L then
            0L
        else
            let bytes =
                DataFrame.names file.Store file.Var 0L first |> Seq.sumBy DataFrame.nameBytes

            int64 (float bytes / float first * float file.Var.Rows)

    /// All names of genes, which must fit the memory allowed.
    let geneNames (store: Hdf5File) (var: DataFrame) =
        let disk = store.Disk
        disk.Require(8L * var.Rows)
        let names: string[] = Array.zeroCreate (Checked.int var.Rows)
        let mutable next = 0
        let mutable bytes = 0L

        for name in DataFrame.names store var 0L var.Rows do
            bytes <- bytes + DataFrame.nameBytes name

            // What is too much is counted to its end, so that the number is told.
            if bytes <= disk.Room then
                names[next] <- name
                next <- next + 1

        disk.Require bytes
        names
