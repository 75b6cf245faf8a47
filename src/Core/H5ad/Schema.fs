/// Where AnnData keeps the matrix, the cells and the genes.
namespace SingleSharp.Core

open System

/// An .h5ad file open for reading.
[<Sealed>]
type H5adFile(store: Store, matrix: Matrix, obs: Frame, var: Frame) =
    member _.Store = store
    member _.Path = store.Path

    /// The matrix that it was opened for.
    member _.X = matrix

    member _.Obs = obs
    member _.Var = var

    interface IDisposable with
        member _.Dispose() = (store :> IDisposable).Dispose()

[<RequireQualifiedAccess>]
module Schema =
    let private refuse (store: Store) why : 'a =
        Fault.throw (NotAnnData(store.Path, why))

    let private requireRows (store: Store) (frame: Frame) (matrix: Matrix) expected thing =
        if frame.Rows <> expected then
            store.Disk.Damaged frame.Path $"it names {Counted.things frame.Rows thing}, but {matrix.Path} has {expected}"

    /// The matrix that is meant, or what there is instead.
    let private matrix (store: Store) name =
        let names (layers: Group) =
            match layers.Links with
            | [] -> "none"
            | links -> links |> List.map _.Name |> String.concat ", "

        match name with
        | MatrixName.X ->
            match store.TryFind "X" with
            | Some node -> Matrix.ofNode store "X" node
            | None ->
                match Stranger.tell store, store.TryFind "layers" with
                | Some why, _ -> refuse store why
                | None, Some(GroupNode layers) when not layers.Links.IsEmpty ->
                    refuse store $"it has no X; choose a layer with --layer, of which it has {names layers}"
                | _ -> refuse store "it has no X; put the counts there with anndata"
        | MatrixName.Layer layer when layer.Contains '/' ->
            Fault.throw (BadOption("--layer", $"anndata reads no layer whose name holds a slash, as {layer}; give it another name"))
        | MatrixName.Layer layer ->
            match store.TryFind "layers" with
            | Some(GroupNode layers) ->
                match store.TryFind("layers", layers, layer) with
                | Some node -> Matrix.ofNode store $"layers/{layer}" node
                | None -> Fault.throw (BadOption("--layer", $"there is no layer called {layer}; the file has {names layers}"))
            | _ -> Fault.throw (BadOption("--layer", "the file has no layers"))
        | MatrixName.Raw ->
            match store.TryFind "raw/X" with
            | Some node -> Matrix.ofNode store "raw/X" node
            | None -> Fault.throw (BadOption("--use-raw", "the file has no raw"))

    let private ofStore (store: Store) name =
        let x = matrix store name
        let struct (_, link) = store.LinkAt x.Path

        let x =
            { x with
                IsAlone = x.IsAlone && link.Target.IsHard }

        let obs = Frame.read store "obs"
        let var = Frame.read store (if name = MatrixName.Raw then "raw/var" else "var")
        requireRows store obs x x.Cells "cell"
        requireRows store var x (int64 x.Genes) "gene"
        new H5adFile(store, x, obs, var)

    /// Finds the parts of a file that is open already, for one of its matrices; where they are not all there, it is closed again.
    let opened name (store: Store) =
        try
            ofStore store name
        with _ ->
            (store :> IDisposable).Dispose()
            reraise ()

    /// Opens a file for one of its matrices and finds its parts, or throws the fault that says what is missing. At a time no more is
    /// read than fits so much memory.
    let openReadWithin memory name path =
        opened name (Store.openReadWithin memory path)

    /// The same, for adding to the file itself.
    let openWriteWithin memory name path =
        opened name (Store.openWriteWithin memory path)

    /// Other matrices that are soft links to this one, so that they change with it.
    let followers (file: H5adFile) =
        let store = file.Store

        let own =
            match file.X.Form with
            | Rows arrays
            | Columns arrays -> arrays.Group.Header.Address
            | Dense values -> values.Header.Address

        let leadsHere parent (group: Group) (link: Link) =
            try
                match store.TryFind(parent, group, link.Name) with
                | Some(GroupNode group) -> group.Header.Address = own
                | Some(DatasetNode dataset) -> dataset.Header.Address = own
                | None -> false
            with FaultException _ ->
                false

        [ for parent, group in [ "", Some(GroupNode store.Root); "layers", store.TryFind "layers" ] do
              match group with
              | Some(GroupNode group) ->
                  for link in group.Links do
                      let path = if parent = "" then link.Name else $"{parent}/{link.Name}"

                      if not link.Target.IsHard && path <> file.X.Path && leadsHere parent group link then
                          path
              | _ -> () ]

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

    /// Bytes of memory that the names of all genes take, by those of the first ones.
    let geneNameBytes (file: H5adFile) =
        let first = min file.Var.Rows 4096L

        if first < 1L then
            0L
        else
            let bytes = Frame.names file.Store file.Var 0L first |> Seq.sumBy Frame.nameBytes
            int64 (float bytes / float first * float file.Var.Rows)

    /// All names of genes, which must fit the memory allowed.
    let geneNames (file: H5adFile) =
        let disk = file.Store.Disk
        disk.Require(8L * file.Var.Rows)
        let names: string[] = Array.zeroCreate (Checked.int file.Var.Rows)
        let mutable next = 0
        let mutable bytes = 0L

        for name in Frame.names file.Store file.Var 0L file.Var.Rows do
            bytes <- bytes + Frame.nameBytes name

            // What is too much is counted to its end, so that the number is told.
            if bytes <= disk.Room then
                names[next] <- name
                next <- next + 1

        disk.Require bytes
        names
