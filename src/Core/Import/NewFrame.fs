/// Writes data frames of columns that come some rows at a time.
namespace SingleSharp.Core

open System

[<RequireQualifiedAccess>]
module NewFrame =
    /// Values that are written at a time.
    let private batch = 16384

    /// Writes so many bytes that come some at a time, and says where.
    let written (draft: Draft) bytes (batches: seq<byte[]>) =
        let address = draft.Reserve bytes
        let mutable at = address

        for batch in batches do
            draft.Disk.Write(at, ReadOnlySpan batch)
            at <- at + batch.LongLength

        if at <> address + bytes then
            invalidOp $"a column or an array has {at - address} bytes instead of {bytes}"

        address

    let private line (draft: Draft) datatype rows kind batches =
        let address =
            written draft (Checked.(*) rows (int64 (Datatype.size datatype))) batches

        draft.PutDataset(datatype, Encode.line rows, address, Element.encoding draft kind "0.2.0")

    let private texts (draft: Draft) rows (texts: seq<string>) =
        texts
        |> Seq.map draft.StringReference
        |> Seq.chunkBySize batch
        |> Seq.map Array.concat
        |> line draft VlenString rows "string-array"

    /// The smallest type for the places among so many categories, as pandas takes it.
    let private codeType categories =
        if categories <= 0x7F then Integer(1, true, false)
        elif categories <= 0x7FFF then Integer(2, true, false)
        else Integer(4, true, false)

    /// Bytes of a place among so many categories.
    let codeBytes categories = Datatype.size (codeType categories)

    let private codes (draft: Draft) rows categories (codes: seq<int>) =
        let datatype = codeType categories

        let encode (codes: int[]) =
            let bytes = Array.zeroCreate (codes.Length * Datatype.size datatype)
            Whole.encode datatype (Array.map int64 codes) (Span bytes)
            bytes

        codes |> Seq.chunkBySize batch |> Seq.map encode |> line draft datatype rows "array"

    let private flag value = [| (if value then 1uy else 0uy) |]

    /// Values, some at a time, beside a mask that says which of them are missing.
    let private masked (draft: Draft) datatype rows encoding attributes kind (batches: seq<struct (byte[] * bool[])>) =
        let values = draft.Reserve(Checked.(*) rows (int64 (Datatype.size datatype)))
        let mask = draft.Reserve rows
        let mutable valuesAt = values
        let mutable maskAt = mask

        for struct (bytes, missing) in batches do
            draft.Disk.Write(valuesAt, ReadOnlySpan bytes)
            draft.Disk.Write(maskAt, ReadOnlySpan(Array.collect flag missing))
            valuesAt <- valuesAt + bytes.LongLength
            maskAt <- maskAt + missing.LongLength

        if maskAt <> mask + rows then
            invalidOp $"a column has {maskAt - mask} rows instead of {rows}"

        let dataset datatype address encoding =
            draft.PutDataset(datatype, Encode.line rows, address, Element.encoding draft encoding "0.2.0")

        draft.PutGroup(
            [ Links.hard "values" (dataset datatype values encoding)
              Links.hard "mask" (dataset (Numeric.datatype Numeric.Bool) mask "array") ],
            attributes @ Element.encoding draft kind "0.1.0"
        )

    let private textsOrNone (draft: Draft) rows naValue (texts: seq<string voption>) =
        let encoded (texts: string voption[]) =
            struct (texts |> Array.collect (ValueOption.defaultValue "" >> draft.StringReference), texts |> Array.map _.IsNone)

        texts
        |> Seq.chunkBySize batch
        |> Seq.map encoded
        |> masked
            draft
            VlenString
            rows
            "string-array"
            (naValue |> Option.map (fun value -> draft.StringAttribute("na-value", value)) |> Option.toList)
            "nullable-string-array"

    let private labels (draft: Draft) labels =
        let count = int64 (Labels.count labels)

        match labels with
        | Labels.Texts names -> texts draft count names
        | Labels.Numbers(numeric, bytes) -> line draft (Numeric.datatype numeric) count "array" [ bytes ]

    /// Writes a column of so many rows and says where.
    let put (draft: Draft) rows field =
        match field with
        | Field.Numbers(numeric, batches) -> line draft (Numeric.datatype numeric) rows "array" batches
        | Field.Texts values -> texts draft rows values
        | Field.NumbersOrNone(numeric, batches) ->
            let kind = if numeric = Numeric.Bool then "nullable-boolean" else "nullable-integer"
            masked draft (Numeric.datatype numeric) rows "array" [] kind batches
        | Field.TextsOrNone(naValue, values) -> textsOrNone draft rows naValue values
        | Field.Categories(names, ordered, places) ->
            let ordered =
                Encode.attribute "ordered" (Numeric.datatype Numeric.Bool) Encode.scalar (flag ordered)

            draft.PutGroup(
                [ Links.hard "categories" (labels draft names)
                  Links.hard "codes" (codes draft rows (Labels.count names) places) ],
                ordered :: Element.encoding draft "categorical" "0.2.0"
            )

    /// Links to what lies at some paths: names with slashes lead through groups, as where anndata writes them.
    let rec private nested (draft: Draft) (places: (string list * int64) list) =
        let inside name places =
            Links.hard name (draft.PutGroup(nested draft places, []))

        [ for name, places in places |> List.groupBy (fst >> List.head) do
              let deeper, own = places |> List.partition (fun (path, _) -> path.Length > 1)
              yield! own |> List.map (fun (_, address) -> Links.hard name address)

              if not deeper.IsEmpty then
                  inside name (deeper |> List.map (fun (path, address) -> List.tail path, address)) ]

    /// Makes a data frame of its index and its columns, which are written already, and says where it is.
    let group (draft: Draft) index (columns: (string * int64) list) =
        let order =
            // An empty list of names is what anndata itself writes as an empty array of numbers.
            if columns.IsEmpty then
                Encode.attribute "column-order" (Numeric.datatype Numeric.Float64) (Encode.line 0L) [||]
            else
                draft.StringsAttribute("column-order", List.map fst columns)

        let places =
            ([ "_index" ], index) :: (columns |> List.map (fun (name, address) -> Links.along name, address))

        draft.PutGroup(
            nested draft places,
            draft.StringAttribute("_index", "_index") :: order :: Element.encoding draft "dataframe" "0.2.0"
        )

    /// Writes a data frame of so many rows and says where. Its columns must have names as Naming gives them.
    let write (draft: Draft) rows (names: seq<string>) (fields: (string * Field) list) =
        let index = texts draft rows names
        group draft index (fields |> List.map (fun (name, field) -> name, put draft rows field))
