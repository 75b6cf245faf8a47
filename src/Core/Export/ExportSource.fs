/// What of a file is exported, by its path in the file.
namespace SingleSharp.Core.Export

open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
type internal ExportSource =
    /// A data frame, such as obs.
    | Frame of DataFrame
    /// One column of it, such as obs/leiden.
    | Column of DataFrame * string
    /// An array, such as obsm/X_pca, and the path of the frame that names its rows.
    | Array of Dataset * axis: string option

[<RequireQualifiedAccess>]
module internal ExportSource =
    /// As many names as fit a sentence.
    let private mostNames = 20

    let private list (names: string list) =
        match List.truncate mostNames names with
        | [] -> "nothing that can be exported"
        | first when names.Length > mostNames -> String.concat ", " first + $" and {names.Length - mostNames} more"
        | first -> String.concat ", " first

    /// An element that is not there, or not of a kind that can be written so; the reason is a clause.
    let refuse (element: string) why : 'a =
        Fault.throw (InvalidOption($"export of {element}", why))

    let private frames = [ "obs"; "var"; "raw/var" ]

    /// Where each aligned array stands, and what names its rows.
    let private axes = [ "obsm", "obs"; "varm", "var"; "raw/varm", "raw/var" ]

    let private members (store: Hdf5File) (group: string) =
        match store.TryFind group with
        | Some(GroupObject found) -> found.Links |> List.map (fun link -> $"{group}/{link.Name}")
        | _ -> []

    /// What can be asked for.
    let private known (store: Hdf5File) =
        (frames |> List.filter (fun frame -> (store.TryFind frame).IsSome)) @ List.collect (fst >> members store) axes

    let private isFrame (store: Hdf5File) path =
        match store.TryFind path with
        | Some _ when List.contains path frames -> true
        | Some(GroupObject _ as node) ->
            match Hdf5Element.read store path node with
            | Element.DataFrame _ -> true
            | _ -> false
        | _ -> false

    let private isMatrix (element: string) =
        element = "X" || element = "raw/X" || element.StartsWith "layers/"

    /// The beginnings of a path, the shortest first, each with the rest.
    let private beginnings (element: string) =
        [ for at in 1 .. element.Length do
              if at = element.Length then
                  element, ""
              elif element[at] = '/' then
                  element[.. at - 1], element[at + 1 ..] ]

    let private column (frame: DataFrame) element name =
        if List.contains name frame.Columns || name = frame.IndexName then
            ExportSource.Column(frame, name)
        else
            refuse element $"{frame.Path} has no column {name}{DidYouMean.clause frame.Columns name}; its columns are {list frame.Columns}"

    let private absent (store: Hdf5File) (element: string) =
        let group = (element.Split '/')[0]

        match OtherHdf5.tell store, store.TryFind group with
        | Some why, _ -> Fault.throw (NotAnnData(store.Path, why))
        | None, Some(DatasetObject dataset) ->
            store.Disk.Unsupported
                dataset.Path
                "it is a record array of anndata 0.6 or older, whose fields cannot be read one by one; read the file with anndata and write it again"
        | None, None when group = "raw" && (store.TryFind "raw.var").IsSome ->
            store.Disk.Unsupported "raw.var" "it is the raw of anndata 0.6 or older; read the file with anndata and write it again"
        | None, _ when (known store).IsEmpty ->
            Fault.throw (NotAnnData(store.Path, "it has neither obs nor var; convert makes an .h5ad file of 10x output"))
        | None, _ ->
            let known = known store
            refuse element $"the file has no {element}{DidYouMean.clause known element}; it has {list known}"

    let private ofNode (store: Hdf5File) (element: string) node =
        let axis =
            axes |> List.tryPick (fun (group, frame) -> if element.StartsWith(group + "/") then Some frame else None)

        match Hdf5Element.read store element node with
        | Element.Array dataset -> ExportSource.Array(dataset, axis)
        | Element.Csr _
        | Element.Csc _ -> refuse element "it is a sparse matrix, and no format of an export holds one; .h5ad itself is the format for that"
        | Element.Mapping _ when not (members store element).IsEmpty ->
            refuse element $"name one of what it holds: {list (members store element)}"
        | Element.StringArray _ -> refuse element "it is an array of strings that is no column of a data frame"
        | other -> refuse element $"{Element.told other}, which is neither a data frame nor an array"

    /// What a path leads to; anything that cannot be exported is refused.
    let find (store: Hdf5File) (element: string) =
        match beginnings element |> List.tryFind (fst >> isFrame store) with
        | Some(frame, "") -> ExportSource.Frame(DataFrame.read store frame)
        | Some(frame, name) -> column (DataFrame.read store frame) element name
        | None when isMatrix element ->
            refuse element $".h5ad itself is the format for a matrix of cells and genes; what can be exported is {list (known store)}"
        | None ->
            match store.TryFind element with
            | Some node -> ofNode store element node
            | None -> absent store element
