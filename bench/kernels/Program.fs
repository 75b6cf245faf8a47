/// Times the kernels alone: bench/kernels/run [--results FILE] [options of BenchmarkDotNet, such as --filter *Codecs*].
module internal SingleSharp.Kernels.Program

open System
open System.IO
open System.Reflection
open BenchmarkDotNet.Columns
open BenchmarkDotNet.Configs
open BenchmarkDotNet.Exporters
open BenchmarkDotNet.Jobs
open BenchmarkDotNet.Loggers
open BenchmarkDotNet.Order
open BenchmarkDotNet.Running
open BenchmarkDotNet.Toolchains.InProcess.Emit
open Perfolizer.Horology
open SingleSharp.Core

/// Short, and in this process: a process for each kernel would have to be built, with packages from a feed.
let private job =
    Job.Default
        .WithToolchain(InProcessEmitToolchain.Instance)
        .WithWarmupCount(4)
        .WithIterationCount(7)
        .WithIterationTime(TimeInterval.FromMilliseconds 120.0)

let private config folder =
    ManualConfig
        .CreateEmpty()
        .AddJob(job)
        .AddLogger(ConsoleLogger.Default)
        .AddColumn(TargetMethodColumn.Type, Work.kernel, Work.parameters)
        .AddColumn(StatisticColumn.Mean, StatisticColumn.StdDev)
        .AddColumn(Work.columns)
        .AddExporter(MarkdownExporter.GitHub)
        .WithOrderer(DefaultOrderer(SummaryOrderPolicy.Declared, MethodOrderPolicy.Declared))
        .WithArtifactsPath(folder)
        .WithOptions(ConfigOptions.JoinSummary)

/// Takes the file of results out of the arguments.
let rec private resultsOf arguments =
    match arguments with
    | "--results" :: file :: rest -> Some file, rest
    | first :: rest ->
        let file, others = resultsOf rest
        file, first :: others
    | [] -> None, []

[<EntryPoint>]
let main arguments =
    let results, options = resultsOf (List.ofArray arguments)

    let options =
        if options |> List.contains "--filter" then options else "--filter" :: "*" :: options

    let folder = Path.Combine(Path.GetTempPath(), "singlesharp-kernels")

    let summaries =
        BenchmarkSwitcher.FromAssembly(typeof<Memory>.Assembly).Run(Array.ofList options, config folder)

    match results with
    | Some file ->
        let version =
            typeof<RowBatch>.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>().InformationalVersion

        use logger = new StreamLogger(Path.GetFullPath file)
        logger.WriteLine "# Kernels alone\n"
        logger.WriteLine $"{DateTime.Now:``yyyy-MM-dd``}, SingleSharp {version}. What the columns mean: docs/performance.md.\n"
        logger.WriteLine "    bench/kernels/run\n"

        for summary in summaries do
            MarkdownExporter.GitHub.ExportToLog(summary, logger)
    | None -> ()

    if summaries |> Seq.forall (fun summary -> summary.Reports.Length > 0 && summary.Reports |> Seq.forall _.Success) then
        0
    else
        1
