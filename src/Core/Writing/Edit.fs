/// Puts new columns, values and notes into an AnnData file, leaving everything else where and as it is.
namespace SingleSharp.Core.Writing

open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// The way that transformed values take.
type internal ValueStorage =
    /// X does not change.
    | Untouched
    /// To the same places of the clone: same type, not compressed.
    | Overwrite
    /// Into a new dataset stored like the old one.
    | StoreAnew
    /// Row by row into new datasets stored like the old ones: where a filter drops something, where what is stored twice is added
    /// up, where X is dense or was stored in columns. Those become rows, as scanpy's normalize_total makes of them.
    | RowByRow

/// New values of X: where they ended up.
type internal NewValues =
    /// The old places hold the new values.
    | SamePlaces
    | NewContiguous of address: int64 * Precision
    | NewChunks of index: int64 * extent: int64 * Precision
    /// Compressed sparse rows of their own.
    | NewRows of (string * int64) list
    /// A dense dataset of its own.
    | NewArray of int64

/// All that a run changes in a file.
type internal Edits =
    {
        /// How many cells and genes the file has afterwards.
        Cells: int64
        Genes: int64
        /// Columns of obs whose values are already at these addresses.
        CellColumns: (OutputColumn * int64) list
        GeneColumns: (OutputColumn * (unit -> float[])) list
        /// New members of obsm, varm and uns.
        Members: (string * (string * NewElement) list) list
        Values: NewValues
        /// What a filter leaves of the other elements, already written: links by the group of the root that holds them, or by the
        /// empty name where that is the root itself.
        Kept: (string * (string * int64) list) list
    }

[<RequireQualifiedAccess>]
module internal Edit =
    let private putColumn (editor: FileEditor) rows (column: OutputColumn) address =
        NewElement.Placed(column.Type, [ rows ], address) |> NewElement.put editor

    let private putGeneColumn (editor: FileEditor) (column: OutputColumn) (values: float[]) =
        ColumnBytes.requireExact editor.Disk column values values.Length
        NewElement.Numbers(column.Type, [ values.LongLength ], values) |> NewElement.put editor

    /// The later one of two links with the same name counts.
    let private latest (links: (string * int64) list) =
        links |> List.rev |> List.distinctBy fst |> List.rev

    /// Columns that are there keep their place in the order; new ones follow.
    let private withColumns (editor: FileEditor) (frame: DataFrame) kept (columns: (string * int64) list) =
        let added =
            columns |> List.map fst |> List.filter (fun name -> not (List.contains name frame.Columns))

        let order =
            if added.IsEmpty then [] else [ editor.StringsAttribute("column-order", frame.Columns @ added) ]

        editor.Rewrite(frame.Path, frame.Group, latest (kept @ columns), order)

    /// A mapping, or raw.
    let private newGroup (editor: FileEditor) name (links: (string * int64) list) =
        editor.PutGroup(
            latest links |> List.map (fun (name, address) -> Links.hard name address),
            NewElement.encoding editor (if name = "raw" then "raw" else "dict") "0.1.0"
        )

    /// A group of the root, when there is one.
    let private tryGroup (store: Hdf5File) name =
        match store.TryFind("", store.Root, name) with
        | Some(GroupObject group) -> Some group
        | Some(DatasetObject _) -> store.Disk.Unsupported name "it is a dataset, not a group"
        | None -> None

    /// The attribute that says how a sparse group is stored, in the words of its time.
    let private sparseRows (editor: FileEditor) (arrays: SparseArrays) =
        if arrays.ShapeName = "h5sparse_shape" then
            editor.StringAttribute("h5sparse_format", "csr")
        else
            editor.StringAttribute("encoding-type", "csr_matrix")

    /// The matrix as it is afterwards, where it is another one.
    let private withValues (editor: FileEditor) (matrix: Matrix) (edits: Edits) =
        let rewrite (arrays: SparseArrays) links attributes =
            Some(editor.Rewrite(matrix.Path, arrays.Group, links, attributes))

        let replaced (arrays: SparseArrays) precision layout =
            let datatype = DType.datatype (Precision.dtype precision)
            rewrite arrays [ "data", editor.PutReplacement(arrays.Data, datatype, layout) ] []

        match edits.Values, matrix.Format with
        | SamePlaces, _ -> None
        | NewArray address, _ -> Some address
        | NewContiguous(address, precision), Csr arrays ->
            let bytes = matrix.Stored * int64 (DType.size (Precision.dtype precision))
            replaced arrays precision (Encode.contiguous (if bytes = 0L then Bytes.undefined else address) bytes)
        | NewChunks(index, extent, precision), Csr arrays ->
            replaced arrays precision (Encode.chunked [| extent |] (DType.size (Precision.dtype precision)) index)
        | NewRows links, (Csr arrays | Csc arrays) ->
            let shape =
                Attribute.tryFind editor.Disk arrays.ShapeName arrays.Group.Header |> Option.get

            rewrite
                arrays
                links
                [ Matrix.shape shape edits.Cells edits.Genes
                  match matrix.Format with
                  | Csc _ -> sparseRows editor arrays
                  | _ -> () ]
        | _ -> invalidOp $"{matrix.Path} is not stored in rows"

    /// Does a path lead through a group of that name?
    let private isInside name path =
        match path with
        | first :: _ :: _ -> first = name
        | _ -> false

    let private requireFree (store: Hdf5File) (frame: DataFrame) (columns: OutputColumn list) =
        for column in columns do
            if column.Name = frame.IndexName then
                store.Disk.Unsupported frame.Path $"its index is called {column.Name} like a column to be written; rename the index"

            match frame.IndexName :: frame.Columns |> List.tryFind (fun name -> isInside column.Name (Links.along name)) with
            | Some other ->
                store.Disk.Unsupported
                    frame.Path
                    $"its column {other} lies in a group called {column.Name}, like a column to be written; rename it"
            | None -> ()

            if column.Name = "_index" || column.Name = OldCategories.Name then
                Fault.throw (
                    InvalidOption(
                        "⟨gene_set⟩ or ⟨key_added⟩",
                        $"a column cannot be called {column.Name}, which is anndata's own; choose another name"
                    )
                )

            if column.Name.Length > 1000 || Links.along column.Name <> [ column.Name ] || column.Name.Contains '\000' then
                Fault.throw (InvalidOption("⟨gene_set⟩ or ⟨key_added⟩", $"a column cannot be called \"{column.Name}\""))

        match columns |> List.countBy _.Name |> List.tryFind (fun (_, count) -> count > 1) with
        | Some(name, _) -> Fault.throw (InvalidOption("⟨gene_set⟩ or ⟨key_added⟩", $"the column {name} would be written twice"))
        | None -> ()

    /// Names that fit one attribute: each takes a reference of 16 bytes.
    let private mostColumns = 4000

    let private requireFrame (store: Hdf5File) (frame: DataFrame) (columns: OutputColumn list) =
        requireFree store frame columns

        if frame.Columns |> List.exists (fun name -> not (Utf8.isText name)) then
            store.Disk.Unsupported frame.Path "the name of one of its columns is not UTF-8 and would not survive"

        if frame.Columns.Length + columns.Length > mostColumns then
            store.Disk.Unsupported frame.Path $"it has {frame.Columns.Length} columns, and the order of so many cannot be written anew"

    /// Refuses, before anything is written, what could not be written in the end: columns of obs and var, values of X, and
    /// members of these groups of the root.
    let require (file: AnnDataFile) (cellColumns: OutputColumn list) (geneColumns: OutputColumn list) values (groups: string list) =
        let store = file.Store
        let references = References.find store

        let editable path (group: Group) =
            FileEditor.RequireEditable(store.Disk, path, group)
            References.requireNone store references path group.Header
            group.Header.Address

        let replaceable (dataset: Dataset) =
            ObjectHeaderRewrite.requireAttributes store.Disk dataset.Path dataset.Header
            References.requireNone store references dataset.Path dataset.Header

        let struct (parent, _) = store.LinkAt file.X.Path

        /// X has a new group, while under its other names the old one stays and holds the same indices.
        let sparse (arrays: SparseArrays) renewed =
            editable file.X.Path arrays.Group |> ignore
            List.iter replaceable renewed

            [ parent
              if not file.X.IsAlone then
                  for link in arrays.Group.Links do
                      match link.Target with
                      | Hard address -> address
                      | Elsewhere _ -> () ]

        let matrix =
            match values, file.X.Format with
            | (Untouched | Overwrite), _ -> []
            | StoreAnew, Csr arrays -> sparse arrays [ arrays.Data ]
            | _, (Csr arrays | Csc arrays) -> sparse arrays file.X.Datasets
            | _, Dense dataset ->
                replaceable dataset
                [ parent ]

        let frame (frame: DataFrame) columns =
            if List.isEmpty columns then
                []
            else
                requireFrame store frame columns
                [ frame.Path, editable frame.Path frame.Group ]

        let renewed =
            [ yield! frame file.Obs cellColumns
              yield! frame file.Var geneColumns
              for name in groups do
                  match tryGroup store name with
                  | Some group -> name, editable name group
                  | None -> () ]

        for _, same in renewed |> List.distinct |> List.groupBy snd do
            match same with
            | (first, _) :: (second, _) :: _ ->
                store.Disk.Unsupported second $"it is the same group as {first}, and they would become different; copy one of them"
            | _ -> ()

        References.requireMovable store references [ store.Superblock.Root; yield! List.map snd renewed; yield! matrix ]

    /// Writes the edits into the editor and makes them visible, all at once.
    let commit (file: AnnDataFile) (editor: FileEditor) (edits: Edits) =
        let kept name =
            edits.Kept |> List.filter (fun (group, _) -> group = name) |> List.collect snd

        let members name =
            edits.Members
            |> List.filter (fun (group, _) -> group = name)
            |> List.collect snd
            |> List.map (fun (name, element) -> name, NewElement.put editor element)

        let obs =
            edits.CellColumns |> List.map (fun (column, address) -> column.Name, putColumn editor edits.Cells column address)

        let var =
            edits.GeneColumns |> List.map (fun (column, values) -> column.Name, putGeneColumn editor column (values ()))

        let changed =
            [ for name in List.map fst edits.Members @ List.map fst edits.Kept |> List.distinct |> List.except [ ""; "obs"; "var" ] do
                  match kept name @ members name with
                  | [] -> ()
                  | links -> name, links ]

        /// Every name of a frame or a mapping leads to what it has become.
        let renewed =
            [ if not (obs.IsEmpty && (kept "obs").IsEmpty) then
                  file.Obs.Group, withColumns editor file.Obs (kept "obs") obs
              if not (var.IsEmpty && (kept "var").IsEmpty) then
                  file.Var.Group, withColumns editor file.Var (kept "var") var
              for name, links in changed do
                  match tryGroup file.Store name with
                  | Some group -> group, editor.Rewrite(name, group, latest links, [])
                  | None -> () ]
            |> List.map (fun (group, address) -> group.Header.Address, address)

        let added =
            [ for name, links in changed do
                  if (tryGroup file.Store name).IsNone then
                      name, newGroup editor name links ]

        let root = file.Store.Superblock.Root

        let grown =
            if added.IsEmpty then root else editor.Rewrite("the root group", file.Store.Root, added, [])

        /// Other names of X go on leading to the old values.
        let single =
            [ match withValues editor file.X edits with
              | Some address -> file.X.Path, address
              | None -> ()
              yield! kept "" ]
            |> List.map (fun (path, address) ->
                let struct (parent, link) = file.Store.LinkAt path
                parent, link.Name, address)

        editor.Commit(
            HardLinkUpdate.settle
                editor
                root
                { Everywhere = (if grown = root then [] else [ root, grown ]) @ renewed
                  Single = single }
        )
