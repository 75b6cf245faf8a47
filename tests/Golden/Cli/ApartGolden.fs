/// Files of one run that would take each other's place: the run is refused, and every file stays as it was.
module internal SingleSharp.Golden.ApartGolden

open System.IO
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Cli
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private files =
    [ "genes.txt"
      "in.h5ad"
      "matrix.mtx"
      "barcodes.tsv"
      "genes.tsv"
      "old.json"
      "linked.txt" ]

/// A folder with an input, a list of genes under two names, a recipe, and an input of Cell Ranger.
let private prepare (sandbox: Sandbox) =
    sandbox.Copy(here "edge/plain_csr_f32/input.h5ad", "in.h5ad") |> ignore
    File.WriteAllText(sandbox.File "genes.txt", "GENE0\n")
    File.CreateSymbolicLink(sandbox.File "linked.txt", sandbox.File "genes.txt") |> ignore

    File.WriteAllText(sandbox.File "old.json", Recipe.toJson (Recipe.ofSteps [ Qc.step Qc.defaults ]))

    File.WriteAllText(sandbox.File "matrix.mtx", "%%MatrixMarket matrix coordinate integer general\n2 2 2\n1 1 3\n2 2 4\n")
    File.WriteAllText(sandbox.File "barcodes.tsv", "a\nb\n")
    File.WriteAllText(sandbox.File "genes.tsv", "g1\tg1\ng2\tg2\n")

let private listed = "qc in.h5ad --gene-set g=file:genes.txt"

let private refused =
    [ $"{listed} --out out.h5ad --report genes.txt"
      $"{listed} --out out.h5ad --report linked.txt"
      $"{listed} --in-place --report genes.txt"
      $"{listed} --out genes.txt"
      "qc in.h5ad --out out.h5ad --recipe old.json --report old.json"
      "qc in.h5ad --out old.json --recipe old.json"
      "qc in.h5ad --out out.h5ad --save-recipe new --report new"
      "qc in.h5ad --out new --save-recipe new"
      "qc . --out out.h5ad --report genes.tsv"
      "qc matrix.mtx --out out.h5ad --report barcodes.tsv"
      "subset in.h5ad --var genes.txt --out genes.txt" ]

let private accepted =
    [ "qc in.h5ad --out out.h5ad --recipe old.json --save-recipe old.json --report page.html"
      "qc . --out out.h5ad --report page.html" ]

/// Names of files are those of the folder.
let private words (sandbox: Sandbox) (line: string) =
    let place (word: string) =
        if word.Contains '.' || word = "new" then
            match word.Split ':' with
            | [| rule; file |] -> $"{rule}:{sandbox.File file}"
            | _ -> sandbox.File word
        else
            word

    [ for word in line.Split ' ' -> place word ] @ [ "--quiet" ]

let private contents (sandbox: Sandbox) =
    [ for name in files -> name, File.ReadAllBytes(sandbox.File name) ]

let all =
    testSequenced (
        testList
            "Apart"
            [ for line in refused do
                  test line {
                      use sandbox = new Sandbox()
                      prepare sandbox
                      let before, names = contents sandbox, sandbox.Names

                      match Requests.ofWords (words sandbox line) with
                      | Error mistakes -> failtest $"{mistakes}"
                      | Ok request ->
                          try
                              Execution.perform (RunLog None) CancellationToken.None request |> ignore
                              failtest "it is not refused"
                          with :? Stopped as stopped ->
                              match stopped.Fault with
                              | CannotWrite(_, why) -> Expect.stringContains why "the run reads or writes that file too" "why"
                              | other -> failtest $"{other}"

                      Expect.equal sandbox.Names names "no file more or less"
                      Expect.equal (contents sandbox) before "each as it was"
                  }
              for line in accepted do
                  test line {
                      use sandbox = new Sandbox()
                      prepare sandbox
                      let before = contents sandbox

                      let outcome = Child.run "dotnet" (tool :: words sandbox line) [] ""
                      Expect.equal outcome.ExitCode 0 outcome.Errors
                      Expect.containsAll sandbox.Names [ "out.h5ad"; "page.html" ] "both are there"

                      for name, bytes in before do
                          if name <> "old.json" then
                              Expect.equal (File.ReadAllBytes(sandbox.File name)) bytes name
                  } ]
    )
