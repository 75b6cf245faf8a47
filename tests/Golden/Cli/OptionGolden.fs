/// Options and places that do not fit are refused before anything is written.
module internal SingleSharp.Golden.OptionGolden

open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared

let private qc change =
    (Recipe.ofSteps [ Qc.step (change Qc.defaults) ])

let private normalize change =
    (Recipe.ofSteps [ NormalizeTotal.step (change NormalizeTotal.defaults) ])

let private withSets sets = { qc id with GeneSets = sets }

let private badOptions =
    [ "an empty recipe", (Recipe.ofSteps [])

      for target in [ 0.0; -1.0; nan; infinity ] do
          $"the target {target}",
          normalize (fun options ->
              { options with
                  TargetSum = TargetSum.Counts target })
      for share in [ -0.1; 1.1; nan ] do
          $"the fraction {share}", normalize (fun options -> { options with MaxFraction = share })
      for name in [ ""; "a/b" ] do
          $"a key called \"{name}\"", normalize (fun options -> { options with KeyAdded = Some name })
      for basis in [ 0.0; 1.0; -2.0; nan; infinity ] do
          $"the base {basis}",
          Recipe.ofSteps
              [ Log1p.step
                    { Log1p.defaults with
                        Base = Some basis } ]
      for k in [ 0; -1; 121 ] do
          $"the top {k} of 120 genes",
          qc (fun options ->
              { options with
                  PercentTop = PercentTop.Exactly [ 5; k ] })

      "two sets of one name", withSets [ GeneSet.OfGenes "a"; GeneSet.OfGenes "a" ]
      "a set from no column", withSets [ GeneSet.FromColumn("a", "nowhere") ]
      "a set from the index", withSets [ GeneSet.FromColumn("a", "_index") ]
      "a set called a/b", withSets [ GeneSet.OfGenes "a/b" ]

      "a key that qc writes too",
      qc id
      |> Recipe.add (
          NormalizeTotal.step
              { NormalizeTotal.defaults with
                  KeyAdded = Some "total_counts" }
      ) ]

let private input = here "edge/plain_csr_f32/input.h5ad"

let private refused (sandbox: Sandbox) outcome before =
    match outcome with
    | Error fault ->
        Expect.equal sandbox.Names before "nothing is written"
        fault
    | Ok _ -> failtest "a refusal is expected"

let private bad (name, recipe) =
    test name {
        use sandbox = new Sandbox()
        let copy = sandbox.Copy input
        let before = File.ReadAllBytes copy

        for output in [ NewFile(sandbox.File "output.h5ad"); InPlace ] do
            match refused sandbox (Pipeline.run recipe Settings.standard (Input.file copy) output) [ "input.h5ad" ] with
            | InvalidOption _ when not recipe.Steps.IsEmpty -> Expect.equal (File.ReadAllBytes copy) before "the input"
            | InvalidStep _ when recipe.Steps.IsEmpty -> Expect.equal (File.ReadAllBytes copy) before "the input"
            | other -> failtest (Fault.sentence other)
    }

/// A place that cannot be written to.
let private place name (target: Sandbox -> string) =
    test name {
        use sandbox = new Sandbox()
        let copy = sandbox.Copy input
        let target = target sandbox
        let before = sandbox.Names

        match refused sandbox (Pipeline.run Recipe.standard Settings.standard (Input.file copy) (NewFile target)) before with
        | CannotWrite _ -> ()
        | other -> failtest (Fault.sentence other)
    }

let private places =
    [ place "the input itself" (fun sandbox -> sandbox.File "input.h5ad")
      place "the input by another way" (fun sandbox ->
          let link = sandbox.File "link.h5ad"
          File.CreateSymbolicLink(link, sandbox.File "input.h5ad") |> ignore
          link)
      place "a folder that is not there" (fun sandbox -> Path.Combine(sandbox.Folder, "nowhere", "output.h5ad"))
      place "a folder" (fun sandbox ->
          let folder = sandbox.File "folder"
          Directory.CreateDirectory folder |> ignore
          folder) ]

/// The index keeps its name, so no column may take it.
let private indexName =
    test "a key called like the index" {
        use sandbox = new Sandbox()

        let recipe =
            normalize (fun options ->
                { options with
                    KeyAdded = Some "_index" })

        let outcome =
            Pipeline.run recipe Settings.standard (Input.file input) (NewFile(sandbox.File "output.h5ad"))

        let fault = refused sandbox outcome []
        Expect.stringContains (Fault.sentence fault) "_index" "the sentence"
    }

/// A target that is there stays as it is unless the run succeeds.
let private existing =
    test "a failed run leaves the old output" {
        use sandbox = new Sandbox()
        let old = sandbox.File "output.h5ad"
        File.WriteAllText(old, "old")

        match Pipeline.run Recipe.standard Settings.standard (Input.file (here "edge/nan_sparse/input.h5ad")) (NewFile old) with
        | Error(InvalidValue _) ->
            Expect.equal (File.ReadAllText old) "old" "the old output"
            Expect.equal sandbox.Names [ "output.h5ad" ] "nothing else"
        | other -> failtest $"a refusal is expected, not {other}"
    }

let all =
    testList
        "Options"
        [ testList "values" (List.map bad badOptions)
          testList "places" places
          indexName
          existing ]
