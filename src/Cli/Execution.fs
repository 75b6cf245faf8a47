/// Does what a request asks for and prints the result.
namespace SingleSharp.Cli

open System
open System.Diagnostics
open System.IO
open System.Threading
open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Execution =
    let private say = Stopped.say

    let private orStop result = Stopped.orStop result

    /// Where scratch files go unless an option says so; it matters to those who write some.
    let private usualScratch (request: Request) () =
        match request.Task, Environment.GetEnvironmentVariable "SINGLESHARP_SCRATCH" with
        | (Info _ | Plan _ | Convert _ | Run _ | Split _ | Shard _), folder when not (String.IsNullOrEmpty folder) ->
            if not (Directory.Exists folder) then
                let why = $"there is no folder {folder}; make it first, or choose another"
                raise (Stopped(InvalidOption("the environment variable SINGLESHARP_SCRATCH", why)))

            Some folder
        | _ -> None

    let private settings (request: Request) cancel : Settings =
        { Settings.standard with
            Workers = request.Workers
            Memory = request.Memory
            Provenance = request.Provenance
            Compression = request.Compression
            Scratch = request.Scratch |> Option.orElseWith (usualScratch request)
            Cancel = cancel
            // Programs know options by scanpy's names.
            Spelling = if request.Listener = Listener.Program then OptionText.plain else StepArguments.inSentences }

    /// Nothing that is there is replaced where --no-clobber says so.
    let private requireNew (request: Request) =
        for file in request.Kept do
            if File.Exists file || Directory.Exists file || not (isNull (FileInfo(file).LinkTarget)) then
                raise (
                    Stopped(
                        CannotWrite(
                            file,
                            "there is such a file already, and ⟨no_clobber⟩ keeps it; choose another name, or leave ⟨no_clobber⟩ out to replace it"
                        )
                    )
                )

    let private save request recipe () =
        request.SaveRecipe |> Option.iter (fun file -> Recipe.save file recipe |> orStop)

    /// The plan that a page tells, of the input as it is before the run.
    let private planned (request: Request) settings (input: Input) recipe =
        request.Page |> Option.map (fun _ -> Pipeline.plan recipe settings input |> orStop)

    let private run (log: RunLog) (request: Request) (settings: Settings) command (input: Input) recipe output =
        Apart.require request input recipe output |> orStop
        let plan = planned request settings input recipe
        let stages = Stages()
        let clock = Stopwatch.StartNew()

        let report =
            log.During request.Listener (fun progress warn ->
                Pipeline.run
                    recipe
                    { settings with
                        Progress =
                            fun step ->
                                stages.Tell step
                                progress step
                        Warn = warn }
                    input
                    output
                |> orStop)

        let seconds = clock.Elapsed.TotalSeconds

        log.Tell
            $"result: {report.Output}, with {report.CellsKept} cells and {report.GenesKept} genes, after {report.Reads} reads of {report.Matrix}"

        let draw () =
            match plan, request.Page with
            | Some plan, Some page ->
                Pages.ofRun request.Digest settings command input recipe plan (stages.End()) report page |> orStop |> ignore
            | _ -> ()

        let tell () =
            if request.Json then
                Json.ofReport command (output = InPlace) request.Page seconds report
            else
                let table = Summary.ofReport seconds report

                { table with
                    Lines = table.Lines @ [ for page in Option.toList request.Page -> "report", page ] }
                |> Table.print

        Unfinished.finish report.Output [ request.SaveRecipe, save request recipe; request.Page, draw; None, tell ]

    let private plan log request (settings: Settings) command (input: Input) recipe =
        let shown = String.concat ", " input.Paths
        Apart.require request input recipe InPlace |> orStop

        let plan =
            Pipeline.plan
                recipe
                { settings with
                    Warn = Stopped.warn log request }
                input
            |> orStop

        save request recipe ()

        if request.Json then
            Json.ofPlan command shown plan
        else
            Summary.ofPlan $"What singlesharp {command} would do with {shown}" plan |> Table.print

    let private convert (log: RunLog) request (settings: Settings) input matrix sumDuplicates target =
        let clock = Stopwatch.StartNew()

        let conversion =
            log.During request.Listener (fun progress warn ->
                Pipeline.convert
                    matrix
                    sumDuplicates
                    { settings with
                        Progress = progress
                        Warn = warn }
                    input
                    target
                |> orStop)

        log.Tell $"result: {conversion.Output}, with {conversion.Cells} cells and {conversion.Genes} genes"

        let tell () =
            if request.Json then
                Json.ofConversion clock.Elapsed.TotalSeconds conversion
            else
                Summary.ofConversion clock.Elapsed.TotalSeconds conversion |> Table.print

        Unfinished.finish conversion.Output [ None, tell ]

    let private split (log: RunLog) request (settings: Settings) input column folder replaces =
        let clock = Stopwatch.StartNew()

        let split =
            log.During request.Listener (fun progress warn ->
                Pipeline.split
                    column
                    replaces
                    { settings with
                        Progress = progress
                        Warn = warn }
                    input
                    folder
                |> orStop)

        log.Tell $"result: {split.Manifest}, with {split.Files.Count} files"

        let tell () =
            if request.Json then
                Json.ofSplit clock.Elapsed.TotalSeconds split
            else
                Summary.ofSplit clock.Elapsed.TotalSeconds split |> Table.print

        Unfinished.finish split.Manifest [ None, tell ]

    let private report (log: RunLog) (request: Request) settings path page =
        let page = Pages.ofFile request.Digest settings path page |> orStop
        log.Tell $"result: {page.Output}"

        let tell () =
            if request.Json then Json.ofPage path page else Summary.ofPage page |> Table.print

        Unfinished.finish page.Output [ None, tell ]

    let private export (log: RunLog) (request: Request) (settings: Settings) path element columns format target =
        if target = "-" then
            use stdout = Console.OpenStandardOutput()

            let exported =
                Pipeline.exportTo element columns format settings path stdout |> orStop

            log.Tell $"result: {exported.Rows} rows on stdout"
        else
            let exported =
                log.During request.Listener (fun progress _ ->
                    let settings = { settings with Progress = progress }

                    if format = ExportFormat.Parquet then
                        ParquetExport.write element columns settings path target
                    else
                        Pipeline.export element columns (Some format) settings path target
                    |> orStop)

            log.Tell $"result: {exported.Output}, with {exported.Rows} rows"

            let tell () =
                if request.Json then Json.ofExported exported else Summary.ofExported exported |> Table.print

            Unfinished.finish exported.Output [ None, tell ]

    /// A path that a shell takes as one word.
    let private quoted (path: string) =
        if path |> Seq.forall (fun c -> Char.IsLetterOrDigit c || "/._-+".Contains c) then
            path
        else
            "'" + path.Replace("'", "'\\''") + "'"

    let private demo (log: RunLog) request (settings: Settings) folder =
        let counts = Path.Combine(folder, "pbmc_like.h5ad")
        let result = Path.Combine(folder, "pbmc_like_preprocessed.h5ad")

        if request.Listener = Listener.Person then
            eprintfn "making synthetic blood cells: %s" (Escaped.line counts)

        Pipeline.demo settings counts |> orStop

        let preprocess () =
            run log request settings "demo" (Input.file counts) Recipe.standard (NewFile result)

        Unfinished.finish counts [ Some result, preprocess ]

        if not request.Json then
            printfn ""
            say $"Raw counts:   {counts}"
            say $"Preprocessed: {result}"
            printfn ""
            printfn "Try next:"
            say $"  singlesharp info {quoted counts}"
            say $"""  singlesharp pipeline {quoted counts} --out {quoted (Path.Combine(folder, "pbmc_like_pca.h5ad"))}"""
            say $"  singlesharp digest {quoted result}"
            say $"  python -c \"import anndata; print(anndata.read_h5ad(r'{result}').obs.describe())\""

    let private succeed () = 0

    /// Returns the exit code. Throws Stopped for expected trouble and OperationCanceledException when cancelled.
    let perform (log: RunLog) (cancel: CancellationToken) (request: Request) =
        let settings = settings request cancel
        requireNew request

        match request.Task with
        | Help command -> printf "%s" (Help.pageWithin (Terminal.pageWidth Help.usualWidth) command) |> succeed
        | Completion shell -> printf "%s" (Completion.script shell) |> succeed
        | Man -> printf "%s" (Manual.man ()) |> succeed
        | Version -> printfn "singlesharp %s" Pipeline.version |> succeed
        | Demo folder -> demo log request settings folder |> succeed
        | Info input -> Looks.info log request settings input |> succeed
        | Convert(input, matrix, sumDuplicates, target) -> convert log request settings input matrix sumDuplicates target |> succeed
        | Split(input, column, folder, replaces) -> split log request settings input column folder replaces |> succeed
        | Head(path, parts, rows, columns) -> Looks.head request settings path parts rows columns |> succeed
        | Digest path -> Looks.digest request settings path |> succeed
        | Report(path, page) -> report log request settings path page |> succeed
        | History path -> Looks.history request settings path |> succeed
        | Export(path, element, columns, format, target) -> export log request settings path element columns format target |> succeed
        | Verify path -> if Looks.verify request settings path then 0 else 1
        | Shard(task, memory, parts, wait) -> ShardCommand.perform log request settings memory parts wait task |> succeed
        | Plan(command, input, recipe) -> plan log request settings command input recipe |> succeed
        | Run(command, input, recipe, output) -> run log request settings command input recipe output |> succeed
