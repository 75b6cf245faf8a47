/// Columns as they are read from a file: those that a new file can take over as they are.
namespace SingleSharp.Core

open System

[<RequireQualifiedAccess>]
module Fields =
    /// Rows that are read at a time.
    let private batch = 16384

    /// The bytes of a dataset of one dimension, little-endian, some rows at a time.
    let bytes (store: Store) (dataset: Dataset) =
        seq {
            let reader = SlabReader(store.Disk, dataset)
            let size = dataset.ElementSize

            for first in 0L .. int64 batch .. dataset.Count - 1L do
                let count = int (min (int64 batch) (dataset.Count - first))
                let bytes = Array.zeroCreate (count * size)
                reader.Read(first, count, bytes)

                if Datatype.isBigEndian dataset.Type then
                    Whole.swap size (Span bytes)

                bytes
        }

    /// Its whole numbers.
    let private wholes (store: Store) (dataset: Dataset) =
        bytes store dataset
        |> Seq.collect (fun bytes ->
            let numbers = Array.zeroCreate (bytes.Length / dataset.ElementSize)

            match dataset.Type with
            | Integer(size, signed, _) -> Whole.decode (Integer(size, signed, false)) (Span bytes) numbers
            | other -> store.Disk.Damaged dataset.Path $"its codes are {Datatype.name other} instead of whole numbers"

            numbers)

    /// Truth values as h5py stores them.
    let private truths (store: Store) (dataset: Dataset) truth =
        bytes store dataset
        |> Seq.map (fun bytes ->
            let numbers = Array.zeroCreate (bytes.Length / dataset.ElementSize)

            let little =
                match dataset.Type with
                | Integer(size, signed, _) -> Integer(size, signed, false)
                | other -> other

            Whole.decode little (Span bytes) numbers
            numbers |> Array.map (fun number -> if truth number = Some true then 1uy else 0uy))

    let private categories (store: Store) (names: Dataset) ordered (codes: Dataset) =
        match names.Type with
        | VlenString
        | FixedString _ ->
            let names = Frame.texts store names 0L names.Count |> Array.ofSeq

            let place (code: int64) =
                if code >= names.LongLength then
                    store.Disk.Damaged codes.Path "a code lies beyond its categories"

                int (max -1L code)

            Some(Field.Categories(names, ordered, wholes store codes |> Seq.map place))
        | _ -> None

    let private isOrdered (store: Store) header =
        match Attribute.tryFind store.Disk "ordered" header with
        | Some attribute ->
            match Datatype.tryTruth attribute.Type with
            | Some(whole, truth) -> Attribute.integers { attribute with Type = whole } |> List.tryHead |> Option.bind truth = Some true
            | None -> attribute.Data |> Array.exists ((<>) 0uy)
        | None -> false

    /// A dataset of so many rows that holds numbers, truth values or strings.
    let ofDataset (store: Store) rows (dataset: Dataset) =
        if dataset.Dims <> [| rows |] || (Filters.unsupported dataset.Filters).IsSome then
            None
        else
            match dataset.Type, Numeric.ofDatatype dataset.Type with
            | (VlenString | FixedString _), _ -> Some(Field.Texts(Frame.texts store dataset 0L rows))
            | datatype, _ when Datatype.isBool datatype -> Some(Field.Numbers(Numeric.Bool, bytes store dataset))
            | Enumeration(_, [ _; _ ]) as datatype, _ ->
                Datatype.tryTruth datatype
                |> Option.map (fun (whole, truth) -> Field.Numbers(Numeric.Bool, truths store { dataset with Type = whole } truth))
            | _, Some numeric -> Some(Field.Numbers(numeric, bytes store dataset))
            | _ -> None

    /// Before anndata 0.8, categories stood apart from their column, which pointed to them.
    let private ofOldCategories (store: Store) (frame: Frame) column (codes: Dataset) =
        match store.TryFind(frame.Path, frame.Group, "__categories") with
        | Some(GroupNode group) when codes.Dims = [| frame.Rows |] ->
            let names = store.Dataset($"{frame.Path}/__categories", group, column)
            categories store names (isOrdered store names.Header) codes
        | _ -> None

    /// A column of a frame; none where it is of a kind that is left out.
    let ofColumn (store: Store) (frame: Frame) column =
        let path = $"{frame.Path}/{column}"

        match store.TryFind(frame.Path, frame.Group, column) with
        | None -> None
        | Some(DatasetNode dataset) ->
            if (Attribute.tryFind store.Disk "categories" dataset.Header).IsSome then
                ofOldCategories store frame column dataset
            else
                ofDataset store frame.Rows dataset
        | Some(GroupNode group) ->
            match store.TryFind(path, group, "codes"), store.TryFind(path, group, "categories") with
            | Some(DatasetNode codes), Some(DatasetNode names) when codes.Dims = [| frame.Rows |] ->
                categories store names (isOrdered store group.Header) codes
            | _ -> None
