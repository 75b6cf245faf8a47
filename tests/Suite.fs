/// Runs a suite of tests, and tells every ten seconds how far it is: a log that stands still looks like a hang.
module SingleSharp.Suite

open System
open System.Collections.Concurrent
open System.Diagnostics
open System.IO
open System.Text.RegularExpressions
open System.Threading
open Expecto
open Expecto.Impl

let private interval = TimeSpan.FromSeconds 10.0

/// What runs, since when, and how many tests have ended.
[<Sealed>]
type private Progress() =
    let clock = Stopwatch.StartNew()
    let running = ConcurrentDictionary<string, TimeSpan>()
    let taken = ConcurrentDictionary<string, TimeSpan>()
    let mutable ended = 0

    member _.Begin name = running[name] <- clock.Elapsed

    member _.End(name: string) =
        match running.TryRemove name with
        | true, since -> taken[name] <- clock.Elapsed - since
        | _ -> ()

        Interlocked.Increment &ended |> ignore

    /// The tests that took longest: whoever wants the suite to be faster begins with them.
    member _.Slowest count =
        [ for test in taken.ToArray() |> Seq.sortByDescending _.Value |> Seq.truncate count do
              $"{test.Value.TotalSeconds, 6:F1} s  {test.Key}" ]

    member _.Line =
        let longest =
            // A dictionary that others change is read by its own copy: Seq.sortBy asks for the length first.
            running.ToArray()
            |> Seq.sortBy _.Value
            |> Seq.truncate 2
            |> Seq.map (fun test -> $"{test.Key} ({(clock.Elapsed - test.Value).TotalSeconds:F0} s)")
            |> String.concat ", "

        $"{clock.Elapsed.TotalSeconds:F0} s: {ended} tests have ended; running: {longest}"

let private telling (progress: Progress) (printer: TestPrinters) =
    { printer with
        beforeEach =
            fun name ->
                progress.Begin name
                printer.beforeEach name
        passed =
            fun name duration ->
                progress.End name
                printer.passed name duration
        ignored =
            fun name reason ->
                progress.End name
                printer.ignored name reason
        failed =
            fun name reason duration ->
                progress.End name
                printer.failed name reason duration
        exn =
            fun name trouble duration ->
                progress.End name
                printer.exn name trouble duration }

/// Expecto resets the colours of a terminal even where it is told to use none.
[<Sealed>]
type private PlainWriter(inner: TextWriter) =
    inherit TextWriter()
    let escapes = Regex "\\x1b\\[[0-9;?]*[A-Za-z]"
    override _.Encoding = inner.Encoding
    override _.Write(letter: char) = inner.Write letter

    override _.Write(text: string) =
        if not (isNull text) then
            inner.Write(escapes.Replace(text, ""))

    override writer.WriteLine(text: string) = writer.Write(text + inner.NewLine)
    override _.Flush() = inner.Flush()

/// The exit code of a suite: 0 where no test failed. Where the output is not a terminal, it is plain text.
let run (arguments: string list) tests =
    if Console.IsOutputRedirected then
        Console.SetOut(new PlainWriter(Console.Out))

    let progress = Progress()
    let tell _ = printfn $"{progress.Line}"
    use _ = new Timer(tell, null, interval, interval)

    let plain =
        if Console.IsOutputRedirected then [ CLIArguments.Colours 0; CLIArguments.No_Spinner ] else []

    let told =
        [ CLIArguments.Printer(telling progress TestPrinters.defaultPrinter)
          // Many tests wait for programs that they started.
          CLIArguments.Parallel_Workers(Environment.ProcessorCount + 1) ]

    let code = runTestsWithCLIArgs (told @ plain) (Array.ofList arguments) tests
    progress.Slowest 12 |> List.iter (printfn "%s")
    code
