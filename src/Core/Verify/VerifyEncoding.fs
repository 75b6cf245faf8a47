/// Verifies what an element says about itself: that anndata knows how to read it, and that it has what this takes.
namespace SingleSharp.Core.Verify

open System.Collections.Generic
open System.Threading
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// Looks at elements one by one, and remembers those that are looked at again once obs and var are known.
[<Sealed>]
type internal EncodingVerifier(store: Hdf5File, findings: FindingList, cancel: CancellationToken) =
    let frames = List<string>()
    let matrices = List<string>()

    let isText (dataset: Dataset) =
        match dataset.Type with
        | VlenString
        | FixedString _ -> true
        | _ -> false

    let requireText (dataset: Dataset) =
        if not (isText dataset) then
            findings.Error dataset.Path $"it is said to hold strings, but holds {Datatype.name dataset.Type}"

    /// Values with a mask of those that are missing.
    let masked (element: NullableElement<Group, Dataset>) expected isExpected =
        let values = element.Values

        if not (isExpected values.Type) then
            findings.Error values.Path $"its values are {Datatype.name values.Type} instead of {expected}"

        match element.Mask with
        | Some mask ->
            if not (Datatype.isBool mask.Type) then
                findings.Error mask.Path $"it is {Datatype.name mask.Type} instead of bool"

            if mask.Dims <> values.Dims then
                findings.Error mask.Path $"it has another number of values than there are values to mask, {values.Count}"
        | None -> ()

    let contents path name node =
        match name, Hdf5Element.read store path node with
        | "nullable-integer", Element.Nullable element -> masked element "integers" Integers.isStored
        | "nullable-boolean", Element.Nullable element -> masked element "bool" Datatype.isBool
        | "nullable-string-array", Element.Nullable element -> masked element "strings" (fun datatype -> datatype = VlenString)
        | _, Element.DataFrame _ -> frames.Add path
        | _, (Element.Csr _ | Element.Csc _) -> matrices.Add path
        | _, Element.Categorical element -> VerifyCategories.check store findings cancel path element
        | _ ->
            match name, node with
            | ("string" | "string-array"), DatasetObject dataset -> requireText dataset
            | "null", _ -> findings.Warn path "it is a null, which anndata before 0.12 does not read"
            | _ -> ()

    /// What it lacks of what its encoding asks for.
    let lacking path (header: Header) (links: Link list) (encoding: Encoding) =
        let attributes =
            Attribute.messages store.Disk header |> List.map (Attribute.nameOf store.Disk)

        [ for name in encoding.Attributes do
              if not (List.contains name attributes) then
                  $"it has no attribute {name}, which anndata needs to read it as {encoding.Name}"
          for name in encoding.Members do
              if links |> List.forall (fun link -> link.Name <> name) then
                  $"it has no {name}, which anndata needs to read it as {encoding.Name}" ]
        |> List.map (findings.Error path)
        |> List.isEmpty

    let check path node =
        let header, links =
            match node with
            | GroupObject group -> group.Header, group.Links
            | DatasetObject dataset -> dataset.Header, []

        match store.Text(header, "encoding-type"), store.Text(header, "encoding-version") with
        | None, None -> ()
        | name, version ->
            let name, version = Option.defaultValue "" name, Option.defaultValue "" version

            match Encoding.tryFind name with
            | Some encoding when encoding.IsGroup <> node.IsGroupObject ->
                let is, wanted =
                    if node.IsGroupObject then "group", "dataset" else "dataset", "group"

                findings.Error path $"its encoding is {name}, of a {wanted}, but it is a {is}"
            | Some encoding when not (List.contains version encoding.Versions) ->
                let told = if version = "" then "without a version" else version
                let read = String.concat " and " encoding.Versions
                findings.Error path $"its encoding is {name} {told}, where anndata up to 0.12 reads {read}"
            | Some encoding ->
                if lacking path header links encoding then
                    contents path name node
            | None -> findings.Error path $"its encoding is {name} {version}, which anndata up to 0.12 does not read"

    /// Data frames that are complete as far as they themselves tell.
    member _.Frames = List.ofSeq frames

    /// Sparse matrices likewise.
    member _.Matrices = List.ofSeq matrices

    /// Looks at one object. The root and raw are read whatever they say about themselves.
    member _.Visit(path: string, node: Hdf5Object) =
        if path <> "" then
            findings.Check(path, (fun () -> check path node))
