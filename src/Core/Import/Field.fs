/// Columns of obs and var on their way into a new file, and the data frames that they make.
namespace SingleSharp.Core

open System

/// The values of a column in the order of rows, to be gone through some at a time.
[<RequireQualifiedAccess>]
type Field =
    /// Numbers or truth values, as the little-endian bytes of whole values.
    | Numbers of Numeric * seq<byte[]>
    | Texts of seq<string>
    /// Places among the names of categories, −1 where a value is missing.
    | Categories of names: string[] * ordered: bool * codes: seq<int>

[<RequireQualifiedAccess>]
module Field =
    /// Values that are written at a time.
    let private batch = 16384

    let private written (draft: Draft) bytes (batches: seq<byte[]>) =
        let address = draft.Reserve bytes
        let mutable at = address

        for batch in batches do
            draft.Disk.Write(at, ReadOnlySpan batch)
            at <- at + batch.LongLength

        if at <> address + bytes then
            invalidOp $"a column has {at - address} bytes instead of {bytes}"

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

    let private codes (draft: Draft) rows categories (codes: seq<int>) =
        let datatype = codeType categories

        let encode (codes: int[]) =
            let bytes = Array.zeroCreate (codes.Length * Datatype.size datatype)
            Whole.encode datatype (Array.map int64 codes) (Span bytes)
            bytes

        codes |> Seq.chunkBySize batch |> Seq.map encode |> line draft datatype rows "array"

    let private link name address =
        { Name = name
          Target = Hard address
          Order = ValueNone }

    /// Writes a column of so many rows and says where.
    let put (draft: Draft) rows field =
        match field with
        | Field.Numbers(numeric, batches) -> line draft (Numeric.datatype numeric) rows "array" batches
        | Field.Texts values -> texts draft rows values
        | Field.Categories(names, ordered, places) ->
            let flag =
                Encode.attribute "ordered" (Numeric.datatype Numeric.Bool) Encode.scalar [| (if ordered then 1uy else 0uy) |]

            draft.PutGroup(
                [ link "categories" (texts draft names.LongLength names)
                  link "codes" (codes draft rows names.Length places) ],
                flag :: Element.encoding draft "categorical" "0.2.0"
            )

    /// Links to what lies at some paths: names with slashes lead through groups, as where anndata writes them.
    let rec private nested (draft: Draft) (places: (string list * int64) list) =
        let inside name places =
            link name (draft.PutGroup(nested draft places, []))

        [ for name, places in places |> List.groupBy (fst >> List.head) do
              let deeper, own = places |> List.partition (fun (path, _) -> path.Length > 1)
              yield! own |> List.map (fun (_, address) -> link name address)

              if not deeper.IsEmpty then
                  inside name (deeper |> List.map (fun (path, address) -> List.tail path, address)) ]

    /// Writes a data frame of so many rows and says where. Its columns must have names as Naming gives them.
    let putFrame (draft: Draft) rows (names: seq<string>) (fields: (string * Field) list) =
        let order =
            // An empty list of names is what anndata itself writes as an empty array of numbers.
            if fields.IsEmpty then
                Encode.attribute "column-order" (Numeric.datatype Numeric.Float64) (Encode.line 0L) [||]
            else
                draft.StringsAttribute("column-order", List.map fst fields)

        let places =
            ([ "_index" ], texts draft rows names)
            :: (fields |> List.map (fun (name, field) -> Links.along name, put draft rows field))

        draft.PutGroup(
            nested draft places,
            draft.StringAttribute("_index", "_index") :: order :: Element.encoding draft "dataframe" "0.2.0"
        )

    /// Some rows, in the order in which they are named; for columns that fit memory.
    let choose (rows: int[]) field =
        let among (values: 'v[]) =
            rows |> Array.map (fun row -> values[row])

        match field with
        | Field.Texts values -> Field.Texts(among (Array.ofSeq values))
        | Field.Categories(names, ordered, codes) -> Field.Categories(names, ordered, among (Array.ofSeq codes))
        | Field.Numbers(numeric, batches) ->
            let bytes = Array.concat batches
            let size = Numeric.size numeric
            let chosen = Array.zeroCreate (rows.Length * size)

            for i in 0 .. rows.Length - 1 do
                Buffer.BlockCopy(bytes, rows[i] * size, chosen, i * size, size)

            Field.Numbers(numeric, [ chosen ])

    /// The same column with other texts.
    let mapTexts (map: seq<string> -> seq<string>) field =
        match field with
        | Field.Texts texts -> Field.Texts(map texts)
        | Field.Categories(names, ordered, codes) -> Field.Categories(Array.ofSeq (map names), ordered, codes)
        | Field.Numbers _ -> field

    /// What a category stands for, row by row.
    let private labels (names: string[]) (codes: seq<int>) =
        codes |> Seq.map (fun code -> if code < 0 then None else Some names[code]) |> Array.ofSeq

    /// Do two columns hold the same?
    let areSame left right =
        match left, right with
        | Field.Texts left, Field.Texts right -> Array.ofSeq left = Array.ofSeq right
        | Field.Numbers(numeric, left), Field.Numbers(other, right) -> numeric = other && Array.concat left = Array.concat right
        | Field.Categories(names, ordered, codes), Field.Categories(others, alsoOrdered, places) ->
            ordered = alsoOrdered && labels names codes = labels others places
        | _ -> false
