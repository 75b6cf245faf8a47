/// Other spellings of a command line: short options, files behind --, and those of people who come from scanpy, with its names and
/// Python's True, False and None.
namespace SingleSharp.Cli

open System
open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Spellings =
    let private others =
        dict
            [ "-o", "--out"
              "--output", "--out"
              "-V", "--version"
              "--inplace", "--in-place" ]

    /// Options of scanpy that are none here, and what to do instead.
    let private foreign =
        dict
            [ "--n-pcs", "is an option of scanpy's neighbors; --n-comps says how many components pca computes."
              "--n-neighbors", "is an option of scanpy's neighbors, which takes the output; see scanpy.pp.neighbors."
              "--resolution", "is an option of scanpy's leiden, which takes the output; see scanpy.tl.leiden."
              "--svd-solver", "is no option here: pca computes exact components without a choice of solvers; leave it out."
              "--random-state", "is no option here: nothing is drawn at random; leave it out."
              "--chunked", "is no option here: every file is read in pieces; leave it out."
              "--chunk-size", "is no option here: --memory says how much memory buffers take."
              "--copy", "is no option here: --out FILE writes a new file, --in-place changes the input."
              "--return-info", "is no option here: everything is written to the file; leave it out."
              "--parallel", "is no option here: --workers says how many threads there are."
              "--check-values", "is no option here: values are always checked, and a warning tells of them; leave it out."
              "--expr-type", "is no option here: the columns of qc are called counts; leave it out."
              "--var-type", "is no option here: the columns of qc are called genes; leave it out."
              "--dtype", "is no option here: results have scanpy's usual types; leave it out." ]

    /// The word of a value that is scanpy's None where leaving the option out means something else.
    let private noneOf =
        dict
            [ "target_sum", "median"
              "base", "e"
              "mask_var", "none"
              "percent_top", "none" ]

    /// Options that are not of a step and are None in scanpy unless they are given.
    let private absent =
        [ "--layer"; "--gene-symbols"; "--genome"; "--feature-type"; "--index-unique" ]

    /// A word behind -- is a file, even where it looks like an option or is called like a command.
    let private asFile (word: string) =
        if word.StartsWith '-' || Command.isName word then "./" + word else word

    /// The words before -- and the files behind it.
    let cut (words: string list) =
        match List.tryFindIndex (fun word -> word = "--") words with
        | None -> words, []
        | Some at -> List.take at words, words |> List.skip (at + 1) |> List.map asFile

    /// --option=value is --option value.
    let private split (word: string) =
        match word.IndexOf '=' with
        | at when at > 2 && word.StartsWith "--" -> [ word[.. at - 1]; word[at + 1 ..] ]
        | _ -> [ word ]

    let private dashed (word: string) = word.Replace('_', '-')

    /// The usual spelling of a word that is known; other words as they are.
    let private usual (word: string) =
        match others.TryGetValue word with
        | true, usual -> usual
        | _ when List.contains (dashed word) StepArguments.known.Value -> dashed word
        | _ -> word

    let private takesValue word =
        match StepArguments.tryFind word with
        | Some option -> option.Placeholder <> ""
        | None -> Argument.forms () |> List.exists (fun form -> form.Spelling = word && form.Values <> "")

    let private truth word =
        match word with
        | "True" -> Some(Some true)
        | "False" -> Some(Some false)
        | "None" -> Some None
        | _ -> None

    /// The switches that turn a default of True off, by scanpy's name for what they turn off.
    let private positives (command: Command option) =
        [ for step in Pipeline.steps do
              for option in step.Info.Options do
                  if option.Placeholder = "" && option.Default = "True" then
                      let negative isAmongOthers =
                          StepArguments.spelling isAmongOthers option

                      "--" + dashed option.CommandName, negative false
                      "--" + dashed option.PipelineName, negative true

                      // Among others, scanpy's own name may be that of a step.
                      if command |> Option.exists (fun command -> command.Name = step.Name) then
                          "--" + dashed option.Name, negative false ]

    /// What a recipe says stays said, whatever the default.
    let private backToDefault words option value : Validated<string list> =
        if List.contains "--recipe" words then
            Validated.mistake $"{option} {value} cannot take back what --recipe says; change it in that file."
        else
            Ok []

    let private none words (command: Command option) option : Validated<string list> =
        match StepArguments.tryFind option with
        | Some info when noneOf.ContainsKey info.Name -> Ok [ option; noneOf[info.Name] ]
        | Some info when info.Name = "n_top_genes" && command |> Option.exists _.IsPipeline ->
            Validated.mistake
                $"pipeline chooses 2000 genes unless a limit is given; give one, such as --min-disp 0.5, instead of {option} None."
        | Some info when info.Type.EndsWith "| None" -> backToDefault words option "None"
        | None when List.contains option absent -> backToDefault words option "None"
        | _ -> Ok [ option; "None" ]

    let private columns words (value: string) : Validated<string list> =
        if value = "None" then
            backToDefault words "--qc_vars" value
        else
            value.Split(',', StringSplitOptions.TrimEntries ||| StringSplitOptions.RemoveEmptyEntries)
            |> List.ofArray
            |> List.collect (fun column -> [ "--gene-set"; $"{column}=column:{column}" ])
            |> Ok

    let private switch all word rest =
        match rest with
        | value :: rest when (truth value).IsSome ->
            (if truth value = Some(Some true) then Ok [ word ] else backToDefault all word value), rest
        | _ -> Ok [ word ], rest

    /// The words that the first one stands for, and what is behind it.
    let private next all (command: Command option) positives word rest : Validated<string list> * string list =
        match dashed word, rest with
        | name, _ when foreign.ContainsKey name -> Validated.mistake $"{word} {foreign[name]}", rest
        | "--log1p", _ when not (List.exists (fun (positive, _) -> positive = word) positives) ->
            Validated.mistake
                $"{word} is an option of qc, called --no-log1p-columns beside other steps; --skip log1p leaves the step log1p out.",
            rest
        | "--qc-vars", [] -> Validated.mistake $"argument '{word}' must be followed by <COLUMNS>.", []
        | "--qc-vars", value :: rest -> columns all value, rest
        | "--use-highly-variable", "None" :: rest -> backToDefault all word "None", rest
        | "--use-highly-variable", "False" :: rest -> Ok [ "--mask-var"; "none" ], rest
        | "--use-highly-variable", "True" :: rest -> Ok [ "--mask-var"; "highly_variable" ], rest
        | "--use-highly-variable", rest -> Ok [ "--mask-var"; "highly_variable" ], rest
        | _ ->
            let word = usual word

            match List.tryFind (fun (positive, _) -> positive = dashed word) positives, rest with
            | _, "None" :: rest when takesValue word -> none all command word, rest
            | _, value :: rest when takesValue word && not (List.contains (usual value) StepArguments.known.Value) ->
                Ok [ word; value ], rest
            | _ when List.contains word StepArguments.known.Value && not (takesValue word) -> switch all word rest
            | Some(_, negative), "False" :: rest -> Ok [ negative ], rest
            | Some(positive, _), ("True" | "None" as value) :: rest -> backToDefault all positive value, rest
            | Some(positive, _), rest -> backToDefault all positive "True", rest
            | _ -> Ok [ word ], rest

    /// The command whose options they are: behind plan, the one that is planned.
    let private commandOf (words: string list) =
        match words |> List.choose Command.tryFind with
        | first :: second :: _ when first.Name = Command.plan.Name -> Some second
        | first :: _ when first.Name = Command.plan.Name -> Command.tryFind "pipeline"
        | first :: _ -> Some first
        | [] -> None

    /// The words in their usual spelling, or the mistakes in them.
    let translate (words: string list) : Validated<string list> =
        let words = words |> List.collect split
        let command = commandOf words
        let positives = positives command

        words
        |> List.unfold (function
            | [] -> None
            | word :: rest -> Some(next words command positives word rest))
        |> Validated.all
        |> Result.map List.concat
