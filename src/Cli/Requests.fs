/// What a command line asks for, as a value; or every mistake in it at once.
namespace SingleSharp.Cli

open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Requests =
    let private report args files =
        check {
            let! path = FileArguments.file files

            and! page =
                match ParsedArgs.tryValue Argument.Out args with
                | Some page -> Values.name "--out" page
                | None -> Validated.mistake "where should the page go? Say --out FILE."

            return Report(path, page)
        }

    /// The format that is asked for, or else that of the name; stdout takes what comes one byte after another.
    let private format args target : Validated<ExportFormat> =
        let asked =
            match ParsedArgs.tryValue Argument.To args, target with
            | Some text, _ -> ExportFormat.ofText text
            | None, "-" -> Ok ExportFormat.Csv
            | None, file -> ExportFormat.ofFile file

        match asked, target with
        | Ok ExportFormat.Parquet, "-" -> Validated.mistake "--to parquet needs a file, and stdout is none; say --out FILE."
        | Ok format, _ -> Ok format
        | Error fault, _ -> Validated.mistake (Fault.sentenceFor StepArguments.inSentences fault)

    let private export args files =
        check {
            let! path, element =
                match files |> List.map Values.word |> Validated.all with
                | Error mistakes -> Error mistakes
                | Ok [ file; element ] -> Values.name "FILE" file |> Result.map (fun file -> file, element)
                | Ok [ _ ] -> Validated.mistake "which ELEMENT? Name obs, var, a column as obs/leiden, or an array as obsm/X_pca."
                | Ok [] -> Validated.mistake "which FILE and ELEMENT? Say singlesharp export FILE obs --out obs.csv."
                | Ok _ -> Validated.mistake "one FILE and one ELEMENT at a time."

            and! columns =
                args |> ParsedArgs.values Argument.Columns |> List.map (Values.names "--columns") |> Validated.all

            and! target, format =
                match ParsedArgs.tryValue Argument.Out args with
                | Some "-" when ParsedArgs.has Argument.Json args ->
                    Validated.mistake "--json has no room on stdout beside what --out - writes there; say --out FILE."
                | Some target ->
                    (if target = "-" then Ok target else Values.name "--out" target)
                    |> Result.bind (fun target -> format args target |> Result.map (fun format -> target, format))
                | None -> Validated.mistake "where should it go? Say --out FILE, or --out - for stdout."

            return Export(path, element, List.concat columns, format, target)
        }

    /// The digest stands on a page, so there has to be one.
    let private requirePage (command: Command) args : Validated<unit> =
        let has = ParsedArgs.has Argument.Digest args

        if has && Command.runs command && (ParsedArgs.tryValue Argument.Report args).IsNone then
            Validated.mistake "--digest has no effect: it is told on a page, and there is no --report; leave it out."
        else
            Ok()

    let private plan (command: Command) args files =
        check {
            let! input = FileArguments.input args files
            and! recipe = Recipes.ofArgs command args
            return Plan(command.Name, input, recipe)
        }

    let private run (command: Command) args files =
        check {
            let! input = FileArguments.input args files
            and! recipe = Recipes.ofArgs command args
            and! output = FileArguments.output args |> FileArguments.requireNewFile files

            return
                if ParsedArgs.has Argument.Dry_Run args then
                    Plan(command.Name, input, recipe)
                else
                    Run(command.Name, input, recipe, output)
        }

    let private convert args files =
        check {
            let! input = FileArguments.input args files
            and! matrix = Recipes.matrix MatrixName.X args

            and! target =
                match FileArguments.output args with
                | Ok(NewFile target) -> Ok target
                | Ok InPlace -> Validated.mistake "convert makes a new file; say --out FILE."
                | Error _ -> Validated.mistake "where should the result go? Say --out FILE."

            return Convert(input, matrix, ParsedArgs.has Argument.Sum_Duplicates args, target)
        }

    let private split args files =
        check {
            let! input = FileArguments.input args files

            and! column =
                match ParsedArgs.tryValue Argument.By args with
                | Some column -> Values.inFile "--by" column
                | None -> Validated.mistake "by which column of obs? Say --by COLUMN."

            and! folder =
                match ParsedArgs.tryValue Argument.Out_Dir args with
                | Some folder -> Values.name "--out-dir" folder
                | None -> Validated.mistake "where should the files go? Say --out-dir DIR."

            return Split(input, column, folder, not (ParsedArgs.has Argument.No_Clobber args))
        }

    let private head args files =
        check {
            let! path = files |> List.truncate 1 |> FileArguments.file

            and! others =
                files |> List.skip (min 1 files.Length) |> List.map Values.word |> Validated.all

            and! rows = args |> ParsedArgs.orElse 5 Argument.Rows Values.positive

            and! _ =
                if files.Length = 1 && not (ParsedArgs.values Argument.Columns args).IsEmpty then
                    Validated.mistake "--columns of which PART? Name one, such as obs or X, behind the file."
                else
                    Ok()

            and! columns =
                args |> ParsedArgs.values Argument.Columns |> List.map (Values.names "--columns") |> Validated.all

            return Head(path, others, rows, List.concat columns)
        }

    let private demo args files =
        check {
            let! folder =
                args |> ParsedArgs.orElse "singlesharp-demo" Argument.Out_Dir Values.name

            and! _ =
                match files |> List.map Values.word |> Validated.all with
                | Error mistakes -> Error mistakes
                | Ok [] -> Ok()
                | Ok(file :: _) -> Validated.mistake $"demo makes its own file and takes none, not '{file}'."

            return Demo folder
        }

    let private help files =
        match files with
        | [] -> Ok(Help None)
        | [ name ] -> Command.find name |> Result.map (Some >> Help)
        | _ -> Validated.mistake "help tells of one command at a time; say singlesharp help COMMAND."

    let private completion files =
        let shells = String.concat ", " CompletionWords.shells

        match files with
        | [ shell ] when List.contains shell CompletionWords.shells -> Ok(Completion shell)
        | [ "pwsh" ] -> Ok(Completion "powershell")
        | [] -> Validated.mistake $"which SHELL? Name one of {shells}."
        | shell :: _ -> Validated.mistake $"SHELL must be one of {shells}, not '{shell}'{DidYouMean.hint CompletionWords.shells shell}"

    let private alone task (name: string) files =
        match files with
        | [] -> Ok task
        | word :: _ -> Validated.mistake $"{name} is said alone, without {word}."

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

    let private taskOf (command: Command) args files =
        match command.Name with
        | "demo" -> demo args files
        | "info" -> FileArguments.input args files |> Result.map Info
        | "convert" -> convert args files
        | "split" -> split args files
        | "head" -> head args files
        | "digest" -> FileArguments.file files |> Result.map Digest
        | "verify" -> FileArguments.file files |> Result.map Verify
        | "report" -> report args files
        | "history" -> FileArguments.file files |> Result.map History
        | "export" -> export args files
        | "help" -> help files
        | "completion" -> completion files
        | "man" -> alone Man "man" files
        | "version" -> alone Version "version" files
        | _ -> run command args files

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

            and! task = if isPlan then plan command args files else taskOf command args files

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
