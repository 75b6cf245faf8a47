/// Anything in an open file by its path: what uns holds, above all.
namespace SingleSharp

open System
open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Opened

/// What an element is.
type H5adKind =
    /// Elements by name, such as uns and obsm, or arrays by name, such as the fields of records.
    | Mapping = 0
    /// One number, boolean or string.
    | Scalar = 1
    /// Numbers, booleans, strings, nullable values or categories.
    | Array = 2
    /// csr or csc.
    | Sparse = 3
    | DataFrame = 4
    /// Something that SingleSharp does not read, such as an awkward array.
    | Unknown = 5

/// A field of records, by where it lies in each and its type.
type internal RecordField = (int * Datatype) voption

/// An element of an open file. Nothing is read before it is asked for. Use it by one thread at a time.
[<Sealed>]
type H5adValue internal (file: OpenFile, path: string, element: Element<Group, Dataset>, field: RecordField) =
    let store = file.Store

    let fields (dataset: Dataset) =
        match dataset.Type with
        | Compound(_, members) -> members
        | _ -> []

    let keys =
        match element with
        | Element.Mapping(group, _) -> group.Links |> List.map _.Name |> Array.ofList
        | Element.Record dataset when field.IsNone -> fields dataset |> List.map (fun (name, _, _) -> name) |> Array.ofList
        | _ -> Array.Empty()

    let dims =
        match element, field with
        | Element.Record dataset, ValueSome(_, ArrayOf(inner, _)) -> Array.append dataset.Dims (inner |> List.map int64 |> Array.ofList)
        | Element.AnyArray dataset, _ -> dataset.Dims
        | Element.Categorical element, _ -> element.Codes.Dims
        | Element.Nullable element, _ -> element.Values.Dims
        | (Element.Csr arrays | Element.Csc arrays), _ -> Array.ofList arrays.Shape
        | _ -> Array.Empty()

    let isFrame =
        match element with
        | Element.DataFrame _ -> true
        | _ -> false

    let missing key : 'a =
        let near =
            match DidYouMean.hint (List.ofArray keys) key with
            | "." when isFrame -> ", because it is a data frame; read it with AsFrame."
            | "." when keys.Length = 0 -> "; it has no members."
            | "." -> $"""; it has {String.concat ", " (Seq.truncate 20 keys)}{if keys.Length > 20 then ", …" else "."}"""
            | hint -> hint

        let name = if path = "" then "the file" else path
        raise (KeyNotFoundException $"{name} has no {key}{near}")

    let unsupported () : 'a =
        store.Disk.Unsupported path (StoredColumns.refusal element)

    /// A scalar, or an array of several dimensions, one value after another.
    let ofAnyShape (dataset: Dataset) =
        let size = dataset.ElementSize

        let bytes () =
            DatasetReader(store.Disk, dataset).ReadAll()

        let numbers numeric =
            let bytes = bytes ()

            if Datatype.isBigEndian dataset.Type then
                Integers.swap size (Span bytes)

            Some(Column.Numbers(numeric, [ bytes ]))

        match dataset.Type, DType.ofDatatype dataset.Type with
        | (VlenString | FixedString _), _ ->
            Some(Column.Texts(bytes () |> Seq.chunkBySize size |> Seq.map (DataFrame.render store path dataset.Type)))
        | datatype, _ when Datatype.isBool datatype -> numbers DType.Bool
        | _, Some numeric -> numbers numeric
        | _ -> None

    /// All values, as a column of as many rows.
    let column () =
        let count = Array.fold (fun product dim -> Checked.(*) product dim) 1L dims
        store.Disk.Require(Memory.times count 8L)

        match element, field with
        | Element.Record dataset, ValueSome field -> StoredColumns.ofField store (StoredColumns.all dataset.Count) dataset field
        | (Element.Array dataset | Element.StringArray dataset | Element.Scalar dataset), _ when dataset.Dims.Length <> 1 ->
            ofAnyShape dataset
        | other, _ when dims.Length = 1 ->
            StoredColumns.ofElement store (NameMemory file.Settings.Memory) dims[0] (StoredColumns.all dims[0]) other
        | _ -> None

    let refuse wanted : 'a =
        let what =
            match element with
            | Element.Mapping _ -> "a mapping; look at one of its Keys"
            | Element.DataFrame _ -> "a data frame; read it with AsFrame"
            | Element.Csr _
            | Element.Csc _ -> "a sparse matrix; read it with AsMatrix"
            | Element.Record _ when field.IsNone -> "an array of records; look at one of its Keys"
            | other -> $"{Element.told other}; it is read by anndata only"

        invalidOp $"{path} cannot be read as {wanted}: it is {what}."

    let isReadable =
        match element with
        | Element.Mapping _
        | Element.DataFrame _
        | Element.Csr _
        | Element.Csc _
        | Element.Unknown _ -> false
        | Element.Record _ -> field.IsSome
        | _ -> true

    /// Where it lies, such as uns/pca/variance_ratio; empty for the whole file.
    member _.Path = path

    member _.Kind =
        match element with
        | Element.Mapping _ -> H5adKind.Mapping
        | Element.Record _ when field.IsNone -> H5adKind.Mapping
        | Element.Scalar _ -> H5adKind.Scalar
        | Element.Csr _
        | Element.Csc _ -> H5adKind.Sparse
        | Element.DataFrame _ -> H5adKind.DataFrame
        | Element.Unknown _ -> H5adKind.Unknown
        | _ -> H5adKind.Array

    /// The .NET type of the values of a scalar or an array, String for categories of strings; null of everything else, and of values that
    /// cannot be read.
    member _.Type: Type =
        let ofDatatype datatype =
            match datatype with
            | VlenString
            | FixedString _ -> typeof<string>
            | _ when Datatype.isBool datatype -> typeof<bool>
            | ArrayOf(_, inner)
            | inner ->
                match DType.ofDatatype inner with
                | Some numeric -> ColumnValues.typeOf numeric
                | None -> null

        match element, field with
        | Element.Record _, ValueSome(_, kind) -> ofDatatype kind
        | Element.Record _, ValueNone -> null
        | Element.AnyArray dataset, _ -> ofDatatype dataset.Type
        | Element.Categorical element, _ -> ofDatatype element.Categories.Values.Type
        | Element.Nullable element, _ -> ofDatatype element.Values.Type
        | _ -> null

    /// The names of the members of a mapping, or of the fields of records; empty otherwise.
    member _.Keys: IReadOnlyList<string> = keys

    /// The extent of each dimension; empty of a scalar and of what is no array.
    member _.Shape: IReadOnlyList<int64> = dims

    /// Is there a member of this name?
    member _.Has(key: string) = Array.contains key keys

    /// The member of a mapping, or a field of records; one that is not there is a KeyNotFoundException.
    member _.Item
        with get (key: string): H5adValue =
            let inside = if path = "" then key else $"{path}/{key}"

            match element with
            | Element.Mapping(group, _) ->
                match file.Look(fun () -> store.TryFind(path, group, key) |> Option.map (Hdf5Element.read store inside)) with
                | Some element -> H5adValue(file, inside, element, ValueNone)
                | None -> missing key
            | Element.Record dataset when field.IsNone ->
                match fields dataset |> List.tryFind (fun (name, _, _) -> name = key) with
                | Some(_, offset, kind) -> H5adValue(file, inside, element, ValueSome(offset, kind))
                | None -> missing key
            | _ -> missing key

    /// The one value of a scalar, or of an array that has one: a number, a boolean or a string, read as H5adColumn reads values.
    member value.Read<'T>() : 'T =
        match value.ReadArray<'T>() with
        | [| only |] -> only
        | values -> invalidOp $"{path} has {values.Length} values; read them with ReadArray."

    /// All values of an array or a scalar, the last dimension the fastest, read as H5adColumn reads values.
    member _.ReadArray<'T>() : 'T[] =
        if not isReadable then
            refuse "an array"

        file.Look(fun () ->
            match column () with
            | Some column -> ColumnValues.all<'T> path column
            | None -> unsupported ())

    /// The matrix that this is: csr, csc, or an array of two dimensions.
    member _.AsMatrix() =
        match element with
        | Element.Csr _
        | Element.Csc _ -> H5adMatrix(file, file.Look(fun () -> Matrix.ofElement store path element))
        | Element.Array dataset when dataset.Dims.Length = 2 -> H5adMatrix(file, file.Look(fun () -> Matrix.ofElement store path element))
        | _ -> invalidOp $"{path} is no matrix: {Element.told element}."

    /// The data frame that this is.
    member _.AsFrame() =
        match element with
        | Element.DataFrame _
        | Element.Record _ -> H5adFrame(file, file.Look(fun () -> DataFrame.read store path))
        | _ -> invalidOp $"{path} is no data frame: {Element.told element}."

    override _.ToString() =
        let shape = dims |> Array.map string |> String.concat " × "

        if dims.Length = 0 then
            $"{path}: {Element.told element}"
        else
            $"{path}: {Element.told element}, {shape}"
