/// The tool in a process that stays: one command after another, for tests that want to know what a command makes, not how it starts.
module internal SingleSharp.Golden.Resident

open System
open System.IO
open System.Reflection
open System.Runtime.InteropServices
open System.Text.Json
open Microsoft.Win32.SafeHandles
open SingleSharp.Golden.Jobs
open SingleSharp.Golden.Shared

[<DllImport("libc", SetLastError = true)>]
extern int private dup(int descriptor)

[<DllImport("libc", SetLastError = true)>]
extern int private dup2(int descriptor, int other)

/// What `dotnet singlesharp.dll` calls.
let private main =
    match Assembly.LoadFrom(Child.ownTool).EntryPoint with
    | null -> failwith $"{Child.ownTool} has no entry point"
    | main -> main.CreateDelegate<Func<string[], int>>()

let private writer (stream: Stream) =
    let writer = new StreamWriter(stream)
    writer.AutoFlush <- true
    writer

/// What is written to a descriptor while something runs. The tool writes documents past Console.Out, so the descriptor itself is led
/// to a file.
let private during (sandbox: Sandbox) descriptor run =
    let path = sandbox.File $"{descriptor}"
    let before = dup descriptor

    let result =
        using (File.OpenHandle(path, FileMode.Create, FileAccess.Write)) (fun file ->
            try
                dup2 (int (file.DangerousGetHandle()), descriptor) |> ignore
                run ()
            finally
                dup2 (before, descriptor) |> ignore
                (new SafeFileHandle(nativeint before, true)).Dispose())

    result, File.ReadAllText path

let private answer sandbox (request: CommandRequest) : CommandAnswer =
    Directory.SetCurrentDirectory request.folder

    let run () =
        Console.SetOut(writer (Console.OpenStandardOutput()))
        Console.SetError(writer (Console.OpenStandardError()))
        main.Invoke request.words

    let (code, errors), output = during sandbox 1 (fun () -> during sandbox 2 run)

    { code = code
      output = output
      errors = errors }

/// Reads a request from each line of stdin and writes the answer to stdout, until stdin ends.
let serve () =
    use sandbox = new Sandbox()

    use answers =
        writer (new FileStream(new SafeFileHandle(nativeint (dup 1), true), FileAccess.Write))

    let mutable line = Console.In.ReadLine()

    while not (isNull line) do
        JsonSerializer.Deserialize<CommandRequest> line |> answer sandbox |> JsonSerializer.Serialize |> answers.WriteLine
        line <- Console.In.ReadLine()
