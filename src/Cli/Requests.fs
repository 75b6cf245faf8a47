/// What a command line asks for, as a value; or every mistake in it at once.
namespace SingleSharp.Cli

open Argu
open SingleSharp.Core

/// A run of some steps on a file.
type Run =
    {
        Command: string
        Input: string
        Output: Output
        /// Complete but for the gene sets below, some of which are lists yet to be read.
        Recipe: Recipe
        GeneSets: WantedSet list
    }

type Task =
    | Help of command: string option
    | Version
    | Demo of folder: string
    | Info of path: string
    | Digest of path: string
    | Run of Run

/// A task and the manner in which to do it.
type Request =
    { Task: Task
      Workers: int
      Memory: int64
      Json: bool
      Quiet: bool }

[<RequireQualifiedAccess>]
module Requests =
    let private input (words: string list) =
        match words |> List.map Values.word |> Checked.all with
        | Error mistakes -> Error mistakes
        | Ok [ file ] -> Values.name "FILE" file
        | Ok [] -> Checked.mistake "which FILE? Name an .h5ad file."
        | Ok several ->
            let list = several |> List.map (fun word -> $"'{word}'") |> String.concat " and "
            Checked.mistake $"one FILE at a time, not {list}."

    /// Words after --percent-top that cannot be meant for it are the command's own, such as its FILE.
    let private sortWords (arguments: PreprocessArguments list) =
        arguments
        |> List.collect (fun argument ->
            match argument with
            | PreprocessArguments.Percent_Top(first :: rest) ->
                let tops = rest |> List.takeWhile Values.isTop

                PreprocessArguments.Percent_Top(first :: tops) :: (rest |> List.skip tops.Length |> List.map PreprocessArguments.Input)
            | other -> [ other ])

    let private output (spoken: ParseResults<PreprocessArguments>) =
        match spoken.TryGetResult PreprocessArguments.Out, spoken.Contains PreprocessArguments.In_Place with
        | Some file, false -> Values.name "--out" file |> Result.map NewFile
        | None, true -> Ok InPlace
        | None, false -> Checked.mistake "where should the result go? Say --out FILE or --in-place."
        | Some _, true -> Checked.mistake "--out and --in-place exclude each other; say one of them."

    let private spoken = ArgumentParser.Create<PreprocessArguments>()

    /// `steps` takes from the recipe of all steps those that the command stands for.
    let private run command (steps: Recipe -> Recipe) (arguments: PreprocessArguments list) =
        let spoken = arguments |> sortWords |> spoken.ToParseResults

        check {
            let! input = spoken.GetResults PreprocessArguments.Input |> input
            and! output = output spoken
            and! recipe, geneSets = Recipes.ofOptions steps spoken

            return
                Run
                    { Command = command
                      Input = input
                      Output = output
                      GeneSets = geneSets
                      Recipe = recipe }
        }

    let private look (arguments: ParseResults<LookArguments>) =
        arguments.GetResults LookArguments.Input |> input

    let private taskOf command =
        match command with
        | Arguments.Demo arguments ->
            arguments.GetResult(DemoArguments.Out_Dir, "singlesharp-demo") |> Values.name "--out-dir" |> Result.map Demo
        | Arguments.Info arguments -> look arguments |> Result.map Info
        | Arguments.Digest arguments -> look arguments |> Result.map Digest
        | Arguments.Qc arguments ->
            arguments.GetAllResults() |> List.map _.Widened |> run "qc" (fun all -> { Recipe.nothing with Qc = all.Qc })
        | Arguments.Normalize_Total arguments ->
            arguments.GetAllResults()
            |> List.map _.Widened
            |> run "normalize_total" (fun all -> { all with Qc = None; Log1p = None })
        | Arguments.Log1p arguments ->
            arguments.GetAllResults()
            |> List.map _.Widened
            |> run "log1p" (fun all ->
                { all with
                    Qc = None
                    NormalizeTotal = None })
        | Arguments.Preprocess arguments -> arguments.GetAllResults() |> run "preprocess" id
        | general -> failwith $"{general} is not a command"

    let private task (arguments: ParseResults<Arguments>) =
        match arguments.TryGetSubCommand() with
        | Some command -> taskOf command
        | None when arguments.Contains Arguments.Version -> Ok Version
        | None -> Checked.mistake "which command? singlesharp --help lists them."

    let private ofArguments (arguments: ParseResults<Arguments>) =
        check {
            let! task = task arguments

            and! workers =
                arguments.TryGetResult Arguments.Workers |> Checked.optional Values.workers

            and! memory =
                arguments.TryGetResult Arguments.Memory |> Checked.optional Values.memory

            return
                { Task = task
                  Workers = workers |> Option.defaultValue Settings.standard.Workers
                  Memory = memory |> Option.defaultValue Settings.standard.Memory
                  Json = arguments.Contains Arguments.Json
                  Quiet = arguments.Contains Arguments.Quiet }
        }

    /// --option=value is --option value.
    let private split (word: string) =
        match word.IndexOf '=' with
        | at when at > 2 && word.StartsWith "--" -> [ word[.. at - 1]; word[at + 1 ..] ]
        | _ -> [ word ]

    /// What Argu has to say, without the help page that it adds.
    let private sentence (trouble: ArguParseException) =
        trouble.Message.Split("\n")[0] |> _.Replace("ERROR: ", "").Trim()

    let ofWords (words: string list) : Checked<Request> =
        if Help.isWanted words then
            Ok
                { Task = Help(Help.commandOf words)
                  Workers = Settings.standard.Workers
                  Memory = Settings.standard.Memory
                  Json = false
                  Quiet = false }
        else
            try
                Help.parser.ParseCommandLine(words |> List.collect split |> Array.ofList) |> ofArguments
            with :? ArguParseException as trouble ->
                match Help.commandOf words with
                | Some _ -> Checked.mistake (sentence trouble)
                | None -> Checked.mistake $"{sentence trouble} The commands are {Help.commands}."
