/// Starts other programs: Python with the libraries that everybody else uses, h5dump, and this test program itself.
module internal SingleSharp.Golden.Child

open System
open System.Collections.Concurrent
open System.Diagnostics
open System.IO
open System.Reflection
open System.Text.Json
open Expecto

/// What a program left behind.
type Outcome =
    { ExitCode: int
      Output: string
      Errors: string }

/// A program that is about to start, its streams redirected.
let prepare (program: string) (arguments: string list) (environment: (string * string) list) =
    let info =
        ProcessStartInfo(program, arguments, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true)

    for name, value in environment do
        info.Environment[name] <- value

    info

/// Runs a program to its end.
let run program arguments environment (input: string) =
    use running = Process.Start(prepare program arguments environment)
    let output = running.StandardOutput.ReadToEndAsync()
    let errors = running.StandardError.ReadToEndAsync()
    running.StandardInput.Write input
    running.StandardInput.Close()
    running.WaitForExit()

    { ExitCode = running.ExitCode
      Output = output.Result
      Errors = errors.Result }

/// The tool beside this program.
let ownTool = Path.Combine(AppContext.BaseDirectory, "singlesharp.dll")

/// The tool as others run it: dotnet and this path. SINGLESHARP_TOOL may name one of the same sources that was compiled ahead of time, since
/// it starts some thousand times.
let tool =
    match Environment.GetEnvironmentVariable "SINGLESHARP_TOOL" with
    | null
    | "" -> ownTool
    | path -> path

/// Runs the tool.
let runTool (arguments: string list) = run "dotnet" (tool :: arguments) [] ""

/// This test program with hidden arguments, as Main knows them.
let selfArguments arguments =
    "dotnet", Assembly.GetExecutingAssembly().Location :: arguments

let self arguments environment =
    let program, arguments = selfArguments arguments
    let outcome = run program arguments environment ""

    if outcome.ExitCode <> 0 then
        failtest $"the child failed: {outcome.Errors}"

    outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

/// The Python of the system, which has the libraries of the distribution.
let private python = "/usr/bin/python3"

let private works program arguments =
    File.Exists program && (run program arguments [] "").ExitCode = 0

let private hasPython = lazy (works python [ "-c"; "import anndata, h5py, numpy" ])

let private hasTables = lazy (works python [ "-c"; "import h5py, tables" ])

let private hasH5dump = lazy (works "/usr/bin/h5dump" [ "--version" ])

/// Skips the test where Python or a library of it is missing.
let requirePython () =
    if not hasPython.Value then
        skiptest "skipped: no /usr/bin/python3 with anndata and h5py"

/// Skips the test where PyTables is missing, which brings c-blosc.
let requireTables () =
    if not hasTables.Value then
        skiptest "skipped: no /usr/bin/python3 with tables"

let requireH5dump () =
    if not hasH5dump.Value then
        skiptest "skipped: no /usr/bin/h5dump"

/// A Python that stays, and runs one script after another in forks of itself: to import its libraries takes longer than most scripts do.
[<Sealed>]
type private Forks() =
    let child =
        Process.Start(prepare python [ Shared.here "scripts/forks.py" ] [ "PYTHONWARNINGS", "ignore" ])

    let complaints = child.StandardError.ReadToEndAsync()

    member _.Run (folder: string) (words: string list) (input: string) =
        let request =
            {| words = words
               folder = folder
               input = input |}

        child.StandardInput.WriteLine(JsonSerializer.Serialize request)
        child.StandardInput.Flush()

        match child.StandardOutput.ReadLine() with
        | null -> failtest $"forks.py failed: {complaints.Result}"
        | line ->
            let answer = JsonDocument.Parse(line).RootElement

            { ExitCode = answer.GetProperty("code").GetInt32()
              Output = string (answer.GetProperty "output")
              Errors = string (answer.GetProperty "errors") }

/// Those that are free: there come to be as many as scripts run at the same time. They end when their stdin does, with the program.
let private forks = ConcurrentBag<Forks>()

/// Runs one of the scripts in some folder, and returns what it printed.
let scriptIn folder (name: string) arguments input =
    requirePython ()

    let fork =
        match forks.TryTake() with
        | true, fork -> fork
        | _ -> Forks()

    let outcome = fork.Run folder (Shared.here $"scripts/{name}" :: arguments) input
    forks.Add fork

    if outcome.ExitCode <> 0 then
        failtest $"{name} failed: {outcome.Errors}"

    outcome.Output

/// Runs one of the scripts, and returns what it printed.
let script name arguments input = scriptIn "" name arguments input
