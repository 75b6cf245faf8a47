/// How the value of an option stands in a recipe: as JSON, and what a JSON Schema says of it.
namespace SingleSharp.Core.Steps

open System
open SingleSharp.Core.Contract

type internal JsonForm<'v> =
    {
        Schema: JsonValue
        /// What a value must be, for a sentence.
        Wanted: string
        /// None where the value is said by leaving the option out.
        Write: 'v -> JsonValue option
        Read: JsonValue -> 'v option
    }

[<RequireQualifiedAccess>]
module internal JsonForm =
    let private ofType (name: string) rest =
        JsonValue.Object(("type", JsonValue.Text name) :: rest)

    let private words (words: string list) =
        JsonValue.Object [ "enum", JsonValue.List(List.map JsonValue.Text words) ]

    let private either schemas =
        JsonValue.Object [ "anyOf", JsonValue.List schemas ]

    let float =
        { Schema = either [ ofType "number" []; words JsonValue.specialNames ]
          Wanted = "a number, \"inf\", \"-inf\" or \"nan\""
          Write = JsonValue.ofFloat >> Some
          Read = JsonValue.tryFloat }

    /// An integer that is at least as large, and fits.
    let whole (least: int64) (most: int64) =
        { Schema = ofType "integer" [ "minimum", JsonValue.Integer least ]
          Wanted = $"an integer from {least} up"
          Write = JsonValue.Integer >> Some
          Read =
            function
            | JsonValue.Integer number when number >= least && number <= most -> Some number
            | _ -> None }

    /// The same of values that are made of others.
    let map (from: 'a -> 'b) (into: 'b -> 'a) (form: JsonForm<'a>) =
        { Schema = form.Schema
          Wanted = form.Wanted
          Write = into >> form.Write
          Read = form.Read >> Option.map from }

    let positive = whole 1L (int64 Int32.MaxValue) |> map int int64
    let count = whole 0L Int64.MaxValue

    let text =
        { Schema = ofType "string" [ "minLength", JsonValue.Integer 1L ]
          Wanted = "a text that is not empty"
          Write = JsonValue.Text >> Some
          Read =
            function
            | JsonValue.Text text when text <> "" -> Some text
            | _ -> None }

    /// A name without a slash.
    let key =
        { text with
            Schema = ofType "string" [ "minLength", JsonValue.Integer 1L; "pattern", JsonValue.Text "^[^/]*$" ]
            Wanted = "a text without a slash that is not empty"
            Read = text.Read >> Option.filter (fun text -> not (text.Contains '/')) }

    let flag =
        { Schema = ofType "boolean" []
          Wanted = "true or false"
          Write = JsonValue.Flag >> Some
          Read =
            function
            | JsonValue.Flag value -> Some value
            | _ -> None }

    /// One of some words.
    let choice (choices: (string * 'a) list) =
        { Schema = words (List.map fst choices)
          Wanted = choices |> List.map (fun (word, _) -> $"\"{word}\"") |> String.concat " or "
          Write = fun value -> choices |> List.find (fun (_, choice) -> choice = value) |> fst |> JsonValue.Text |> Some
          Read =
            function
            | JsonValue.Text text -> choices |> List.tryFind (fun (word, _) -> word = text) |> Option.map snd
            | _ -> None }

    /// The same, or null.
    let orNull (form: JsonForm<'a>) : JsonForm<'a option> =
        { Schema = either [ form.Schema; ofType "null" [] ]
          Wanted = $"{form.Wanted}, or null"
          Write =
            function
            | Some value -> form.Write value
            | None -> Some JsonValue.Null
          Read =
            function
            | JsonValue.Null -> Some None
            | value -> form.Read value |> Option.map Some }

    let private all (values: 'a option list) =
        if List.forall Option.isSome values then Some(List.map Option.get values) else None

    let list (form: JsonForm<'a>) : JsonForm<'a list> =
        { Schema = ofType "array" [ "items", form.Schema ]
          Wanted = $"a list, each of it {form.Wanted}"
          Write = List.map form.Write >> all >> Option.map JsonValue.List
          Read =
            function
            | JsonValue.List values -> values |> List.map form.Read |> all
            | _ -> None }

    /// Values by their names.
    let byName (form: JsonForm<'a>) : JsonForm<(string * 'a) list> =
        { Schema = ofType "object" [ "additionalProperties", form.Schema ]
          Wanted = $"an object, each member of it {form.Wanted}"
          Write = List.map (fun (name, value) -> name, (form.Write value).Value) >> JsonValue.Object >> Some
          Read =
            function
            | JsonValue.Object members ->
                members |> List.map (fun (name, value) -> form.Read value |> Option.map (fun value -> name, value)) |> all
            | _ -> None }

    /// The same, where a value that `isLeftOut` is said by leaving the option out.
    let leftOut isLeftOut (form: JsonForm<'a>) =
        { form with
            Write = fun value -> if isLeftOut value then None else form.Write value }

    /// Reads a value, or says the end of a sentence that begins with its name.
    let read (form: JsonForm<'a>) value =
        match form.Read value with
        | Some read -> Ok read
        | None -> Error $"must be {form.Wanted}, not {JsonValue.line value}"
