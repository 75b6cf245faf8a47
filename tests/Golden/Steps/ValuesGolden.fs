/// Values that are easily misread or computed with too few digits: offsets, booleans of others, Blosc, zeros of dense matrices.
module internal SingleSharp.Golden.ValuesGolden

open System
open System.Threading
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private made =
    lazy
        (Child.script "values.py" [ "make"; lasting.Value.Folder ] "" |> ignore
         lasting.Value)

let private input name = made.Value.File $"{name}.h5ad"

let private attempt recipe settings input (output: string) =
    Pipeline.run recipe settings (Input.file input) (NewFile output)

let private run recipe settings input output = ranWith settings recipe input output

let private refused recipe settings input said =
    use sandbox = new Sandbox()

    match attempt recipe settings input (sandbox.File "output.h5ad") with
    | Ok _ -> failtest "a fault is expected"
    | Error fault -> Expect.stringContains (Fault.sentence fault) said "the sentence"

let private checks words =
    Expect.equal (Child.script "values.py" words "") "" (String.concat " " words)

let private pcaOf comps =
    (Recipe.ofSteps [ Pca.step { Pca.defaults with NComps = comps } ])

let private filterOf filter = (Recipe.ofSteps [ Filter.step filter ])

let private someCounts =
    filterOf
        { Filter.defaults with
            MinCounts = Some 1.0 }

let private schedules =
    [ { Settings.standard with Workers = 1 }
      { Settings.standard with
          Workers = 3
          Memory = 160L <<< 20 } ]

/// What is done between reads of X, and how much of it.
let private (|Task|_|) (task: Nullable<ProgressTask>) =
    if task.HasValue then Some(task.Value.Name, task.Value.Done) else None

let private offsets =
    [ for name in [ "offset_6"; "offset_5"; "wide"; "wide_dense"; "wide_twins"; "wide_offset" ] do
          test $"components of {name}" {
              use sandbox = new Sandbox()
              let output = sandbox.File "output.h5ad"
              let comps = if name.StartsWith "wide" then None else Some 3
              let report = run (pcaOf comps) Settings.standard (input name) output
              checks [ "pca"; input name; output ]
              Expect.isLessThanOrEqual (Seq.sum report.VarianceRatio) (1.0 + 1e-12) "shares"

              for settings in schedules do
                  let other = sandbox.File "other.h5ad"
                  run (pcaOf comps) settings (input name) other |> ignore
                  Expect.equal (digest other).Whole (digest output).Whole $"{settings.Workers} workers"
          }

      test "components of an offset" {
          use sandbox = new Sandbox()

          let report =
              run (pcaOf (Some 3)) Settings.standard (input "offset_6") (sandbox.File "output.h5ad")

          for found, wanted in Seq.zip report.VarianceRatio [ 0.61378748; 0.22456663; 0.15894233 ] do
              Expect.isLessThan (abs (found - wanted)) 1e-8 "as a decomposition of the values about their means has them"
      }

      test "without centring, shares are shares, and what is lost is said" {
          for name in [ "offset_6"; "wide_offset" ] do
              use sandbox = new Sandbox()

              let recipe = (Recipe.ofSteps [ Pca.step { Pca.defaults with ZeroCenter = false } ])

              let report = run recipe Settings.standard (input name) (sandbox.File "output.h5ad")

              Expect.all report.VarianceRatio (fun ratio -> ratio >= 0.0 && ratio <= 1.0) "shares"
              Expect.isLessThanOrEqual (Seq.sum report.VarianceRatio) (1.0 + 1e-9) "all of them"
              Expect.exists report.Warnings (fun warning -> warning.Contains "leave out zero_center=False") "the warning"
      } ]

let private truths =
    [ for name in [ "swapped"; "wide_bool"; "unsigned"; "big_endian"; "with_na" ] do
          test $"a boolean column: {name}" {
              use sandbox = new Sandbox()
              let output = sandbox.File "output.h5ad"
              run (pcaOf (Some 2)) Settings.standard (input $"bool_{name}") output |> ignore
              checks [ "mask"; output ]
          } ]

let private filtered =
    [ for name in [ "index_range"; "index_intervals" ] do
          test $"what was said of a whole index is not said of a part: {name}" {
              use sandbox = new Sandbox()
              let output = sandbox.File "output.h5ad"
              run someCounts Settings.standard (input name) output |> ignore
              checks [ "index"; output ]
          }

      for name in [ "blosc_zlib"; "blosc_copied" ] do
          test $"Blosc is read, and written where chunks change: {name}" {
              use sandbox = new Sandbox()

              for recipe in [ Recipe.standard; someCounts ] do
                  let wanted, found = sandbox.File "wanted.h5ad", sandbox.File "found.h5ad"
                  // The note has the name of the input.
                  let settings =
                      { Settings.standard with
                          Provenance = false }

                  run recipe settings (input "plain") wanted |> ignore
                  run recipe settings (input name) found |> ignore
                  Expect.equal (digest found).Whole (digest wanted).Whole "the same values"
          }

      test "categories of anndata 0.7 are those that are left" {
          use sandbox = new Sandbox()
          let output = sandbox.File "output.h5ad"

          let recipe =
              filterOf
                  { Filter.defaults with
                      MinGenes = Some 24L }

          let report = run recipe Settings.standard (input "categories_07") output
          Expect.isTrue (report.CellsKept > 1L && report.CellsKept < 60L) "some cells"
          checks [ "categories"; output ]

          match Pipeline.verify Settings.standard output with
          | Ok found -> Expect.isEmpty found.Findings "the file is in order"
          | Error fault -> failtest (Fault.sentence fault)
      }

      test "zeros of a dense matrix are among the most expressed genes before negative values" {
          use sandbox = new Sandbox()
          let output = sandbox.File "output.h5ad"

          let recipe =
              { (Recipe.ofSteps
                    [ Qc.step
                          { Qc.defaults with
                              PercentTop = PercentTop.Exactly [ 20; 50 ] } ]) with
                  AllowInvalid = true }

          run recipe Settings.standard (input "negative") output |> ignore

          for k in [ "20"; "50" ] do
              checks [ "top"; input "negative"; output; k ]
      } ]

let private told =
    [ test "how many cells and genes each limit dropped" {
          use sandbox = new Sandbox()

          for minCells in [ None; Some 18L ] do
              let recipe =
                  filterOf
                      { Filter.defaults with
                          MinCounts = Some 1.0
                          MaxGenes = Some 24L
                          MinCells = minCells }

              let report =
                  run recipe Settings.standard (input "plain") (sandbox.File "output.h5ad")

              let ofCells = Map [ for loss in report.Dropped.OfCells -> loss.Limit, loss.Lost ]
              Expect.sequenceEqual (Seq.map _.Limit report.Dropped.OfCells) [ "min_counts"; "max_genes" ] "limits of cells"
              Expect.equal ofCells["min_counts"] 1L "the empty cell"
              Expect.equal (ofCells["min_counts"] + ofCells["max_genes"]) (60L - report.CellsKept) "no cell does not meet both"
              Expect.equal (Seq.sumBy _.Lost report.Dropped.OfGenes) (int64 (40 - report.GenesKept)) "genes"
      }

      test "nothing is left" {
          let filter =
              { Filter.defaults with
                  MinGenes = Some 1000L }

          use sandbox = new Sandbox()

          let report =
              run (filterOf filter) Settings.standard (input "plain") (sandbox.File "output.h5ad")

          Expect.contains report.Warnings "no cell meets the limits of the filter: min_genes drops 60 of 60" "the warning"

          for recipe in [ pcaOf None; (Recipe.full |> Recipe.without "pca") ] do
              refused
                  (recipe |> Recipe.add (Filter.step filter))
                  Settings.standard
                  (input "plain")
                  "no cell meets the limits of the filter: min_genes drops 60 of 60; loosen the limits"

          refused
              (pcaOf None
               |> Recipe.add (
                   Filter.step
                       { Filter.defaults with
                           MinCells = Some 1000L }
               ))
              Settings.standard
              (input "plain")
              "no gene meets the limits of the filter: min_cells drops 40 of 40"
      }

      test "a share where a percentage is meant" {
          use sandbox = new Sandbox()

          let recipe share =
              { filterOf
                    { Filter.defaults with
                        MaxPct = [ "some", share ] } with
                  GeneSets = [ GeneSet.WithPrefix("some", "g1") ] }

          let warns share =
              (run (recipe share) Settings.standard (input "plain") (sandbox.File "output.h5ad")).Warnings
              |> Seq.contains "max_pct=some=0.05 means 0.05 percent; a share of 0.05 is some=5"

          Expect.isTrue (warns 0.05) "0.05"
          Expect.isFalse (warns 5.0) "5"
      }

      test "raw counts where logarithms are expected" {
          let recipe = (Recipe.ofSteps [ Hvg.step Hvg.defaults ])

          refused recipe Settings.standard (input "counts") "run log1p first, or choose flavor=seurat_v3"
      }

      test "too little memory names an option that there is" {
          let small =
              { Settings.standard with
                  Memory = 1L <<< 20 }

          refused (pcaOf None) small (input "wide") "choose fewer genes (mask_var, such as highly_variable, which hvg writes)"

          refused
              (pcaOf None
               |> Recipe.add (
                   Hvg.step
                       { Hvg.defaults with
                           NTopGenes = Some 300 }
               ))
              small
              (input "wide")
              "choose fewer genes (n_top_genes)"
      }

      for name in [ "offset_6"; "wide" ] do
          let task = "pca: eigenvectors"

          test $"{task} of {name} tells how far it is, and can be cancelled" {
              use sandbox = new Sandbox()
              let output = sandbox.File "output.h5ad"
              let told = ResizeArray<float>()

              let settings stop =
                  { Settings.standard with
                      Cancel = (stop: CancellationTokenSource).Token
                      Progress =
                          fun progress ->
                              match progress.Task with
                              | Task(now, share) when now = task ->
                                  told.Add share

                                  if told.Count = 1 then
                                      stop.Cancel()
                              | _ -> () }

              use stop = new CancellationTokenSource()

              Expect.throwsT<OperationCanceledException>
                  (fun () -> attempt (pcaOf (Some 3)) (settings stop) (input name) output |> ignore)
                  "it is cancelled"

              Expect.isEmpty sandbox.Names "nothing is written"

              told.Clear()
              told.Add -1.0
              use patient = new CancellationTokenSource()
              run (pcaOf (Some 3)) (settings patient) (input name) output |> ignore
              Expect.equal (Seq.last told) 1.0 "to the end"
              Expect.equal (List.ofSeq told) (List.sort (List.ofSeq told)) "forward"
          } ]

let tests =
    testList
        "Values"
        [ testList "components" offsets
          testList "booleans" truths
          testList "filtered" filtered
          testList "told" told ]
