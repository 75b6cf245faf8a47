/// What shard is to do with the words and options behind it.
namespace SingleSharp.Cli

open System
open System.Globalization
open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module ShardTasks =
    let private actions = [ "plan"; "run"; "merge"; "status"; "script" ]

    /// In which engines tell a task its number.
    let private taskVariables =
        [ "SLURM_ARRAY_TASK_ID"; "AWS_BATCH_JOB_ARRAY_INDEX"; "JOB_COMPLETION_INDEX" ]

    let private number what (text: string) : Validated<int> =
        match Int32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, number -> Ok number
        | _ -> Validated.mistake $"{what} must be an integer from 0 up, not '{text}'."

    /// The number of the task, as it was said or as the engine tells it.
    let private task words =
        match words with
        | [ text ] -> number "TASK" text
        | _ ->
            taskVariables
            |> List.tryPick (fun variable ->
                match Environment.GetEnvironmentVariable variable with
                | null
                | "" -> None
                | text -> Some(number variable text))
            |> Option.defaultWith (fun () ->
                let names = Command.enumerated taskVariables
                Validated.mistake $"which TASK of the stage? Say its number, from 0; none of {names} tells it.")

    let private count args =
        match ParsedArgs.tryValue Argument.Shards args, ParsedArgs.tryValue Argument.Cells_Per_Shard args with
        | Some shards, None -> Values.positive "--shards" shards |> Result.map ShardCount.Shards
        | None, Some cells -> Values.positive "--cells-per-shard" cells |> Result.map (int64 >> CellsPerShard)
        | None, None -> Validated.mistake "into how many shards? Say --shards N or --cells-per-shard N."
        | Some _, Some _ -> Validated.mistake "--shards and --cells-per-shard exclude each other; say one of them."

    let private plan (command: Command) args files =
        check {
            let! input = FileArguments.input args files
            and! recipe = Recipes.ofArgs command args
            and! shards = count args

            and! output =
                match ParsedArgs.tryValue Argument.Out args with
                | Some file -> Values.name "--out" file
                | None -> Validated.mistake "where should the result go? Say --out FILE."

            return PlanShards(input, recipe, shards, ParsedArgs.has Argument.Per_Shard args, output)
        }

    /// The options that one of the actions takes beside general ones.
    let private taken action =
        match action with
        | "run"
        | "merge" -> [ "--parts"; "--wait"; "--scratch" ]
        | "status" -> [ "--parts" ]
        | _ -> [ "--engine" ]

    /// The plan has all that leads to a result, so that nothing of it is said again.
    let private requireTaken action args : Validated<unit> =
        let general =
            args.General
            |> List.filter (fun argument -> not (List.contains argument.Group [ OptionGroup.Input; OptionGroup.General ]))
            |> List.map Argument.spelling

        match List.except (taken action) (general @ (args.OfSteps |> List.map _.Spelling)) with
        | [] -> Ok()
        | others -> others |> List.distinct |> List.map (fun option -> $"shard {action} has no option {option}.") |> Error

    let private onPlan action args words : Validated<ShardTask> =
        match action, words with
        | _, [] -> Validated.mistake $"which PLAN? Say singlesharp shard {action} plan.json."
        | "run", plan :: stage :: rest when rest.Length <= 1 -> task rest |> Result.map (fun task -> RunShard(plan, stage, task))
        | "merge", [ plan; stage ] -> Ok(MergeShards(plan, stage))
        | ("run" | "merge"), [ plan ] -> Validated.mistake $"which STAGE? singlesharp shard status {plan} lists them."
        | "status", [ plan ] -> Ok(ShardStatus plan)
        | "script", [ plan ] ->
            match ParsedArgs.tryValue Argument.Engine args with
            | Some engine when List.contains engine ShardScripts.engines -> Ok(ShardScript(plan, engine))
            | engine ->
                let known = String.concat ", " ShardScripts.engines

                let said =
                    engine |> Option.map (fun name -> $", not '{name}'") |> Option.defaultValue ""

                Validated.mistake $"--engine must be one of {known}{said}."
        | _ -> Validated.mistake $"shard {action} takes no word '{List.last words}'."

    let ofArgs (command: Command) args (files: string list) : Validated<Task> =
        let inFolder parse =
            check {
                let! task = parse
                and! memory = args |> ParsedArgs.optional Argument.Memory Values.memory
                and! parts = args |> ParsedArgs.optional Argument.Parts Values.name

                and! wait =
                    match ParsedArgs.tryValue Argument.Wait args with
                    | Some seconds -> number "--wait" seconds
                    | None -> Ok 60

                return Shard(task, memory, parts, wait)
            }

        match files with
        | "plan" :: inputs ->
            match ParsedArgs.among [ "--parts"; "--engine"; "--wait" ] args with
            | [] -> plan command args inputs |> inFolder
            | others -> others |> List.map (fun option -> $"shard plan has no option {option}.") |> Error
        | action :: words when List.contains action actions ->
            check {
                let! _ = requireTaken action args
                and! words = words |> List.map Values.word |> Validated.all
                return words
            }
            |> Result.bind (onPlan action args)
            |> inFolder
        | word :: _ -> Validated.mistake $"shard takes {Command.enumerated actions}, not '{word}'{DidYouMean.hint actions word}"
        | [] -> Validated.mistake $"shard what? Say one of {Command.enumerated actions}."
