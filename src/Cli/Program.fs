/// From the command line to the exit code: 0 done, 1 a fault, 2 a command line that makes no sense, 70 a bug, 130 cancelled.
module internal SingleSharp.Cli.Program

open System
open System.IO
open System.Runtime.InteropServices
open System.Threading
open SingleSharp.Core

/// SIGXFSZ, for which .NET has no name.
let private fileTooLarge = 25

/// Ctrl-C and polite requests to end cancel the work; a second one ends the process at once.
let private listen (cancel: CancellationTokenSource) =
    let obey (context: PosixSignalContext) =
        context.Cancel <- not cancel.IsCancellationRequested
        cancel.Cancel()

    let ears =
        [ PosixSignal.SIGINT; PosixSignal.SIGTERM; PosixSignal.SIGHUP ]
        |> List.map (fun signal -> PosixSignalRegistration.Create(signal, obey))

    // Without this, a limit for the size of files (ulimit -f) would end the process where a write can say so.
    let deaf =
        [ if OperatingSystem.IsLinux() then
              PosixSignalRegistration.Create(enum<PosixSignal> fileTooLarge, (fun context -> context.Cancel <- true)) ]

    { new IDisposable with
        member _.Dispose() = ears @ deaf |> List.iter _.Dispose() }

let private perform request =
    use cancel = new CancellationTokenSource()
    use _ = listen cancel
    Execution.perform cancel.Token request

let private explain words mistakes =
    if List.isEmpty words then
        eprintf "%s" (Help.page None)
    else
        let command =
            match Help.commandOf words with
            | Some command -> $"singlesharp {command.Name}"
            | None -> "singlesharp"

        mistakes |> List.iter (Display.note command)
        eprintfn "Try '%s --help'." command

    2

let private admit (trouble: exn) =
    match trouble with
    | :? Stopped as stopped ->
        Display.note "error" (Fault.sentenceFor StepArguments.inSentences stopped.Fault)
        1
    | :? IOException as trouble ->
        Display.note "error" trouble.Message
        1
    | :? UnauthorizedAccessException as trouble ->
        // So .NET calls a stdout that is closed.
        Display.note "error" (if isNull trouble.InnerException then trouble.Message else trouble.InnerException.Message)
        1
    | _ ->
        Display.note "bug" "this should not have happened; please report it with the lines below."
        eprintfn "singlesharp %s on %s: %s" Pipeline.version RuntimeInformation.OSDescription (Escaped.lines (string trouble))
        70

[<EntryPoint>]
let main words =
    let words = List.ofArray words
    Remarks.letThemFail ()

    try
        match Requests.ofWords words with
        | Ok request -> perform request
        | Error mistakes -> explain words mistakes
    with
    | :? OperationCanceledException ->
        Display.note "cancelled" "no result was written."
        130
    | trouble -> admit trouble
