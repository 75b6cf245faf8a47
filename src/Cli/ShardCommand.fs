/// Plans runs over shards, takes tasks and merges, and tells how far they are.
namespace SingleSharp.Cli

open System
open System.Diagnostics
open System.IO
open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module ShardCommand =
    let private partsOf (plan: string) parts wait : ShardParts =
        let beside =
            if plan.EndsWith(".json", StringComparison.OrdinalIgnoreCase) then
                plan[.. plan.Length - 6]
            else
                plan

        { Folder = parts |> Option.defaultValue $"{beside}.parts"
          Patience = TimeSpan.FromSeconds(float wait) }

    let private load path = Shard.load path |> Stopped.orStop

    /// Engines give a task the memory that the plan asks for, so that it takes as much unless told otherwise.
    let private within memory (settings: Settings) (sharded: ShardedRun) =
        let planned =
            sharded.Plan.Stages |> Seq.map (fun stage -> max stage.Memory stage.MergeMemory) |> Seq.fold max (256L <<< 20)

        { settings with
            Memory = memory |> Option.defaultValue planned }

    let private plan log (request: Request) (settings: Settings) input recipe shards withFiles output =
        let warn = Stopped.warn log request

        let sharded =
            (if withFiles then Shard.planFiles else Shard.plan) shards recipe settings input output |> Stopped.orStop

        sharded.Plan.Warnings |> Seq.iter warn
        request.SaveRecipe |> Option.iter (fun file -> Recipe.save file recipe |> Stopped.orStop)
        printf "%s" sharded.Json

    let private during (log: RunLog) (request: Request) (settings: Settings) (work: Settings -> Result<'r, Fault>) =
        log.During request.Listener (fun progress warn ->
            work
                { settings with
                    Progress = progress
                    Warn = warn }
            |> Stopped.orStop)

    let private tell (log: RunLog) (request: Request) (sentence: string) json =
        log.Tell sentence
        if request.Json then json () else Stopped.say sentence

    let private run log request settings memory parts path stage task =
        let sharded = load path
        let settings = within memory settings sharded

        let isNew =
            during log request settings (fun settings -> Shard.run stage task parts settings sharded)

        let done' = if isNew then "done" else "was done before"
        tell log request $"task {task} of {stage}: {done'}" (fun () -> ShardOutput.task stage (Some task) isNew)

    let private merge (log: RunLog) request settings memory parts path stage =
        let sharded = load path
        let settings = within memory settings sharded
        let clock = Stopwatch.StartNew()

        match during log request settings (fun settings -> Shard.merge stage parts settings sharded) with
        | None -> tell log request $"{stage}: merged" (fun () -> ShardOutput.task stage None true)
        | Some report ->
            let seconds = clock.Elapsed.TotalSeconds
            log.Tell $"result: {report.Output}, with {report.CellsKept} cells and {report.GenesKept} genes"

            let tell () =
                if request.Json then
                    Json.ofReport "shard" false None seconds report
                else
                    Summary.ofReport seconds report |> Table.print

            Unfinished.finish report.Output [ None, tell ]

    let private status (request: Request) parts path =
        let sharded = load path
        let stages = Shard.status parts sharded |> Stopped.orStop

        ShardOutput.status request.Json sharded.Plan parts.Folder stages

    let perform log (request: Request) settings memory parts wait task =
        match task with
        | PlanShards(input, recipe, shards, withFiles, output) -> plan log request settings input recipe shards withFiles output
        | RunShard(path, stage, task) -> run log request settings memory (partsOf path parts wait) path stage task
        | MergeShards(path, stage) -> merge log request settings memory (partsOf path parts wait) path stage
        | ShardStatus path -> status request (partsOf path parts wait) path
        | ShardScript(path, engine) -> printf "%s" (ShardScripts.text engine (load path).Plan path)
