/// The options of steps: each is said once, with scanpy's name, its type, its default and its doc.
namespace SingleSharp

/// What a door tells of an option.
type OptionInfo =
    {
        /// scanpy's name, such as n_top_genes.
        Name: string
        /// Its name on a command line with underscores: another than Name where that would be taken for something else there.
        CommandName: string
        /// The same where several steps are taken by one command.
        PipelineName: string
        /// What stands for its value, such as N; empty for a switch.
        Placeholder: string
        /// The words that its value is one of; none where it may be another.
        Choices: string list
        /// May it be given several times?
        IsRepeatable: bool
        /// Its type as Python writes it, such as int | None.
        Type: string
        /// Its default as Python writes it.
        Default: string
        /// What it does, in a sentence without a subject.
        Doc: string
    }

namespace SingleSharp.Core.Steps

open System
open System.Globalization
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5

/// An option of a step whose options are a record 'o.
type internal StepOption<'o> =
    {
        Info: OptionInfo
        /// Reads the values of a command line; an error is the ends of sentences that begin with the option.
        Read: string list -> 'o -> Result<'o, string list>
        /// The value as Python writes it.
        Show: 'o -> string
        /// Why the option says nothing beside the others; none where it has an effect.
        Idle: 'o -> string option
        /// What a recipe in JSON holds of it, none where it is said by leaving it out; how it is read; and what its schema is.
        ToJson: 'o -> JsonValue option
        OfJson: JsonValue -> 'o -> Result<'o, string>
        Schema: JsonValue
    }

[<RequireQualifiedAccess>]
module internal StepOption =
    let private invariant = CultureInfo.InvariantCulture

    /// A number as people write it; inf and -inf are infinite.
    let tryFloat (text: string) =
        match text, Double.TryParse(text, NumberStyles.Float, invariant) with
        | "inf", _ -> Some infinity
        | "-inf", _ -> Some -infinity
        | _, (true, number) -> Some number
        | _ -> None

    let tryPositive (text: string) =
        match Int32.TryParse(text, NumberStyles.None, invariant) with
        | true, number when number > 0 -> Some number
        | _ -> None

    let showFloat (value: float) =
        if Double.IsPositiveInfinity value then "inf"
        elif Double.IsNegativeInfinity value then "-inf"
        else value.ToString("R", invariant)

    let private showOption show value =
        match value with
        | Some value -> show value
        | None -> "None"

    let private quoted (text: string) = $"'{text}'"

    /// An option that takes one value; `read` gives the end of a sentence where it cannot be read.
    let value name placeholder kind form defaults read get set show doc : StepOption<'o> =
        { Info =
            { Name = name
              CommandName = name
              PipelineName = name
              Placeholder = placeholder
              Choices = []
              IsRepeatable = false
              Type = kind
              Default = show (get defaults)
              Doc = doc }
          Read =
            fun words options -> read (List.last words) |> Result.map (fun value -> set value options) |> Result.mapError List.singleton
          Show = get >> show
          Idle = fun _ -> None
          ToJson = get >> form.Write
          OfJson = fun json options -> JsonForm.read form json |> Result.map (fun value -> set value options)
          Schema = form.Schema }

    let private readFloat text =
        match tryFloat text with
        | Some number -> Ok number
        | None -> Error $"must be a number, not '{text}'"

    let private readPositive text =
        match tryPositive text with
        | Some number -> Ok number
        | None -> Error $"must be an integer from 1 up, not '{text}'"

    let private readCount (text: string) =
        match Int64.TryParse(text, NumberStyles.None, invariant) with
        | true, number -> Ok number
        | _ -> Error $"must be an integer from 0 up, not '{text}'"

    let private readText text =
        if text = "" then Error "must not be empty" else Ok text

    /// Can something in obsm, varm, uns, layers or a frame be called this?
    let isKey (name: string) =
        name <> "" && Links.along name = [ name ] && not (name.Contains '\000')

    /// What is wrong with such a name, whatever door it came by.
    let keyFaults option (key: string option) =
        match key with
        | Some name when not (isKey name) -> [ InvalidOption(option, $"nothing can be called \"{name}\"") ]
        | _ -> []

    /// A name in obsm, varm, uns or layers.
    let private readKey (text: string) =
        if text.Contains '/' then Error $"must not have a slash, as '{text}' has" else readText text

    let private optional read text = read text |> Result.map Some

    let float name placeholder (defaults: 'o) get set doc =
        value name placeholder "float" JsonForm.float defaults readFloat get set showFloat doc

    let floatOrNone name placeholder (defaults: 'o) get set doc =
        value
            name
            placeholder
            "float | None"
            (JsonForm.orNull JsonForm.float)
            defaults
            (optional readFloat)
            get
            set
            (showOption showFloat)
            doc

    /// An integer from 1 up.
    let positive name placeholder (defaults: 'o) get set doc =
        value name placeholder "int" JsonForm.positive defaults readPositive get set string doc

    let positiveOrNone name placeholder (defaults: 'o) get set doc =
        value
            name
            placeholder
            "int | None"
            (JsonForm.orNull JsonForm.positive)
            defaults
            (optional readPositive)
            get
            set
            (showOption string)
            doc

    /// An integer from 0 up.
    let countOrNone name placeholder (defaults: 'o) get set doc =
        value name placeholder "int | None" (JsonForm.orNull JsonForm.count) defaults (optional readCount) get set (showOption string) doc

    let textOrNone name placeholder (defaults: 'o) get set doc =
        value name placeholder "str | None" (JsonForm.orNull JsonForm.text) defaults (optional readText) get set (showOption quoted) doc

    let keyOrNone name placeholder (defaults: 'o) get set doc =
        value name placeholder "str | None" (JsonForm.orNull JsonForm.key) defaults (optional readKey) get set (showOption quoted) doc

    /// A switch: to give it is to turn the default round.
    let switch name (defaults: 'o) get set doc : StepOption<'o> =
        let show value = if value then "True" else "False"

        { value name "" "bool" JsonForm.flag defaults (fun _ -> Ok(not (get defaults))) get set show doc with
            Read = fun _ options -> Ok(set (not (get defaults)) options) }

    /// The same option, whose value is one of some words.
    let among choices (option: StepOption<'o>) =
        { option with
            Info = { option.Info with Choices = choices } }

    /// One of some words, which may have dashes for underscores.
    let choice name placeholder (defaults: 'o) (choices: (string * 'a) list) get set doc =
        let read (text: string) =
            match choices |> List.tryFind (fun (word, _) -> word = text.Replace('-', '_')) with
            | Some(_, value) -> Ok value
            | None ->
                let words = List.map fst choices
                Error $"""must be one of {String.concat ", " words}, not '{text}'{DidYouMean.hint words text |> _.TrimEnd('.')}"""

        let show value =
            choices |> List.find (fun (_, choice) -> choice = value) |> fst |> quoted

        value name placeholder "str" (JsonForm.choice choices) defaults read get set show doc |> among (List.map fst choices)

    /// NAME=P, a gene set and a percentage, any number of times.
    let percentages name (defaults: 'o) (get: 'o -> (string * float) list) set doc : StepOption<'o> =
        let read (spec: string) =
            match spec.Split('=', 2) with
            | [| set; percent |] when set <> "" ->
                match tryFloat percent with
                | Some percent -> Ok(set, percent)
                | None -> Error $"'{spec}' must look like mt=20: a gene set and a percentage"
            | _ -> Error $"'{spec}' must look like mt=20: a gene set and a percentage"

        let show limits =
            let shown =
                limits |> List.map (fun (set, percent) -> $"{quoted set}: {showFloat percent}")

            "{" + String.concat ", " shown + "}"

        let one =
            value name "LIMIT" "dict[str, float]" (JsonForm.byName JsonForm.float) defaults (fun _ -> Ok(get defaults)) get set show doc

        { one with
            Info = { one.Info with IsRepeatable = true }
            Read =
                fun words options ->
                    (words |> List.map read, Ok [])
                    ||> List.foldBack (fun next rest ->
                        match next, rest with
                        | Ok next, Ok rest -> Ok(next :: rest)
                        | Error mistake, Error mistakes -> Error(mistake :: mistakes)
                        | Error mistake, Ok _ -> Error [ mistake ]
                        | Ok _, Error mistakes -> Error mistakes)
                    |> Result.map (fun limits -> set limits options) }

    /// The same option under other names on a command line: alone, and among those of other steps.
    let named alone among (option: StepOption<'o>) =
        { option with
            Info =
                { option.Info with
                    CommandName = alone
                    PipelineName = among } }

    /// The same option with the reason why it says nothing beside the others.
    let idle reason (option: StepOption<'o>) = { option with Idle = reason }
