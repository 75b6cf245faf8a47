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

    /// What categories stand for: they lie in a dataset, or beside a mask that marks none of them.
    let rec private labels (store: Store) (held: Held) path node =
        match node with
        | DatasetNode dataset ->
            match ofDataset store dataset.Count dataset with
            | Some(Field.Texts texts) -> Some(Labels.Texts(texts |> Seq.map held.Label |> Array.ofSeq))
            | Some(Field.Numbers(numeric, batches)) ->
                // As numbers, and as the keys that they are found by.
                held.Take(Memory.times dataset.Count (256L + int64 dataset.ElementSize))
                Some(Labels.Numbers(numeric, Array.concat batches))
            | _ -> None
        | GroupNode group -> store.TryFind(path, group, "values") |> Option.bind (labels store held $"{path}/values")

    let private categories (store: Store) rows labels ordered (codes: Dataset) =
        if codes.Dims <> [| rows |] || (Filters.unsupported codes.Filters).IsSome then
            None
        else
            let place (code: int64) =
                if code >= int64 (Labels.count labels) then
                    store.Disk.Damaged codes.Path "a code lies beyond its categories"

                int (max -1L code)

            Some(Field.Categories(labels, ordered, wholes store codes |> Seq.map place))

    let private ofOldCategories (store: Store) held (frame: Frame) column (codes: Dataset) =
        OldCategories.tryFind store frame.Path frame.Group column codes
        |> Option.bind (fun { Categories = names } ->
            labels store held names.Path (DatasetNode names)
            |> Option.bind (fun labels -> categories store frame.Rows labels (isOrdered store names.Header) codes))

    let private asBooleans field =
        match field with
        | Field.Numbers((Numeric.Bool | Numeric.UInt8 | Numeric.Int8), batches) -> Some(batches |> Seq.map (Array.map ((<>) 0uy)))
        | _ -> None

    /// Values beside a mask. Real numbers need none: what is missing of them is no number.
    let private masked (store: Store) rows naValue (values: Dataset) (mask: Dataset) =
        match ofDataset store rows mask |> Option.bind asBooleans with
        | None -> None
        | Some missing ->
            match ofDataset store rows values with
            | Some(Field.Texts texts) ->
                Some(
                    Field.TextsOrNone(
                        naValue,
                        Seq.map2 (fun text isMissing -> if isMissing then ValueNone else ValueSome text) texts (Seq.concat missing)
                    )
                )
            | Some(Field.Numbers(numeric, batches)) when not (Numeric.isFloat numeric) ->
                Some(Field.NumbersOrNone(numeric, Seq.map2 (fun values missing -> struct (values, missing)) batches missing))
            | Some(Field.Numbers(numeric, batches)) ->
                Some(
                    Field.Numbers(
                        numeric,
                        Seq.map2 (fun values missing -> Promotion.withoutNumber numeric struct (values, missing)) batches missing
                    )
                )
            | _ -> None

    let private ofGroup (store: Store) held path rows (group: Group) =
        let inside name = store.TryFind(path, group, name)

        match inside "codes", inside "categories", inside "values", inside "mask" with
        | Some(DatasetNode codes), Some names, _, _ ->
            labels store held $"{path}/categories" names
            |> Option.bind (fun labels -> categories store rows labels (isOrdered store group.Header) codes)
        | _, _, Some(DatasetNode values), Some(DatasetNode mask) -> masked store rows (store.Text(group.Header, "na-value")) values mask
        | _, _, Some(DatasetNode values), None -> ofDataset store rows values
        | _ -> None

    /// A column of a frame, of which labels of categories are held; none where it is of a kind that is left out.
    let ofColumn (store: Store) held (frame: Frame) column =
        match store.TryFind(frame.Path, frame.Group, column) with
        | None -> None
        | Some(DatasetNode dataset) ->
            if OldCategories.areOf store dataset then
                ofOldCategories store held frame column dataset
            else
                ofDataset store frame.Rows dataset
        | Some(GroupNode group) -> ofGroup store held $"{frame.Path}/{column}" frame.Rows group
