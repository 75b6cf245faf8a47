/// Progress and warnings for programs: one JSON object a line, on stderr.
namespace SingleSharp.Cli

open System
open System.Diagnostics
open System.IO
open System.Text
open System.Text.Encodings.Web
open System.Text.Json
open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module EventLines =
    let private options =
        JsonWriterOptions(Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping)

    let private print (fields: Utf8JsonWriter -> unit) =
        use buffer = new MemoryStream()

        using (new Utf8JsonWriter(buffer, options)) (fun json ->
            json.WriteStartObject()
            fields json
            json.WriteEndObject())

        // One write, so that lines of two threads do not mix.
        Console.Error.Write(Encoding.UTF8.GetString(buffer.ToArray()) + "\n")

    let warning (sentence: string) =
        print (fun json -> json.WriteString("warning", Escaped.whole sentence))

    let private progress (progress: Progress) =
        print (fun json ->
            json.WriteStartObject "progress"
            json.WriteNumber("pass", progress.Pass)
            json.WriteNumber("passes", progress.Passes)
            json.WriteNumber("cells_done", progress.CellsDone)
            json.WriteNumber("cells", progress.Cells)

            if progress.Task.HasValue then
                json.WriteString("task", Escaped.whole progress.Task.Value.Name)
                json.WriteNumber("task_done", progress.Task.Value.Done)
            else
                json.WriteNull "task"
                json.WriteNull "task_done"

            json.WriteEndObject())

    let private interval = TimeSpan.FromMilliseconds 100.0

    let private isEnd (progress: Progress) =
        if progress.Task.HasValue then
            progress.Task.Value.Done >= 1.0
        else
            progress.CellsDone >= progress.Cells

    /// Does the work. A line comes at most every tenth of a second, and at the end of each read and task.
    let during (work: (Progress -> unit) -> (string -> unit) -> 'r) : 'r =
        let sinceLine = Stopwatch()

        let show told =
            if not sinceLine.IsRunning || sinceLine.Elapsed >= interval || isEnd told then
                sinceLine.Restart()
                progress told

        work show warning
