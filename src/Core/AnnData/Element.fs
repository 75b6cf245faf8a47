/// AnnData elements, told apart in one place: by their encoding or, before anndata 0.8 wrote one, by what they consist of.
namespace SingleSharp.Core.AnnData

/// The arrays of a compressed sparse matrix.
type internal SparseArrays<'group, 'array> =
    {
        Group: 'group
        /// The attribute that holds its shape: shape, or h5sparse_shape before anndata 0.7.
        ShapeName: string
        /// Rows and columns, as the attribute says; empty where it is missing.
        Shape: int64 list
        Data: 'array
        Indices: 'array
        Indptr: 'array
    }

/// Values of which some are missing.
type internal NullableElement<'group, 'array> =
    {
        Group: 'group
        Values: 'array
        /// True where a value is missing; none where no value is.
        Mask: 'array option
    }

/// What categories are: an array, or nullable strings none of which is missing.
[<RequireQualifiedAccess>]
type internal Categories<'group, 'array> =
    | Array of 'array
    | Nullable of NullableElement<'group, 'array>

    member categories.Values =
        match categories with
        | Array values -> values
        | Nullable element -> element.Values

type internal CategoricalElement<'group, 'array> =
    {
        /// The group of codes and categories; none where these stand apart, as in anndata 0.7 (OldCategories).
        Group: 'group option
        /// Positions among the categories; negative where a value is missing.
        Codes: 'array
        Categories: Categories<'group, 'array>
        IsOrdered: bool
    }

[<RequireQualifiedAccess>]
type internal Element<'group, 'array> =
    | Array of 'array
    | StringArray of 'array
    | Scalar of 'array
    /// Records, as anndata 0.6 and older kept data frames.
    | Record of 'array
    | Csr of SparseArrays<'group, 'array>
    | Csc of SparseArrays<'group, 'array>
    | Categorical of CategoricalElement<'group, 'array>
    | Nullable of NullableElement<'group, 'array>
    | DataFrame of 'group
    /// Elements by name: uns, obsm, a dict, or the beginning of names with slashes, which says nothing of itself.
    | Mapping of 'group * encoding: string option
    /// Something else; what it says of itself, as a clause: "its encoding is awkward-array".
    | Unknown of what: string

[<RequireQualifiedAccess>]
module internal Element =
    /// An array, whatever its values are.
    let (|AnyArray|_|) element =
        match element with
        | Element.Array array
        | Element.StringArray array
        | Element.Scalar array
        | Element.Record array -> Some array
        | _ -> None

    /// The encoding of a group: current files say csr_matrix, those before anndata 0.7 say csr.
    let private encoding (store: IElementStore<'group, 'array>) group =
        [ "encoding-type"; "h5sparse_format" ] |> List.tryPick (fun name -> store.Text(group, name))

    let private array (store: IElementStore<'group, 'array>) path group name =
        match store.TryMember(path, group, name) with
        | Some(ArrayNode array) -> array
        | Some(GroupNode _) -> store.Damaged($"{path}/{name}", "a dataset is expected, but it is a group")
        | None -> store.Damaged(path, $"it has no {name}")

    let private sparse (store: IElementStore<'group, 'array>) path group =
        let shapeName, shape =
            [ "shape"; "h5sparse_shape" ]
            |> List.tryPick (fun name -> store.Integers(group, name) |> Option.map (fun shape -> name, shape))
            |> Option.defaultValue ("shape", [])

        { Group = group
          ShapeName = shapeName
          Shape = shape
          Data = array store path group "data"
          Indices = array store path group "indices"
          Indptr = array store path group "indptr" }

    let private nullable (store: IElementStore<'group, 'array>) path group : NullableElement<'group, 'array> =
        { Group = group
          Values = array store path group "values"
          Mask = if store.Has(group, "mask") then Some(array store path group "mask") else None }

    let private categorical (store: IElementStore<'group, 'array>) path group =
        { Group = Some group
          Codes = array store path group "codes"
          Categories =
            match store.TryMember(path, group, "categories") with
            | Some(ArrayNode array) -> Categories.Array array
            | Some(GroupNode inner) -> Categories.Nullable(nullable store $"{path}/categories" inner)
            | None -> store.Damaged(path, "it has no categories")
          IsOrdered = store.IsTrue(group, "ordered") }

    /// The element behind a node. Only its headers are read. An element without what it must consist of is damaged.
    let read (store: IElementStore<'group, 'array>) path node =
        match node with
        | ArrayNode array ->
            match store.Kind array with
            | ArrayKind.Values -> Element.Array array
            | ArrayKind.Strings -> Element.StringArray array
            | ArrayKind.Scalar -> Element.Scalar array
            | ArrayKind.Records -> Element.Record array
        | GroupNode group ->
            let has names =
                names |> List.forall (fun name -> store.Has(group, name))

            match encoding store group with
            | Some("csr_matrix" | "csr") -> Element.Csr(sparse store path group)
            | Some("csc_matrix" | "csc") -> Element.Csc(sparse store path group)
            | Some "dataframe" -> Element.DataFrame group
            | Some "categorical" -> Element.Categorical(categorical store path group)
            | Some name when name.StartsWith "nullable-" -> Element.Nullable(nullable store path group)
            | Some("dict" | "anndata" | "raw" as name) -> Element.Mapping(group, Some name)
            | Some other -> Element.Unknown $"its encoding is {other}"
            // Before anndata 0.8 columns say nothing of themselves.
            | None when (store.Text(group, "_index")).IsSome -> Element.DataFrame group
            | None when has [ "codes"; "categories" ] -> Element.Categorical(categorical store path group)
            | None when has [ "values"; "mask" ] -> Element.Nullable(nullable store path group)
            | None -> Element.Mapping(group, None)

    /// What an element is, as a clause of a message.
    let told element =
        match element with
        | Element.Array _ -> "it is an array"
        | Element.StringArray _ -> "it is an array of strings"
        | Element.Scalar _ -> "it is a scalar"
        | Element.Record _ -> "it is an array of records"
        | Element.Csr _ -> "its encoding is csr_matrix"
        | Element.Csc _ -> "its encoding is csc_matrix"
        | Element.Categorical _ -> "its encoding is categorical"
        | Element.Nullable _ -> "its encoding is that of a nullable array"
        | Element.DataFrame _ -> "its encoding is dataframe"
        | Element.Mapping(_, Some encoding) -> $"its encoding is {encoding}"
        | Element.Mapping(_, None) -> "it has no encoding"
        | Element.Unknown what -> what
