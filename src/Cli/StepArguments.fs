/// The options of steps on a command line: made from the list of steps, so that a new step has its options here already.
namespace SingleSharp.Cli

open System
open SingleSharp
open SingleSharp.Core

/// An option of a step as it was given: its spelling and its values.
type StepArgument =
    { Spelling: string
      Values: string list }

[<RequireQualifiedAccess>]
module StepArguments =
    let private dashed (name: string) = name.Replace('_', '-')

    /// A switch whose default is True is turned off.
    let private spelled (option: OptionInfo) name =
        if option.Placeholder = "" && option.Default = "True" then
            "--no-" + dashed name
        else
            "--" + dashed name

    /// How an option is spelled by a command that takes several steps, or by one that takes its step alone.
    let spelling isAmongOthers (option: OptionInfo) =
        spelled option (if isAmongOthers then option.PipelineName else option.CommandName)

    /// All spellings that a command takes: one that takes its step alone knows those of pipeline too.
    let accepted isAmongOthers option =
        List.distinct [ spelling isAmongOthers option; spelling true option ]

    /// What stands behind its spelling.
    let values (option: OptionInfo) =
        if option.Placeholder = "" then ""
        elif option.Placeholder.EndsWith "..." then $" <{option.Placeholder.TrimEnd '.'}>..."
        else $" <{option.Placeholder}>"

    let private all =
        lazy
            ([ for step in Pipeline.steps do
                   for option in step.Info.Options do
                       for isAmongOthers in [ false; true ] do
                           spelling isAmongOthers option, option ]
             |> List.distinctBy fst)

    /// Every option that a command line may have, as it is spelled.
    let known =
        lazy ((Argument.forms () |> List.map _.Spelling) @ (all.Value |> List.map fst))

    let tryFind spelling =
        all.Value |> List.tryFind (fun (known, _) -> known = spelling) |> Option.map snd

    /// How sentences of the core spell an option: as it is given on a command line.
    let inSentences =
        OptionSpelling(fun name value ->
            let switch = if value = "False" then "--no-" else "--"

            let known =
                Pipeline.steps |> List.tryPick (fun step -> step.Info.Options |> Seq.tryFind (fun option -> option.Name = name))

            match known, value with
            | Some option, "" -> spelling false option
            | Some option, ("True" | "False") -> switch + dashed option.CommandName
            | Some option, _ -> $"--{dashed option.CommandName} {value}"
            | None, "" -> "--" + dashed name
            | None, _ -> $"--{dashed name} {value}")

    /// Could this be a further number of an option with many, rather than the name of a file?
    let private isNumbers (word: string) =
        word = "none" || word |> Seq.forall (fun letter -> Char.IsDigit letter || letter = ',' || letter = ' ')

    let private missing spelling (option: OptionInfo) : Validated<'a> =
        Validated.mistake $"argument '{spelling}' must be followed by{values option}."

    /// What stands where a value is expected: an option is none, and neither is what looks like one. Numbers may be negative.
    let private requireValue spelling placeholder (word: string) : Validated<unit> =
        if List.contains word known.Value then
            Validated.mistake $"argument '{spelling}' must be followed by{placeholder}."
        elif word.StartsWith "--" then
            Validated.mistake $"there is no option {word}{DidYouMean.hint known.Value (word.Replace('_', '-'))}"
        else
            Ok()

    /// Takes the options of steps out of a command line; `takesValue` tells which of the others have one, which is never taken for
    /// an option.
    let rec split takesValue (words: string list) : Validated<StepArgument list * string list> =
        match words with
        | [] -> Ok([], [])
        | word :: rest ->
            match tryFind word, rest with
            | None, value :: others when takesValue word && (tryFind value).IsNone ->
                split takesValue others |> Result.map (fun (found, others) -> found, word :: value :: others)
            | None, value :: _ when takesValue word ->
                let form = Argument.forms () |> List.find (fun form -> form.Spelling = word)
                requireValue word form.Values value |> Result.bind (fun () -> split takesValue rest)
            | None, _ -> split takesValue rest |> Result.map (fun (found, others) -> found, word :: others)
            | Some option, _ ->
                match option.Placeholder, rest with
                | "", _ -> Ok([], rest)
                | _, [] -> missing word option
                | _, value :: _ when (requireValue word (values option) value).IsError ->
                    requireValue word (values option) value |> Result.map (fun () -> [], rest)
                | placeholder, first :: others when placeholder.EndsWith "..." ->
                    let more = others |> List.takeWhile isNumbers
                    Ok(first :: more, List.skip more.Length others)
                | _, value :: others -> Ok([ value ], others)
                |> Result.bind (fun (values, rest) ->
                    split takesValue rest |> Result.map (fun (found, others) -> { Spelling = word; Values = values } :: found, others))

    /// Options that may be given once only.
    let requireOnce (arguments: StepArgument list) : Validated<unit> =
        arguments
        |> List.countBy _.Spelling
        |> List.filter (fun (spelling, count) -> count > 1 && tryFind spelling |> Option.exists (fun option -> not option.IsRepeatable))
        |> function
            | [] -> Ok()
            | several -> several |> List.map (fun (spelling, _) -> $"argument '{spelling}' has been specified more than once.") |> Error

    /// One option of a step in two spellings.
    let requireOneSpelling isAmongOthers (arguments: StepArgument list) (step: Step) : Validated<unit> =
        [ for option in step.Info.Options do
              let own = accepted isAmongOthers option

              match arguments |> List.map _.Spelling |> List.distinct |> List.filter (fun spelling -> List.contains spelling own) with
              | first :: second :: _ -> $"arguments '{first}' and '{second}' are one option; give one of them."
              | _ -> () ]
        |> function
            | [] -> Ok()
            | mistakes -> Error mistakes

    /// The options of a step among those that were given, by scanpy's names.
    let ofStep isAmongOthers (arguments: StepArgument list) (step: Step) =
        [ for option in step.Info.Options do
              let own = accepted isAmongOthers option

              match arguments |> List.filter (fun argument -> List.contains argument.Spelling own) with
              | [] -> ()
              | given -> option.Name, given |> List.collect _.Values ]
