/// Queries over the columns of obs or var, such as n_genes > 500 and batch in a,b.
namespace SingleSharp.Core.Query

open System
open System.Globalization

type internal Comparison =
    | Equal
    | NotEqual
    | Less
    | LessOrEqual
    | Greater
    | GreaterOrEqual

/// What stands on one side of a comparison.
[<RequireQualifiedAccess>]
type internal Operand =
    /// A column by its name; `index` and the name of the index stand for the names of the rows.
    | Column of string
    | Text of string
    /// A number, and how it was written.
    | Number of float * string
    | Boolean of bool
    /// A word that may be either: a column if there is one of this name, else a text. On the left of a comparison quotes are put around
    /// names with spaces, so what stands in them there is a word, too.
    | Word of string

/// An operand with the place in the query where it begins, counted from 1.
type internal PlacedOperand = { Operand: Operand; Place: int }

[<RequireQualifiedAccess>]
type internal Query =
    | Compare of PlacedOperand * Comparison * PlacedOperand
    | In of PlacedOperand * PlacedOperand list
    /// A boolean column.
    | Holds of PlacedOperand
    | Not of Query
    | All of Query list
    | Any of Query list

/// Reads queries. It is written by hand because it is short, and its mistakes are told in one sentence with their place.
[<RequireQualifiedAccess>]
module internal Query =
    let private refuse place why : 'a = raise (QueryException(place, why))

    let private comparisons =
        [ "==", Equal
          "!=", NotEqual
          "<>", NotEqual
          "<", Less
          "<=", LessOrEqual
          ">", Greater
          ">=", GreaterOrEqual ]

    let private (|Keyword|_|) token =
        match token with
        | Bare word when List.contains (word.ToLowerInvariant()) [ "and"; "or"; "not"; "in" ] -> Some(word.ToLowerInvariant())
        | Sign("&" | "&&") -> Some "and"
        | Sign("|" | "||") -> Some "or"
        | Sign("~" | "!") -> Some "not"
        | _ -> None

    /// A number as people write it; inf and -inf are infinite.
    let tryNumber (word: string) =
        match word, Double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | ("inf" | "+inf"), _ -> Some infinity
        | "-inf", _ -> Some -infinity
        | _, (true, number) -> Some number
        | _ -> None

    /// What a token is as an operand.
    let private tryOperand isLeft token =
        match token with
        | Keyword _ -> None
        | Backquoted name -> Some(Operand.Column name)
        | Quoted name when isLeft -> Some(Operand.Word name)
        | Quoted text -> Some(Operand.Text text)
        | Bare("True" | "true") -> Some(Operand.Boolean true)
        | Bare("False" | "false") -> Some(Operand.Boolean false)
        | Bare word ->
            match tryNumber word with
            | Some number -> Some(Operand.Number(number, word))
            | None -> Some(Operand.Word word)
        | Sign _
        | End -> None

    let private operand isLeft tokens =
        match tokens with
        | (place, token) :: rest ->
            match tryOperand isLeft token with
            | Some operand -> { Operand = operand; Place = place }, rest
            | None -> refuse place $"""{if isLeft then "a column" else "a column or a value"} is expected, not {QueryTokens.told token}"""
        | [] -> invalidOp "every query ends with its end"

    /// Values between commas, within brackets or not.
    let private values tokens =
        let closing, tokens =
            match tokens with
            | (_, Sign "(") :: rest -> Some ")", rest
            | (_, Sign "[") :: rest -> Some "]", rest
            | _ -> None, tokens

        let rec more taken tokens =
            let value, rest = operand false tokens

            match value.Operand with
            | Operand.Column name -> refuse value.Place $"a list holds values, not columns such as {name}; compare columns with =="
            | _ -> ()

            match rest with
            | (_, Sign ",") :: rest -> more (value :: taken) rest
            | rest -> List.rev (value :: taken), rest

        let values, rest = more [] tokens

        match closing, rest with
        | None, _ -> values, rest
        | Some bracket, (_, Sign sign) :: rest when sign = bracket -> values, rest
        | Some bracket, (place, token) :: _ -> refuse place $"{bracket} is expected, not {QueryTokens.told token}"
        | _, [] -> invalidOp "every query ends with its end"

    /// Comparisons side by side, as in 5 < n_genes < 10, which is 5 < n_genes and n_genes < 10.
    let private chain first tokens =
        let rec more (left: PlacedOperand) taken tokens =
            match tokens with
            | (place, Sign "=") :: _ -> refuse place "compare with ==, not with ="
            | (_, Sign sign) :: rest when comparisons |> List.exists (fun (known, _) -> known = sign) ->
                let comparison = comparisons |> List.find (fun (known, _) -> known = sign) |> snd
                let right, rest = operand false rest
                more right (Query.Compare(left, comparison, right) :: taken) rest
            | _ -> List.rev taken, tokens

        more first [] tokens

    /// Queries within one another, each with the words between them; more would be nobody's, and too much for the stack.
    let private mostNested = 200

    let private joined keyword make part depth tokens =
        let rec more taken tokens =
            let query, rest = part depth tokens

            match rest with
            | (_, Keyword word) :: rest when word = keyword -> more (query :: taken) rest
            | _ ->
                match taken with
                | [] -> query, rest
                | _ -> make (List.rev (query :: taken)), rest

        more [] tokens

    let private predicate tokens =
        let left, rest = operand true tokens

        match rest with
        | (_, Keyword "in") :: rest ->
            let values, rest = values rest
            Query.In(left, values), rest
        | (_, Keyword "not") :: (_, Keyword "in") :: rest ->
            let values, rest = values rest
            Query.Not(Query.In(left, values)), rest
        | _ ->
            match chain left rest with
            | [], rest -> Query.Holds left, rest
            | [ comparison ], rest -> comparison, rest
            | comparisons, rest -> Query.All comparisons, rest

    let rec private disjunction depth tokens =
        joined "or" Query.Any (joined "and" Query.All negation) depth tokens

    and private negation depth tokens =
        match tokens with
        | (place, _) :: _ when depth > mostNested -> refuse place $"more than {mostNested} brackets or negations lie within one another"
        | (_, Keyword "not") :: rest ->
            let query, rest = negation (depth + 1) rest
            Query.Not query, rest
        | (_, Sign "(") :: rest ->
            match disjunction (depth + 1) rest with
            | query, (_, Sign ")") :: rest -> query, rest
            | _, (place, token) :: _ -> refuse place $") is expected, not {QueryTokens.told token}"
            | _, [] -> invalidOp "every query ends with its end"
        | _ -> predicate tokens

    /// Reads a query; a mistake is a QueryException.
    let parse (text: string) =
        match disjunction 0 (QueryTokens.all text) with
        | query, [ _, End ] -> query
        | _, (place, token) :: _ ->
            refuse place $"""and, or, or the end is expected, not {QueryTokens.told token}; put names with spaces in quotes"""
        | _, [] -> invalidOp "every query ends with its end"

    /// The first column that a query names or needs where there is none, with its place.
    let tryMissing (isColumn: string -> bool) query =
        let named (placed: PlacedOperand) =
            match placed.Operand with
            | Operand.Column name -> Some(name, isColumn name)
            | Operand.Word name -> Some(name, isColumn name)
            | _ -> None

        let needed placed =
            match named placed with
            | Some(name, false) -> Some(name, placed.Place)
            | _ -> None

        let isMissing (placed: PlacedOperand) =
            match placed.Operand with
            | Operand.Column name -> not (isColumn name)
            | _ -> false

        let isThere placed =
            match named placed with
            | Some(_, there) -> there
            | None -> false

        let rec first query =
            match query with
            | Query.Compare(left, _, right) ->
                if isMissing right then needed right
                elif isMissing left || not (isThere left || isThere right) then needed left
                else None
            | Query.In(left, _) -> needed left
            | Query.Holds column -> needed column
            | Query.Not query -> first query
            | Query.All queries
            | Query.Any queries -> List.tryPick first queries

        first query
