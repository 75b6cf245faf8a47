/// What a recipe means for a file, decided before a value is read.
module internal SingleSharp.Properties.PlanLaws

open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Rows
open SingleSharp.Core.Writing
open SingleSharp.Core.Steps

/// A file of one cell with these genes.
let private withGenes (names: string[]) work =
    GenFiles.withPath (fun path ->
        let var = AnnDataFiles.frame (H5Dataset names) []

        (AnnDataFiles.file (AnnDataFiles.usual Unchunked) names.Length ([| 1.0 |], [| 0.0 |], [| 0.0; 1.0 |]) [ "var", var ]).Write path
        work path)

/// The plan of a recipe for one cell with these genes.
let private planOf names recipe =
    withGenes names (fun path -> Pipeline.info recipe Settings.standard (Input.file path) |> Result.map _.Plan)

let private withQc qc = Recipe.ofSteps [ Qc.step qc ]

let private genes count = Array.init count (fun i -> $"gene{i}")

let private top count percentTop =
    planOf
        (genes count)
        (withQc
            { Qc.defaults with
                PercentTop = percentTop })

let private mitochondrial names choice =
    let recipe =
        { withQc
              { Qc.defaults with
                  PercentTop = PercentTop.Exactly [] } with
            Mitochondrial = choice }

    match planOf names recipe with
    | Ok plan ->
        // The masks from which qc counts.
        let masks =
            withGenes names (fun path ->
                using (GenFiles.openRead path) (fun file ->
                    GeneSetMasks.masks file Settings.standard.Memory (Recipe.common recipe) (RowMask.all (int64 names.Length))))

        let isIn gene =
            masks |> List.exists (fun (_, mask: bool[]) -> mask[gene])

        [ for set in plan.GeneSets -> set.Name, set.Genes ], Array.init names.Length isIn
    | Error fault -> failtest (Fault.sentence fault)

let tests =
    testList
        "Plan"
        [ test "the shares of the top 50, 100, 200 and 500 genes, as far as there are so many" {
              for count in [ 1; 49; 50; 51; 99; 100; 199; 200; 499; 500; 501 ] do
                  let fitting = [ 50; 100; 200; 500 ] |> List.filter (fun k -> k <= count)

                  match top count PercentTop.Default with
                  | Ok plan ->
                      Expect.equal (List.ofSeq plan.PercentTop) fitting $"{count} genes"
                      Expect.equal plan.Warnings.Count (if count < 500 then 1 else 0) "what is left out is told"
                  | Error fault -> failtest (Fault.sentence fault)
          }

          test "shares asked for are sorted, once each, and within the genes" {
              Expect.equal
                  (top 9 (PercentTop.Exactly [ 9; 3; 1; 3 ]) |> Result.map (fun plan -> List.ofSeq plan.PercentTop))
                  (Ok [ 1; 3; 9 ])
                  "sorted"

              for wrong in [ [ 10 ]; [ 0 ]; [ 1; -1 ]; [ 3; 10; 2 ] ] do
                  match top 9 (PercentTop.Exactly wrong) with
                  | Error(InvalidOption("percent_top", _)) -> ()
                  | other -> failtest $"{wrong}: {other}"
          }

          test "mitochondrial genes are those of humans, of mice where there are none, and no others" {
              let both = [| "mt-A"; "MT-A"; "Mt-A"; "aMT-"; "MT" |]

              Expect.equal
                  (mitochondrial both Mitochondrial.Auto)
                  ([ "mt", 1 ], [| false; true; false; false; false |])
                  "human before mouse"

              let mouse = [| "mt-A"; "Mt-A"; "aMT-"; "mt-B" |]
              Expect.equal (mitochondrial mouse Mitochondrial.Auto) ([ "mt", 2 ], [| true; false; false; true |]) "mouse"
              Expect.equal (mitochondrial [| "Mt-A"; "MTA" |] Mitochondrial.Auto) ([], [| false; false |]) "none"
              Expect.equal (mitochondrial both (Mitochondrial.Prefix "mt-")) ([ "mt", 1 ], [| true; false; false; false; false |]) "as told"
              Expect.equal (mitochondrial both Mitochondrial.None) ([], Array.create 5 false) "not counted"
          }

          test "one read for everything, one more for genes to leave out and for a median" {
              for target, excludes, reads in
                  [ TargetSum.Counts 1.0, false, 1
                    TargetSum.Counts 1.0, true, 2
                    TargetSum.MedianOfAll, false, 2
                    TargetSum.MedianOfPositive, true, 3 ] do
                  let recipe =
                      (Recipe.standard
                       |> Recipe.add (
                           NormalizeTotal.step
                               { NormalizeTotal.defaults with
                                   TargetSum = target
                                   ExcludeHighlyExpressed = excludes }
                       ))

                  Expect.equal (planOf (genes 3) recipe |> Result.map _.Passes.Count) (Ok reads) $"{target}, {excludes}"
          }

          test "chunks that are written row by row count as memory" {
              let memory storage =
                  GenFiles.withPath (fun path ->
                      AnnDataFiles.write
                          path
                          (AnnDataFiles.usual storage)
                          { Genes = 1000
                            Rows = List.init 400 (fun _ -> [ for gene in 0..999 -> gene, 1.0 ]) }

                      let recipe =
                          (Recipe.ofSteps
                              [ Filter.step
                                    { Filter.defaults with
                                        MinGenes = Some 1L } ])

                      match Pipeline.info recipe Settings.standard (Input.file path) with
                      | Ok info -> info.Plan.Memory
                      | Error fault -> failtest (Fault.sentence fault))

              let values = 400_000
              // Values and genes, each a chunk that is built and what its codec copies it to; pieces take a quarter of a MiB each.
              let pieces = 3L <<< 18

              Expect.isGreaterThanOrEqual (memory (InChunks values) - memory Unchunked + pieces) (int64 values * 2L * 2L * 4L) "bytes"
          }

          test "the type afterwards" {
              for normalizes, logs, after in
                  [ false, false, "uint16"
                    true, false, "float32"
                    false, true, "float64"
                    true, true, "float32" ] do
                  let recipe =
                      Recipe.ofSteps
                          [ Qc.step Qc.defaults
                            if normalizes then
                                NormalizeTotal.step NormalizeTotal.defaults
                            if logs then
                                Log1p.step Log1p.defaults ]

                  GenFiles.withPath (fun path ->
                      AnnDataFiles.write
                          path
                          { AnnDataFiles.usual Unchunked with
                              Values = DType.UInt16 }
                          { Genes = 1; Rows = [ [ 0, 1.0 ] ] }

                      let plan =
                          Pipeline.info recipe Settings.standard (Input.file path) |> Result.map _.Plan.TypeAfter

                      Expect.equal plan (Ok after) $"{normalizes}, {logs}")
          } ]
