/// Elements that have an entry for every cell or gene, and the forms in which they are stored.
namespace SingleSharp.Core

open System.Collections.Generic

/// What a dimension of an element runs along.
[<RequireQualifiedAccess>]
type Along =
    | Cells
    | Genes

/// A matrix in compressed sparse rows or columns, whatever its values are.
type SparseElement =
    {
        Path: string
        Group: Group
        /// Rows (CSR) or columns (CSC)?
        ByRows: bool
        Rows: int64
        Columns: int64
        Data: Dataset
        Indices: Dataset
        Indptr: Dataset
        /// The attribute that holds its shape.
        Shape: Attribute
    }

type Aligned =
    /// An array of any type and number of dimensions.
    | Plain of Dataset
    | Sparse of SparseElement
    /// Codes of one dimension, and what they stand for.
    | Categorical of path: string * Group * codes: Dataset * categories: Aligned * count: int64
    /// Members that all run along the same: the columns of a frame, the values and the mask of a nullable array.
    | Members of path: string * Group * (string * Aligned) list

[<RequireQualifiedAccess>]
module Aligned =
    let private again =
        "read the file with anndata and write it again with compression=\"gzip\" or none"

    let private length (file: H5adFile) along =
        match along with
        | Along.Cells -> file.X.Cells, "cells"
        | Along.Genes -> int64 file.X.Genes, "genes"

    let private requireExtents (file: H5adFile) path (dims: int64 list) alongs =
        if dims.Length < List.length alongs then
            file.Store.Disk.Damaged path $"it has {dims.Length} dimensions, fewer than it needs here"

        for i, (dim, along) in List.indexed (List.zip (List.truncate alongs.Length dims) alongs) do
            let expected, what = length file along

            if dim <> expected then
                file.Store.Disk.Damaged path $"its dimension {i + 1} has the length {dim}, but there are {expected} {what}"

    /// Refuses what could not be read and written again.
    let requireStored (store: Store) (dataset: Dataset) =
        match Filters.unsupported dataset.Filters with
        | Some filter -> store.Disk.Unsupported dataset.Path $"it is compressed with {Dataset.filterName filter.Id}; {again}"
        | None ->
            // A chunk is decoded, and one that is built beside it is encoded.
            store.Disk.Require(Slab.chunkMemory dataset * 2L)

    let private requireLine (store: Store) (dataset: Dataset) count what =
        requireStored store dataset

        if dataset.Dims <> [| count |] then
            let shape = dataset.Dims |> Array.map string |> String.concat " × "
            store.Disk.Damaged dataset.Path $"its shape is {shape} where {count} {what} are needed"

    let private requireWhole (store: Store) (dataset: Dataset) =
        if not (Whole.isStored dataset.Type) then
            store.Disk.Damaged dataset.Path $"its values are {Datatype.name dataset.Type} instead of whole numbers"

    let private plain (file: H5adFile) (dataset: Dataset) alongs =
        requireStored file.Store dataset
        requireExtents file dataset.Path (List.ofArray dataset.Dims) alongs

        Plain dataset

    let private sparse (file: H5adFile) path (group: Group) byRows alongs =
        let store = file.Store
        let member' name = store.Dataset(path, group, name)
        let data = member' "data"
        let indices = member' "indices"
        let indptr = member' "indptr"

        let shape =
            [ "shape"; "h5sparse_shape" ] |> List.tryPick (fun name -> Attribute.tryFind store.Disk name group.Header)

        match shape |> Option.map (fun shape -> shape, Attribute.integers shape) with
        | Some(shape, [ rows; columns ]) when Whole.isStored shape.Type ->
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

    let private formatOf (store: Store) (group: Group) =
        [ "encoding-type"; "h5sparse_format" ] |> List.tryPick (fun name -> store.Text(group.Header, name))

    let private refuse (store: Store) path (group: Group) : 'a =
        let encoding =
            match formatOf store group with
            | Some encoding -> $"its encoding is {encoding}"
            | None -> "it has no encoding"

        store.Disk.Unsupported path $"{encoding}, and its rows cannot be picked out; remove it from the file, or subset with anndata"

    let private has (group: Group) names =
        names |> List.forall (fun name -> (Links.tryFind name group).IsSome)

    /// A nullable or categorical array of so many entries; none where the group is something else.
    let rec private tryArray (store: Store) path (group: Group) count =
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

    and private categories (store: Store) path (parent: Group) =
        match store.TryFind(path, parent, "categories") with
        | Some(DatasetNode dataset) ->
            requireLine store dataset dataset.Count "categories"
            struct (Plain dataset, dataset.Count)
        | Some(GroupNode group) ->
            let path = $"{path}/categories"
            let count = store.Dataset(path, group, "values").Count

            match tryArray store path group count with
            | Some array -> struct (array, count)
            | None -> refuse store path group
        | None -> store.Disk.Damaged path "it has no categories"

    let private column (file: H5adFile) path node along =
        match node with
        | DatasetNode dataset -> plain file dataset [ along ]
        | GroupNode group ->
            match tryArray file.Store path group (fst (length file along)) with
            | Some array -> array
            | None -> refuse file.Store path group

    /// Is a group nothing but the beginning of names with slashes? Its members say what they are.
    let rec private holdsElements (store: Store) path (group: Group) =
        let isElement (link: Link) =
            let path = $"{path}/{link.Name}"

            match link.Target with
            | Elsewhere _ -> true
            | Hard address ->
                match store.TryAt(path, address) with
                | Some(DatasetNode dataset) -> (store.Text(dataset.Header, "encoding-type")).IsSome
                | Some(GroupNode inner) -> (formatOf store inner).IsSome || holdsElements store path inner
                | None -> true

        not group.Links.IsEmpty
        && not (has group [ "codes"; "categories" ] || has group [ "values"; "mask" ])
        && List.forall isElement group.Links

    /// Does a soft link lead to a neighbour, or from a layer to X? Then it goes on leading to what these become.
    let private leadsBeside (store: Store) path (group: Group) name =
        match store.TryPlace(path, group, name) with
        | Some place ->
            place.Parent = group.Header.Address || path = "layers" && place.Parent = store.Root.Header.Address && place.Name = "X"
        | None -> false

    /// What is under each name of a group. A datatype with a name of its own has no entries.
    let private members (store: Store) path (group: Group) =
        [ for link in group.Links do
              let child = $"{path}/{link.Name}"

              match link.Target with
              | Elsewhere _ when leadsBeside store path group link.Name -> ()
              | Elsewhere _ ->
                  store.Disk.Unsupported
                      child
                      $"it is a soft link to {Option.get (Links.softPath link)}; copy what is there to the place of the link before rows are dropped"
              | Hard address ->
                  match store.TryAt(child, address) with
                  | Some node -> link.Name, child, node
                  | None -> () ]

    /// By which attributes anndata-rs says what the names of an index are made of, instead of reading them: a count, or intervals.
    let private describing =
        set
            [ "index_type"
              "start"
              "end"
              "starts"
              "ends"
              "names"
              "size"
              "sizes"
              "step"
              "steps" ]

    /// An index that is known by its names alone: what was said of all of them is not true of some.
    let private undescribed (store: Store) aligned =
        match aligned with
        | Plain dataset ->
            match store.Text(dataset.Header, "index_type") with
            | None
            | Some "list" -> aligned
            | Some _ ->
                Plain
                    { dataset with
                        Header =
                            dataset.Header
                            |> Attribute.changed store.Disk (fun name message -> if describing.Contains name then None else Some message) }
        | _ -> aligned

    /// The address of what a member of a group is.
    let private addressOf node =
        match node with
        | DatasetNode dataset -> dataset.Header.Address
        | GroupNode group -> group.Header.Address

    /// The index, the columns, and whatever else has as many entries. What belongs to a column a/b lies in a group a.
    let frame (file: H5adFile) path (group: Group) along =
        let store = file.Store
        let found = HashSet<int64>()
        let rows = fst (length file along)
        let index = store.Text(group.Header, "_index") |> Option.defaultValue "_index"
        let order = store.Strings(group.Header, "column-order")

        // Before anndata 0.8 a column held codes, with a reference to its categories in here, which do not run along the rows.
        let isCategories name = (name = "__categories")

        let names = index :: Option.defaultValue [] order

        let hasRows name path node =
            match node with
            | DatasetNode dataset -> dataset.Dims.Length > 0 && dataset.Dims[0] = rows
            | GroupNode _ when isCategories name -> false
            | GroupNode group ->
                try
                    (tryArray store path group rows).IsSome
                with FaultException(Damaged _) ->
                    false

        /// Columns by the names that lead to them from this group on.
        let rec within path (group: Group) (columns: string list list) =
            Members(
                path,
                group,
                [ for name, path, node in members store path group do
                      let isColumn =
                          List.contains [ name ] columns || (order.IsNone && not (isCategories name))

                      let inside =
                          columns
                          |> List.choose (fun parts ->
                              match parts with
                              | first :: (_ :: _ as rest) when first = name -> Some rest
                              | _ -> None)

                      match node with
                      | GroupNode inner when not (isColumn || inside.IsEmpty) -> name, within path inner inside
                      | _ when isColumn || hasRows name path node ->
                          found.Add(addressOf node) |> ignore
                          let aligned = column file path node along
                          name, (if name = index then undescribed store aligned else aligned)
                      | _ -> () ]
            )

        let aligned = within path group (List.map Links.along names)

        // A soft link, a path from the root, or a column inside of another one.
        for name in names do
            match store.TryPlace(path, group, name) with
            | Some place when not (found.Contains place.Address) ->
                store.Disk.Unsupported
                    $"{path}/{name}"
                    "it lies where its rows cannot be dropped together with those of its frame; give the column a name without a slash"
            | _ -> ()

        aligned

    /// An element of obsm, layers and the like. Where its first dimension alone is said, the others are its own. What anndata
    /// keeps under a name with a slash lies in groups that say nothing of themselves.
    let rec element (file: H5adFile) path node alongs =
        match node with
        | DatasetNode dataset -> plain file dataset alongs
        | GroupNode group ->
            match formatOf file.Store group, alongs with
            | Some("csr_matrix" | "csr"), _ -> sparse file path group true alongs
            | Some("csc_matrix" | "csc"), _ -> sparse file path group false alongs
            | Some "dataframe", [ along ] -> frame file path group along
            | None, _ when holdsElements file.Store path group -> mapping file path group alongs
            | _, [ along ] -> column file path node along
            | _ -> refuse file.Store path group

    /// All elements of a mapping such as obsm or layers.
    and mapping (file: H5adFile) path (group: Group) alongs =
        Members(path, group, [ for name, path, node in members file.Store path group -> name, element file path node alongs ])

    /// Can the element, or a part of it, be reached by other names, which go on leading to what it was?
    let rec hasOtherNames aligned =
        match aligned with
        | Plain dataset -> dataset.Header.LinkCount > 1
        | Sparse matrix ->
            matrix.Group.Header.LinkCount > 1
            || [ matrix.Data; matrix.Indices; matrix.Indptr ] |> List.exists (fun dataset -> dataset.Header.LinkCount > 1)
        | Categorical(_, group, codes, categories, _) ->
            group.Header.LinkCount > 1 || codes.Header.LinkCount > 1 || hasOtherNames categories
        | Members(_, group, members) -> group.Header.LinkCount > 1 || List.exists (snd >> hasOtherNames) members

    /// The groups that are written anew when the element is.
    let rec groups aligned =
        match aligned with
        | Plain _ -> []
        | Sparse matrix -> [ matrix.Path, matrix.Group ]
        | Categorical(path, group, _, categories, _) -> (path, group) :: groups categories
        | Members(path, group, members) -> (path, group) :: List.collect (snd >> groups) members

    /// The datasets that are written anew when the element is.
    let rec datasets aligned =
        match aligned with
        | Plain dataset -> [ dataset ]
        | Sparse matrix -> [ matrix.Data; matrix.Indices; matrix.Indptr ]
        | Categorical(_, _, codes, categories, _) -> codes :: datasets categories
        | Members(_, _, members) -> List.collect (snd >> datasets) members
