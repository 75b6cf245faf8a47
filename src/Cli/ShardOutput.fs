/// What shard prints of tasks, merges and stages: tables for people, JSON for programs.
namespace SingleSharp.Cli

open System
open SingleSharp
open SingleSharp.Core
open SingleSharp.Cli.JsonFields

[<RequireQualifiedAccess>]
module ShardOutput =
    /// What became of a task, or of a merge without one.
    let task (stage: string) task isNew =
        print (fun json ->
            json.WriteString("command", "shard")
            text json "stage" stage

            match task with
            | Some(task: int) -> json.WriteNumber("task", task)
            | None -> ()

            json.WriteBoolean("now", isNew))

    let private json (plan: ShardPlan) (parts: string) (stages: ShardProgress list) =
        print (fun json ->
            json.WriteString("command", "shard")
            text json "id" plan.Id
            text json "out" plan.Out
            text json "parts" parts
            json.WriteStartArray "stages"

            for stage in stages do
                json.WriteStartObject()
                text json "stage" stage.Stage
                json.WriteNumber("tasks", stage.Tasks)
                json.WriteNumber("done", stage.Finished)
                json.WriteBoolean("merged", stage.IsMerged)
                json.WriteStartArray "missing"

                for missing in stage.Missing do
                    json.WriteStartObject()
                    json.WriteNumber("task", missing.Key)
                    text json "why" missing.Value
                    json.WriteEndObject()

                json.WriteEndArray()
                json.WriteEndObject()

            json.WriteEndArray())

    /// Tasks of a stage that are named at most.
    let private mostTasks = 5

    let private table (plan: ShardPlan) (parts: string) (stages: ShardProgress list) =
        let missing (stage: ShardProgress) =
            let named =
                [ for task in Seq.truncate mostTasks stage.Missing -> $"{task.Key} {task.Value}" ] |> String.concat ", "

            let more =
                if stage.Missing.Count > mostTasks then $" and {stage.Missing.Count - mostTasks} more" else ""

            if stage.Missing.Count = 0 then "" else $"; {named}{more}"

        { Title = $"{plan.Out}, by {plan.Shards} shards in {parts}"
          Lines =
            [ for stage in stages do
                  let merged =
                      if stage.IsMerged then "merged" else $"{stage.Finished} of {stage.Tasks} tasks done{missing stage}"

                  stage.Stage, merged ] }

    /// How far each stage is.
    let status isJson plan parts stages =
        if isJson then json plan parts stages else table plan parts stages |> Table.print
