/// Options that C# gives arrive in the core as they were given.
module internal SingleSharp.Golden.FacadeOptions

open System
open System.Linq.Expressions
open System.Reflection
open Expecto
open FSharp.Reflection
open SingleSharp.Core
open SingleSharp.Golden.FacadeTypes

/// A value of the core as a property of the C# package holds it.
let private crossed (property: PropertyInfo) (value: obj) =
    match value with
    | null -> null
    | :? (string list) as texts -> box (Array.ofList texts)
    | :? ((string * float) list) as limits ->
        let limit = property.PropertyType.GetGenericArguments()[0]
        let crossed = Array.CreateInstance(limit, limits.Length)

        limits |> List.iteri (fun i (set, percent) -> crossed.SetValue(Activator.CreateInstance(limit, set, percent), i))

        box crossed
    | some when some.GetType().IsGenericType && some.GetType().GetGenericTypeDefinition() = typedefof<option<_>> ->
        some.GetType().GetProperty("Value").GetValue some
    | other -> other

/// The options of the C# package that are these of the core.
let private optionsOf (options: obj) =
    let there = shown (options.GetType().Name)
    let made = Activator.CreateInstance there

    for field in FSharpType.GetRecordFields(options.GetType()) do
        let property = there.GetProperty field.Name
        property.SetValue(made, crossed property (field.GetValue options))

    made

/// A lambda that gives the options whatever it is given.
let private giving (options: obj) =
    let there = options.GetType()

    Expression.Lambda(Expression.Constant(options, there), Expression.Parameter there).Compile()

/// Calls a method of a chain.
let private call (name: string) (arguments: obj[]) (chain: obj) =
    (methodOf name arguments.Length (chain.GetType())).Invoke(chain, arguments)

/// Each step with options that are not as usual, by the method that takes it.
let private unusualSteps: (string * obj * Step) list =
    let filter: FilterOptions =
        { MinCounts = Some 1.0
          MaxCounts = Some 2.0
          MinGenes = Some 3L
          MaxGenes = Some 4L
          MinPct = [ "ribo", 5.0 ]
          MaxPct = [ "mt", 6.0; "first", 7.0 ]
          MinCells = Some 8L
          MaxCells = Some 9L
          GeneMinCounts = Some 10.0
          GeneMaxCounts = Some 11.0 }

    let qc: QcOptions =
        { PercentTop = PercentTop.Exactly [ 12; 13 ]
          Log1p = false }

    let normalize: NormalizeTotalOptions =
        { TargetSum = TargetSum.MedianOfAll
          ExcludeHighlyExpressed = true
          MaxFraction = 0.14
          KeyAdded = Some "fifteen" }

    let log1p: Log1pOptions = { Base = Some 16.0; AllowLogged = true }

    let hvg: HvgOptions =
        { Flavor = HvgFlavor.SeuratV3Paper
          NTopGenes = Some 17
          MinMean = 18.0
          MaxMean = 19.0
          MinDisp = 20.0
          MaxDisp = 21.0
          NBins = 22
          Span = 0.23
          BatchKey = Some "twenty-four"
          ExactN = true
          Subset = true
          KeepRaw = true }

    let scale: ScaleOptions =
        { ZeroCenter = false
          MaxValue = Some 30.0
          MaskObs = Some "thirty-one"
          DenseLayer = Some "thirty-two" }

    let pca: PcaOptions =
        { NComps = Some 25
          MaskVar = MaskVar.Column "twenty-six"
          ZeroCenter = false
          KeyAdded = Some "twenty-seven" }

    [ "Filter", filter, Filter.step filter
      "Qc", qc, Qc.step qc
      "NormalizeTotal", normalize, NormalizeTotal.step normalize
      "Log1p", log1p, Log1p.step log1p
      "HighlyVariableGenes", hvg, Hvg.step hvg
      "Scale", scale, Scale.step scale
      "Pca", pca, Pca.step pca ]

let private fullSteps: (string * obj * Step) list =
    let hvg =
        { Hvg.defaults with
            NTopGenes = Some 2000 }

    [ "Qc", Qc.defaults, Qc.step Qc.defaults
      "NormalizeTotal", NormalizeTotal.defaults, NormalizeTotal.step NormalizeTotal.defaults
      "Log1p", Log1p.defaults, Log1p.step Log1p.defaults
      "HighlyVariableGenes", hvg, Hvg.step hvg
      "Pca", Pca.defaults, Pca.step Pca.defaults ]

let private sets =
    [ GeneSet.WithPrefix("ribo", "RPS")
      GeneSet.OfGenes("first", "GENE0")
      GeneSet.FromColumn("hb", "hb")
      GeneSet.ListedIn("listed", "genes.txt") ]

/// What all steps have in common, and none of it as usual: by methods, and as the core has it.
let private unusual =
    [ "GeneSets", [| box (Array.ofList sets) |]
      "Mitochondrial", [| box (Mitochondrial.Prefix "mito") |]
      "GeneSymbols", [| box "twenty-nine" |]
      "Layer", [| box "twenty-eight" |]
      "SumDuplicates", [||]
      "AllowInvalid", [||]
      "KeepCounts", [||] ],
    { Recipe.ofSteps [] with
        Matrix = MatrixName.Layer "twenty-eight"
        Mitochondrial = Mitochondrial.Prefix "mito"
        GeneSets = sets
        GeneSymbols = Some "twenty-nine"
        SumDuplicates = true
        AllowInvalid = true
        KeepCounts = true }

let private usual = [], Recipe.ofSteps []

/// A recipe as it can be compared: steps as they tell of themselves, with each option that is not as usual.
let private comparable (recipe: Recipe) =
    recipe.Steps |> List.map string, { recipe with Steps = [] }

let private border =
    let read (path: string) =
        (shown "Pipeline").GetMethod("Read", [| typeof<string> |]).Invoke(null, [| path |])

    let field (name: string) (chain: obj) =
        chain.GetType().GetField(name, any).GetValue chain

    testList
        "a recipe that crosses the border from C# is the same"
        [ for name, (methods, common), steps in
              [ "nothing", usual, []
                "full", usual, fullSteps
                "unusual", unusual, unusualSteps ] do
              test name {
                  let chain =
                      (read "input.h5ad", methods) ||> List.fold (fun chain (name, arguments) -> call name arguments chain)

                  let chain =
                      (chain, steps) ||> List.fold (fun chain (name, options, _) -> call name [| box (giving (optionsOf options)) |] chain)

                  let expected =
                      { common with
                          Steps = [ for _, _, step in steps -> step ] }

                  Expect.equal (comparable (field "_recipe" chain :?> Recipe)) (comparable expected) "the recipe"
                  Expect.equal (field "_input" chain :?> Input) (Input.file "input.h5ad") "the input"
                  let json = call "ToJson" [||] chain
                  Expect.equal (json :?> string) (Recipe.toJson expected) "its JSON"
                  let again = read "input.h5ad" |> call "FromJson" [| json |]
                  Expect.equal (comparable (field "_recipe" again :?> Recipe)) (comparable expected) "the recipe from JSON"
              }
          test "raw" {
              let chain = read "input.h5ad" |> call "UseRaw" [||]
              Expect.equal (field "_recipe" chain :?> Recipe).Matrix MatrixName.Raw "the matrix"
          }
          for name, _, step in fullSteps do
              test $"{name} as it is usual" {
                  let chain = read "input.h5ad" |> call name [| null |]

                  let usual = Pipeline.steps |> List.find (fun usual -> usual.Name = step.Name)

                  Expect.equal ((field "_recipe" chain :?> Recipe).Steps |> List.map string) [ string usual ] "the step"
              }
          test "several inputs" {
              let options: ConvertOptions =
                  { Genome = Some "one"
                    FeatureType = Some "two"
                    MakeUnique = true
                    Join = Join.Outer
                    SampleKey = "three"
                    SampleNames = [ "four"; "five" ]
                    IndexUnique = Some "six" }

              for given, expected in [ box (giving (optionsOf options)), options; null, Input.convert ] do
                  let chain =
                      (methodOf "Read" 2 (shown "Pipeline")).Invoke(null, [| box [| "a.h5ad"; "b.h5ad" |]; given |])

                  Expect.equal
                      (field "_input" chain :?> Input)
                      { Paths = [ "a.h5ad"; "b.h5ad" ]
                        Convert = expected }
                      "the input"
          } ]

let tests: Test =
    testSequencedGroup "packages" (testList "facade options" [ border ])
