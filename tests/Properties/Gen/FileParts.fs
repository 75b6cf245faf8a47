/// HDF5 files as lists of their parts, any of which can be changed or left out before the file is written.
module internal SingleSharp.Properties.FileParts

open System
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Writing

type Content =
    | Members
    | Numbers of DType * float[]
    | Texts of string[]
    /// Made anew for each file, since a dataset keeps the attributes that it was written with.
    | Other of (unit -> H5Dataset)

type Part =
    { Path: string
      Attributes: (string * obj) list
      Content: Content }

let part path content =
    { Path = path
      Attributes = []
      Content = content }

let bools (values: seq<bool>) =
    Numbers(DType.Bool, values |> Seq.map (fun value -> if value then 1.0 else 0.0) |> Array.ofSeq)

let numbers path numeric (values: seq<float>) =
    part path (Numbers(numeric, Array.ofSeq values))

/// Does a path lead to something or into it?
let isIn (above: string) (path: string) =
    path = above || path.StartsWith(above + "/")

/// A part with another content.
let change path (content: Content -> Content) parts =
    if parts |> List.forall (fun part -> part.Path <> path) then
        invalidOp $"there is no {path}"

    parts
    |> List.map (fun part ->
        if part.Path = path then
            { part with
                Content = content part.Content }
        else
            part)

/// Other attributes.
let changeAttributes path (attributes: (string * obj) list -> (string * obj) list) parts =
    parts
    |> List.map (fun part ->
        if part.Path = path then
            { part with
                Attributes = attributes part.Attributes }
        else
            part)

/// Other numbers of the same type.
let changeNumbers path (values: float[] -> float[]) parts =
    parts
    |> change path (fun content ->
        match content with
        | Numbers(numeric, old) -> Numbers(numeric, values (Array.copy old))
        | other -> invalidOp $"{path} holds no numbers but {other}")

/// What is left without a part and all that is in it.
let without path parts =
    parts |> List.filter (fun part -> not (isIn path part.Path))

let numbersAt path parts =
    parts
    |> List.pick (fun part ->
        match part.Content with
        | Numbers(_, values) when part.Path = path -> Some values
        | _ -> None)

/// One value more, or one less.
let resized more content =
    match content with
    | Numbers(numeric, values) when more -> Numbers(numeric, Array.append values [| 0.0 |])
    | Numbers(numeric, values) -> Numbers(numeric, Array.truncate (values.Length - 1) values)
    | Texts values when more -> Texts(Array.append values [| "more" |])
    | Texts values -> Texts(Array.truncate (values.Length - 1) values)
    | other -> other

/// A file of these parts; groups that are not named have no attributes.
let file storage parts =
    let root = H5File()

    let rec groupAt (path: string) : H5Group =
        if path = "" then
            root
        else
            let above = groupAt (above path)
            let name = path.Substring(path.LastIndexOf '/' + 1)

            match above.TryGetValue name with
            | true, (:? H5Group as group) -> group
            | _ ->
                let group = H5Group()
                above[name] <- group
                group

    and above path =
        path.Substring(0, max 0 (path.LastIndexOf '/'))

    let put (path: string) (dataset: H5Dataset) : H5Object =
        (groupAt (above path))[path.Substring(path.LastIndexOf '/' + 1)] <- dataset
        dataset

    for part in parts do
        let node =
            match part.Content with
            | Members -> groupAt part.Path :> H5Object
            | Numbers(DType.Bool, values) ->
                let flags =
                    values |> Array.map (fun value -> if value <> 0.0 then AnnDataFiles.H5Bool.TRUE else AnnDataFiles.H5Bool.FALSE)

                put part.Path (H5Dataset flags)
            | Numbers(numeric, values) -> put part.Path (AnnDataFiles.line storage (AnnDataFiles.asArray numeric values))
            | Texts texts -> put part.Path (H5Dataset texts)
            | Other make -> put part.Path (make ())

        for name, value in part.Attributes do
            node.Attributes[name] <- value

    root
