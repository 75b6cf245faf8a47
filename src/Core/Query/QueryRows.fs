/// Answers queries: which rows of obs or var they are true for.
namespace SingleSharp.Core.Query

open System
open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// What the rows of a frame are asked by: its columns, and what is told while answering.
[<Sealed>]
type internal QueryRows(store: Hdf5File, frame: DataFrame, option: string, memory: int64) =
    let warnings = List<string>()

    let refuse place why : 'a =
        Fault.throw (InvalidOption(option, $"at character {place} of the query, {why}"))

    let valuesOf place name =
        match QueryColumn.tryRead store frame memory name with
        | Some values -> values
        | None -> refuse place $"the column {name} of {frame.Path} is of a kind that cannot be compared"

    /// A column that an operand names, if it names one.
    let tryColumn (placed: PlacedOperand) =
        match placed.Operand with
        | Operand.Column name -> Some(name, valuesOf placed.Place name)
        | Operand.Word name when QueryColumn.has frame name -> Some(name, valuesOf placed.Place name)
        | _ -> None

    let compareBy comparison order =
        match comparison with
        | Equal -> order = 0
        | NotEqual -> order <> 0
        | Less -> order < 0
        | LessOrEqual -> order <= 0
        | Greater -> order > 0
        | GreaterOrEqual -> order >= 0

    /// As IEEE 754 compares: NaN is unequal to everything.
    let compareNumbers comparison (left: float) (right: float) =
        match comparison with
        | Equal -> left = right
        | NotEqual -> left <> right
        | Less -> left < right
        | LessOrEqual -> left <= right
        | Greater -> left > right
        | GreaterOrEqual -> left >= right

    /// By code points, as Python does.
    let compareTexts comparison (left: string) (right: string) =
        match comparison with
        | Equal -> left = right
        | NotEqual -> left <> right
        | _ -> compareBy comparison (Utf8.bytes(left).AsSpan().SequenceCompareTo(ReadOnlySpan(Utf8.bytes right)))

    let answer comparison compare left right =
        match left, right with
        | Unknown, _
        | _, Unknown -> ValueNone
        | Present left, Present right -> ValueSome(compare comparison left right)
        | _ -> ValueSome((comparison = NotEqual))

    let truth answers = QueryTruth.OfSeq(frame.Rows, answers)

    /// A literal as a number, rounded as NumPy rounds it for a float32 column.
    let number (name: string) isBoolean isSingle (placed: PlacedOperand) =
        match placed.Operand with
        | Operand.Number(number, written) when System.Double.IsNaN number ->
            refuse
                placed.Place
                $"nothing is equal to {written}; {name} == {name} is true where a value is there, and {name} != {name} where none is"
        | Operand.Number(number, _) -> if isSingle then float (float32 number) else number
        | Operand.Boolean flag when isBoolean -> if flag then 1.0 else 0.0
        | Operand.Text text when (Query.tryNumber text).IsSome ->
            refuse placed.Place $"'{text}' is a text, but {name} holds numbers; leave the quotes out"
        | Operand.Text text
        | Operand.Word text ->
            refuse
                placed.Place
                $"""{text} is neither a number nor a column, but {name} holds {if isBoolean then "booleans" else "numbers"}"""
        | Operand.Boolean _ -> refuse placed.Place $"{name} holds numbers, not booleans"
        | Operand.Column name -> invalidOp $"{name} has been looked for"

    /// A literal as a text: numbers as they were written, so that leiden == 3 finds the category 3.
    let text (placed: PlacedOperand) =
        match placed.Operand with
        | Operand.Number(_, written) -> written
        | Operand.Text text
        | Operand.Word text -> text
        | Operand.Boolean flag -> if flag then "True" else "False"
        | Operand.Column name -> invalidOp $"{name} has been looked for"

    /// More labels than these are not searched for one that was meant.
    let mostHinted = 1000

    /// For each label, whether it is one of the literals.
    let labelsThatAre name (labels: string[]) (numbers: float[] voption) (literals: PlacedOperand list) =
        let asNumber (placed: PlacedOperand) =
            match numbers, placed.Operand with
            | ValueSome _, Operand.Number(number, _) -> Some number
            | ValueSome _, Operand.Boolean flag -> Some(if flag then 1.0 else 0.0)
            | _ -> None

        let wanted = literals |> List.choose asNumber |> HashSet

        let called =
            literals |> List.filter (asNumber >> Option.isNone) |> List.map text |> HashSet

        let there =
            match numbers with
            | ValueSome numbers -> HashSet numbers
            | ValueNone -> HashSet()

        let known = HashSet labels

        for literal in literals do
            let isThere =
                match asNumber literal with
                | Some number -> there.Contains number
                | None -> known.Contains(text literal)

            if not isThere then
                let label = text literal

                let hint =
                    if labels.Length > mostHinted then "" else DidYouMean.clause (List.ofArray labels) label

                warnings.Add $"no category of {name} in {frame.Path} is called {label}{hint}"

        Array.init labels.Length (fun code ->
            called.Contains labels[code]
            || match numbers with
               | ValueSome numbers -> wanted.Contains numbers[code]
               | ValueNone -> false)

    let byCategory (codes: seq<int>) ofMissing (answers: bool[]) =
        truth (codes |> Seq.map (fun code -> ValueSome(if code < 0 then ofMissing else answers[code])))

    let ofCategories name labels numbers ordered codes comparison (placed: PlacedOperand) =
        let are = labelsThatAre name labels numbers [ placed ]

        match comparison with
        | Equal -> byCategory codes false are
        | NotEqual -> byCategory codes true (Array.map not are)
        | _ when not ordered -> refuse placed.Place $"the categories of {name} have no order; compare them with == or !=, or with in"
        | _ ->
            match Array.tryFindIndex id are with
            | None -> refuse placed.Place $"{text placed} is no category of {name}, so nothing is above or below it"
            | Some place -> byCategory codes false (Array.init labels.Length (fun code -> compareBy comparison (compare code place)))

    let asTexts values =
        match values with
        | QueryValues.Texts texts -> Some texts
        | QueryValues.Categories(labels, ValueNone, _, codes) ->
            Some(codes |> Seq.map (fun code -> if code < 0 then NotEqualToAny else Present labels[code]))
        | _ -> None

    let asNumbers values =
        match values with
        | QueryValues.Numbers(numbers, _, _) -> Some numbers
        | QueryValues.Categories(_, ValueSome numbers, _, codes) ->
            Some(codes |> Seq.map (fun code -> if code < 0 then NotEqualToAny else Present numbers[code]))
        | _ -> None

    let withLiteral name values comparison (literal: PlacedOperand) =
        match values with
        | QueryValues.Numbers(numbers, isBoolean, isSingle) ->
            let wanted = number name isBoolean isSingle literal
            truth (numbers |> Seq.map (fun value -> answer comparison compareNumbers value (Present wanted)))
        | QueryValues.Texts texts ->
            let wanted = text literal
            truth (texts |> Seq.map (fun value -> answer comparison compareTexts value (Present wanted)))
        | QueryValues.Categories(labels, numbers, ordered, codes) -> ofCategories name labels numbers ordered codes comparison literal

    /// Two columns of which one at least has categories, by their order.
    let byOrder (left: string, leftValues) comparison (right: string, rightValues) place =
        match leftValues, rightValues with
        | QueryValues.Categories(labels, _, true, codes), QueryValues.Categories(others, _, true, places) when labels = others ->
            let item code =
                if code < 0 then NotEqualToAny else Present code

            let compareCodes comparison (code: int) place =
                compareBy comparison (compare code place)

            truth (Seq.map2 (fun code place -> answer comparison compareCodes (item code) (item place)) codes places)
        | _ -> refuse place $"the categories of {left} and {right} have no order in common; compare them with == or !="

    let withColumn (left: string, leftValues) comparison (right: string, rightValues) place =
        let isCategorical values =
            match values with
            | QueryValues.Categories _ -> true
            | _ -> false

        match asNumbers leftValues, asNumbers rightValues, asTexts leftValues, asTexts rightValues with
        | _ when comparison <> Equal && comparison <> NotEqual && (isCategorical leftValues || isCategorical rightValues) ->
            byOrder (left, leftValues) comparison (right, rightValues) place
        | Some left, Some right, _, _ -> truth (Seq.map2 (answer comparison compareNumbers) left right)
        | _, _, Some left, Some right -> truth (Seq.map2 (answer comparison compareTexts) left right)
        | _ -> refuse place $"{left} and {right} cannot be compared: one of them holds texts, the other numbers"

    let turned comparison =
        match comparison with
        | Less -> Greater
        | LessOrEqual -> GreaterOrEqual
        | Greater -> Less
        | GreaterOrEqual -> LessOrEqual
        | other -> other

    let compared (left: PlacedOperand) comparison (right: PlacedOperand) =
        match tryColumn left, tryColumn right with
        | Some left, Some other -> withColumn left comparison other right.Place
        | Some(name, values), None -> withLiteral name values comparison right
        | None, Some(name, values) -> withLiteral name values (turned comparison) left
        | None, None -> refuse left.Place $"no column is compared; give a column of {frame.Path}"

    let isAmong (wanted: HashSet<'v>) (values: seq<Item<'v>>) =
        truth (
            values
            |> Seq.map (fun value ->
                match value with
                | Present value -> ValueSome(wanted.Contains value)
                | _ -> ValueSome false)
        )

    /// Is the value one of these? A missing one is not, as in pandas' isin.
    let isIn (column: PlacedOperand) (literals: PlacedOperand list) =
        match tryColumn column with
        | None -> refuse column.Place "a column is expected before in"
        | Some(name, QueryValues.Numbers(numbers, isBoolean, isSingle)) ->
            numbers |> isAmong (literals |> List.map (number name isBoolean isSingle) |> HashSet)
        | Some(_, QueryValues.Texts texts) -> texts |> isAmong (literals |> List.map text |> HashSet)
        | Some(name, QueryValues.Categories(labels, numbers, _, codes)) ->
            byCategory codes false (labelsThatAre name labels numbers literals)

    let holds (column: PlacedOperand) =
        match tryColumn column with
        | Some(_, QueryValues.Numbers(numbers, true, _)) ->
            truth (numbers |> Seq.map (fun value -> answer NotEqual compareNumbers value (Present 0.0)))
        | Some(_, QueryValues.Categories(labels, ValueSome _, _, codes)) when
            labels |> Array.forall (fun label -> label = "True" || label = "False")
            ->
            byCategory codes false (labels |> Array.map ((=) "True"))
        | Some(name, _) -> refuse column.Place $"{name} is not boolean; compare it with something"
        | None -> refuse column.Place "a column is expected"

    let rec answered query =
        match query with
        | Query.Compare(left, comparison, right) -> compared left comparison right
        | Query.In(column, literals) -> isIn column literals
        | Query.Holds column -> holds column
        | Query.Not query ->
            let truth = answered query
            truth.Negate()
            truth
        | Query.All queries -> queries |> joined (fun (truth: QueryTruth) other -> truth.And other)
        | Query.Any queries -> queries |> joined (fun (truth: QueryTruth) other -> truth.Or other)

    and joined join queries =
        let truth = answered (List.head queries)

        for query in List.tail queries do
            join truth (answered query)

        truth

    /// Refuses a query that names a column which is not there.
    static member Require(frame: DataFrame, option, query) =
        match Query.tryMissing (fun name -> QueryColumn.has frame name) query with
        | None -> ()
        | Some(name, place) ->
            let hint = DidYouMean.clause (frame.Columns @ [ frame.IndexName ]) name
            Fault.throw (InvalidOption(option, $"at character {place} of the query, {frame.Path} has no column {name}{hint}"))

    /// The rows for which the query is true. Numbers are compared as float64, or in float32 where a column is that; texts by code points.
    member _.Answer query =
        QueryRows.Require(frame, option, query)
        (answered query).Rows

    /// What is worth telling of the answers so far, such as categories that do not occur.
    member _.Warnings = List.ofSeq warnings |> List.distinct
