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

/// New values of X: where they ended up.
type NewValues =
    /// The old places hold the new values.
    | SamePlaces
    | NewContiguous of address: int64 * Precision
    | NewChunks of index: int64 * extent: int64 * Precision

/// All that a run changes in a file.
type Edits =
    {
        /// Columns of obs whose values are already at these addresses.
        CellColumns: (Column * int64) list
        GeneColumns: (Column * float[]) list
        /// The base of the logarithm that was taken, if one was.
        Logarithm: float voption voption
        Values: NewValues
    }

[<RequireQualifiedAccess>]
module Edit =
    let private encoding (draft: Draft) kind version =
        [ draft.StringAttribute("encoding-type", kind)
          draft.StringAttribute("encoding-version", version) ]

    let private putColumn (draft: Draft) rows (column: Column) address =
        draft.PutDataset(Numeric.datatype column.Type, Encode.line rows, address, encoding draft "array" "0.2.0")

    let private putGeneColumn (draft: Draft) (column: Column) (values: float[]) =
        let bytes = Array.zeroCreate (values.Length * Numeric.size column.Type)
        ColumnBytes.requireExact draft.Disk column values values.Length
        ColumnBytes.encode column.Type values values.Length bytes |> ignore
        putColumn draft (int64 values.Length) column (draft.Put bytes)

    /// Columns that are there keep their place in the order; new ones follow.
    let private withColumns (draft: Draft) (frame: Frame) (columns: (string * int64) list) =
        let added =
            columns |> List.map fst |> List.filter (fun name -> not (List.contains name frame.Columns))

        draft.Rewrite(frame.Path, frame.Group, columns, [ draft.StringsAttribute("column-order", frame.Columns @ added) ])

    /// uns/log1p as scanpy means it: an empty dict for the natural logarithm, because old anndata cannot read a null.
    let private withLogarithm (draft: Draft) (store: Store) (basis: float voption) =
        let dict links =
            draft.PutGroup(links, encoding draft "dict" "0.1.0")

        let note =
            match basis with
            | ValueNone -> dict []
            | ValueSome basis ->
                let address = draft.Put(BitConverter.GetBytes basis)

                let scalar =
                    draft.PutDataset(Float(8, false), Encode.scalar, address, encoding draft "numeric-scalar" "0.2.0")

                dict
                    [ { Name = "base"
                        Target = Hard scalar
                        Order = ValueNone } ]

        match store.TryFind("", store.Root, "uns") with
        | Some(GroupNode uns) -> draft.Rewrite("uns", uns, [ "log1p", note ], [])
        | Some(DatasetNode _) -> store.Disk.Unsupported "uns" "it is a dataset, not a group"
        | None ->
            dict
                [ { Name = "log1p"
                    Target = Hard note
                    Order = ValueNone } ]

    let private withValues (draft: Draft) (matrix: Matrix) values =
        let replaced precision layout =
            let datatype = Numeric.datatype (Precision.numeric precision)
            draft.Rewrite(matrix.Path, matrix.Group, [ "data", draft.PutReplacement(matrix.Data, datatype, layout) ], [])

        match values with
        | SamePlaces -> None
        | NewContiguous(address, precision) ->
            let bytes = matrix.Stored * int64 (Numeric.size (Precision.numeric precision))
            Some(replaced precision (Encode.contiguous (if bytes = 0L then Bytes.undefined else address) bytes))
        | NewChunks(index, extent, precision) ->
            Some(replaced precision (Encode.chunked [| extent |] (Numeric.size (Precision.numeric precision)) index))

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

    /// Refuses, before anything is written, what could not be written in the end.
    let require (file: H5adFile) (cellColumns: Column list) (geneColumns: Column list) values logs =
        let store = file.Store
        let references = References.find store

        let editable path (group: Group) =
            Draft.RequireEditable(store.Disk, path, group)
            References.requireNone store references path group.Header

        editable "the root group" store.Root

        if not cellColumns.IsEmpty then
            requireFrame store file.Obs cellColumns
            editable "obs" file.Obs.Group

        if not geneColumns.IsEmpty then
            requireFrame store file.Var geneColumns
            editable "var" file.Var.Group

        if values = StoreAnew then
            editable file.X.Path file.X.Group
            Draft.RequireAttributes(store.Disk, file.X.Data.Header)
            References.requireNone store references file.X.Data.Path file.X.Data.Header

        if logs then
            match store.TryFind("", store.Root, "uns") with
            | Some(GroupNode uns) -> editable "uns" uns
            | Some(DatasetNode _) -> store.Disk.Unsupported "uns" "it is a dataset, not a group"
            | None -> ()

    /// Writes the edits into the draft and makes them visible, all at once.
    let commit (file: H5adFile) (draft: Draft) (edits: Edits) =
        let cells = file.X.Cells

        let obs =
            edits.CellColumns |> List.map (fun (column, address) -> column.Name, putColumn draft cells column address)

        let var =
            edits.GeneColumns |> List.map (fun (column, values) -> column.Name, putGeneColumn draft column values)

        let links =
            [ if not obs.IsEmpty then
                  "obs", withColumns draft file.Obs obs
              if not var.IsEmpty then
                  "var", withColumns draft file.Var var
              match edits.Logarithm with
              | ValueSome basis -> "uns", withLogarithm draft file.Store basis
              | ValueNone -> ()
              match withValues draft file.X edits.Values with
              | Some address -> file.X.Path, address
              | None -> () ]

        draft.Commit(
            if links.IsEmpty then
                file.Store.Superblock.Root
            else
                draft.Rewrite("the root group", file.Store.Root, links, [])
        )
