/// From the command line to the exit code: 0 done, 1 a fault, 2 a command line that makes no sense, 70 a bug, of shard 75 what may go
/// well later or elsewhere; cancelled: 130 by Ctrl-C,
/// 143 by SIGTERM, 129 by SIGHUP.
module internal SingleSharp.Cli.Program

open System
open System.IO
open System.Runtime.InteropServices
open System.Threading
open SingleSharp.Core

/// SIGXFSZ, for which .NET has no name.
let private fileTooLarge = 25

/// Ctrl-C and polite requests to end cancel the work, and the first one is noted; a second one ends the process at once.
let private listen (cancel: CancellationTokenSource) (note: PosixSignal -> unit) =
    let obey (context: PosixSignalContext) =
        context.Cancel <- not cancel.IsCancellationRequested

        if not cancel.IsCancellationRequested then
            note context.Signal

        cancel.Cancel()

    let ears =
        [ PosixSignal.SIGINT
          PosixSignal.SIGTERM
          PosixSignal.SIGHUP
          // So .NET calls Ctrl-Break, which is what one program can send to another there.
          if OperatingSystem.IsWindows() then
              PosixSignal.SIGQUIT ]
        |> List.map (fun signal -> PosixSignalRegistration.Create(signal, obey))

    // Without this, a limit for the size of files (ulimit -f) would end the process where a write can say so.
    let deaf =
        [ if OperatingSystem.IsLinux() then
              PosixSignalRegistration.Create(enum<PosixSignal> fileTooLarge, (fun context -> context.Cancel <- true)) ]

    { new IDisposable with
        member _.Dispose() = ears @ deaf |> List.iter _.Dispose() }

/// A program that starts this one ties it to itself by a pipe: where SINGLESHARP_UNTIL is stdin, the end of stdin cancels the work.
/// However that program ends, nothing goes on without it.
let private watch (cancel: CancellationTokenSource) =
    let untilTheEnd =
        task {
            use input = Console.OpenStandardInput()
            let unread = Array.zeroCreate<byte> 64
            let mutable count = 1

            while count > 0 do
                let! read = input.ReadAsync(unread, 0, unread.Length)
                count <- read

            try
                cancel.Cancel()
            with :? ObjectDisposedException ->
                // The work was done already.
                ()
        }

    untilTheEnd |> ignore

/// Ends with what went wrong: a person has read it already, a program gets it on stdout.
let private fail isJson (error: CommandError) =
    if isJson then
        try
            Json.ofError error
        with
        // Where stdout is what went wrong, the exit code and stderr tell of it.
        | :? IOException
        | :? UnauthorizedAccessException -> ()

    error.ExitCode

let rec private admit (trouble: exn) =
    match trouble with
    | :? Unfinished as unfinished ->
        let error = admit unfinished.InnerException
        Display.note "note" unfinished.Sentence
        CommandError.beside unfinished error
    | :? Stopped as stopped ->
        Display.note "error" (Fault.sentenceFor StepArguments.inSentences stopped.Fault)
        CommandError.ofFault stopped.Fault
    | :? IOException as trouble ->
        Display.note "error" trouble.Message
        CommandError.ofSystem trouble.Message
    | :? UnauthorizedAccessException as trouble ->
        // So .NET calls a stdout that is closed.
        let message =
            if isNull trouble.InnerException then trouble.Message else trouble.InnerException.Message

        Display.note "error" message
        CommandError.ofSystem message
    | _ ->
        Display.note "bug" "this should not have happened; please report it with the lines below."
        eprintfn "singlesharp %s on %s: %s" Pipeline.version RuntimeInformation.OSDescription (Escaped.lines (string trouble))
        CommandError.bug trouble.Message

let private perform isJson words (request: Request) =
    use cancel = new CancellationTokenSource()
    let mutable signal = None
    let note first = signal <- Some first
    use _ = listen cancel note

    if Environment.GetEnvironmentVariable "SINGLESHARP_UNTIL" = "stdin" then
        watch cancel

    let log = RunLog request.Log

    let ended (error: CommandError) =
        log.Tell $"{error.Kind}: {error.Message}"
        log.End error.ExitCode
        fail isJson error

    try
        log.Begin words
        let code = Execution.perform log cancel.Token request
        log.End code
        code
    with trouble ->
        let unfinished =
            match trouble with
            | :? Unfinished as unfinished -> Some unfinished
            | _ -> None

        match trouble, trouble.InnerException with
        | :? OperationCanceledException, _
        | :? Unfinished, (:? OperationCanceledException) ->
            let error = CommandError.cancelled signal unfinished
            Display.note error.Kind error.Message
            ended error
        | _ ->
            let error = admit trouble

            match request.Task with
            // A plan is made by a person, who has to choose another output or input: nothing tries it again.
            | Shard(PlanShards _, _, _, _) -> ended error
            | Shard _ ->
                let isTemporary =
                    match trouble with
                    | :? Stopped as stopped -> Fault.isTemporary stopped.Fault
                    | _ -> false

                CommandError.retriable isTemporary error |> ended
            | _ -> ended error

let private explain words mistakes =
    if List.isEmpty words then
        eprintf "%s" (Help.pageWithin (Terminal.pageWidth Help.usualWidth) None)
    else
        let command =
            match Help.commandOf words with
            | Some command -> $"singlesharp {command.Name}"
            | None -> "singlesharp"

        mistakes |> List.iter (Display.note command)
        eprintfn "Try '%s --help'." command

    CommandError.usage mistakes

[<EntryPoint>]
let main words =
    let words = List.ofArray words
    // Also of a command line that makes no sense.
    let isJson = Spellings.cut words |> fst |> List.contains "--json"
    Remarks.letThemFail ()

    try
        match Requests.ofWords words with
        | Ok request -> perform isJson words request
        | Error mistakes -> explain words mistakes |> fail isJson
    with trouble ->
        admit trouble |> fail isJson
