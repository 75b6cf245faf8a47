/// obs and var: data frames with an index of names and columns of one value per row.
namespace SingleSharp.Core.AnnData

open System
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Contract
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

/// How the columns of a frame are stored.
type internal DataFrameLayout =
    /// Each as a member of a group.
    | ByColumn of Group
    /// All in one array of records, as anndata 0.6 and older did.
    | ByRow of RandomAccessFile * Dataset

type internal DataFrame =
    {
        /// obs or var.
        Path: string
        Body: DataFrameLayout
        IndexName: string
        /// Names of the columns in order.
        Columns: string list
        Rows: int64
    }

    /// The group of the columns. An array of records has none: nothing can be written to it or dropped from it.
    member frame.Group =
        match frame.Body with
        | ByColumn group -> group
        | ByRow(disk, _) ->
            disk.Unsupported
                frame.Path
                "it is a record array of anndata 0.6 or older, whose columns and rows can be read but not changed; read the file with anndata and write it again"

[<RequireQualifiedAccess>]
module internal DataFrame =
    /// Rows that are read at a time.
    let private batch = 16384

    let private batchBytes = 1 <<< 22

    /// What a value of a type, given as its bytes, is as text.
    let render (store: Hdf5File) path datatype : byte[] -> string =
        match datatype with
        | VlenString -> fun element -> store.Heap.String(ReadOnlySpan element)
        | FixedString(_, padding) -> fun element -> Datatype.fixedText padding (ReadOnlySpan element)
        | Integer(_, signed, _) ->
            fun element ->
                let value =
                    { Name = ""
                      Type = datatype
                      Space = Encode.scalar
                      Data = element }
                    |> Attribute.integers
                    |> List.head

                if signed then string value else string (uint64 value)
        | other -> store.Disk.Unsupported path $"{Datatype.name other} values cannot be names"

    /// The bytes of one field, which begins N bytes into each element, in an array that is used again for the next one: names that
    /// are kept would lie between as many arrays that are not. At most so many rows are read at a time.
    let fields (store: Hdf5File) (dataset: Dataset) most offset size first count =
        seq {
            let reader = DatasetReader(store.Disk, dataset)
            let whole = dataset.ElementSize
            // Strings of fixed length may be long.
            let batch = max 1 (min most (batchBytes / whole))
            let bytes = Array.zeroCreate (int (min (int64 batch) count) * whole)
            let field: byte[] = Array.zeroCreate size

            for start in first .. int64 batch .. first + count - 1L do
                let rows = int (min (int64 batch) (first + count - start))
                Memory.tidyYoung ()
                reader.Read(start, rows, bytes)

                for row in 0 .. rows - 1 do
                    Buffer.BlockCopy(bytes, row * whole + offset, field, 0, size)
                    field
        }

    /// Strings or integers of a dataset of one dimension, as text; at most so many are read at a time.
    let textsBy most (store: Hdf5File) (dataset: Dataset) first count =
        let render = render store dataset.Path dataset.Type
        fields store dataset most 0 dataset.ElementSize first count |> Seq.map render

    /// The same, as many at a time as is usual.
    let texts store dataset first count = textsBy batch store dataset first count

    /// Integers of a dataset of one dimension, a batch at a time.
    let private codes (store: Hdf5File) (dataset: Dataset) first count =
        seq {
            if not (Integers.isStored dataset.Type) then
                store.Disk.Damaged dataset.Path $"it holds {Datatype.name dataset.Type} values where integers are needed"

            let reader = DatasetReader(store.Disk, dataset)
            let most = int (min (int64 batch) count)
            let bytes = Array.zeroCreate (most * dataset.ElementSize)
            let numbers: int64[] = Array.zeroCreate most

            for start in first .. int64 batch .. first + count - 1L do
                let rows = int (min (int64 batch) (first + count - start))
                reader.Read(start, rows, bytes)
                Integers.decode dataset.Type (Span(bytes, 0, rows * dataset.ElementSize)) numbers

                for row in 0 .. rows - 1 do
                    numbers[row]
        }

    let private count (dataset: Dataset) =
        if dataset.Dims.Length = 1 then dataset.Dims[0] else -1L

    /// The dataset that has one value per row, whatever stands around it.
    let private perRow (store: Hdf5File) path (element: Element<Group, Dataset>) =
        match element with
        | Element.AnyArray values -> values
        | Element.Categorical element -> element.Codes
        | Element.Nullable element -> element.Values
        | other -> store.Disk.Damaged path $"{Element.told other}, which does not have one value for each row"

    let private index (store: Hdf5File) (frame: DataFrame) =
        match Hdf5Element.tryColumn store frame.Path frame.Group frame.IndexName with
        | Some element -> element
        | None -> store.Disk.Damaged frame.Path $"its index {frame.IndexName} is missing, so that its rows have no names"

    /// Where a field of records lies, and its type.
    let tryField (dataset: Dataset) name =
        match dataset.Type with
        | Compound(_, members) -> members |> List.tryPick (fun (field, offset, kind) -> if field = name then Some(offset, kind) else None)
        | _ -> None

    /// Records of one dimension; their index is the field of that name, or the first one.
    let private ofRecords (store: Hdf5File) name (dataset: Dataset) =
        match dataset.Type with
        | Compound(_, ((first, _, _) :: _ as members)) when dataset.Dims.Length = 1 ->
            let names = members |> List.map (fun (name, _, _) -> name)
            let indexName = if List.contains "index" names then "index" else first

            { Path = name
              Body = ByRow(store.Disk, dataset)
              IndexName = indexName
              Columns = List.except [ indexName ] names
              Rows = count dataset }
        | _ -> store.Disk.Damaged name "it is neither a group of columns nor an array of records"

    /// The frame of a name in the root group.
    let read (store: Hdf5File) name =
        match store.TryFind name with
        | None -> Fault.throw (NotAnnData(store.Path, $"it has no {name}"))
        | Some(DatasetObject dataset) -> ofRecords store name dataset
        | Some(GroupObject group) ->
            let indexName = store.Text(group.Header, "_index") |> Option.defaultValue "_index"

            /// Without a stated order every member but the index is a column, so that none gets lost.
            let members () =
                group.Links |> List.map _.Name |> List.filter (fun name -> name <> indexName && name <> OldCategories.Name)

            let frame =
                { Path = name
                  Body = ByColumn group
                  IndexName = indexName
                  Columns = store.Strings(group.Header, "column-order") |> Option.defaultWith members
                  Rows = 0L }

            { frame with
                Rows = count (perRow store $"{name}/{frame.IndexName}" (index store frame)) }

    let private namesByColumn (store: Hdf5File) (frame: DataFrame) first count' =
        let path = $"{frame.Path}/{frame.IndexName}"

        match index store frame with
        | Element.Categorical element ->
            let categories = element.Categories.Values

            if categories.Dims.Length <> 1 then
                store.Disk.Damaged categories.Path $"""it has {Plural.things categories.Dims.Length "dimension"} instead of one"""

            let labels = texts store categories 0L (count categories) |> Array.ofSeq

            codes store element.Codes first count'
            |> Seq.map (fun code ->
                if code < 0L then ""
                elif code < int64 labels.Length then labels[int code]
                else store.Disk.Damaged path "a code lies beyond its categories")
        | other -> texts store (perRow store path other) first count'

    /// Bytes of memory that a name takes where many are kept: an object with its text and a reference to it.
    let nameBytes (name: string) =
        8L + Bytes.align8 (22L + 2L * int64 name.Length)

    /// The names of the rows [first, first + count).
    let names (store: Hdf5File) (frame: DataFrame) first count =
        match frame.Body with
        | ByColumn _ -> namesByColumn store frame first count
        | ByRow(_, dataset) ->
            let offset, kind = Option.get (tryField dataset frame.IndexName)

            fields store dataset batch offset (Datatype.size kind) first count
            |> Seq.map (render store $"{frame.Path}/{frame.IndexName}" kind)

    /// The name of one row, for messages.
    let nameOf store frame row = names store frame row 1L |> Seq.head

    let private refuse (frame: DataFrame) option column why : 'a =
        Fault.throw (InvalidOption(option, $"the column {column} of {frame.Path} {why}"))

    let private refuseType frame option column datatype : 'a =
        refuse frame option column $"holds {Datatype.name datatype} values where True and False are needed"

    let private known frame option column value =
        match value with
        | Some value -> value
        | None -> refuse frame option column "has missing values"

    let private booleansByColumn (store: Hdf5File) (frame: DataFrame) option column : seq<bool> =
        let flags (dataset: Dataset) =
            match Datatype.tryTruth dataset.Type with
            | _ when count dataset <> frame.Rows -> store.Disk.Damaged dataset.Path "it has another length than its index"
            | Some(whole, truth) -> codes store { dataset with Type = whole } 0L frame.Rows |> Seq.map (truth >> known frame option column)
            | None -> refuseType frame option column dataset.Type

        match Hdf5Element.tryColumn store frame.Path frame.Group column with
        | None -> refuse frame option column "does not exist"
        | Some(Element.AnyArray dataset) -> flags dataset
        | Some(Element.Nullable element) ->
            if element.Mask |> Option.exists (flags >> Seq.exists id) then
                refuse frame option column "has missing values"
            else
                flags element.Values
        | Some _ -> refuse frame option column "is not boolean"

    /// A boolean column, one value per row, read as it is gone through; `option` is what asked for it.
    let eachBoolean (store: Hdf5File) (frame: DataFrame) option column : seq<bool> =
        match frame.Body with
        | ByColumn _ -> booleansByColumn store frame option column
        | ByRow(_, dataset) ->
            match tryField dataset column with
            | None -> refuse frame option column "does not exist"
            | Some(offset, kind) ->
                match Datatype.tryTruth kind with
                | Some(whole, truth) ->
                    let number: int64[] = Array.zeroCreate 1

                    let flag (bytes: byte[]) =
                        Integers.decode whole (Span bytes) number
                        truth number[0] |> known frame option column

                    fields store dataset batch offset (Datatype.size kind) 0L frame.Rows |> Seq.map flag
                | None -> refuseType frame option column kind

    /// All values of a boolean column.
    let booleans store frame option column =
        eachBoolean store frame option column |> Array.ofSeq
