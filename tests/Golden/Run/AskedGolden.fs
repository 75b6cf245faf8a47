/// What is asked of a file and makes no sense for it is refused or warned of, in one sentence that says what to do instead.
module internal SingleSharp.Golden.AskedGolden

open System.IO
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Run
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Answers

let private logged (sandbox: Sandbox) =
    let path = sandbox.File "logged.h5ad"
    Pipeline.run Recipe.standard Settings.standard (Input.file sample) (NewFile path) |> need |> ignore
    path

let private twice =
    [ test "several files whose logarithm was taken" {
          use sandbox = new Sandbox()
          let one = logged sandbox
          let other = sandbox.Copy(one, "other.h5ad")
          let output = sandbox.File "joined.h5ad"

          let kind =
              try
                  Inputs.run (Input.files [ one; other ]) log1p Settings.standard (NewFile output) |> ignore
                  None
              with trouble ->
                  Fault.tryFind trouble |> Option.map Fault.kind

          Expect.equal kind (Some FaultKind.Unsuitable) "it is not taken again"
          Expect.isFalse (File.Exists output) "and nothing is written"
      }

      test "X that is logged is not logged again" {
          use sandbox = new Sandbox()
          let input = logged sandbox
          let before = File.ReadAllBytes input

          for recipe in [ log1p; Recipe.standard; Recipe.full ] do
              run recipe input sandbox |> refused [ "already log-transformed"; "skip=qc,normalize_total,log1p"; "allow_logged" ]
              Pipeline.run recipe Settings.standard (Input.file input) InPlace |> refused [ "already log-transformed" ]
              Pipeline.plan recipe Settings.standard (Input.file input) |> refused [ "already log-transformed" ]

          Expect.equal (File.ReadAllBytes input) before "the input"
      }
      test "unless that is asked for" {
          use sandbox = new Sandbox()

          let report =
              run
                  (log1p
                   |> Recipe.add (
                       Log1p.step
                           { Log1p.defaults with
                               AllowLogged = true }
                   ))
                  (logged sandbox)
                  sandbox
              |> need

          Expect.exists report.Warnings _.Contains("transformed again") $"{report.Warnings}"
      }
      test "a layer is logged, with a word of warning" {
          use sandbox = new Sandbox()
          let input = sandbox.File "layer.h5ad"
          Child.requirePython ()

          let script =
              "import sys, anndata; a = anndata.read_h5ad(sys.argv[1]); a.layers['counts'] = a.X.copy(); a.write_h5ad(sys.argv[2])"

          let outcome =
              Child.run "/usr/bin/python3" [ "-c"; script; logged sandbox; input ] [] ""

          Expect.equal outcome.ExitCode 0 outcome.Errors

          let report =
              run
                  { log1p with
                      Matrix = MatrixName.Layer "counts" }
                  input
                  sandbox
              |> need

          Expect.exists report.Warnings _.Contains("uns/log1p is there, which tells of X") $"{report.Warnings}"
      }
      test "info of such a file still tells what is in it" {
          use sandbox = new Sandbox()

          match Pipeline.info Recipe.standard Settings.standard (Input.file (logged sandbox)) with
          | Ok info -> Expect.exists info.Plan.Warnings _.Contains("allow_logged") $"{info.Plan.Warnings}"
          | Error fault -> failtest (Fault.sentence fault)
      }
      test "normalize_total of logged X warns" {
          use sandbox = new Sandbox()

          let recipe = (Recipe.ofSteps [ NormalizeTotal.step NormalizeTotal.defaults ])

          let report = run recipe (logged sandbox) sandbox |> need
          Expect.exists report.Warnings _.Contains("normalize_total expects counts") $"{report.Warnings}"
          let report = run recipe sample sandbox |> need
          Expect.all report.Warnings (fun warning -> not (warning.Contains "expects counts")) $"{report.Warnings}"
      } ]

let private emptied =
    [ for what, filter in
          [ "cell",
            { Filter.defaults with
                MinGenes = Some 100_000L }
            "gene",
            { Filter.defaults with
                MinCells = Some 100_000L } ] do
          test $"no {what} is left for hvg and pca" {
              use sandbox = new Sandbox()

              run (Recipe.full |> Recipe.add (Filter.step filter)) sample sandbox
              |> refused
                  [ "hvg and pca cannot be computed"
                    $"no {what} meets the limits of the filter" ]

              Expect.isEmpty sandbox.Names "nothing is written"
          }

          test $"no {what} is left, which is a file as well" {
              use sandbox = new Sandbox()

              let report = run (Recipe.ofSteps [ Filter.step filter ]) sample sandbox |> need

              Expect.exists report.Warnings _.Contains("meets the limits of the filter") $"{report.Warnings}"
          } ]

/// Options of a recipe that say nothing beside the others, where they differ from what is usual.
let private unused =
    let hvg change =
        (Recipe.ofSteps [ Hvg.step (change Hvg.defaults) ])

    let top change =
        hvg ((fun hvg -> { hvg with NTopGenes = Some 5 }) >> change)

    let trend change =
        hvg ((fun hvg -> { hvg with Flavor = HvgFlavor.SeuratV3 }) >> change)

    let filtered =
        Recipe.ofSteps
            [ Filter.step
                  { Filter.defaults with
                      MinGenes = Some 1L } ]

    [ "min_mean", top (fun hvg -> { hvg with MinMean = 1.0 })
      "max_mean", top (fun hvg -> { hvg with MaxMean = 1.0 })
      "min_disp", trend (fun hvg -> { hvg with MinDisp = 1.0 })
      "max_disp", trend (fun hvg -> { hvg with MaxDisp = 1.0 })
      "n_bins", trend (fun hvg -> { hvg with NBins = 9 })
      "n_bins",
      top (fun hvg ->
          { hvg with
              Flavor = HvgFlavor.CellRanger
              NBins = 9 })
      "span", top (fun hvg -> { hvg with Span = 0.5 })
      "exact_n", trend (fun hvg -> { hvg with ExactN = true })
      "max_fraction",
      (Recipe.ofSteps
          [ NormalizeTotal.step
                { NormalizeTotal.defaults with
                    MaxFraction = 0.1 } ])
      "gene_set",
      { filtered with
          GeneSets = [ GeneSet.OfGenes "a" ] }
      "mt_prefix",
      { filtered with
          Mitochondrial = Mitochondrial.None }
      "gene_symbols", { log1p with GeneSymbols = Some "a" } ]
    |> List.mapi (fun i (option, recipe) ->
        test $"{option} without effect, {i}" {
            use sandbox = new Sandbox()
            run recipe sample sandbox |> refused [ $"{option}: " ]
        })

let all =
    testList "Asked" [ testList "twice" twice; testList "emptied" emptied; testList "unused" unused ]
