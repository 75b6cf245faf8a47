/// What each command is to do with the words and options behind it, or what is wrong with them.
namespace SingleSharp.Cli

open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Tasks =
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

    let plan (command: Command) args files =
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

    /// The task of a command with these options and words.
    let ofCommand (command: Command) args files =
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
        | "shard" -> ShardTasks.ofArgs command args files
        | _ -> run command args files
