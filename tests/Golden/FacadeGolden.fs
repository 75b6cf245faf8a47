/// The C# package shows all options and results of the core and nothing of F#.
module internal SingleSharp.Golden.FacadeGolden

open System
open System.IO
open System.IO.Compression
open System.Linq.Expressions
open System.Reflection
open Expecto
open FSharp.Reflection
open SingleSharp
open SingleSharp.Core
open SingleSharp.Golden.Packages

/// The assembly of the package SingleSharp.
let private facade =
    lazy
        (use package =
            ZipFile.OpenRead(Path.Combine(feed.Value.Folder, $"SingleSharp.{feed.Value.Version}.nupkg"))

         use stream = package.GetEntry("lib/net10.0/SingleSharp.dll").Open()
         use memory = new MemoryStream()
         stream.CopyTo memory
         Assembly.Load(memory.ToArray()))

let private shown name =
    facade.Value.GetType($"SingleSharp.{name}", true)

/// Every type in the signature of a public member.
let private typesOf (shown: MemberInfo) =
    let rec parts (part: Type) =
        part :: (List.ofArray (part.GetGenericArguments()) |> List.collect parts)
        @ (if part.HasElementType then parts (part.GetElementType()) else [])

    let ofMethod (method: MethodBase) =
        method.GetParameters() |> Array.map _.ParameterType |> List.ofArray

    match shown with
    | :? MethodInfo as method -> method.ReturnType :: ofMethod method
    | :? MethodBase as constructor -> ofMethod constructor
    | :? PropertyInfo as property -> [ property.PropertyType ]
    | :? FieldInfo as field -> [ field.FieldType ]
    | _ -> []
    |> List.collect parts

/// Types of F# and of its core, which no C# program should have to name.
let private isForeign (part: Type) =
    not (isNull part.Namespace)
    && (part.Namespace.StartsWith "Microsoft.FSharp" || part.Namespace.StartsWith "SingleSharp.Core")

let private foreignOf (types: Type seq) =
    [ for shown in types do
          for each in shown.GetMembers() do
              for part in typesOf each do
                  if isForeign part then
                      $"{shown.Name}.{each.Name}: {part}" ]

/// What the doors give back, and what is in it.
let private results =
    [ typeof<Report>
      typeof<Findings>
      typeof<Dropped>
      typeof<LimitLoss>
      typeof<GeneSetSize>
      typeof<Plan>
      typeof<PlannedPass>
      typeof<Info>
      typeof<StoredDataset>
      typeof<Conversion>
      typeof<SampleSize>
      typeof<Digest>
      typeof<ElementDigest>
      typeof<Verification>
      typeof<Finding>
      typeof<Progress>
      typeof<ProgressTask> ]

let private signatures =
    testList
        "no public signature of the C# package shows F#"
        [ test "of its own types" { Expect.isEmpty (foreignOf (facade.Value.GetExportedTypes())) "members that show F# or the core" }
          test "of the results" {
              Expect.isEmpty (results |> List.filter (fun result -> result.Namespace <> "SingleSharp")) "results that are elsewhere"
              Expect.isEmpty (foreignOf results) "members that show F# or the core"
          }
          test "of anything that they hold" {
              let known = set [ for result in results -> result.FullName ]

              let unknown =
                  [ for result in results do
                        for property in result.GetProperties() do
                            for part in typesOf property do
                                if part.Namespace = "SingleSharp" && not part.IsEnum && not (known.Contains part.FullName) then
                                    $"{result.Name}.{property.Name}: {part}" ]

              Expect.isEmpty unknown "types that are not among the results"
          } ]

let private any =
    BindingFlags.Public ||| BindingFlags.NonPublic ||| BindingFlags.Static ||| BindingFlags.Instance

let private methodOf (name: string) (parameters: int) (owner: Type) =
    owner.GetMethods() |> Array.find (fun method -> method.Name = name && method.GetParameters().Length = parameters)

let private answers =
    testList
        "the results of the C# package are those of the core"
        [ for owner, name, parameters, result in
              [ "Chain", "Write", 2, typeof<Report>
                "Chain", "WriteInPlace", 1, typeof<Report>
                "Chain", "Plan", 1, typeof<Plan>
                "Chain", "Info", 1, typeof<Info>
                "Chain", "Convert", 2, typeof<Conversion>
                "Pipeline", "Digest", 2, typeof<Digest>
                "Pipeline", "Verify", 2, typeof<Verification> ] do
              test $"{owner}.{name}" {
                  Expect.equal (methodOf name parameters (shown owner)).ReturnType result "its result"

                  let later =
                      (shown owner).GetMethods() |> Array.filter (fun method -> method.Name = name + "Async")

                  Expect.hasLength later 1 "its twin"
                  Expect.equal (later[0].ReturnType.GetGenericArguments()) [| result |] "the result of its twin"

                  for parameter in later[0].GetParameters() do
                      if parameter.Name = "progress" then
                          Expect.equal parameter.ParameterType typeof<IProgress<Progress>> "what it is told"
              } ]

let private choices =
    testList
        "the choices of the C# package are those of the core"
        [ for choice, owner, property in
              [ typeof<HvgFlavor>, "HvgOptions", "Flavor"
                typeof<Join>, "ConvertOptions", "Join"
                typeof<TargetSum>, "NormalizeTotalOptions", "TargetSum"
                typeof<MaskVar>, "PcaOptions", "MaskVar"
                typeof<PercentTop>, "QcOptions", "PercentTop" ] do
              test choice.Name {
                  Expect.equal choice.Namespace "SingleSharp" "where it is"
                  Expect.equal ((shown owner).GetProperty property).PropertyType choice "the type of the option"
              } ]

/// A fault of this case, about nothing in particular.
let private anyOf (case: UnionCaseInfo) =
    let nothing (field: PropertyInfo) =
        if field.PropertyType.IsValueType then Activator.CreateInstance field.PropertyType else box ""

    FSharpValue.MakeUnion(case, case.GetFields() |> Array.map nothing) :?> Fault

let private kinds =
    test "FaultKind names every kind of fault" {
        let kinds =
            FSharpType.GetUnionCases typeof<Fault> |> Array.map (anyOf >> Fault.kind) |> Array.distinct

        Expect.equal (Enum.GetValues<FaultKind>()) kinds "their names"
        Expect.equal ((shown "SingleSharpException").GetProperty "Kind").PropertyType typeof<FaultKind> "what an exception tells"
    }

let private fields =
    testList
        "the options of the C# package have the fields of the core in their order"
        [ for record in
              [ typeof<FilterOptions>
                typeof<QcOptions>
                typeof<NormalizeTotalOptions>
                typeof<Log1pOptions>
                typeof<HvgOptions>
                typeof<PcaOptions>
                typeof<ConvertOptions> ] do
              test record.Name {
                  let properties =
                      (shown record.Name).GetProperties(BindingFlags.Public ||| BindingFlags.Instance)

                  let names = FSharpType.GetRecordFields record |> Array.map _.Name
                  Expect.equal (properties |> Array.map _.Name) names "their names"
              } ]

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
          ExactN = true }

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
      "AllowInvalid", [||] ],
    { Recipe.ofSteps [] with
        Matrix = MatrixName.Layer "twenty-eight"
        Mitochondrial = Mitochondrial.Prefix "mito"
        GeneSets = sets
        GeneSymbols = Some "twenty-nine"
        SumDuplicates = true
        AllowInvalid = true }

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
    testSequencedGroup "packages" (testList "facade" [ signatures; answers; choices; kinds; fields; border ])
