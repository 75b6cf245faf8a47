/// One data set through the shell, Python, an F# script and C#, as docs/getting-started.md does it: one result, and a page that tells it.
module internal SingleSharp.Golden.DoorsGolden

open System.IO
open Expecto
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let page = "docs/getting-started.md"

/// Who writes what.
let private doors =
    [ "sh", "shell.h5ad"
      "python", "python.h5ad"
      "fsharp", "fsharp.h5ad"
      "csharp", "csharp.h5ad" ]

let private report = "report.html"

let tests: Test =
    testSequencedGroup
        "doors"
        (testList
            "Doors"
            [ test "every door makes the same of pbmc3k, and the page tells its digest" {
                  Child.requirePython ()
                  use sandbox = new Sandbox()
                  sandbox.Copy(require "data/real/pbmc3k.h5ad", "pbmc3k.h5ad") |> ignore
                  let blocks = DocBlocks.blocksOf page
                  Expect.containsAll (blocks |> List.map _.Language) (List.map fst doors) "the page goes through all doors"
                  PageRun.run sandbox blocks

                  let digests = [ for _, file in doors -> file, whole (sandbox.File file) ]
                  let _, first = digests.Head
                  Expect.equal digests [ for _, file in doors -> file, first ] "one digest"
                  Expect.stringContains (File.ReadAllText(sandbox.File report)) first "the page of the result tells it"
              } ])
