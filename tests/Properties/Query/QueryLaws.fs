/// Queries are read as they are written, and unknown values go through them as Kleene's logic says.
module internal SingleSharp.Properties.QueryLaws

open Expecto
open FsCheck.FSharp
open SingleSharp.Core.Query

let private names = [ "n_genes"; "a/b"; "total counts"; "in"; "it`s"; "x.y-z"; "ä" ]

let private texts =
    [ "a"; "T cell"; "x,y"; "it's"; "\"q\""; "back\\slash"; "and"; "5"; "" ]

let private placed operand = { Operand = operand; Place = 0 }

let private column =
    Gen.elements (names |> List.filter (fun name -> not (name.Contains '`'))) |> Gen.map (Operand.Column >> placed)

let private literal =
    Gen.oneof
        [ Gen.elements texts |> Gen.map Operand.Text
          Gen.elements [ "5"; "-0.5"; "1e9"; "inf"; "-inf" ]
          |> Gen.map (fun written ->
              Operand.Number(
                  (match written with
                   | "inf" -> infinity
                   | "-inf" -> -infinity
                   | other -> float other),
                  written
              ))
          Gen.elements [ true; false ] |> Gen.map Operand.Boolean ]
    |> Gen.map placed

let private comparison =
    Gen.elements [ Equal; NotEqual; Less; LessOrEqual; Greater; GreaterOrEqual ]

let rec private query size =
    let leaf =
        Gen.oneof
            [ Gen.map3
                  (fun left comparison right -> Query.Compare(left, comparison, right))
                  column
                  comparison
                  (Gen.oneof [ literal; column ])
              Gen.map2 (fun left values -> Query.In(left, values)) column (Gen.nonEmptyListOf literal)
              Gen.map Query.Holds column ]

    if size < 2 then
        leaf
    else
        let several =
            Gen.choose (2, 4) |> Gen.bind (fun count -> Gen.listOfLength count (query (size / 4)))

        Gen.oneof
            [ leaf
              Gen.map Query.Not (query (size / 2))
              Gen.map Query.All several
              Gen.map Query.Any several ]

type private AnyQuery = AnyQuery of Query

let private anyQuery = Gen.sized query |> Gen.map AnyQuery |> Arb.fromGen

let private signs =
    dict
        [ Equal, "=="
          NotEqual, "!="
          Less, "<"
          LessOrEqual, "<="
          Greater, ">"
          GreaterOrEqual, ">=" ]

let private operand (placed: PlacedOperand) =
    match placed.Operand with
    | Operand.Column name -> $"`{name}`"
    | Operand.Text text -> "'" + text.Replace("\\", "\\\\").Replace("'", "\\'") + "'"
    | Operand.Number(_, written)
    | Operand.Word written -> written
    | Operand.Boolean flag -> string flag

/// A query as text, with brackets around everything that has parts.
let rec private written space query =
    let several word queries =
        queries |> List.map (fun query -> $"({written space query})") |> String.concat $" {word}{space}"

    match query with
    | Query.Compare(left, comparison, right) -> $"{operand left}{space}{signs[comparison]}{space}{operand right}"
    | Query.In(left, values) -> $"""{operand left} in{space}({values |> List.map operand |> String.concat ","}{space})"""
    | Query.Holds column -> operand column
    | Query.Not query -> $"not{space}({written space query})"
    | Query.All queries -> several "and" queries
    | Query.Any queries -> several "or" queries

let rec private withoutPlaces query =
    let bare (operand: PlacedOperand) = placed operand.Operand

    match query with
    | Query.Compare(left, comparison, right) -> Query.Compare(bare left, comparison, bare right)
    | Query.In(left, values) -> Query.In(bare left, List.map bare values)
    | Query.Holds column -> Query.Holds(bare column)
    | Query.Not query -> Query.Not(withoutPlaces query)
    | Query.All queries -> Query.All(List.map withoutPlaces queries)
    | Query.Any queries -> Query.Any(List.map withoutPlaces queries)

let private truth answers =
    QueryTruth.OfSeq(int64 (List.length answers), answers)

let private answers = Gen.elements [ ValueSome true; ValueSome false; ValueNone ]

/// Pairs of answers for more rows than a word of bits has.
let private pairs =
    Gen.choose (0, 200) |> Gen.bind (fun count -> Gen.listOfLength count (Gen.zip answers answers)) |> Arb.fromGen

let private kept (truth: QueryTruth) =
    let rows = truth.Rows
    [ for row in 0L .. rows.Length - 1L -> rows.Has row ]

let private joins name (join: QueryTruth -> QueryTruth -> unit) isSo =
    Law.holds name (fun () ->
        Prop.forAll pairs (fun pairs ->
            let joined = truth (List.map fst pairs)
            join joined (truth (List.map snd pairs))
            let negated = truth (List.map fst pairs)
            join negated (truth (List.map snd pairs))
            negated.Negate()

            kept joined = [ for left, right in pairs -> isSo left right = ValueSome true ]
            && kept negated = [ for left, right in pairs -> isSo left right = ValueSome false ]))

let private both left right =
    match left, right with
    | ValueSome false, _
    | _, ValueSome false -> ValueSome false
    | ValueSome true, ValueSome true -> ValueSome true
    | _ -> ValueNone

let private negated = ValueOption.map not

let tests =
    testList
        "Query"
        [ Law.holdsFor 500 "what is written is read" (fun (isWide: bool) ->
              Prop.forAll anyQuery (fun (AnyQuery query) ->
                  let text = written (if isWide then " \t\n" else " ") query
                  Expect.equal (withoutPlaces (Query.parse text)) query text))

          Law.holds "anything else is a mistake with a place within the query" (fun (text: string | null) ->
              let text = text |> Option.ofObj |> Option.defaultValue ""

              try
                  Query.parse text |> ignore
                  true
              with QueryException(place, why) ->
                  place >= 1 && place <= text.Length + 1 && why <> "")

          test "a query of many parts, and values, needs no stack" {
              let many = Seq.replicate 200_000 "a == 1" |> String.concat " or "

              match Query.parse many with
              | Query.Any parts -> Expect.equal parts.Length 200_000 "parts"
              | _ -> failtest "one of many"

              match Query.parse ("a in " + (Seq.replicate 200_000 "b" |> String.concat ",")) with
              | Query.In(_, values) -> Expect.equal values.Length 200_000 "values"
              | _ -> failtest "a list"
          }

          joins "and" (fun truth other -> truth.And other) both
          joins "or" (fun truth other -> truth.Or other) (fun left right -> negated (both (negated left) (negated right))) ]
