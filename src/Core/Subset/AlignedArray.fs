/// Arrays with an entry for every cell or gene: plain and sparse ones, nullable and categorical ones.
namespace SingleSharp.Core.Subset

open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal AlignedArray =
    let private again =
        "read the file with anndata and write it again with compression=\"gzip\" or none"

    let length (file: AnnDataFile) along =
        match along with
        | Along.Cells -> file.X.Cells, "cell"
        | Along.Genes -> int64 file.X.Genes, "gene"

    let private requireExtents (file: AnnDataFile) path (dims: int64 list) alongs =
        if dims.Length < List.length alongs then
            file.Store.Disk.Damaged path $"""it has {Plural.things dims.Length "dimension"}, fewer than it needs here"""

        for i, (dim, along) in List.indexed (List.zip (List.truncate alongs.Length dims) alongs) do
            let expected, thing = length file along

            if dim <> expected then
                file.Store.Disk.Damaged
                    path
                    $"""its dimension {i + 1} has the length {dim}, but there {if expected = 1L then "is" else "are"} {Plural.things expected thing}"""

    /// Refuses what could not be read and written again.
    let requireStored (store: Hdf5File) (dataset: Dataset) =
        match Filters.unsupported dataset.Filters with
        | Some filter -> store.Disk.Unsupported dataset.Path $"it is compressed with {Dataset.filterName filter.Id}; {again}"
        | None ->
            // A chunk is decoded, and one that is built beside it is encoded.
            store.Disk.Require(Hyperslab.chunkMemory dataset * 2L)

    let private requireLine (store: Hdf5File) (dataset: Dataset) count what =
        requireStored store dataset

        if dataset.Dims <> [| count |] then
            let shape = dataset.Dims |> Array.map string |> String.concat " × "
            store.Disk.Damaged dataset.Path $"its shape is {shape} instead of {count}, the number of {what}"

    let private requireWhole (store: Hdf5File) (dataset: Dataset) =
        if not (Integers.isStored dataset.Type) then
            store.Disk.Damaged dataset.Path $"its values are {Datatype.name dataset.Type} instead of integers"

    let plain (file: AnnDataFile) (dataset: Dataset) alongs =
        requireStored file.Store dataset
        requireExtents file dataset.Path (List.ofArray dataset.Dims) alongs

        Plain dataset

    let sparse (file: AnnDataFile) path (group: Group) byRows alongs =
        let store = file.Store
        let member' name = store.Dataset(path, group, name)
        let data = member' "data"
        let indices = member' "indices"
        let indptr = member' "indptr"

        let shape =
            [ "shape"; "h5sparse_shape" ] |> List.tryPick (fun name -> Attribute.tryFind store.Disk name group.Header)

        match shape |> Option.map (fun shape -> shape, Attribute.integers shape) with
        | Some(shape, [ rows; columns ]) when Integers.isStored shape.Type ->
            requireExtents file path [ rows; columns ] alongs
            requireLine store data data.Count "values"
            requireLine store indices data.Count "indices"
            requireLine store indptr ((if byRows then rows else columns) + 1L) "offsets"
            [ indices; indptr ] |> List.iter (requireWhole store)

            Sparse
                { Path = path
                  Group = group
                  ByRows = byRows
                  Rows = rows
                  Columns = columns
                  Data = data
                  Indices = indices
                  Indptr = indptr
                  Shape = shape }
        | _ -> store.Disk.Damaged path "it has no shape of two dimensions"

    let formatOf (store: Hdf5File) (group: Group) =
        [ "encoding-type"; "h5sparse_format" ] |> List.tryPick (fun name -> store.Text(group.Header, name))

    let refuse (store: Hdf5File) path (group: Group) : 'a =
        let encoding =
            match formatOf store group with
            | Some encoding -> $"its encoding is {encoding}"
            | None -> "it has no encoding"

        store.Disk.Unsupported path $"{encoding}, and its rows cannot be picked out; remove it from the file, or subset with anndata"

    let has (group: Group) names =
        names |> List.forall (fun name -> (Links.tryFind name group).IsSome)

    /// A nullable or categorical array of N entries; none where the group is something else.
    let rec tryArray (store: Hdf5File) path (group: Group) count =
        let line name =
            let dataset = store.Dataset(path, group, name)
            requireLine store dataset count "entries"
            dataset

        match formatOf store group with
        | Some "categorical"
        | None when has group [ "codes"; "categories" ] ->
            let codes = line "codes"
            requireWhole store codes
            let struct (categories, count) = categories store path group
            Some(Categorical(path, group, codes, categories, count))
        | Some encoding when encoding.StartsWith "nullable-" && has group [ "values"; "mask" ] ->
            Some(Members(path, group, [ for name in [ "values"; "mask" ] -> name, Plain(line name) ]))
        | None when has group [ "values"; "mask" ] ->
            Some(Members(path, group, [ for name in [ "values"; "mask" ] -> name, Plain(line name) ]))
        | _ -> None

    and private categories (store: Hdf5File) path (parent: Group) =
        match store.TryFind(path, parent, "categories") with
        | Some(DatasetObject dataset) ->
            requireLine store dataset dataset.Count "categories"
            struct (Plain dataset, dataset.Count)
        | Some(GroupObject group) ->
            let path = $"{path}/categories"
            let count = store.Dataset(path, group, "values").Count

            match tryArray store path group count with
            | Some array -> struct (array, count)
            | None -> refuse store path group
        | None -> store.Disk.Damaged path "it has no categories"

    let column (file: AnnDataFile) path node along =
        match node with
        | DatasetObject dataset -> plain file dataset [ along ]
        | GroupObject group ->
            match tryArray file.Store path group (fst (length file along)) with
            | Some array -> array
            | None -> refuse file.Store path group
