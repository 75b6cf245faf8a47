/// What the documents show is what happens: their examples are run, and the sentences that they quote are said.
module internal SingleSharp.Golden.DocsGolden

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Packages
open SingleSharp.Answers

let private readme = lazy File.ReadAllText(Path.Combine(root, "README.md"))

/// The fenced blocks of a document: language and text, in order.
let private blocks (document: string) =
    document.Split("\n```")
    |> Array.indexed
    |> Array.filter (fun (i, _) -> i % 2 = 1)
    |> Array.map (fun (_, block) ->
        let language, text =
            block.Substring(0, block.IndexOf '\n'), block.Substring(block.IndexOf '\n' + 1)

        language, text + "\n")
    |> List.ofArray

/// The blocks of a language as one text: each goes on where the one before has ended.
let private examplesOf document language =
    match blocks document |> List.filter (fun (spoken, _) -> spoken = language) with
    | [] -> failtest $"the document has no {language} block"
    | found -> found |> List.map snd |> String.concat "\n"

let private examples language = examplesOf readme.Value language

let private sandboxWithCounts () =
    let sandbox = new Sandbox()
    writeCounts (sandbox.File "counts.h5ad")
    sandbox

/// Every door leads to the same room: the file holds what the recipe makes of counts.h5ad.
let private expectMade (sandbox: Sandbox) name recipe =
    match
        Pipeline.run recipe Settings.standard (Input.file (sandbox.File "counts.h5ad")) (Output.NewFile(sandbox.File "expected.h5ad"))
    with
    | Ok _ -> Expect.equal (whole (sandbox.File name)) (whole (sandbox.File "expected.h5ad")) name
    | Error fault -> failtest (Fault.sentence fault)

/// What the script and the program do from the filter to the principal components.
let private analysis =
    (Recipe.full
     |> Recipe.add (
         Filter.step
             { Filter.defaults with
                 MinCounts = Some 100.0
                 MaxPct = [ "mt", 20.0 ]
                 MinCells = Some 3L }
     ))

let private shell =
    test "the shell blocks of the README run" {
        use sandbox = sandboxWithCounts ()
        let tool = feed.Value.Tool.Value

        let path =
            tool + string Path.PathSeparator + Environment.GetEnvironmentVariable "PATH"

        Command.run sandbox.Folder [ "PATH", path ] "sh" [ "-eu"; "-c"; examples "sh" ] |> ignore

        expectMade
            sandbox
            "normalized.h5ad"
            { Recipe.standard with
                GeneSets = [ GeneSet.WithPrefix("ribo", "RPS", "RPL") ] }
    }

let private python =
    test "the Python blocks of both READMEs run" {
        Child.requirePython ()
        use sandbox = sandboxWithCounts ()
        PythonGolden.run sandbox.Folder [ "-c"; examples "python" ] |> ignore

        expectMade sandbox "pca.h5ad" analysis

        let own = File.ReadAllText(Path.Combine(root, "python", "README.md"))
        let said = PythonGolden.run sandbox.Folder [ "-c"; examplesOf own "python" ]
        Expect.stringContains said (digest (sandbox.File "components.h5ad")).Whole "the digest that it prints"

        expectMade
            sandbox
            "components.h5ad"
            (Recipe.full
             |> Recipe.add (
                 Filter.step
                     { Filter.defaults with
                         MaxPct = [ "mt", 20.0 ] }
             ))
    }

let private script =
    test "the F# blocks of the README run" {
        use sandbox = sandboxWithCounts ()
        File.WriteAllText(sandbox.File "readme.fsx", feed.Value.Script(examples "fsharp"))
        Command.run sandbox.Folder [] "dotnet" [ "fsi"; "--warnaserror"; "readme.fsx" ] |> ignore
        expectMade sandbox "normalized.h5ad" Recipe.standard
        expectMade sandbox "pca.h5ad" analysis
    }

let private program =
    test "the C# blocks of the README compile and run" {
        use sandbox = sandboxWithCounts ()
        let project = Directory.CreateDirectory(sandbox.File "readme").FullName

        for file in Directory.GetFiles(here "consumers/CSharp") do
            File.Copy(file, Path.Combine(project, Path.GetFileName file))

        File.WriteAllText(Path.Combine(project, "Program.cs"), examples "csharp")
        Command.run project feed.Value.Environment "dotnet" [ "build"; "--output"; sandbox.File "built" ] |> ignore
        Command.run sandbox.Folder [] "dotnet" [ sandbox.File "built/Consumer.dll" ] |> ignore
        expectMade sandbox "normalized.h5ad" Recipe.standard
        expectMade sandbox "pca.h5ad" analysis
    }

/// Blocks that only a reader runs, because they would build the working copy or change the machine, are marked console.
let private languages =
    test "every block of the README is of a language that is run" {
        let known = set [ "sh"; "python"; "fsharp"; "csharp"; "console" ]

        Expect.isEmpty (blocks readme.Value |> List.filter (fun (language, _) -> not (known.Contains language))) "blocks that nobody runs"
    }

let private refusals =
    testList
        "the README quotes what is refused"
        [ for case in [ "duplicate_indices" ] do
              test case {
                  let input = here $"edge/{case}/input.h5ad"

                  match Pipeline.run Recipe.standard Settings.standard (Input.file input) (NewFile "refused.h5ad") with
                  | Ok _ -> failtest "it is not refused any more"
                  | Error fault -> Expect.stringContains readme.Value ((Fault.sentence fault).Replace(input, "*FILE*")) "README.md"
              } ]

let tests: Test =
    testSequencedGroup "packages" (testList "docs" [ languages; refusals; shell; python; script; program ])
