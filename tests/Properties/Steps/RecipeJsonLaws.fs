/// Recipes as JSON: they come back as they were, and what is no recipe is refused with its place.
module internal SingleSharp.Properties.RecipeJsonLaws

open System.Text.Json
open Expecto
open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Properties.GenRecipes

let private back json =
    match Recipe.ofJson json with
    | Ok recipe -> recipe
    | Error fault -> failtest $"{Fault.sentence fault}\n{json}"

/// What recipes were told apart by when the law below was tried.
let private seen =
    System.Collections.Concurrent.ConcurrentDictionary<string * string, bool>()

let private comesBack (AnyRecipe recipe) =
    for step in recipe.Steps do
        for name, _ in step.Given do
            seen[(step.Name, name)] <- true

    let json = Recipe.toJson recipe
    let again = back json
    Expect.equal again recipe "the recipe"
    // Options that look alike, such as a column that is called as the usual one, are told apart, too.
    Expect.equal (Recipe.toJson again) json "its JSON"
    Expect.equal (sprintf "%A" (again.Steps |> List.map string)) (sprintf "%A" (recipe.Steps |> List.map string)) "its steps"

let private refusals =
    [ "", "it is not JSON from line 1"
      "[]", "it must be an object"
      "{\n  \"recipe\": 1,\n}", "it is not JSON from line 3"
      """{"steps": []}""", "does not say its format"
      """{"recipe": 2, "steps": []}""", "its format is 2"
      """{"recipe": 1}""", "it has no steps"
      """{"recipe": 1, "recipe": 1, "steps": []}""", "\"recipe\" is there twice"
      """{"recipe": 1, "steps": {}}""", "steps must be a list"
      """{"recipe": 1, "steps": [], "gene_set": []}""", "\"gene_set\" is no member of it, unlike gene_sets"
      """{"recipe": 1, "steps": [{"step": "qc"}, {"step": "hvgs"}]}""",
      "step 2: hvgs is no step, unlike hvg; the steps are subset, filter, qc"
      """{"recipe": 1, "steps": [3]}""", "step 1 must be an object with a step and its options, not 3"
      """{"recipe": 1, "steps": [{"options": {}}]}""", "step 1 does not say which step it is"
      """{"recipe": 1, "steps": [{"step": "qc", "option": {}}]}""", "step 1 has a member \"option\""
      """{"recipe": 1, "steps": [{"step": "qc", "options": []}]}""", "step 1, qc: options must be an object"
      """{"recipe": 1, "steps": [{"step": "hvg", "options": {"n_top_gene": 5}}]}""",
      "step 1, hvg: n_top_gene is no option of hvg, unlike n_top_genes"
      """{"recipe": 1, "steps": [{"step": "hvg", "options": {"n_top_genes": 0}}]}""",
      "step 1, hvg: n_top_genes must be an integer from 1 up, or null, not 0"
      """{"recipe": 1, "steps": [{"step": "hvg", "options": {"n_top_genes": 2.5}}]}""", "not 2.5"
      """{"recipe": 1, "steps": [{"step": "hvg", "options": {"max_disp": "Infinity"}}]}""", "a number, \"inf\", \"-inf\" or \"nan\""
      """{"recipe": 1, "steps": [{"step": "hvg", "options": {"max_disp": 1e999}}]}""", "the number 1e999 is too large"
      """{"recipe": 1, "steps": [{"step": "hvg", "options": {"flavor": "v3"}}]}""", "\"seurat\" or \"cell_ranger\""
      """{"recipe": 1, "steps": [{"step": "qc", "options": {"log1p": "True"}}]}""", "must be true or false, not \"True\""
      """{"recipe": 1, "steps": [{"step": "pca", "options": {"key_added": "a/b"}}]}""", "without a slash"
      """{"recipe": 1, "steps": [{"step": "normalize_total", "options": {"target_sum": 5, "median": "all"}}]}""", "median goes with"
      """{"recipe": 1, "steps": [], "gene_sets": [{"name": "a"}]}""", "a name with one of prefixes, column, genes and file"
      """{"recipe": 1, "steps": [], "layer": "a", "use_raw": true}""", "each name a matrix" ]

let tests =
    testSequenced (
        testList
            "RecipeJson"
            [ Law.holdsFor 500 "ofJson (toJson recipe) = Ok recipe" (fun () -> Prop.forAll GenRecipes.anything comesBack)

              test "the law has seen every option of every step" {
                  for AnyRecipe recipe in Gen.sample 300 anything.Generator do
                      comesBack (AnyRecipe recipe)

                  for step in Pipeline.steps do
                      for option in step.Info.Options do
                          Expect.isTrue (seen.ContainsKey((step.Name, option.Name))) $"{step.Name} with another {option.Name}"
              }

              test "what is left out is as usual" {
                  let recipe =
                      back
                          """{"$schema": "recipe.schema.json", "steps": [{"step": "qc"}, {"step": "hvg", "options": {"n_top_genes": 7}}], "recipe": 1}"""

                  let wanted =
                      Recipe.ofSteps [ Qc.step Qc.defaults; Hvg.step { Hvg.defaults with NTopGenes = Some 7 } ]

                  Expect.equal recipe wanted "defaults"
              }

              test "an integer may be written as any number that is whole" {
                  let written recipe genes base' =
                      back
                          $"""{{"recipe": {recipe}, "steps": [{{"step": "filter", "options": {{"min_genes": {genes}}}}}, {{"step": "log1p", "options": {{"base": {base'}}}}}]}}"""

                  for recipe, genes in [ "1.0", "300.0"; "1e0", "3e2"; "10e-1", "300.000" ] do
                      Expect.equal (written recipe genes "2.0") (written "1" "300" "2") genes
              }

              test "every option is said, in the order of the list of steps" {
                  use document = JsonDocument.Parse(Recipe.toJson Recipe.full)

                  for written, step in Seq.zip (document.RootElement.GetProperty("steps").EnumerateArray()) Recipe.full.Steps do
                      let names =
                          [ for option in written.GetProperty("options").EnumerateObject() -> option.Name ]

                      let all = [ for option in step.Info.Options -> option.Name ]
                      Expect.equal (all |> List.filter (fun name -> List.contains name names)) names $"{step.Name}: their order"

                      Expect.isEmpty
                          (all |> List.except names |> List.except [ "percent_top"; "median"; "mask_var" ])
                          $"{step.Name}: what is left out"
              }

              for json, part in refusals do
                  test $"refused: {part}" {
                      match Recipe.ofJson json with
                      | Error(InvalidOption("recipe", why)) -> Expect.stringContains why part json
                      | other -> failtest $"{json} gives {other}"
                  } ]
    )
