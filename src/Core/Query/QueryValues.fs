/// The values of columns, as queries compare them.
namespace SingleSharp.Core.Query

open System.Globalization
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// A value that may be missing.
[<Struct>]
type internal Item<'v> =
    | Present of 'v
    /// Missing as NaN is: unequal to everything.
    | NotEqualToAny
    /// Missing as pandas' NA is: nothing is known of it.
    | Unknown

/// The values of a column, to be gone through.
[<RequireQualifiedAccess>]
type internal QueryValues =
    | Numbers of seq<Item<float>> * isBoolean: bool * isSingle: bool
    | Texts of seq<Item<string>>
    /// Positions among the labels, which are texts here; negative where a value is missing.
    | Categories of labels: string[] * numbers: float[] voption * ordered: bool * codes: seq<int>

[<RequireQualifiedAccess>]
module internal QueryColumn =
    let private items isMissing (values: seq<'v>) =
        Seq.map2 (fun value missing -> if missing then Unknown else Present value) values isMissing

    let private labels (labels: Labels) =
        match labels with
        | Labels.Texts texts -> struct (texts, ValueNone)
        | Labels.Numbers(DType.Bool, bytes) ->
            let numbers = ResultType.toFloat DType.Bool bytes
            struct (numbers |> Array.map (fun number -> if number = 0.0 then "False" else "True"), ValueSome numbers)
        | Labels.Numbers(numeric, bytes) ->
            let numbers = ResultType.toFloat numeric bytes
            struct (numbers |> Array.map (fun number -> number.ToString("R", CultureInfo.InvariantCulture)), ValueSome numbers)

    let private isIndex (frame: DataFrame) name =
        name = frame.IndexName || name = "index" && not (List.contains "index" frame.Columns)

    /// Is there a column of this name, or is it the index?
    let has (frame: DataFrame) name =
        isIndex frame name || List.contains name frame.Columns

    /// The values of a column, with this much memory for the labels of categories; none where they cannot be compared.
    let tryRead (store: Hdf5File) (frame: DataFrame) memory name =
        if isIndex frame name then
            Some(QueryValues.Texts(DataFrame.names store frame 0L frame.Rows |> Seq.map Present))
        else
            match StoredColumns.ofColumn store (NameMemory memory) frame name with
            | Some(Column.Numbers(numeric, batches)) ->
                Some(
                    QueryValues.Numbers(
                        batches |> Seq.collect (ResultType.toFloat numeric) |> Seq.map Present,
                        (numeric = DType.Bool),
                        (numeric = DType.Float32)
                    )
                )
            | Some(Column.NumbersOrNone(numeric, batches)) ->
                Some(
                    QueryValues.Numbers(
                        batches |> Seq.collect (fun (struct (bytes, missing)) -> items missing (ResultType.toFloat numeric bytes)),
                        (numeric = DType.Bool),
                        false
                    )
                )
            | Some(Column.Texts texts) -> Some(QueryValues.Texts(texts |> Seq.map Present))
            | Some(Column.TextsOrNone(naValue, texts)) ->
                // pandas' str has NaN for what is missing, its string NA.
                let missing =
                    match naValue with
                    | Some value when value.ToLowerInvariant() = "nan" -> NotEqualToAny
                    | _ -> Unknown

                Some(
                    QueryValues.Texts(
                        texts
                        |> Seq.map (fun text ->
                            match text with
                            | ValueSome text -> Present text
                            | ValueNone -> missing)
                    )
                )
            | Some(Column.Categories(stored, ordered, codes)) ->
                let struct (texts, numbers) = labels stored
                Some(QueryValues.Categories(texts, numbers, ordered, codes))
            | None -> None
