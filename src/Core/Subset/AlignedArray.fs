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

    let sparse (file: AnnDataFile) path (arrays: SparseArrays) byRows alongs =
        let store = file.Store
        let shape = Attribute.tryFind store.Disk arrays.ShapeName arrays.Group.Header

        match shape, arrays.Shape with
        | Some shape, [ rows; columns ] ->
            requireExtents file path arrays.Shape alongs
            requireLine store arrays.Data arrays.Data.Count "values"
            requireLine store arrays.Indices arrays.Data.Count "indices"
            requireLine store arrays.Indptr ((if byRows then rows else columns) + 1L) "offsets"
            [ arrays.Indices; arrays.Indptr ] |> List.iter (requireWhole store)

            Sparse
                { Path = path
                  Arrays = arrays
                  ByRows = byRows
                  Rows = rows
                  Columns = columns
                  Shape = shape }
        | _ -> store.Disk.Damaged path "it has no shape of two dimensions"

    let refuse (store: Hdf5File) path element : 'a =
        store.Disk.Unsupported
            path
            $"{Element.told element}, and its rows cannot be picked out; remove it from the file, or subset with anndata"

    let private nullable (store: Hdf5File) path (element: NullableElement<Group, Dataset>) count =
        let line dataset =
            requireLine store dataset count "entries"
            Plain dataset

        Members(
            path,
            element.Group,
            [ "values", line element.Values
              yield! element.Mask |> Option.map (fun mask -> "mask", line mask) |> Option.toList ]
        )

    let private categorical (store: Hdf5File) path group (element: CategoricalElement) count =
        requireLine store element.Codes count "entries"
        requireWhole store element.Codes
        let values = element.Categories.Values

        let categories =
            match element.Categories with
            | Categories.Array dataset ->
                requireLine store dataset dataset.Count "categories"
                Plain dataset
            | Categories.Nullable inner -> nullable store $"{path}/categories" inner values.Count

        Categorical(path, group, element.Codes, categories, values.Count)

    /// A nullable or categorical array of N entries; none where the element is something else.
    let tryGroup (store: Hdf5File) path (element: Element<Group, Dataset>) count =
        match element with
        | Element.Categorical({ Group = Some group } as element) -> Some(categorical store path group element count)
        | Element.Nullable element -> Some(nullable store path element count)
        | _ -> None

    /// An array of any form with an entry for each cell or gene.
    let column (file: AnnDataFile) path (element: Element<Group, Dataset>) along =
        match element with
        | Element.AnyArray dataset -> plain file dataset [ along ]
        | other ->
            match tryGroup file.Store path other (fst (length file along)) with
            | Some array -> array
            | None -> refuse file.Store path other
