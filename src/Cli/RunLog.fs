/// What a run does, with times, as lines at the end of a file: for those who look later.
namespace SingleSharp.Cli

open System
open System.Diagnostics
open System.Globalization
open System.IO
open SingleSharp
open SingleSharp.Core

[<Sealed>]
type RunLog(file: string option) =
    let clock = Stopwatch.StartNew()
    let gate = obj ()
    let mutable stage = ""
    let mutable began = TimeSpan.Zero

    let seconds (time: TimeSpan) =
        time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s"

    let append (path: string) (text: string) =
        let time =
            DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
        // Opened for each line: several runs may share a log, and a crash loses no line.
        File.AppendAllText(path, $"{time} {Escaped.line text}\n")

    /// The work goes on where a line cannot be written.
    let say text =
        try
            file |> Option.iter (fun path -> lock gate (fun () -> append path text))
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()

    let endStage () =
        if stage <> "" then
            say $"ended: {stage}, after {seconds (clock.Elapsed - began)}"
            stage <- ""

    let quoted (word: string) =
        if word <> "" && word |> Seq.forall (fun c -> Char.IsLetterOrDigit c || "/._-+=,:@%".Contains c) then
            word
        else
            "'" + word.Replace("'", "'\\''") + "'"

    /// Says which version runs which command line; throws where there can be no log.
    member _.Begin(words: string list) =
        let line = words |> List.map quoted |> String.concat " "

        file
        |> Option.iter (fun path ->
            append path $"start: singlesharp {Pipeline.version} (bits {Pipeline.bits}), command: singlesharp {line}")

    member private _.Progress(progress: Progress) =
        let now =
            if progress.Task.HasValue then
                progress.Task.Value.Name
            else
                $"pass {progress.Pass} of {progress.Passes} over {progress.Cells} cells"

        if now <> stage then
            endStage ()
            stage <- now
            began <- clock.Elapsed
            say $"begun: {now}"

    member _.Warn(sentence: string) = say $"warning: {sentence}"

    /// Does the work while its passes and warnings are shown, and noted here too.
    member log.During listener (work: (Progress -> unit) -> (string -> unit) -> 'r) : 'r =
        let result =
            Display.during listener (fun show warn ->
                work
                    (fun progress ->
                        log.Progress progress
                        show progress)
                    (fun sentence ->
                        log.Warn sentence
                        warn sentence))

        endStage ()
        result

    /// What came of it.
    member _.Tell(text: string) = say text

    member _.End(exitCode: int) =
        say $"end: exit code {exitCode}, after {seconds clock.Elapsed}"
