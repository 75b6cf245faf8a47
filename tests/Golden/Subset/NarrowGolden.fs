/// subset=True of hvg leaves what adata[:, adata.var.highly_variable] has of the same run on all genes (narrowed.py), and keep_raw the raw that
/// adata.raw = adata makes.
module internal SingleSharp.Golden.NarrowGolden

open System
open System.IO
open System.Threading
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Answers

let private few =
    { Hvg.defaults with
        NTopGenes = Some 12 }

let private tissue (sandbox: Sandbox) =
    let path = sandbox.File "input.h5ad"
    NewFile.write path (Gzipped 5000) (Made.tissue 300 60)
    path

let private edge name (_: Sandbox) = here $"edge/{name}/input.h5ad"

let private chosen (options: HvgOptions) (recipe: Recipe) = Recipe.add (Hvg.step options) recipe

let private components = Pca.step { Pca.defaults with NComps = Some 4 }

let private normalized =
    Recipe.ofSteps [ NormalizeTotal.step NormalizeTotal.defaults; Log1p.step Log1p.defaults ]

let private trend = { few with Flavor = HvgFlavor.SeuratV3 }

/// One has a raw, and anndata 0.8 does not read the other.
let private kept = [ "preserve_everything"; "columns_of_every_kind" ]

/// Inputs, and recipes that choose genes. Elements of every kind are in preserve_everything.
let private cases =
    [ "hvg alone", tissue, chosen trend (Recipe.ofSteps []), true
      "after log1p", tissue, chosen few normalized, true
      "pipeline", tissue, Recipe.full |> chosen few |> Recipe.add components, true
      "counts in a layer",
      tissue,
      { chosen few normalized with
          KeepCounts = true },
      true
      "a filter",
      tissue,
      chosen few normalized
      |> Recipe.add (
          Filter.step
              { Filter.defaults with
                  MinCells = Some 40L
                  MinGenes = Some 5L }
      ),
      true
      "scale", tissue, chosen few normalized |> Recipe.add (Scale.step Scale.defaults) |> Recipe.add components, true
      "scaled X",
      tissue,
      chosen few normalized
      |> Recipe.add (
          Scale.step
              { Scale.defaults with
                  ZeroCenter = false }
      ),
      false
      for name in
          [ "preserve_everything"
            "x_csc"
            "x_dense_f32"
            "layout_dense_chunked"
            "columns_of_every_kind" ] do
          $"hvg of {name}", edge name, chosen { trend with NTopGenes = Some 3 } (Recipe.ofSteps []), not (List.contains name kept) ]

let private narrow raw (recipe: Recipe) =
    let step = Recipe.tryFind "hvg" recipe |> Option.get

    let words = if raw then [ "subset", []; "keep_raw", [] ] else [ "subset", [] ]

    match step.Read words with
    | Ok step -> Recipe.add step recipe
    | Error mistakes -> failtest $"{mistakes}"

let private judge whole result raw =
    let words = [ whole; result ] @ (if raw then [ "raw" ] else [])
    Expect.equal ((Child.script "narrowed.py" words "").Trim()) "" "what anndata's slicing makes of it"

let private run recipe input output =
    Pipeline.run recipe withoutNote (Input.file input) output |> need

let private isSound path =
    (need (Pipeline.verify Settings.standard path)).IsSound

let private case (name, input: Sandbox -> string, recipe: Recipe, mayKeepRaw) =
    test name {
        Child.requirePython ()
        use sandbox = new Sandbox()
        let input = input sandbox
        let whole, result = sandbox.File "whole.h5ad", sandbox.File "result.h5ad"

        let recipe =
            { recipe with
                AllowInvalid = recipe.Steps |> List.exists (fun step -> step.Info.RefusesInvalid) }

        let all = run recipe input (NewFile whole)

        for raw in [ false; true ] do
            if not raw || mayKeepRaw then
                let narrowed = narrow raw recipe
                let plan = Pipeline.plan narrowed Settings.standard (Input.file input) |> need
                let report = run narrowed input (NewFile result)
                judge whole result raw
                Expect.equal (Nullable report.GenesKept) all.HighlyVariableGenes "the genes that are kept"
                Expect.equal report.Reads plan.Passes.Count "as many reads as were planned"
                Expect.equal plan.Writes 2 "writes"
                Expect.equal (isSound result) (isSound input) "as sound as before"
                let copy = sandbox.Copy(input, "copy.h5ad")
                run narrowed copy InPlace |> ignore
                Expect.equal (SingleSharp.Answers.whole copy) (SingleSharp.Answers.whole result) "in place"
                File.Delete copy

        Expect.isFalse (sandbox.Names |> List.exists (fun name -> name.Contains "tmp")) "no temporary file is left"
    }

/// What is refused before anything is read.
let private mistakes =
    [ "another mask",
      chosen few normalized
      |> Recipe.add (
          Pca.step
              { Pca.defaults with
                  MaskVar = MaskVar.Column "other" }
      )
      |> narrow false,
      "only genes stay that are highly_variable"
      "raw of scaled values",
      chosen few normalized
      |> Recipe.add (
          Scale.step
              { Scale.defaults with
                  ZeroCenter = false }
      )
      |> narrow true,
      "scale changes it before that"
      "raw of a layer",
      { narrow true (chosen few (Recipe.ofSteps [])) with
          Matrix = MatrixName.Layer "counts" },
      "raw holds X"
      "raw without subset", chosen { few with KeepRaw = true } (Recipe.ofSteps []), "all genes stay in X" ]

let private interrupted pass =
    test $"cancelled in read {pass}" {
        use sandbox = new Sandbox()
        let input = tissue sandbox
        let before = File.ReadAllBytes input
        use source = new CancellationTokenSource()

        let settings =
            { withoutNote with
                Cancel = source.Token
                Progress =
                    fun progress ->
                        if progress.Pass = pass then
                            source.Cancel() }

        for output in [ NewFile(sandbox.File "result.h5ad"); InPlace ] do
            Expect.throwsT<OperationCanceledException>
                (fun () -> Pipeline.run (narrow false (chosen few normalized)) settings (Input.file input) output |> ignore)
                "cancelled"

            Expect.equal sandbox.Names [ "input.h5ad" ] "nothing is left behind"
            Expect.equal (File.ReadAllBytes input) before "the input is as it was"
    }

let private replaced =
    test "in place, another file that is put there in the last read stays" {
        use sandbox = new Sandbox()
        let input = tissue sandbox
        let other = sandbox.Copy(input, "other.h5ad")
        File.AppendAllText(other, "somebody's own")
        let theirs = File.ReadAllBytes other
        let recipe = narrow false (chosen few normalized)

        let last =
            (Pipeline.plan recipe Settings.standard (Input.file input) |> need).Passes.Count

        let settings =
            { withoutNote with
                Progress =
                    fun progress ->
                        if progress.Pass = last && File.Exists other then
                            File.Move(other, input, true) }

        match Pipeline.run recipe settings (Input.file input) InPlace with
        | Error(InputChanged path) -> Expect.equal path input "its path"
        | other -> failtest $"{other}"

        Expect.equal sandbox.Names [ "input.h5ad" ] "nothing is left behind"
        Expect.equal (File.ReadAllBytes input) theirs "their file is there"
    }

/// What only qc looks at, which is over when genes are dropped.
let private sets =
    [ "a set",
      fun (recipe: Recipe) ->
          { recipe with
              GeneSets = [ GeneSet.WithPrefix("ribo", "gene_1") ] }
      "mitochondrial",
      fun recipe ->
          { recipe with
              Mitochondrial = Mitochondrial.Prefix "gene" } ]

let private ofSets (name, widen: Recipe -> Recipe) =
    test name {
        use sandbox = new Sandbox()
        let input, result = tissue sandbox, sandbox.File "result.h5ad"
        let without = Recipe.full |> chosen few |> narrow false
        let recipe = widen without
        let genes = (run without input (NewFile(sandbox.File "without.h5ad"))).GenesKept
        let plan = Pipeline.plan recipe Settings.standard (Input.file input) |> need
        let report = run recipe input (NewFile result)
        Expect.equal report.Reads plan.Passes.Count "as many reads as were planned"
        Expect.equal report.GenesKept genes "the genes that are kept"
    }

let all =
    testList
        "Narrow"
        [ testList "as a slice" (List.map case cases)
          testList
              "mistakes"
              [ for name, recipe, why in mistakes ->
                    test name { Expect.exists (Pipeline.check recipe) (fun fault -> (Fault.sentence fault).Contains why) "a mistake" } ]

          testList "cancelled" [ interrupted 1; interrupted 2 ]

          replaced
          testList "genes of sets" (List.map ofSets sets)

          test "pca of all genes looks at those that stay" {
              use sandbox = new Sandbox()
              let input = tissue sandbox

              let scores mask =
                  let output = sandbox.File "result.h5ad"

                  let recipe =
                      chosen few normalized
                      |> Recipe.add (
                          Pca.step
                              { Pca.defaults with
                                  NComps = Some 4
                                  MaskVar = mask }
                      )
                      |> narrow false

                  run recipe input (NewFile output) |> ignore
                  (digest output).Elements |> Seq.find (fun element -> element.Path = "obsm/X_pca") |> _.Sha256

              Expect.equal (scores MaskVar.AllGenes) (scores MaskVar.HighlyVariable) "the same scores"
          }

          test "a raw that is there is not replaced" {
              use sandbox = new Sandbox()

              Pipeline.run
                  (narrow true (chosen { trend with NTopGenes = Some 3 } (Recipe.ofSteps [])))
                  withoutNote
                  (Input.file (edge "preserve_everything" sandbox))
                  (NewFile(sandbox.File "result.h5ad"))
              |> refused [ "keep_raw: there is a raw already" ]

              Expect.isEmpty sandbox.Names "nothing is left behind"
          }

          test "the note tells of one run, whose recipe makes the same" {
              use sandbox = new Sandbox()

              let input, result, again =
                  tissue sandbox, sandbox.File "result.h5ad", sandbox.File "again.h5ad"

              let recipe = narrow true (chosen few normalized)
              Pipeline.run recipe Settings.standard (Input.file input) (NewFile result) |> need |> ignore
              let runs = Pipeline.history Settings.standard result |> need
              Expect.equal runs.Length 1 "one run"
              let noted = Recipe.ofJson runs.Head.Recipe |> need
              Pipeline.run noted Settings.standard (Input.file input) (NewFile again) |> need |> ignore
              Expect.equal (SingleSharp.Answers.whole again) (SingleSharp.Answers.whole result) "the same file"
          } ]
