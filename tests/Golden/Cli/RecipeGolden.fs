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

                  let limit =
                      match command.Name with
                      | "filter" -> [ "--min-genes"; "1" ]
                      | "subset" -> [ "--obs-query"; "index != nobody" ]
                      | _ -> []

                  let request =
                      ofWords ([ command.Name; "a.h5ad"; "--in-place"; "--save-recipe"; file ] @ limit)

                  let recipe = recipeOf ([ "plan"; command.Name; "a.h5ad" ] @ limit)

                  Expect.equal request.SaveRecipe (Some file) "where it goes"
                  Expect.equal (Recipe.save file recipe) (Ok()) "it is written"
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

          test "a step that is twice there or out of its order is refused, and not repaired" {
              use sandbox = new Sandbox()
              let file = sandbox.File "run.json"

              let base' value =
                  Log1p.step
                      { Log1p.defaults with
                          Base = Some value }

              for steps, told in
                  [ [ base' 2.0; base' 10.0 ], "log1p, log1p: each step is taken at most once"
                    [ Hvg.step Hvg.defaults; Log1p.step Log1p.defaults ], "hvg, log1p: each step is taken at most once, in the order" ] do
                  File.WriteAllText(file, Recipe.toJson (Recipe.ofSteps steps))

                  for options in [ []; [ "--skip"; "log1p" ]; [ "--base"; "2" ] ] do
                      Expect.stringContains
                          (mistakes ([ "pipeline"; "a.h5ad"; "--in-place"; "--recipe"; file ] @ options))
                          $"--recipe {file}: {told}"
                          "which steps"
          }

          test "a recipe is written once its run is done, in one step, and over nothing else" {
              use sandbox = new Sandbox()
              let input = here "edge/plain_csr_f32/input.h5ad"
              let json, linked = sandbox.File "run.json", sandbox.File "linked.json"

              let refused words =
                  Expect.throwsT<Stopped>
                      (fun () -> Execution.perform (RunLog None) System.Threading.CancellationToken.None (ofWords words) |> ignore)
                      "the run"

              refused
                  [ "qc"
                    input
                    "--out"
                    sandbox.File "no/where.h5ad"
                    "--save-recipe"
                    json
                    "--quiet" ]

              Expect.isFalse (File.Exists json) "no recipe of what was refused"

              // Whoever holds the old file by another name keeps it whole.
              Expect.equal (Recipe.save json analysis) (Ok()) "it is written"
              (File.CreateSymbolicLink(sandbox.File "symbolic.json", json)).Exists |> ignore
              Child.run "ln" [ json; linked ] [] "" |> ignore
              Expect.equal (Recipe.save (sandbox.File "symbolic.json") Recipe.standard) (Ok()) "through a symbolic link"
              Expect.equal (Recipe.load json) (Ok Recipe.standard) "the new one"
              Expect.equal (Recipe.load linked) (Ok analysis) "the old one"
              Expect.equal sandbox.Names [ "linked.json"; "run.json"; "symbolic.json" ] "nothing else"

              let saved file =
                  mistakes [ "plan"; "a.h5ad"; "--save-recipe"; file ]

              let immense = sandbox.File "immense"
              using (File.Create immense) (fun file -> file.SetLength(3L <<< 40))
              Expect.stringContains (saved immense) "there is a file that is no recipe" "it is not read"

              Expect.stringContains
                  (mistakes [ "plan"; "a.h5ad"; "--recipe"; immense ])
                  "it is longer than 16 MiB, which no recipe is"
                  "nor here"

              if File.Exists "/dev/full" then
                  let device = sandbox.File "device.json"
                  File.CreateSymbolicLink(device, "/dev/full") |> ignore
                  Expect.stringContains (saved device) "it is a device, not a file" "a device"
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
