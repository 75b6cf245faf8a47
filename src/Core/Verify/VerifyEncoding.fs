/// Verifies what an element says about itself: that anndata knows how to read it, and that it has what this takes.
namespace SingleSharp.Core.Verify

open System.Collections.Generic
open System.Threading
open SingleSharp.Core.Hdf5

/// What one encoding asks of an element.
type private Encoding =
    { Name: string
      Versions: string list
      IsGroup: bool
      Attributes: string list
      Members: string list }

/// Looks at elements one by one, and remembers those that are looked at again once obs and var are known.
[<Sealed>]
type internal EncodingVerifier(store: Hdf5File, findings: FindingList, cancel: CancellationToken) =
    /// What anndata 0.7 to 0.12 read (anndata, _io/specs/methods.py).
    let known =
        let element isGroup name version attributes members =
            { Name = name
              Versions = version
              IsGroup = isGroup
              Attributes = attributes
              Members = members }

        let group = element true
        let dataset name version = element false name [ version ] [] []

        [ group "anndata" [ "0.1.0" ] [] []
          group "raw" [ "0.1.0" ] [] []
          group "dict" [ "0.1.0" ] [] []
          group "dataframe" [ "0.1.0"; "0.2.0" ] [ "_index"; "column-order" ] []
          group "csr_matrix" [ "0.1.0" ] [ "shape" ] [ "data"; "indices"; "indptr" ]
          group "csc_matrix" [ "0.1.0" ] [ "shape" ] [ "data"; "indices"; "indptr" ]
          group "categorical" [ "0.2.0" ] [ "ordered" ] [ "codes"; "categories" ]
          group "nullable-integer" [ "0.1.0" ] [] [ "values" ]
          group "nullable-boolean" [ "0.1.0" ] [] [ "values" ]
          group "nullable-string-array" [ "0.1.0" ] [] [ "values"; "mask" ]
          group "awkward-array" [ "0.1.0" ] [ "form"; "length" ] []
          dataset "array" "0.2.0"
          dataset "string-array" "0.2.0"
          dataset "rec-array" "0.2.0"
          dataset "numeric-scalar" "0.2.0"
          dataset "string" "0.2.0"
          dataset "bytes" "0.2.0"
          dataset "null" "0.1.0" ]

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
    let masked path (group: Group) expected isExpected =
        let values = store.Dataset(path, group, "values")

        if not (isExpected values.Type) then
            findings.Error values.Path $"its values are {Datatype.name values.Type} instead of {expected}"

        match store.TryFind(path, group, "mask") with
        | Some(DatasetObject mask) ->
            if not (Datatype.isBool mask.Type) then
                findings.Error mask.Path $"it is {Datatype.name mask.Type} instead of bool"

            if mask.Dims <> values.Dims then
                findings.Error mask.Path $"it has another number of values than there are values to mask, {values.Count}"
        | Some(GroupObject _) -> findings.Error $"{path}/mask" "a dataset is expected, but it is a group"
        | None -> ()

    let contents path name node =
        match name, node with
        | "dataframe", _ -> frames.Add path
        | ("csr_matrix" | "csc_matrix"), _ -> matrices.Add path
        | "categorical", GroupObject group -> VerifyCategories.check store findings cancel path group
        | "nullable-integer", GroupObject group -> masked path group "integers" Integers.isStored
        | "nullable-boolean", GroupObject group -> masked path group "bool" Datatype.isBool
        | "nullable-string-array", GroupObject group -> masked path group "strings" (fun datatype -> datatype = VlenString)
        | ("string" | "string-array"), DatasetObject dataset -> requireText dataset
        | "null", _ -> findings.Warn path "it is a null, which anndata before 0.12 does not read"
        | _ -> ()

    /// What it lacks of what its encoding asks for.
    let lacking path (header: Header) (links: Link list) encoding =
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

            match known |> List.tryFind (fun encoding -> encoding.Name = name) with
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
