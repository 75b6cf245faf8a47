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

    /// Rows of a column: the first of them, how many, and how many are read at a time.
    [<Struct>]
    type Range =
        { First: int64
          Count: int64
          AtOnce: int }

    let range first count =
        { First = first
          Count = count
          AtOnce = usualRows }

    /// All rows of a column of N.
    let all rows = range 0L rows

    /// The bytes of a range of a dataset of one dimension, little-endian, some rows at a time.
    let private bytesOf (store: Hdf5File) (range: Range) (dataset: Dataset) =
        seq {
            let reader = DatasetReader(store.Disk, dataset)
            let size = dataset.ElementSize
            let stop = range.First + range.Count

            for first in range.First .. int64 range.AtOnce .. stop - 1L do
                let count = int (min (int64 range.AtOnce) (stop - first))
                let bytes = Array.zeroCreate (count * size)
                reader.Read(first, count, bytes)

                if Datatype.isBigEndian dataset.Type then
                    Integers.swap size (Span bytes)

                bytes
        }

    /// The bytes of all rows.
    let bytes store (dataset: Dataset) =
        bytesOf store (all dataset.Count) dataset

    /// Its integers.
    let private wholes (store: Hdf5File) range (dataset: Dataset) =
        bytesOf store range dataset
        |> Seq.collect (fun bytes ->
            let numbers = Array.zeroCreate (bytes.Length / dataset.ElementSize)

            match dataset.Type with
            | Integer(size, signed, _) -> Integers.decode (Integer(size, signed, false)) (Span bytes) numbers
            | other -> store.Disk.Damaged dataset.Path $"its codes are {Datatype.name other} instead of integers"

            numbers)

    /// Booleans as h5py stores them.
    let private truths (store: Hdf5File) range (dataset: Dataset) truth =
        bytesOf store range dataset
        |> Seq.map (fun bytes ->
            let numbers = Array.zeroCreate (bytes.Length / dataset.ElementSize)

            let little =
                match dataset.Type with
                | Integer(size, signed, _) -> Integer(size, signed, false)
                | other -> other

            Integers.decode little (Span bytes) numbers
            numbers |> Array.map (fun number -> if truth number = Some true then 1uy else 0uy))

    /// A range of a dataset of N rows that holds numbers, booleans or strings.
    let private ofRange (store: Hdf5File) rows (range: Range) (dataset: Dataset) =
        if dataset.Dims <> [| rows |] || (Filters.unsupported dataset.Filters).IsSome then
            None
        else
            match dataset.Type, DType.ofDatatype dataset.Type with
            | (VlenString | FixedString _), _ -> Some(Column.Texts(DataFrame.textsBy range.AtOnce store dataset range.First range.Count))
            | datatype, _ when Datatype.isBool datatype -> Some(Column.Numbers(DType.Bool, bytesOf store range dataset))
            | Enumeration(_, [ _; _ ]) as datatype, _ ->
                Datatype.tryTruth datatype
                |> Option.map (fun (whole, truth) -> Column.Numbers(DType.Bool, truths store range { dataset with Type = whole } truth))
            | _, Some numeric -> Some(Column.Numbers(numeric, bytesOf store range dataset))
            | _ -> None

    /// A dataset of N rows that holds numbers, booleans or strings.
    let ofDataset store rows dataset = ofRange store rows (all rows) dataset

    /// A range of a field of records, given where it lies in each and its type; of a field of several numbers, one row after another.
    let ofField (store: Hdf5File) (range: Range) (dataset: Dataset) (offset, kind) =
        let each =
            DataFrame.fields store dataset range.AtOnce offset (Datatype.size kind) range.First range.Count

        let element =
            match kind with
            | ArrayOf(_, element) -> element
            | single -> single

        let numbers numeric =
            let batches =
                each
                |> Seq.map (fun field ->
                    let value = Array.copy field

                    if Datatype.isBigEndian element then
                        Integers.swap (Datatype.size element) (Span value)

                    value)
                |> Seq.chunkBySize range.AtOnce
                |> Seq.map Array.concat

            Some(Column.Numbers(numeric, batches))

        match kind, DType.ofDatatype element with
        | (VlenString | FixedString _), _ -> Some(Column.Texts(each |> Seq.map (DataFrame.render store dataset.Path kind)))
        | _ when Datatype.isBool element -> numbers DType.Bool
        | _, Some numeric -> numbers numeric
        | _ -> None

    /// What categories stand for.
    let private labels (store: Hdf5File) (held: NameMemory) (dataset: Dataset) =
        match ofDataset store dataset.Count dataset with
        | Some(Column.Texts texts) -> Some(Labels.Texts(texts |> Seq.map held.Label |> Array.ofSeq))
        | Some(Column.Numbers(numeric, batches)) ->
            // As numbers, and as the keys that they are found by.
            held.Take(Memory.times dataset.Count (256L + int64 dataset.ElementSize))
            Some(Labels.Numbers(numeric, Array.concat batches))
        | _ -> None

    let private categories (store: Hdf5File) rows range ordered (codes: Dataset) labels =
        if codes.Dims <> [| rows |] || (Filters.unsupported codes.Filters).IsSome then
            None
        else
            let place (code: int64) =
                if code >= int64 (Labels.count labels) then
                    store.Disk.Damaged codes.Path "a code lies beyond its categories"

                int (max -1L code)

            Some(Column.Categories(labels, ordered, wholes store range codes |> Seq.map place))

    /// A range of a field of records. What uns has categories of is codes, as anndata 0.6 and older kept them.
    let ofRecords (store: Hdf5File) held range (records: Dataset) name =
        match DataFrame.tryField records name with
        | None -> None
        | Some field ->
            match ofField store range records field, store.TryFind $"uns/{name}_categories" with
            | Some(Column.Numbers(numeric, batches)), Some(DatasetObject categories) when
                not (DType.isFloat numeric || numeric = DType.Bool)
                ->
                labels store held categories
                |> Option.map (fun labels ->
                    let place code =
                        if code >= float (Labels.count labels) then
                            store.Disk.Damaged records.Path $"a code of {name} lies beyond its categories"

                        int (max -1.0 code)

                    Column.Categories(labels, false, batches |> Seq.collect (ResultType.toFloat numeric) |> Seq.map place))
            | column, _ -> column

    let private asBooleans field =
        match field with
        | Column.Numbers((DType.Bool | DType.UInt8 | DType.Int8), batches) -> Some(batches |> Seq.map (Array.map ((<>) 0uy)))
        | _ -> None

    /// Values beside a mask. Real numbers need none: what is missing of them is no number.
    let private masked (store: Hdf5File) rows range naValue (values: Dataset) (mask: Dataset) =
        match ofRange store rows range mask |> Option.bind asBooleans with
        | None -> None
        | Some missing ->
            match ofRange store rows range values with
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

    /// A range of an element that has one value for each of N rows, of which labels of categories are held; none where it is of a
    /// kind that is left out.
    let ofElement (store: Hdf5File) held rows range (element: Element<Group, Dataset>) =
        match element with
        | Element.Categorical element ->
            labels store held element.Categories.Values |> Option.bind (categories store rows range element.IsOrdered element.Codes)
        | Element.Nullable { Group = group
                             Values = values
                             Mask = Some mask } -> masked store rows range (store.Text(group.Header, "na-value")) values mask
        | Element.Nullable { Values = values; Mask = None }
        | Element.Array values
        | Element.StringArray values -> ofRange store rows range values
        | _ -> None

    /// Why there is no column of an element, as a clause.
    let refusal (element: Element<Group, Dataset>) =
        let datasets =
            match element with
            | Element.AnyArray dataset -> [ dataset ]
            | Element.Categorical element -> [ element.Codes; element.Categories.Values ]
            | Element.Nullable element -> element.Values :: Option.toList element.Mask
            | _ -> []

        match datasets |> List.tryPick (fun dataset -> Filters.unsupported dataset.Filters), datasets with
        | Some filter, _ -> Filters.refusal filter
        | None, { Type = Float(2, _) } :: _ -> "its values are float16; store them as float32 with anndata"
        | None, _ -> "its values are neither numbers, booleans, strings nor categories of one value per row"

    /// A column of a frame, so many rows at a time, of which labels of categories are held; none where it is of a kind that is left out.
    let ofColumnBy rows (store: Hdf5File) held (frame: DataFrame) column =
        let element =
            try
                Hdf5Element.tryColumn store frame.Path frame.Group column
            with FaultException(Damaged _) ->
                None

        element |> Option.bind (ofElement store held frame.Rows { all frame.Rows with AtOnce = rows })

    /// The same, as many rows at a time as is usual.
    let ofColumn store held frame column =
        ofColumnBy usualRows store held frame column
