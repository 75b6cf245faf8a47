/// obs and var: data frames with an index of names and columns of one value per row.
namespace SingleSharp.Core

open System

type Frame =
    {
        /// obs or var.
        Path: string
        Group: Group
        IndexName: string
        /// Names of the columns in order.
        Columns: string list
        Rows: int64
    }

[<RequireQualifiedAccess>]
module Frame =
    /// Rows of text that are read at a time.
    let private batch = 16384

    /// Strings or whole numbers of a dataset of one dimension, as text, a batch of rows at a time.
    let texts (store: Store) (dataset: Dataset) first count =
        let size = dataset.ElementSize
        let reader = SlabReader(store.Disk, dataset)

        let render: byte[] -> string =
            match dataset.Type with
            | VlenString -> fun element -> store.Heap.String(ReadOnlySpan element)
            | FixedString _ -> fun element -> Bytes.text (ReadOnlySpan element)
            | Integer(_, signed, _) ->
                fun element ->
                    let value =
                        { Name = ""
                          Type = dataset.Type
                          Space = Encode.scalar
                          Data = element }
                        |> Attribute.integers
                        |> List.head

                    if signed then string value else string (uint64 value)
            | other -> store.Disk.Unsupported dataset.Path $"{Datatype.name other} values cannot be names"

        seq {
            for start in first .. int64 batch .. first + count - 1L do
                let rows = int (min (int64 batch) (first + count - start))
                let bytes = Array.zeroCreate (rows * size)
                reader.Read(start, rows, bytes)

                for row in 0 .. rows - 1 do
                    render bytes[row * size .. (row + 1) * size - 1]
        }

    /// Whole numbers of a small dataset.
    let private codes (store: Store) (dataset: Dataset) first count =
        let bytes = Array.zeroCreate (Checked.int (count * int64 dataset.ElementSize))
        SlabReader(store.Disk, dataset).Read(first, int count, bytes)

        { Name = ""
          Type = dataset.Type
          Space = Encode.line count
          Data = bytes }
        |> Attribute.integers

    let private count (dataset: Dataset) =
        if dataset.Dims.Length = 1 then dataset.Dims[0] else -1L

    /// The dataset that has one value per row, whatever stands around it.
    let private perRow (store: Store) path node =
        match node with
        | DatasetNode dataset -> dataset
        | GroupNode group ->
            let member' = if (Links.tryFind "codes" group).IsSome then "codes" else "values"
            store.Dataset(path, group, member')

    let private index (store: Store) frame =
        match store.TryFind(frame.Path, frame.Group, frame.IndexName) with
        | Some node -> node
        | None -> store.Disk.Damaged frame.Path $"its index {frame.IndexName} is missing"

    let read (store: Store) name =
        match store.TryFind("", store.Root, name) with
        | None -> Fault.throw (NotAnnData(store.Path, $"it has no {name}"))
        | Some(DatasetNode _) ->
            store.Disk.Unsupported name "a record array of anndata 0.6 or older; read the file with anndata and write it again"
        | Some(GroupNode group) ->
            let indexName = store.Text(group.Header, "_index") |> Option.defaultValue "_index"

            /// Without a stated order every member but the index is a column, so that none gets lost.
            let members () =
                group.Links |> List.map _.Name |> List.filter (fun name -> name <> indexName && name <> "__categories")

            let frame =
                { Path = name
                  Group = group
                  IndexName = indexName
                  Columns = store.Strings(group.Header, "column-order") |> Option.defaultWith members
                  Rows = 0L }

            { frame with
                Rows = count (perRow store $"{name}/{frame.IndexName}" (index store frame)) }

    /// The names of the rows [first, first + count).
    let names (store: Store) frame first count' =
        let path = $"{frame.Path}/{frame.IndexName}"

        match index store frame with
        | DatasetNode dataset -> texts store dataset first count'
        | GroupNode group when (Links.tryFind "codes" group).IsSome ->
            let categories = store.Dataset(path, group, "categories")
            let labels = texts store categories 0L (count categories) |> Array.ofSeq

            codes store (store.Dataset(path, group, "codes")) first count'
            |> Seq.map (fun code ->
                if code < 0L then ""
                elif code < int64 labels.Length then labels[int code]
                else store.Disk.Damaged path "a code lies beyond its categories")
        | GroupNode group -> texts store (store.Dataset(path, group, "values")) first count'

    /// The name of one row, for messages.
    let nameOf store frame row = names store frame row 1L |> Seq.head

    /// A boolean column, one value per row; `option` is what asked for it.
    let booleans (store: Store) frame option column =
        let refuse why : bool[] =
            Fault.throw (BadOption(option, $"the column {column} of {frame.Path} {why}"))

        let flags (dataset: Dataset) =
            match dataset.Type with
            | Enumeration(baseType, _) when Datatype.isBool dataset.Type ->
                codes store { dataset with Type = baseType } 0L frame.Rows |> List.map (fun code -> code <> 0L) |> Array.ofList
            | _ -> refuse $"holds {Datatype.name dataset.Type} values where True and False are needed"

        match store.TryFind(frame.Path, frame.Group, column) with
        | None -> refuse "does not exist"
        | Some(DatasetNode dataset) when count dataset = frame.Rows -> flags dataset
        | Some(DatasetNode _) -> store.Disk.Damaged $"{frame.Path}/{column}" "it has another length than its index"
        | Some(GroupNode group) when (Links.tryFind "mask" group).IsSome && (Links.tryFind "values" group).IsSome ->
            if flags (store.Dataset($"{frame.Path}/{column}", group, "mask")) |> Array.exists id then
                refuse "has missing values"
            else
                flags (store.Dataset($"{frame.Path}/{column}", group, "values"))
        | Some(GroupNode _) -> refuse "is not boolean"
