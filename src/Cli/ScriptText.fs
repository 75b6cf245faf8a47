/// Words and numbers of a plan as the languages of its scripts write them.
namespace SingleSharp.Cli

open System
open SingleSharp

[<RequireQualifiedAccess>]
module internal ScriptText =
    let lines (lines: string list) = String.concat "\n" lines + "\n"

    let private escaped (special: string) (text: string) =
        text
        |> String.collect (fun letter ->
            if letter = '\\' || special.Contains letter then $"\\{letter}"
            elif Char.IsControl letter then $"\\u{int letter:x4}"
            else string letter)

    /// A word in single quotes, as shells take it.
    let shell (text: string) = "'" + text.Replace("'", "'\\''") + "'"

    /// A text in double quotes, as Python and YAML take it.
    let literal text = "\"" + escaped "\"" text + "\""

    /// A text in single quotes, in which Groovy replaces no variables.
    let groovy text = "'" + escaped "'" text + "'"

    /// What can stand in a comment of one line.
    let remark (text: string) =
        text |> String.map (fun letter -> if Char.IsControl letter then ' ' else letter)

    /// The name of a stage as a rule or a process may have it.
    let identifier (name: string) =
        name |> String.map (fun letter -> if Char.IsAsciiLetterOrDigit letter then letter else '_')

    /// The runtime, its code and its stacks, beside the buffers and states that a plan counts.
    let private overhead = 200L <<< 20

    /// What an engine is asked for, in MiB.
    let mebibytes (bytes: int64) =
        (bytes + overhead + (1L <<< 20) - 1L) >>> 20

    /// The folder of the parts that commands take where none is named.
    let parts (planPath: string) =
        let isJson = planPath.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
        (if isJson then planPath[.. planPath.Length - 6] else planPath) + ".parts"

    /// What a script says first: the command that made it.
    let madeBy engine planPath =
        $"Made by: singlesharp shard script {remark (shell planPath)} --engine {engine}"

    /// One line about a stage.
    let about (stage: ShardStage) =
        let tasks = if stage.Tasks = 1 then "1 task" else $"{stage.Tasks} tasks"
        let gib bytes = float bytes / float (1L <<< 30)
        $"{remark stage.Name}: {remark stage.Purpose}; {tasks}, each reads {gib stage.Reads:F2} GiB and leaves {gib stage.Part:F2} GiB"
