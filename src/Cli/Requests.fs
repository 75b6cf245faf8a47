/// What a command line asks for, as a value; or every mistake in it at once.
namespace SingleSharp.Cli

open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Requests =
    /// The digest stands on a page, so there has to be one.
    let private requirePage (command: Command) args : Validated<unit> =
        let has = ParsedArgs.has Argument.Digest args

        if has && Command.runs command && (ParsedArgs.tryValue Argument.Report args).IsNone then
            Validated.mistake "--digest has no effect: it is told on a page, and there is no --report; leave it out."
        else
            Ok()

    /// What digest, verify, history, report, export and head do with one thread.
    let private requireManner (command: Command) args : Validated<unit> =
        if
            List.contains command.Name [ "digest"; "verify"; "history"; "report"; "export"; "head" ]
            && not (ParsedArgs.among [ "--workers" ] args).IsEmpty
        then
            Validated.mistake $"--workers has no effect: {command.Name} reads with one thread; leave it out."
        else
            Ok()

    /// A mistake for each option that the command does not take.
    let private misplaced (command: Command) (general: Argument list) (ofSteps: StepArgument list) =
        let told spelling others =
            let others =
                match others with
                | [] -> "say it without a command."
                | [ one ] -> $"{one} has."
                | several -> $"{Command.enumerated several} have."

            Validated.mistake $"{command.Name} has no option {spelling}; {others}"

        [ for argument in List.distinctBy Argument.spelling general do
              told (Argument.spelling argument) (Command.thatTake (fun command -> List.contains argument.Group command.Groups))
          for argument in List.distinctBy (fun (argument: StepArgument) -> argument.Spelling) ofSteps do
              told
                  argument.Spelling
                  (Command.thatTake (fun command -> Command.acceptedSpellings command |> List.contains argument.Spelling)) ]
        |> Validated.all

    /// What a command, or the plan of one, is to do with the words and options around it.
    let private ofCommand isPlan (command: Command) files args =
        // What it does not take is told so, and nothing else is said of it.
        let general, others =
            args.General
            |> List.partition (fun argument -> argument.Group = OptionGroup.Input || List.contains argument.Group command.Groups)

        let ofSteps, otherSteps =
            args.OfSteps |> List.partition (fun argument -> Command.acceptedSpellings command |> List.contains argument.Spelling)

        let args = { General = general; OfSteps = ofSteps }

        check {
            let! _ = misplaced command others otherSteps
            and! _ = requireManner command args
            and! _ = requirePage command args
            and! _ = if command.Name = "split" then Ok() else RunFiles.requireMade args

            and! task =
                if isPlan then Tasks.plan command args files else Tasks.ofCommand command args files

            return task
        }

    let private isPlannable name =
        Command.tryFind name |> Option.exists Command.runs

    /// The name of a command behind plan, of which there is none.
    let private withoutPlan name =
        Command.find name
        |> Result.bind (fun command ->
            let planned = Command.all |> List.filter Command.runs |> List.map _.Name

            Validated.mistake
                $"plan tells what {Command.enumerated planned} would do, and {command.Name} is none of these; if {name} is a file, say ./{name}.")

    let private task (args: ParsedArgs) =
        let strange, plain =
            args |> ParsedArgs.values Argument.File |> List.partition (fun (word: string) -> word.StartsWith '-')

        let commanded isPlan files name =
            Command.find name |> Result.bind (fun command -> ofCommand isPlan command (files @ strange) args)

        match plain with
        | [] when ParsedArgs.has Argument.Version args ->
            let others =
                args.General |> List.filter (fun argument -> argument <> Argument.Version) |> List.map Argument.spelling

            match others @ (args.OfSteps |> List.map (fun argument -> argument.Spelling)) with
            | [] -> Ok Version
            | other :: _ -> Validated.mistake $"--version is said alone, without {other}."
        | [] ->
            strange
            |> List.map Values.word
            |> Validated.all
            |> Result.bind (fun _ -> Validated.mistake "which command? singlesharp --help lists them.")
        | plan :: name :: files when plan = Command.plan.Name && isPlannable name -> commanded true files name
        | plan :: name :: _ when plan = Command.plan.Name && Command.isName name -> withoutPlan name
        | plan :: files when plan = Command.plan.Name -> commanded true files "pipeline"
        | name :: files -> commanded false files name

    let private listener args : Validated<Listener> =
        match ParsedArgs.tryValue Argument.Progress args, ParsedArgs.has Argument.Quiet args with
        | None, true -> Ok Listener.Nobody
        | None, false -> Ok Listener.Person
        | Some "json", false -> Ok Listener.Program
        | Some "json", true -> Validated.mistake "--progress and --quiet exclude each other; say one of them."
        | Some other, _ -> Validated.mistake $"--progress must be json, not '{other}'."

    let private ofParsed args =
        check {
            let! task = task args
            and! _ = StepArguments.requireOnce args.OfSteps

            and! workers =
                args |> ParsedArgs.orElse Settings.standard.Workers Argument.Workers Values.positive

            and! page = args |> ParsedArgs.optional Argument.Report Values.name

            and! memory =
                args |> ParsedArgs.orElse Settings.standard.Memory Argument.Memory Values.memory

            and! listener = listener args

            and! compression =
                args |> ParsedArgs.optional Argument.Compression Values.compression

            and! scratch = args |> ParsedArgs.optional Argument.Scratch Values.name
            and! saveRecipe = args |> ParsedArgs.optional Argument.Save_Recipe RecipeFile.target
            and! log = RunFiles.log args

            return
                { Task = task
                  Page = page
                  Digest = ParsedArgs.has Argument.Digest args
                  Workers = workers
                  Memory = memory
                  Json = ParsedArgs.has Argument.Json args
                  Listener = listener
                  Recipe = ParsedArgs.tryValue Argument.Recipe args
                  SaveRecipe = if ParsedArgs.has Argument.Dry_Run args then None else saveRecipe
                  Kept = RunFiles.kept args
                  Log = log
                  Provenance = not (ParsedArgs.has Argument.No_Provenance args)
                  Compression = compression
                  Scratch = scratch }

        }

    let private plain task =
        { Task = task
          Page = None
          Digest = false
          Workers = Settings.standard.Workers
          Memory = Settings.standard.Memory
          Json = false
          Listener = Listener.Person
          Recipe = None
          SaveRecipe = None
          Kept = []
          Log = None
          Provenance = true
          Compression = None
          Scratch = None }


    /// Words behind -- are files.
    let ofWords (all: string list) : Validated<Request> =
        let words, files = Spellings.cut all

        let elsewhere =
            match words with
            | name :: others -> ScanpyFunctions.tryExplain name (others @ files)
            | [] -> None

        if Help.isWanted words then
            Ok(plain (Help(Help.commandOf words)))
        elif elsewhere.IsSome then
            // Its options are scanpy's as well.
            Validated.mistake elsewhere.Value
        else
            ParsedArgs.ofWords words files |> Result.bind ofParsed
