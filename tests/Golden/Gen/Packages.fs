/// The packages of this working copy in a feed of their own, and the programs that use them.
module internal SingleSharp.Golden.Packages

open System
open System.Diagnostics
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared

/// Programs that run to their end; a test fails with what they said when they do.
[<RequireQualifiedAccess>]
module Command =
    let private mostMinutes = 10.0

    /// MSBuild, which may have started these tests, leaves marks in the environment that confuse a second MSBuild;
    /// and build servers would outlive the command that started them and keep its output open.
    let private tidy (environment: Collections.Generic.IDictionary<string, string | null>) =
        for name in List.ofSeq environment.Keys do
            if name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) then
                environment.Remove name |> ignore

        environment["MSBUILDDISABLENODEREUSE"] <- "1"
        environment["UseSharedCompilation"] <- "false"
        environment["DOTNET_CLI_USE_MSBUILD_SERVER"] <- "0"
        environment["DOTNET_CLI_TELEMETRY_OPTOUT"] <- "1"
        environment["DOTNET_NOLOGO"] <- "1"

    /// Exit code, standard output and standard error of a program in a folder.
    let tryRun (folder: string) (environment: (string * string) list) (program: string) (arguments: string list) =
        let start = ProcessStartInfo(program, arguments, WorkingDirectory = folder)
        start.RedirectStandardInput <- true
        start.RedirectStandardOutput <- true
        start.RedirectStandardError <- true
        tidy start.Environment

        for name, value in environment do
            start.Environment[name] <- value

        use running = Process.Start start
        running.StandardInput.Close()
        let output = running.StandardOutput.ReadToEndAsync()
        let errors = running.StandardError.ReadToEndAsync()

        if not (running.WaitForExit(TimeSpan.FromMinutes mostMinutes)) then
            running.Kill true
            failtestf "%s %A took longer than %g minutes" program arguments mostMinutes

        struct (running.ExitCode, output.Result, errors.Result)

    /// Standard output of a program that must succeed.
    let run folder environment program arguments =
        match tryRun folder environment program arguments with
        | struct (0, output, _) -> output
        | struct (code, output, errors) -> failtestf "%s %A ended with %d\n%s\n%s" program arguments code output errors

/// How these tests were built, and all projects with them.
let private configuration =
    match DirectoryInfo(AppContext.BaseDirectory).Name with
    | "debug" -> "Debug"
    | _ -> "Release"

/// The packages of this working copy in a folder, under a version that no cache has seen.
[<Sealed>]
type Feed() =
    let home = Directory.CreateTempSubdirectory "singlesharp-feed-"
    let folder = Path.Combine(home.FullName, "packages")
    let version = $"{Pipeline.version}-test.{DateTime.UtcNow.Ticks}"

    let dotnet arguments =
        Command.run home.FullName [] "dotnet" arguments

    /// What `dotnet pack` of the solution makes, but of what was built with these tests: a second build would take a minute, and be the same.
    let pack () =
        dotnet
            [ "pack"
              Path.Combine(root, "SingleSharp.sln")
              "--configuration"
              configuration
              "--output"
              folder
              $"-p:PackageVersion={version}"
              "--no-build"
              // Without this, Report and Cli would have those projects built that they refer to.
              "-p:BuildProjectReferences=false" ]
        |> ignore

    /// Removes the packages from here and from the cache that all projects of the user share.
    let remove () =
        let label = "global-packages:"

        let listed =
            dotnet [ "nuget"; "locals"; "global-packages"; "--list"; "--force-english-output" ]

        let cache = listed.Substring(listed.IndexOf label + label.Length).Trim()

        for package in Directory.GetDirectories(cache, "singlesharp*") do
            let cached = Path.Combine(package, version)

            if Directory.Exists cached then
                Directory.Delete(cached, true)

            if Directory.GetFileSystemEntries(package).Length = 0 then
                Directory.Delete package

        home.Delete true

    do
        AppDomain.CurrentDomain.ProcessExit.Add(fun _ -> remove ())
        pack ()

    member _.Folder = folder
    member _.Version = version

    /// What Consumer.csproj asks of its environment.
    member _.Environment = [ "SINGLESHARP_FEED", folder; "SINGLESHARP_VERSION", version ]

    /// A script that takes the package from here instead of from where everybody else does.
    member _.Script(text: string) =
        text.Replace("#r \"nuget: SingleSharp.Core\"", $"#i \"nuget: {folder}\"\n#r \"nuget: SingleSharp.Core, {version}\"")

    /// The folder of the installed tool.
    member val Tool =
        lazy
            (let tool = Path.Combine(home.FullName, "tool")

             dotnet
                 [ "tool"
                   "install"
                   "SingleSharp.Cli"
                   "--version"
                   version
                   "--add-source"
                   folder
                   "--tool-path"
                   tool ]
             |> ignore

             tool)

/// Packed once for all tests that need it, gone with the process.
let feed = lazy Feed()

/// Counts of more than one block of cells, with mitochondrial and ribosomal genes and no empty cell.
let counts =
    lazy
        (let cells, genes = 5000, 600
         let random = Random 20240229

         let rows =
             Array.init cells (fun _ -> Array.init (random.Next(1, 60)) (fun _ -> random.Next genes) |> Array.distinct |> Array.sort)

         let kind gene =
             if gene % 50 = 7 then "MT-"
             elif gene % 20 = 3 then "RPS"
             else "GENE"

         { CellNames = Array.init cells (fun cell -> $"CELL{cell}")
           GeneNames = Array.init genes (fun gene -> $"{kind gene}{gene}")
           Indptr = rows |> Array.scan (fun sum row -> sum + row.Length) 0
           Indices = Array.concat rows
           Data = rows |> Array.collect (Array.map (fun _ -> float32 (1 + random.Next(1 + random.Next 40)))) })

/// The file that consumers and documents work on.
let writeCounts path =
    NewFile.write path (Gzipped 10000) counts.Value
