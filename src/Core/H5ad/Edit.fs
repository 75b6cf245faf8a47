/// Puts new columns, values and notes into an AnnData file, leaving everything else where and as it is.
namespace SingleSharp.Core

open System

/// The way that transformed values take.
type ValuePlan =
    /// X does not change.
    | Untouched
    /// To the same places of the clone: same type, not compressed.
    | Overwrite
    /// Into a new dataset stored like the old one.
    | StoreAnew
    /// Only what a filter leaves, into new datasets stored like the old ones.
    | OnlyKept

/// New values of X: where they ended up.
type NewValues =
    /// The old places hold the new values.
    | SamePlaces
    | NewContiguous of address: int64 * Precision
    | NewChunks of index: int64 * extent: int64 * Precision
    /// Datasets of their own, with fewer rows, columns and values.
    | NewRows of (string * int64) list

/// All that a run changes in a file.
type Edits =
    {
        /// How many cells and genes the file has afterwards.
        Cells: int64
        Genes: int64
        /// Columns of obs whose values are already at these addresses.
        CellColumns: (Column * int64) list
        GeneColumns: (Column * float[]) list
        /// New members of obsm, varm and uns.
        Members: (string * (string * Element) list) list
        Values: NewValues
        /// What a filter leaves of the other elements, already written: links by the group of the root that holds them.
        Kept: (string * (string * int64) list) list
    }

[<RequireQualifiedAccess>]
module Edit =
    let private putColumn (draft: Draft) rows (column: Column) address =
        Element.Placed(column.Type, [ rows ], address) |> Element.put draft

    let private putGeneColumn (draft: Draft) (column: Column) (values: float[]) =
        ColumnBytes.requireExact draft.Disk column values values.Length
        Element.Numbers(column.Type, [ values.LongLength ], values) |> Element.put draft

    /// The later one of two links with the same name counts.
    let private latest (links: (string * int64) list) =
        links |> List.rev |> List.distinctBy fst |> List.rev

    /// Columns that are there keep their place in the order; new ones follow.
    let private withColumns (draft: Draft) (frame: Frame) kept (columns: (string * int64) list) =
        let added =
            columns |> List.map fst |> List.filter (fun name -> not (List.contains name frame.Columns))

        let order =
            if added.IsEmpty then [] else [ draft.StringsAttribute("column-order", frame.Columns @ added) ]

        draft.Rewrite(frame.Path, frame.Group, latest (kept @ columns), order)

    /// A group of the root with new members, or a new group with them.
    let private withMembers (draft: Draft) (store: Store) name (links: (string * int64) list) =
        match store.TryFind("", store.Root, name) with
        | Some(GroupNode group) -> draft.Rewrite(name, group, latest links, [])
        | Some(DatasetNode _) -> store.Disk.Unsupported name "it is a dataset, not a group"
        | None ->
            draft.PutGroup(
                latest links
                |> List.map (fun (name, address) ->
                    { Name = name
                      Target = Hard address
                      Order = ValueNone }),
                Element.encoding draft "dict" "0.1.0"
            )

    /// X as it is afterwards, where it is another one.
    let private withValues (draft: Draft) (matrix: Matrix) (edits: Edits) =
        let rewrite links attributes =
            Some(draft.Rewrite(matrix.Path, matrix.Group, links, attributes))

        let replaced precision layout =
            let datatype = Numeric.datatype (Precision.numeric precision)
            rewrite [ "data", draft.PutReplacement(matrix.Data, datatype, layout) ] []

        match edits.Values with
        | SamePlaces -> None
        | NewContiguous(address, precision) ->
            let bytes = matrix.Stored * int64 (Numeric.size (Precision.numeric precision))
            replaced precision (Encode.contiguous (if bytes = 0L then Bytes.undefined else address) bytes)
        | NewChunks(index, extent, precision) ->
            replaced precision (Encode.chunked [| extent |] (Numeric.size (Precision.numeric precision)) index)
        | NewRows arrays ->
            let shape = Bytes.concat [ Bytes.i64 edits.Cells; Bytes.i64 edits.Genes ]

            rewrite arrays [ Encode.attribute matrix.ShapeName (Numeric.datatype Numeric.Int64) (Encode.line 2L) shape ]

    let private requireFree (store: Store) (frame: Frame) (columns: Column list) =
        for column in columns do
            if column.Name = frame.IndexName then
                store.Disk.Unsupported frame.Path $"its index is called {column.Name} like a column to be written; rename the index"

            if column.Name = "" || column.Name.Length > 1000 || column.Name.IndexOfAny [| '/'; '\000' |] >= 0 then
                Fault.throw (BadOption("--gene-set or --key-added", $"a column cannot be called \"{column.Name}\""))

        match columns |> List.countBy _.Name |> List.tryFind (fun (_, count) -> count > 1) with
        | Some(name, _) -> Fault.throw (BadOption("--gene-set or --key-added", $"the column {name} would be written twice"))
        | None -> ()

    /// Names that fit one attribute: each takes a reference of 16 bytes.
    let private mostColumns = 4000

    let private requireFrame (store: Store) (frame: Frame) (columns: Column list) =
        requireFree store frame columns

        if frame.Columns |> List.exists (fun name -> name.Contains '\uFFFD') then
            store.Disk.Unsupported frame.Path "the name of one of its columns is not UTF-8 and would not survive"

        if frame.Columns.Length + columns.Length > mostColumns then
            store.Disk.Unsupported frame.Path $"it has {frame.Columns.Length} columns, and the order of so many cannot be written anew"

    /// Refuses, before anything is written, what could not be written in the end: columns of obs and var, values of X, and
    /// members of these groups of the root.
    let require (file: H5adFile) (cellColumns: Column list) (geneColumns: Column list) values (groups: string list) =
        let store = file.Store
        let references = References.find store

        let editable path (group: Group) =
            Draft.RequireEditable(store.Disk, path, group)
            References.requireNone store references path group.Header

        let replaceable (dataset: Dataset) =
            Draft.RequireAttributes(store.Disk, dataset.Header)
            References.requireNone store references dataset.Path dataset.Header

        editable "the root group" store.Root

        if not cellColumns.IsEmpty then
            requireFrame store file.Obs cellColumns
            editable "obs" file.Obs.Group

        if not geneColumns.IsEmpty then
            requireFrame store file.Var geneColumns
            editable "var" file.Var.Group

        match values with
        | Untouched
        | Overwrite -> ()
        | StoreAnew ->
            editable file.X.Path file.X.Group
            replaceable file.X.Data
        | OnlyKept ->
            editable file.X.Path file.X.Group
            [ file.X.Data; file.X.Indices; file.X.Indptr ] |> List.iter replaceable

        for name in groups do
            match store.TryFind("", store.Root, name) with
            | Some(GroupNode group) -> editable name group
            | Some(DatasetNode _) -> store.Disk.Unsupported name "it is a dataset, not a group"
            | None -> ()

    /// Writes the edits into the draft and makes them visible, all at once.
    let commit (file: H5adFile) (draft: Draft) (edits: Edits) =
        let kept name =
            edits.Kept |> List.filter (fun (group, _) -> group = name) |> List.collect snd

        let members name =
            edits.Members
            |> List.filter (fun (group, _) -> group = name)
            |> List.collect snd
            |> List.map (fun (name, element) -> name, Element.put draft element)

        let obs =
            edits.CellColumns |> List.map (fun (column, address) -> column.Name, putColumn draft edits.Cells column address)

        let var =
            edits.GeneColumns |> List.map (fun (column, values) -> column.Name, putGeneColumn draft column values)

        let groups =
            List.map fst edits.Members @ List.map fst edits.Kept |> List.distinct |> List.except [ "obs"; "var" ]

        let links =
            [ if not (obs.IsEmpty && (kept "obs").IsEmpty) then
                  "obs", withColumns draft file.Obs (kept "obs") obs
              if not (var.IsEmpty && (kept "var").IsEmpty) then
                  "var", withColumns draft file.Var (kept "var") var
              for name in groups do
                  match kept name @ members name with
                  | [] -> ()
                  | links -> name, withMembers draft file.Store name links
              match withValues draft file.X edits with
              | Some address -> file.X.Path, address
              | None -> () ]

        draft.Commit(
            if links.IsEmpty then
                file.Store.Superblock.Root
            else
                draft.Rewrite("the root group", file.Store.Root, links, [])
        )
