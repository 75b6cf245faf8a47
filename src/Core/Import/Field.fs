/// Columns of obs and var on their way into a new file, as values.
namespace SingleSharp.Core

open System

/// What categories stand for.
[<RequireQualifiedAccess>]
type Labels =
    | Texts of string[]
    /// Numbers or truth values, as the little-endian bytes of whole values.
    | Numbers of Numeric * byte[]

/// The values of a column in the order of rows, to be gone through some at a time.
[<RequireQualifiedAccess>]
type Field =
    /// Numbers or truth values, as the little-endian bytes of whole values.
    | Numbers of Numeric * seq<byte[]>
    | Texts of seq<string>
    /// Whole numbers or truth values, and which of them are missing.
    | NumbersOrNone of Numeric * seq<struct (byte[] * bool[])>
    /// Texts some of which may be missing; what pandas takes for a missing one, where the file says it.
    | TextsOrNone of naValue: string option * seq<string voption>
    /// Places among the labels of categories, −1 where a value is missing.
    | Categories of Labels * ordered: bool * codes: seq<int>

[<RequireQualifiedAccess>]
module Labels =
    let count labels =
        match labels with
        | Labels.Texts texts -> texts.Length
        | Labels.Numbers(numeric, bytes) -> bytes.Length / Numeric.size numeric

    /// A text for each label, which differs where the labels do. Texts are their own.
    let keys labels =
        match labels with
        | Labels.Texts texts -> texts
        | Labels.Numbers(numeric, bytes) -> bytes |> Array.chunkBySize (Numeric.size numeric) |> Array.map Convert.ToHexString

    /// Do labels of both kinds go together as they are?
    let areAlike left right =
        match left, right with
        | Labels.Texts _, Labels.Texts _ -> true
        | Labels.Numbers(numeric, _), Labels.Numbers(other, _) -> numeric = other
        | _ -> false

    let areSame left right =
        areAlike left right && keys left = keys right

[<RequireQualifiedAccess>]
module Field =
    /// One value for each of so many rows, which may be more than an array has.
    let repeated (rows: int64) value =
        seq {
            for _ in 1L .. rows do
                yield value
        }

    /// Some rows, in the order in which they are named; for columns that fit memory.
    let choose (rows: int[]) field =
        let among (values: 'v[]) =
            rows |> Array.map (fun row -> values[row])

        let amongBytes size (bytes: byte[]) =
            let chosen = Array.zeroCreate (rows.Length * size)

            for i in 0 .. rows.Length - 1 do
                Buffer.BlockCopy(bytes, rows[i] * size, chosen, i * size, size)

            chosen

        match field with
        | Field.Texts values -> Field.Texts(among (Array.ofSeq values))
        | Field.TextsOrNone(naValue, values) -> Field.TextsOrNone(naValue, among (Array.ofSeq values))
        | Field.Categories(labels, ordered, codes) -> Field.Categories(labels, ordered, among (Array.ofSeq codes))
        | Field.Numbers(numeric, batches) -> Field.Numbers(numeric, [ amongBytes (Numeric.size numeric) (Array.concat batches) ])
        | Field.NumbersOrNone(numeric, batches) ->
            let batches = Array.ofSeq batches

            let bytes =
                batches |> Array.map (fun (struct (bytes, _)) -> bytes) |> Array.concat |> amongBytes (Numeric.size numeric)

            let missing =
                batches |> Array.map (fun (struct (_, missing)) -> missing) |> Array.concat |> among

            Field.NumbersOrNone(numeric, [ struct (bytes, missing) ])

    /// The same column with other texts.
    let mapTexts (map: seq<string> -> seq<string>) field =
        match field with
        | Field.Texts texts -> Field.Texts(map texts)
        | Field.TextsOrNone(naValue, texts) ->
            // A missing text is nothing to look at, but has its row.
            let present = texts |> Seq.map (ValueOption.defaultValue "") |> map
            Field.TextsOrNone(naValue, Seq.map2 (fun text -> ValueOption.map (fun _ -> text)) present texts)
        | Field.Categories(Labels.Texts names, ordered, codes) -> Field.Categories(Labels.Texts(Array.ofSeq (map names)), ordered, codes)
        | Field.Categories(Labels.Numbers _, _, _)
        | Field.Numbers _
        | Field.NumbersOrNone _ -> field

    /// What a category stands for, row by row.
    let private meanings labels (codes: seq<int>) =
        let keys = Labels.keys labels
        codes |> Seq.map (fun code -> if code < 0 then None else Some keys[code]) |> Array.ofSeq

    /// Present values as they are, missing ones as zeros: what stands in their place means nothing.
    let private flattened size (batches: seq<struct (byte[] * bool[])>) =
        let present (struct (bytes: byte[], missing: bool[])) =
            let bytes = Array.copy bytes

            missing
            |> Array.iteri (fun row isMissing ->
                if isMissing then
                    Array.Clear(bytes, row * size, size))

            bytes

        batches |> Seq.map present |> Array.concat, batches |> Seq.map (fun (struct (_, missing)) -> missing) |> Array.concat

    /// Do two columns hold the same?
    let areSame left right =
        match left, right with
        | Field.Texts left, Field.Texts right -> Array.ofSeq left = Array.ofSeq right
        | Field.TextsOrNone(_, left), Field.TextsOrNone(_, right) -> Array.ofSeq left = Array.ofSeq right
        | Field.Numbers(numeric, left), Field.Numbers(other, right) -> numeric = other && Array.concat left = Array.concat right
        | Field.NumbersOrNone(numeric, left), Field.NumbersOrNone(other, right) ->
            numeric = other && flattened (Numeric.size numeric) left = flattened (Numeric.size numeric) right
        | Field.Categories(labels, ordered, codes), Field.Categories(others, alsoOrdered, places) ->
            ordered = alsoOrdered && Labels.areAlike labels others && meanings labels codes = meanings others places
        | _ -> false
