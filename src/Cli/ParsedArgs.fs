/// A command line, option by option.
namespace SingleSharp.Cli

open Argu
open Microsoft.FSharp.Reflection

/// The options as they came.
type ParsedArgs =
    { General: Argument list
      OfSteps: StepArgument list }

[<RequireQualifiedAccess>]
module ParsedArgs =
    let private fields (argument: Argument) =
        FSharpValue.GetUnionFields(argument, typeof<Argument>)

    /// All values of an option.
    let values (option: string -> Argument) args =
        let wanted = fst (fields (option ""))

        args.General
        |> List.choose (fun argument ->
            match fields argument with
            | case, [| :? string as value |] when case.Tag = wanted.Tag -> Some value
            | _ -> None)

    let has argument args = List.contains argument args.General

    let tryValue option args = values option args |> List.tryHead

    /// The value of an option, if it is there, checked under the option's name.
    let optional option (check: string -> string -> Validated<'a>) args : Validated<'a option> =
        tryValue option args |> Validated.optional (check (Argument.spelling (option "")))

    /// The value of an option, checked under the option's name, or else the default.
    let orElse usual option (check: string -> string -> Validated<'a>) args : Validated<'a> =
        optional option check args |> Result.map (Option.defaultValue usual)

    /// Those of some options that are given.
    let among (options: string list) args =
        args.General |> List.map Argument.spelling |> List.filter (fun option -> List.contains option options)

    let private takesValue word =
        Argument.forms () |> List.exists (fun form -> form.Spelling = word && form.Values <> "")

    /// What Argu has to say, without the help page that it adds.
    let private sentence (trouble: ArguParseException) =
        trouble.Message.Split("\n")[0] |> _.Replace("ERROR: ", "").Trim()

    let private parsed (words: string list) : Validated<Argument list> =
        try
            Ok(Argument.parse words)
        with :? ArguParseException as trouble ->
            Validated.mistake (sentence trouble)

    /// The options in some words, and files that need no look.
    let ofWords (words: string list) (files: string list) : Validated<ParsedArgs> =
        Spellings.translate words
        |> Result.bind (StepArguments.split takesValue)
        |> Result.bind (fun (ofSteps, others) ->
            parsed others
            |> Result.map (fun general ->
                { General = general @ List.map Argument.File files
                  OfSteps = ofSteps }))
