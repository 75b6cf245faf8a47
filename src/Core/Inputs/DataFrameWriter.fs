/// Writes data frames of columns that come some rows at a time.
namespace SingleSharp.Core.Inputs

open System
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing

[<RequireQualifiedAccess>]
module internal DataFrameWriter =
    /// Values that are written at a time.
    let private batch = 16384

    /// Writes N bytes that come some at a time, and says where.
    let written (editor: FileEditor) bytes (batches: seq<byte[]>) =
        let address = editor.Reserve bytes
        let mutable at = address

        for batch in batches do
            editor.Disk.Write(at, ReadOnlySpan batch)
            at <- at + batch.LongLength

        if at <> address + bytes then
            invalidOp $"a column or an array has {at - address} bytes instead of {bytes}"

        address

    let private line (editor: FileEditor) datatype rows kind batches =
        let address =
            written editor (Checked.(*) rows (int64 (Datatype.size datatype))) batches

        editor.PutDataset(datatype, Encode.line rows, address, NewElement.encoding editor kind "0.2.0")

    let private texts (editor: FileEditor) rows (texts: seq<string>) =
        texts
        |> Seq.map editor.StringReference
        |> Seq.chunkBySize batch
        |> Seq.map Array.concat
        |> line editor VlenString rows "string-array"

    /// The smallest type for the places among N categories, as pandas takes it.
    let private codeType categories =
        if categories <= 0x7F then Integer(1, true, false)
        elif categories <= 0x7FFF then Integer(2, true, false)
        else Integer(4, true, false)

    /// Bytes of a place among N categories.
    let codeBytes categories = Datatype.size (codeType categories)

    let private codes (editor: FileEditor) rows categories (codes: seq<int>) =
        let datatype = codeType categories

        let encode (codes: int[]) =
            let bytes = Array.zeroCreate (codes.Length * Datatype.size datatype)
            Integers.encode datatype (Array.map int64 codes) (Span bytes)
            bytes

        codes |> Seq.chunkBySize batch |> Seq.map encode |> line editor datatype rows "array"

    let private flag value = [| (if value then 1uy else 0uy) |]

    /// Values, some at a time, beside a mask that says which of them are missing.
    let private masked (editor: FileEditor) datatype rows encoding attributes kind (batches: seq<struct (byte[] * bool[])>) =
        let values = editor.Reserve(Checked.(*) rows (int64 (Datatype.size datatype)))
        let mask = editor.Reserve rows
        let mutable valuesAt = values
        let mutable maskAt = mask

        for struct (bytes, missing) in batches do
            editor.Disk.Write(valuesAt, ReadOnlySpan bytes)
            editor.Disk.Write(maskAt, ReadOnlySpan(Array.collect flag missing))
            valuesAt <- valuesAt + bytes.LongLength
            maskAt <- maskAt + missing.LongLength

        if maskAt <> mask + rows then
            invalidOp $"a column has {maskAt - mask} rows instead of {rows}"

        let dataset datatype address encoding =
            editor.PutDataset(datatype, Encode.line rows, address, NewElement.encoding editor encoding "0.2.0")

        editor.PutGroup(
            [ Links.hard "values" (dataset datatype values encoding)
              Links.hard "mask" (dataset (DType.datatype DType.Bool) mask "array") ],
            attributes @ NewElement.encoding editor kind "0.1.0"
        )

    let private textsOrNone (editor: FileEditor) rows naValue (texts: seq<string voption>) =
        let encoded (texts: string voption[]) =
            struct (texts |> Array.collect (ValueOption.defaultValue "" >> editor.StringReference), texts |> Array.map _.IsNone)

        texts
        |> Seq.chunkBySize batch
        |> Seq.map encoded
        |> masked
            editor
            VlenString
            rows
            "string-array"
            (naValue |> Option.map (fun value -> editor.StringAttribute("na-value", value)) |> Option.toList)
            "nullable-string-array"

    let private labels (editor: FileEditor) labels =
        let count = int64 (Labels.count labels)

        match labels with
        | Labels.Texts names -> texts editor count names
        | Labels.Numbers(numeric, bytes) -> line editor (DType.datatype numeric) count "array" [ bytes ]

    /// Writes a column of N rows and says where.
    let put (editor: FileEditor) rows field =
        match field with
        | Column.Numbers(numeric, batches) -> line editor (DType.datatype numeric) rows "array" batches
        | Column.Texts values -> texts editor rows values
        | Column.NumbersOrNone(numeric, batches) ->
            let kind = if numeric = DType.Bool then "nullable-boolean" else "nullable-integer"
            masked editor (DType.datatype numeric) rows "array" [] kind batches
        | Column.TextsOrNone(naValue, values) -> textsOrNone editor rows naValue values
        | Column.Categories(names, ordered, places) ->
            let ordered =
                Encode.attribute "ordered" (DType.datatype DType.Bool) Encode.scalar (flag ordered)

            editor.PutGroup(
                [ Links.hard "categories" (labels editor names)
                  Links.hard "codes" (codes editor rows (Labels.count names) places) ],
                ordered :: NewElement.encoding editor "categorical" "0.2.0"
            )

    /// Links to what lies at some paths: names with slashes lead through groups, as where anndata writes them.
    let rec private nested (editor: FileEditor) (places: (string list * int64) list) =
        let inside name places =
            Links.hard name (editor.PutGroup(nested editor places, []))

        [ for name, places in places |> List.groupBy (fst >> List.head) do
              let deeper, own = places |> List.partition (fun (path, _) -> path.Length > 1)
              yield! own |> List.map (fun (_, address) -> Links.hard name address)

              if not deeper.IsEmpty then
                  inside name (deeper |> List.map (fun (path, address) -> List.tail path, address)) ]

    /// Makes a data frame of its index and its columns, which are written already, and says where it is.
    let group (editor: FileEditor) index (columns: (string * int64) list) =
        let order =
            // An empty list of names is what anndata itself writes as an empty array of numbers.
            if columns.IsEmpty then
                Encode.attribute "column-order" (DType.datatype DType.Float64) (Encode.line 0L) [||]
            else
                editor.StringsAttribute("column-order", List.map fst columns)

        let places =
            ([ "_index" ], index) :: (columns |> List.map (fun (name, address) -> Links.along name, address))

        editor.PutGroup(
            nested editor places,
            editor.StringAttribute("_index", "_index") :: order :: NewElement.encoding editor "dataframe" "0.2.0"
        )

    /// Writes a data frame of N rows and says where. Its columns must have names as Naming gives them.
    let write (editor: FileEditor) rows (names: seq<string>) (fields: (string * Column) list) =
        let index = texts editor rows names
        group editor index (fields |> List.map (fun (name, field) -> name, put editor rows field))
