/// Columns as they are read from a file: those that a new file can take over as they are.
namespace SingleSharp.Core.AnnData

open System
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5

[<RequireQualifiedAccess>]
module internal StoredColumns =
    /// Rows that are usually read at a time.
    let usualRows = 16384

    /// The bytes of a dataset of one dimension, little-endian, so many rows at a time.
    let private bytesBy batch (store: Hdf5File) (dataset: Dataset) =
        seq {
            let reader = DatasetReader(store.Disk, dataset)
            let size = dataset.ElementSize

            for first in 0L .. int64 batch .. dataset.Count - 1L do
                let count = int (min (int64 batch) (dataset.Count - first))
                let bytes = Array.zeroCreate (count * size)
                reader.Read(first, count, bytes)

                if Datatype.isBigEndian dataset.Type then
                    Integers.swap size (Span bytes)

                bytes
        }

    /// The same, as many rows at a time as is usual.
    let bytes store dataset = bytesBy usualRows store dataset

    /// Its integers.
    let private wholes batch (store: Hdf5File) (dataset: Dataset) =
        bytesBy batch store dataset
        |> Seq.collect (fun bytes ->
            let numbers = Array.zeroCreate (bytes.Length / dataset.ElementSize)

            match dataset.Type with
            | Integer(size, signed, _) -> Integers.decode (Integer(size, signed, false)) (Span bytes) numbers
            | other -> store.Disk.Damaged dataset.Path $"its codes are {Datatype.name other} instead of integers"

            numbers)

    /// Booleans as h5py stores them.
    let private truths batch (store: Hdf5File) (dataset: Dataset) truth =
        bytesBy batch store dataset
        |> Seq.map (fun bytes ->
            let numbers = Array.zeroCreate (bytes.Length / dataset.ElementSize)

            let little =
                match dataset.Type with
                | Integer(size, signed, _) -> Integer(size, signed, false)
                | other -> other

            Integers.decode little (Span bytes) numbers
            numbers |> Array.map (fun number -> if truth number = Some true then 1uy else 0uy))

    let private ofDatasetBy batch (store: Hdf5File) rows (dataset: Dataset) =
        if dataset.Dims <> [| rows |] || (Filters.unsupported dataset.Filters).IsSome then
            None
        else
            match dataset.Type, DType.ofDatatype dataset.Type with
            | (VlenString | FixedString _), _ -> Some(Column.Texts(DataFrame.textsBy batch store dataset 0L rows))
            | datatype, _ when Datatype.isBool datatype -> Some(Column.Numbers(DType.Bool, bytesBy batch store dataset))
            | Enumeration(_, [ _; _ ]) as datatype, _ ->
                Datatype.tryTruth datatype
                |> Option.map (fun (whole, truth) -> Column.Numbers(DType.Bool, truths batch store { dataset with Type = whole } truth))
            | _, Some numeric -> Some(Column.Numbers(numeric, bytesBy batch store dataset))
            | _ -> None

    /// A dataset of N rows that holds numbers, booleans or strings.
    let ofDataset store rows dataset =
        ofDatasetBy usualRows store rows dataset

    /// What categories stand for.
    let private labels (store: Hdf5File) (held: NameMemory) (dataset: Dataset) =
        match ofDataset store dataset.Count dataset with
        | Some(Column.Texts texts) -> Some(Labels.Texts(texts |> Seq.map held.Label |> Array.ofSeq))
        | Some(Column.Numbers(numeric, batches)) ->
            // As numbers, and as the keys that they are found by.
            held.Take(Memory.times dataset.Count (256L + int64 dataset.ElementSize))
            Some(Labels.Numbers(numeric, Array.concat batches))
        | _ -> None

    let private categories batch (store: Hdf5File) rows ordered (codes: Dataset) labels =
        if codes.Dims <> [| rows |] || (Filters.unsupported codes.Filters).IsSome then
            None
        else
            let place (code: int64) =
                if code >= int64 (Labels.count labels) then
                    store.Disk.Damaged codes.Path "a code lies beyond its categories"

                int (max -1L code)

            Some(Column.Categories(labels, ordered, wholes batch store codes |> Seq.map place))

    let private asBooleans field =
        match field with
        | Column.Numbers((DType.Bool | DType.UInt8 | DType.Int8), batches) -> Some(batches |> Seq.map (Array.map ((<>) 0uy)))
        | _ -> None

    /// Values beside a mask. Real numbers need none: what is missing of them is no number.
    let private masked batch (store: Hdf5File) rows naValue (values: Dataset) (mask: Dataset) =
        match ofDatasetBy batch store rows mask |> Option.bind asBooleans with
        | None -> None
        | Some missing ->
            match ofDatasetBy batch store rows values with
            | Some(Column.Texts texts) ->
                Some(
                    Column.TextsOrNone(
                        naValue,
                        Seq.map2 (fun text isMissing -> if isMissing then ValueNone else ValueSome text) texts (Seq.concat missing)
                    )
                )
            | Some(Column.Numbers(numeric, batches)) when not (DType.isFloat numeric) ->
                Some(Column.NumbersOrNone(numeric, Seq.map2 (fun values missing -> struct (values, missing)) batches missing))
            | Some(Column.Numbers(numeric, batches)) ->
                Some(
                    Column.Numbers(
                        numeric,
                        Seq.map2 (fun values missing -> ResultType.withoutNumber numeric struct (values, missing)) batches missing
                    )
                )
            | _ -> None

    /// A column of a frame, so many rows at a time, of which labels of categories are held; none where it is of a kind that is left out.
    let ofColumnBy batch (store: Hdf5File) held (frame: DataFrame) column =
        let element =
            try
                Hdf5Element.tryColumn store frame.Path frame.Group column
            with FaultException(Damaged _) ->
                None

        match element with
        | Some(Element.Categorical element) ->
            labels store held element.Categories.Values
            |> Option.bind (categories batch store frame.Rows element.IsOrdered element.Codes)
        | Some(Element.Nullable { Group = group
                                  Values = values
                                  Mask = Some mask }) -> masked batch store frame.Rows (store.Text(group.Header, "na-value")) values mask
        | Some(Element.Nullable { Values = values; Mask = None } | Element.Array values | Element.StringArray values) ->
            ofDatasetBy batch store frame.Rows values
        | _ -> None

    /// The same, as many rows at a time as is usual.
    let ofColumn store held frame column =
        ofColumnBy usualRows store held frame column
