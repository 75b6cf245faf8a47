/// Recipes in files: what --save-recipe writes, --recipe takes, and options beside it override.
module internal SingleSharp.Golden.RecipeGolden

open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Cli
open SingleSharp.Golden.Shared

let private ofWords words =
    match Requests.ofWords words with
    | Ok request -> request
    | Error mistakes -> failtest $"{words}: {mistakes}"

let private recipeOf words =
    match (ofWords words).Task with
    | Run(_, _, recipe, _)
    | Plan(_, _, recipe) -> recipe
    | task -> failtest $"{task}"

let private mistakes words =
    match Requests.ofWords words with
    | Ok _ -> failtest $"{words} is understood"
    | Error mistakes -> String.concat "\n" mistakes

let private analysis =
    { Recipe.full with
        Mitochondrial = Mitochondrial.Prefix "mt-"
        GeneSets = [ GeneSet.WithPrefix("ribo", "RPS", "RPL"); GeneSet.FromColumn("hb", "is_hb") ]
        GeneSymbols = Some "symbol"
        AllowInvalid = true }
    |> Recipe.without "log1p"

/// A file with this recipe, in a folder of its own.
let private withFile recipe work =
    use sandbox = new Sandbox()
    let file = sandbox.File "run.json"
    File.WriteAllText(file, Recipe.toJson recipe)
    work file

let private overrides =
    [ [], analysis
      [ "--n-top-genes"; "9" ], analysis |> Recipe.add (Hvg.step { Hvg.defaults with NTopGenes = Some 9 })
      // A limit takes the place of the number that the recipe has, as it does of the one of pipeline.
      [ "--min-mean"; "0.5" ], analysis |> Recipe.add (Hvg.step { Hvg.defaults with MinMean = 0.5 })
      [ "--skip"
        "qc,pca"
        "--max-pct"
        "hb=20"
        "--max-pct"
        "ribo=9"
        "--max-pct"
        "mt=9" ],
      analysis
      |> Recipe.without "qc"
      |> Recipe.without "pca"
      |> Recipe.add (
          Filter.step
              { Filter.defaults with
                  MaxPct = [ "hb", 20.0; "ribo", 9.0; "mt", 9.0 ] }
      )
      [ "--with"; "log1p" ], analysis |> Recipe.add (Log1p.step Log1p.defaults)
      [ "--base"; "2" ], analysis |> Recipe.add (Log1p.step { Log1p.defaults with Base = Some 2.0 })
      [ "--layer"
        "counts"
        "--mt-prefix"
        "MT-"
        "--gene-set"
        "hb=prefix:HB"
        "--gene-symbols"
        "name"
        "--sum-duplicates" ],
      { analysis with
          Matrix = MatrixName.Layer "counts"
          Mitochondrial = Mitochondrial.Prefix "MT-"
          GeneSets = [ GeneSet.WithPrefix("ribo", "RPS", "RPL"); GeneSet.WithPrefix("hb", "HB") ]
          GeneSymbols = Some "name"
          SumDuplicates = true } ]

let all =
    testList
        "Recipes"
        [ for options, wanted in overrides do
              test $"""a recipe with {String.concat " " options}""" {
                  withFile analysis (fun file ->
                      let words = [ "pipeline"; "a.h5ad"; "--in-place"; "--recipe"; file ] @ options

                      Expect.equal (Recipe.toJson (recipeOf words)) (Recipe.toJson wanted) "the recipe")
              }

          test "every command that takes steps takes recipes and writes them" {
              for command in Command.all |> List.filter Command.runs do
                  use sandbox = new Sandbox()
                  let file = sandbox.File "new.json"
                  let limit = if command.Name = "filter" then [ "--min-genes"; "1" ] else []

                  let request =
                      ofWords ([ command.Name; "a.h5ad"; "--in-place"; "--save-recipe"; file ] @ limit)

                  let recipe = recipeOf ([ "plan"; command.Name; "a.h5ad" ] @ limit)

                  Expect.equal request.SaveRecipe (Some file) "where it goes"
                  Expect.equal (RecipeFile.write file recipe) (Ok()) "it is written"
                  Expect.equal (recipeOf [ "plan"; command.Name; "a.h5ad"; "--recipe"; file ]) recipe command.Name
                  // Writing it again is no mistake.
                  ofWords ([ command.Name; "a.h5ad"; "--in-place"; "--save-recipe"; file ] @ limit) |> ignore
          }

          test "a run writes its recipe, and the same recipe gives the same file" {
              use sandbox = new Sandbox()

              let json, one, two =
                  sandbox.File "run.json", sandbox.File "one.h5ad", sandbox.File "two.h5ad"

              let input = here "edge/plain_csr_f32/input.h5ad"

              let run words =
                  let outcome = Child.runTool words
                  Expect.equal outcome.ExitCode 0 outcome.Errors

              run
                  [ "preprocess"
                    input
                    "--out"
                    one
                    "--target-sum"
                    "median"
                    "--save-recipe"
                    json
                    "--quiet" ]

              run [ "preprocess"; input; "--out"; two; "--recipe"; json; "--quiet" ]
              Expect.equal (File.ReadAllBytes two) (File.ReadAllBytes one) "byte for byte"
          }

          test "what is no recipe is refused, and never written over" {
              withFile analysis (fun file ->
                  let asked words = "plan" :: words

                  Expect.stringContains
                      (mistakes (asked [ "preprocess"; "a.h5ad"; "--recipe"; file ]))
                      "preprocess does not take hvg and pca"
                      "others"

                  File.WriteAllText(file, "{\"recipe\": 1, \"steps\": [{\"step\": \"umap\"}]}")
                  let told = mistakes (asked [ "a.h5ad"; "--recipe"; file ])
                  Expect.stringContains told $"--recipe {file}: step 1: umap is no step" "place"
                  let told = mistakes (asked [ "a.h5ad"; "--save-recipe"; file ])
                  Expect.stringContains told "there is a file that is no recipe" "nobody means to lose it"
                  File.Delete file
                  Expect.stringContains (mistakes (asked [ "a.h5ad"; "--recipe"; file ])) "there is no such file" "missing")
          } ]
