/// Runs the blocks of a page as a reader does, one language after another, and compares what they print with what the page shows.
module internal SingleSharp.Golden.PageRun

open System
open System.IO
open System.Text.RegularExpressions
open Expecto
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Packages
open SingleSharp.Golden.DocBlocks

/// What is printed between blocks, so that each has its own output.
let private mark = "--- end of block ---"

/// The blocks as one program, which prints the mark behind each.
let private marked separator (blocks: Block list) =
    blocks |> List.map (fun block -> block.Text + separator + "\n") |> String.concat "\n"

/// The tool of these tests under its name.
let private ownTool =
    lazy
        (let folder = Directory.CreateDirectory(lasting.Value.File "tool").FullName
         let script = Path.Combine(folder, "singlesharp")
         File.WriteAllText(script, $"#!/bin/sh\nexec dotnet '{Child.tool}' \"$@\"\n")
         File.SetUnixFileMode(script, UnixFileMode.UserRead ||| UnixFileMode.UserExecute)
         folder)

/// The README has the tool that is installed of the package, and the other pages the same one as it was compiled for these tests, which
/// starts sooner.
let private path (blocks: Block list) =
    let folder =
        if blocks.Head.Page = "README.md" then feed.Value.Tool.Value else ownTool.Value

    folder + string Path.PathSeparator + Environment.GetEnvironmentVariable "PATH"

let private ofShell (sandbox: Sandbox) blocks =
    let script = marked $"printf '%%s\\n' '{mark}'" blocks
    Command.run sandbox.Folder [ "PATH", path blocks ] "sh" [ "-eu"; "-c"; script ]

let private ofPython (sandbox: Sandbox) blocks =
    Child.requirePython ()
    PythonGolden.run sandbox.Folder [ "-c"; marked $"print('{mark}')" blocks ]

let private ofScript (sandbox: Sandbox) blocks =
    let name = "page.fsx"
    File.WriteAllText(sandbox.File name, feed.Value.Script(marked $"printfn \"{mark}\"" blocks))
    let said = Command.run sandbox.Folder [] "dotnet" [ "fsi"; "--warnaserror"; name ]
    File.Delete(sandbox.File name)
    said

/// The project that C# blocks are compiled in, one page after another. Its packages are restored once, since all pages have the same.
let private project =
    lazy
        (let folder = Directory.CreateDirectory(lasting.Value.File "program").FullName

         for file in Directory.GetFiles(here "consumers/CSharp") do
             if Path.GetExtension file <> ".cs" then
                 File.Copy(file, Path.Combine(folder, Path.GetFileName file))

         Command.run folder feed.Value.Environment "dotnet" [ "restore" ] |> ignore
         folder)

/// Compiled as a program of its own, from the packages.
let private ofProgram (sandbox: Sandbox) blocks =
    use place = new Sandbox()

    let build () =
        File.WriteAllText(Path.Combine(project.Value, "Program.cs"), marked $"Console.WriteLine(\"{mark}\");" blocks)

        Command.run project.Value feed.Value.Environment "dotnet" [ "build"; "--no-restore"; "--output"; place.File "built" ]

    lock project build |> ignore
    Command.run sandbox.Folder [] "dotnet" [ place.File "built/Consumer.dll" ]

let private runners =
    [ "sh", ofShell; "python", ofPython; "fsharp", ofScript; "csharp", ofProgram ]

/// The languages that are run.
let languages = runners |> List.map fst

let private lines (text: string) =
    text.TrimEnd().Split '\n' |> Array.map _.TrimEnd() |> List.ofArray

/// What is another number each time, or on each machine: how long something takes, and the memory of a plan, which goes by the processors.
let private withoutMachine (line: string) =
    [ @"\b[0-9.]+ s\b"
      @"(?<= with )[0-9,]+ MiB"
      @"[0-9,]+ MiB(?= besides the runtime)" ]
    |> List.fold (fun line pattern -> Regex.Replace(line, pattern, "#")) line

/// Does a line of the page show a line that was printed? An ellipsis stands for anything.
let private shows (shown: string) (printed: string) =
    let pattern =
        (withoutMachine shown).Split '…' |> Array.map Regex.Escape |> String.concat ".*"

    Regex.IsMatch(withoutMachine printed, $"^{pattern}$")

/// Are the lines of the page those that were printed? A line that is an ellipsis stands for any lines.
let rec private agree shown printed =
    match shown, printed with
    | [], [] -> true
    | [ "…" ], _ -> true
    | "…" :: rest, printed ->
        agree rest printed
        || (match printed with
            | _ :: others -> agree shown others
            | [] -> false)
    | line :: rest, said :: others -> shows line said && agree rest others
    | _ -> false

let private compare (block: Block) (printed: string) =
    match block.Output with
    | Some shown when not (agree (lines shown) (lines printed)) ->
        failtest $"{block.Place}: the page shows\n{shown}\nand this is printed:\n{printed}"
    | _ -> ()

let private runLanguage sandbox (blocks: Block list) (language, runner) =
    match blocks |> List.filter (fun block -> block.Language = language) with
    | [] -> ()
    | own ->
        let said: string = runner sandbox own
        let parts = said.Split(mark + "\n")
        Expect.hasLength parts (own.Length + 1) $"{own.Head.Page}: all {language} blocks run"
        List.iteri (fun at block -> compare block parts[at]) own

/// Runs blocks in a folder, each language as one program: a block goes on where the one before has ended.
let run (sandbox: Sandbox) (blocks: Block list) =
    runners |> List.iter (runLanguage sandbox blocks)
