/// Columns of obs and var on their way into a new file, as values.
namespace SingleSharp.Core.AnnData

open System
open SingleSharp.Core

/// What categories stand for.
[<RequireQualifiedAccess>]
type internal Labels =
    | Texts of string[]
    /// Numbers or booleans, as the little-endian bytes of whole values.
    | Numbers of DType * byte[]

/// The values of a column in the order of rows, to be gone through some at a time.
[<RequireQualifiedAccess>]
type internal Column =
    /// Numbers or booleans, as the little-endian bytes of whole values.
    | Numbers of DType * seq<byte[]>
    | Texts of seq<string>
    /// Integers or booleans, and which of them are missing.
    | NumbersOrNone of DType * seq<struct (byte[] * bool[])>
    /// Texts some of which may be missing; what pandas takes for a missing one, where the file says it.
    | TextsOrNone of naValue: string option * seq<string voption>
    /// Places among the labels of categories, −1 where a value is missing.
    | Categories of Labels * ordered: bool * codes: seq<int>

[<RequireQualifiedAccess>]
module internal Labels =
    let count labels =
        match labels with
        | Labels.Texts texts -> texts.Length
        | Labels.Numbers(numeric, bytes) -> bytes.Length / DType.size numeric

    /// A text for each label, which differs where the labels do. Texts are their own.
    let keys labels =
        match labels with
        | Labels.Texts texts -> texts
        | Labels.Numbers(numeric, bytes) -> bytes |> Array.chunkBySize (DType.size numeric) |> Array.map Convert.ToHexString

    /// Do labels of both kinds go together as they are?
    let areAlike left right =
        match left, right with
        | Labels.Texts _, Labels.Texts _ -> true
        | Labels.Numbers(numeric, _), Labels.Numbers(other, _) -> numeric = other
        | _ -> false

    let areSame left right =
        areAlike left right && keys left = keys right

[<RequireQualifiedAccess>]
module internal Column =
    /// One value for each of N rows, which may be more than an array has.
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
        | Column.Texts values -> Column.Texts(among (Array.ofSeq values))
        | Column.TextsOrNone(naValue, values) -> Column.TextsOrNone(naValue, among (Array.ofSeq values))
        | Column.Categories(labels, ordered, codes) -> Column.Categories(labels, ordered, among (Array.ofSeq codes))
        | Column.Numbers(numeric, batches) -> Column.Numbers(numeric, [ amongBytes (DType.size numeric) (Array.concat batches) ])
        | Column.NumbersOrNone(numeric, batches) ->
            let batches = Array.ofSeq batches

            let bytes =
                batches |> Array.map (fun (struct (bytes, _)) -> bytes) |> Array.concat |> amongBytes (DType.size numeric)

            let missing =
                batches |> Array.map (fun (struct (_, missing)) -> missing) |> Array.concat |> among

            Column.NumbersOrNone(numeric, [ struct (bytes, missing) ])

    /// The same column with other texts.
    let mapTexts (map: seq<string> -> seq<string>) field =
        match field with
        | Column.Texts texts -> Column.Texts(map texts)
        | Column.TextsOrNone(naValue, texts) ->
            // A missing text is nothing to look at, but has its row.
            let present = texts |> Seq.map (ValueOption.defaultValue "") |> map
            Column.TextsOrNone(naValue, Seq.map2 (fun text -> ValueOption.map (fun _ -> text)) present texts)
        | Column.Categories(Labels.Texts names, ordered, codes) -> Column.Categories(Labels.Texts(Array.ofSeq (map names)), ordered, codes)
        | Column.Categories(Labels.Numbers _, _, _)
        | Column.Numbers _
        | Column.NumbersOrNone _ -> field

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
        | Column.Texts left, Column.Texts right -> Array.ofSeq left = Array.ofSeq right
        | Column.TextsOrNone(_, left), Column.TextsOrNone(_, right) -> Array.ofSeq left = Array.ofSeq right
        | Column.Numbers(numeric, left), Column.Numbers(other, right) -> numeric = other && Array.concat left = Array.concat right
        | Column.NumbersOrNone(numeric, left), Column.NumbersOrNone(other, right) ->
            numeric = other && flattened (DType.size numeric) left = flattened (DType.size numeric) right
        | Column.Categories(labels, ordered, codes), Column.Categories(others, alsoOrdered, places) ->
            ordered = alsoOrdered && Labels.areAlike labels others && meanings labels codes = meanings others places
        | _ -> false
