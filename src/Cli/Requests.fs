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
    {
        Task: Task
        Workers: int
        Memory: int64
        Json: bool
        Quiet: bool
    }

[<RequireQualifiedAccess>]
module Requests =
    /// Whatever begins with a dash and is no option of the command lands where a file is expected.
    let private notAnOption (word: string) =
        if word.StartsWith '-' then
            Checked.mistake $"there is no option {word} here; if that is a file, write ./{word}."
        else
            Ok word

    let private named option word =
        if word = "" then Checked.mistake $"{option} must not be empty." else notAnOption word

    let private input (words: string list) =
        match words |> List.map notAnOption |> Checked.all with
        | Error mistakes -> Error mistakes
        | Ok [ file ] -> named "FILE" file
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
        | Some file, false -> named "--out" file |> Result.map NewFile
        | None, true -> Ok InPlace
        | None, false -> Checked.mistake "where should the result go? Say --out FILE or --in-place."
        | Some _, true -> Checked.mistake "--out and --in-place exclude each other; say one of them."

    let private geneSets mtPrefix specs =
        let distinct (sets: WantedSet list) =
            match sets |> List.countBy _.Name |> List.tryFind (fun (_, count) -> count > 1) with
            | Some(name, _) -> Checked.mistake $"--gene-set: two sets are called {name}."
            | None when Option.isSome mtPrefix && sets |> List.exists (fun set -> set.Name = "mt") ->
                Checked.mistake "--mt-prefix and --gene-set mt=... both make the set mt; say one of them."
            | None -> Ok sets

        specs |> List.map Values.geneSet |> Checked.all |> Result.bind distinct

    let private qc (spoken: ParseResults<PreprocessArguments>) : Checked<QcRecipe * WantedSet list> =
        let mtPrefix = spoken.TryGetResult PreprocessArguments.Mt_Prefix

        check {
            let! geneSets = geneSets mtPrefix (spoken.GetResults PreprocessArguments.Gene_Set)

            and! percentTop =
                match spoken.GetResults PreprocessArguments.Percent_Top with
                | [] -> Ok Recipe.qc.PercentTop
                | words -> Values.percentTop (List.concat words)

            return
                {
                    Mitochondrial = mtPrefix |> Option.map Values.mitochondrial |> Option.defaultValue Recipe.qc.Mitochondrial
                    GeneSets = []
                    PercentTop = percentTop
                    Log1p = not (spoken.Contains PreprocessArguments.No_Log1p_Columns)
                },
                geneSets
        }

    let private normalizeTotal (spoken: ParseResults<PreprocessArguments>) : Checked<NormalizeRecipe> =
        let excludes = spoken.Contains PreprocessArguments.Exclude_Highly_Expressed

        let maxFraction text =
            if excludes then
                Values.number "--max-fraction" text
            else
                Checked.mistake "--max-fraction goes with --exclude-highly-expressed."

        check {
            let! targetSum =
                Values.targetSum (spoken.TryGetResult PreprocessArguments.Target_Sum) (spoken.TryGetResult PreprocessArguments.Median)

            and! maxFraction =
                spoken.TryGetResult PreprocessArguments.Max_Fraction |> Checked.optional maxFraction

            and! keyAdded =
                spoken.TryGetResult PreprocessArguments.Key_Added |> Checked.optional (named "--key-added")

            return
                {
                    TargetSum = targetSum
                    ExcludeHighlyExpressed = excludes
                    MaxFraction = maxFraction |> Option.defaultValue Recipe.normalizeTotal.MaxFraction
                    KeyAdded = keyAdded
                }
        }

    let private log1p (spoken: ParseResults<PreprocessArguments>) : Checked<Log1pRecipe> =
        check {
            let! basis =
                spoken.TryGetResult PreprocessArguments.Base |> Checked.optional Values.basis

            return
                {
                    Base = basis |> Option.defaultValue Recipe.log1p.Base
                }
        }

    /// What the core refuses whatever the data is a mistake of the command line.
    let private accepted run =
        try
            Recipe.check run.Recipe
            Ok(Run run)
        with FaultException fault ->
            Checked.mistake (Fault.sentence fault)

    let private spoken = ArgumentParser.Create<PreprocessArguments>()

    /// `steps` takes from the recipe of all steps those that the command stands for.
    let private run command (steps: Recipe -> Recipe) (arguments: PreprocessArguments list) =
        let spoken = arguments |> sortWords |> spoken.ToParseResults

        check {
            let! input = spoken.GetResults PreprocessArguments.Input |> input
            and! output = output spoken
            and! qc, geneSets = qc spoken
            and! normalizeTotal = normalizeTotal spoken
            and! log1p = log1p spoken

            return
                {
                    Command = command
                    Input = input
                    Output = output
                    GeneSets = geneSets
                    Recipe =
                        steps
                            {
                                Qc = Some qc
                                NormalizeTotal = Some normalizeTotal
                                Log1p = Some log1p
                                AllowInvalid = spoken.Contains PreprocessArguments.Allow_Invalid
                            }
                }
        }
        |> Result.bind accepted

    let private look (arguments: ParseResults<LookArguments>) =
        arguments.GetResults LookArguments.Input |> input

    let private taskOf command =
        match command with
        | Arguments.Demo arguments -> arguments.GetResult(DemoArguments.Out_Dir, "singlesharp-demo") |> named "--out-dir" |> Result.map Demo
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
                    NormalizeTotal = None
                })
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
                {
                    Task = task
                    Workers = workers |> Option.defaultValue Settings.standard.Workers
                    Memory = memory |> Option.defaultValue Settings.standard.Memory
                    Json = arguments.Contains Arguments.Json
                    Quiet = arguments.Contains Arguments.Quiet
                }
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
                {
                    Task = Help(Help.commandOf words)
                    Workers = Settings.standard.Workers
                    Memory = Settings.standard.Memory
                    Json = false
                    Quiet = false
                }
        else
            try
                Help.parser.ParseCommandLine(words |> List.collect split |> Array.ofList) |> ofArguments
            with :? ArguParseException as trouble ->
                Checked.mistake (sentence trouble)
