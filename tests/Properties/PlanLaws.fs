/// What a recipe means for a file, decided before a value is read.
module SingleSharp.Properties.PlanLaws

open Expecto
open PureHDF
open SingleSharp.Core

/// The plan of a recipe for one cell with these genes.
let private planOf (names: string[]) recipe =
    GenFiles.withPath (fun path ->
        let var = AnnDataFiles.frame (H5Dataset names) []

        (AnnDataFiles.file (AnnDataFiles.usual InOnePiece) names.Length ([| 1.0 |], [| 0.0 |], [| 0.0; 1.0 |]) [ "var", var ]).Write path
        Pipeline.info recipe Settings.standard path |> Result.map _.Plan)

let private withQc qc = { Recipe.nothing with Qc = Some qc }

let private genes count = Array.init count (fun i -> $"gene{i}")

let private top count percentTop =
    planOf
        (genes count)
        (withQc
            { Recipe.qc with
                PercentTop = percentTop })

let private mitochondrial names choice =
    match
        planOf
            names
            (withQc
                { Recipe.qc with
                    Mitochondrial = choice
                    PercentTop = Exactly [] })
    with
    | Ok plan ->
        let isIn gene =
            plan.Sets |> List.exists (fun (_, mask) -> mask[gene])

        plan.SetSizes, Array.init names.Length isIn
    | Error fault -> failtest (Fault.sentence fault)

let tests =
    testList
        "Plan"
        [ test "the shares of the top 50, 100, 200 and 500 genes, as far as there are so many" {
              for count in [ 1; 49; 50; 51; 99; 100; 199; 200; 499; 500; 501 ] do
                  let fitting = [ 50; 100; 200; 500 ] |> List.filter (fun k -> k <= count)

                  match top count Fitting with
                  | Ok plan ->
                      Expect.equal plan.PercentTop fitting $"{count} genes"
                      Expect.equal plan.Warnings.Length (if count < 500 then 1 else 0) "what is left out is told"
                  | Error fault -> failtest (Fault.sentence fault)
          }

          test "shares asked for are sorted, once each, and within the genes" {
              Expect.equal (top 9 (Exactly [ 9; 3; 1; 3 ]) |> Result.map _.PercentTop) (Ok [ 1; 3; 9 ]) "sorted"

              for wrong in [ [ 10 ]; [ 0 ]; [ 1; -1 ]; [ 3; 10; 2 ] ] do
                  match top 9 (Exactly wrong) with
                  | Error(BadOption("--percent-top", _)) -> ()
                  | other -> failtest $"{wrong}: {other}"
          }

          test "mitochondrial genes are those of humans, of mice where there are none, and no others" {
              let both = [| "mt-A"; "MT-A"; "Mt-A"; "aMT-"; "MT" |]
              Expect.equal (mitochondrial both Guessed) ([ "mt", 1 ], [| false; true; false; false; false |]) "human before mouse"
              let mouse = [| "mt-A"; "Mt-A"; "aMT-"; "mt-B" |]
              Expect.equal (mitochondrial mouse Guessed) ([ "mt", 2 ], [| true; false; false; true |]) "mouse"
              Expect.equal (mitochondrial [| "Mt-A"; "MTA" |] Guessed) ([], [| false; false |]) "none"
              Expect.equal (mitochondrial both (StartingWith "mt-")) ([ "mt", 1 ], [| true; false; false; false; false |]) "as told"
              Expect.equal (mitochondrial both NotCounted) ([], Array.create 5 false) "not counted"
          }

          test "one read for everything, one more for genes to leave out and for a median" {
              for target, excludes, reads in
                  [ Counts 1.0, false, 1
                    Counts 1.0, true, 2
                    MedianOfAll, false, 2
                    MedianOfPositive, true, 3 ] do
                  let recipe =
                      { Recipe.standard with
                          NormalizeTotal =
                              Some
                                  { Recipe.normalizeTotal with
                                      TargetSum = target
                                      ExcludeHighlyExpressed = excludes } }

                  Expect.equal (planOf (genes 3) recipe |> Result.map _.Passes.Length) (Ok reads) $"{target}, {excludes}"
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
                          { Recipe.nothing with
                              Filter =
                                  Some
                                      { Recipe.filter with
                                          MinGenes = Some 1L } }

                      match Pipeline.info recipe Settings.standard path with
                      | Ok info -> info.Plan.Memory
                      | Error fault -> failtest (Fault.sentence fault))

              let values = 400_000
              // Values and genes, each a chunk that is built and what its codec copies it to; pieces take a quarter of a MiB each.
              let pieces = 3L <<< 18

              Expect.isGreaterThanOrEqual (memory (InChunks values) - memory InOnePiece + pieces) (int64 values * 2L * 2L * 4L) "bytes"
          }

          test "the type afterwards" {
              for normalizes, logs, after in
                  [ false, false, Numeric.UInt16
                    true, false, Numeric.Float32
                    false, true, Numeric.Float64
                    true, true, Numeric.Float32 ] do
                  let recipe =
                      { Recipe.nothing with
                          Qc = Some Recipe.qc
                          NormalizeTotal = if normalizes then Some Recipe.normalizeTotal else None
                          Log1p = if logs then Some Recipe.log1p else None }

                  GenFiles.withPath (fun path ->
                      AnnDataFiles.write
                          path
                          { AnnDataFiles.usual InOnePiece with
                              Values = Numeric.UInt16 }
                          { Genes = 1; Rows = [ [ 0, 1.0 ] ] }

                      let plan =
                          Pipeline.info recipe Settings.standard path |> Result.map _.Plan.TypeAfter

                      Expect.equal plan (Ok after) $"{normalizes}, {logs}")
          } ]
