/// How far a run is, on stderr: a bar where a person watches, a line now and then where a file does.
namespace SingleSharp.Cli

open System
open System.Diagnostics
open System.Globalization
open Spectre.Console
open Spectre.Console.Rendering
open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Terminal =
    /// May escape codes go to a stream? NO_COLOR takes the colours only, which Spectre.Console leaves out then.
    let private isLively isRedirected =
        not isRedirected && Environment.GetEnvironmentVariable "TERM" <> "dumb"

    let outIsLively = lazy (isLively Console.IsOutputRedirected)
    let errorIsLively = lazy (isLively Console.IsErrorRedirected)

    /// How wide a page may be: as COLUMNS says, or as the terminal is, between what can be read and what is read with ease.
    let pageWidth usual =
        let wanted =
            match Int32.TryParse(Environment.GetEnvironmentVariable "COLUMNS", NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, columns when columns > 0 -> columns
            | _ when Console.IsOutputRedirected -> usual
            | _ -> if Console.WindowWidth > 0 then Console.WindowWidth else usual

        min 100 (max 60 wanted)

    /// How wide a table may be: as COLUMNS says, or as the terminal is, or usual where nobody looks.
    let tableWidth usual =
        match Int32.TryParse(Environment.GetEnvironmentVariable "COLUMNS", NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, columns when columns > 0 -> max 40 columns
        | _ when Console.IsOutputRedirected || Console.WindowWidth <= 0 -> usual
        | _ -> max 40 Console.WindowWidth

    let consoleOn (writer: IO.TextWriter) =
        AnsiConsole.Create(AnsiConsoleSettings(Out = AnsiConsoleOutput writer))

/// The words of progress.
[<RequireQualifiedAccess>]
module private Wording =
    let private invariant = CultureInfo.InvariantCulture

    let share (progress: Progress) =
        if progress.Task.HasValue then progress.Task.Value.Done
        elif progress.Cells = 0L then 1.0
        else float progress.CellsDone / float progress.Cells

    /// The read, or what is done after it.
    let stage (progress: Progress) =
        if progress.Task.HasValue then
            progress.Task.Value.Name
        else
            $"pass {progress.Pass} of {progress.Passes}"

    let cells (progress: Progress) =
        String.Format(invariant, "{0:N0} of {1:N0} cells", progress.CellsDone, progress.Cells)

    let private clock (time: TimeSpan) =
        if time.TotalHours >= 1.0 then
            $"{int time.TotalHours}:{time.Minutes:D2}:{time.Seconds:D2}"
        else
            $"{time.Minutes}:{time.Seconds:D2}"

    /// How fast the pass is after some time, and when all of them end.
    let speed (progress: Progress) (elapsed: Elapsed) =
        let seconds = max 0.001 elapsed.Stage.TotalSeconds
        let share = share progress
        let cells = float progress.CellsDone / seconds
        let megabytes = share * float progress.Bytes / seconds / 1e6

        let ending =
            if share <= 0.0 then "begun"
            elif share < 1.0 then $"{clock (Elapsed.left progress share elapsed)} left"
            else String.Format(invariant, "done in {0:0.0} s", seconds)

        if progress.Task.HasValue then
            ending
        else
            String.Format(invariant, "{0:N0} cells/s, {1:N0} MB/s, {2}", cells, megabytes, ending)

    /// How far it is, in full.
    let all (progress: Progress) elapsed =
        if progress.Task.HasValue then
            speed progress elapsed
        else
            $"{cells progress}, {speed progress elapsed}"

/// A text that changes, as a column of the bar.
[<Sealed>]
type private Readout(text: unit -> string) =
    inherit ProgressColumn()
    override _.NoWrap = true
    override _.Render(_, _, _) = Text(text ()) :> IRenderable

[<RequireQualifiedAccess>]
module Display =
    let private timed show = Elapsed.timed Wording.stage show

    /// One line on stderr, whatever its width and whatever names are in it.
    let note kind (sentence: string) =
        eprintfn "%s: %s" kind (Escaped.line sentence)

    let warn listener (warning: string) =
        match listener with
        | Listener.Person -> note "warning" warning
        | Listener.Program -> EventLines.warning warning
        | Listener.Nobody -> ()

    let private bar (work: (Progress -> unit) -> (string -> unit) -> 'r) =
        let console = Terminal.consoleOn Console.Error
        let mutable readout = ""

        let isWide = console.Profile.Width >= 125

        let columns: ProgressColumn[] =
            [| TaskDescriptionColumn(Alignment = Justify.Left)
               ProgressBarColumn(Width = (if isWide then 30 else 12))
               PercentageColumn()
               Readout(fun () -> readout) |]

        console
            .Progress()
            .AutoClear(true)
            .Columns(columns)
            .Start(fun context ->
                let task = context.AddTask("opening", maxValue = 1.0)
                task.IsIndeterminate <- true

                let show progress elapsed =
                    let speed = Wording.speed progress elapsed
                    task.IsIndeterminate <- false
                    task.Description <- Wording.stage progress
                    task.Value <- Wording.share progress
                    readout <- if isWide then Wording.all progress elapsed else speed

                // What is written through the bar's own console stands above the bar.
                work (timed show) (fun warning -> console.WriteLine $"warning: {Escaped.line warning}"))

    /// Never twice within this time, unless a pass ends,
    let private quietFor = TimeSpan.FromSeconds 5.0

    /// and at the latest after this one, even if there is little to report.
    let private silentFor = TimeSpan.FromMinutes 1.0

    let private lines (work: (Progress -> unit) -> (string -> unit) -> 'r) =
        let sinceLine = Stopwatch.StartNew()
        let mutable tenths = 0

        let show (progress: Progress) (elapsed: Elapsed) =
            let reached = int (10.0 * Wording.share progress)
            // What takes no time after a read needs no line.
            let isDone =
                Wording.share progress >= 1.0 && (not progress.Task.HasValue || elapsed.Stage > quietFor)

            let isDue =
                sinceLine.Elapsed > quietFor && (reached > tenths || sinceLine.Elapsed > silentFor)

            if isDone || isDue then
                tenths <- if isDone then 0 else reached
                sinceLine.Restart()
                eprintfn "%s: %s" (Wording.stage progress) (Wording.all progress elapsed)

        work (timed show) (warn Listener.Person)

    /// Does the work while showing how far it is and what is worth a warning.
    let during listener (work: (Progress -> unit) -> (string -> unit) -> 'r) : 'r =
        match listener with
        | Listener.Nobody -> work ignore ignore
        | Listener.Program -> EventLines.during work
        | Listener.Person when Terminal.errorIsLively.Value -> bar work
        | Listener.Person -> lines work
