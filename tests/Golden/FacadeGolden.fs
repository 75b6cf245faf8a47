/// The C# package shows all of the core and nothing of F#.
module SingleSharp.Golden.FacadeGolden

open System
open System.IO
open System.IO.Compression
open System.Reflection
open Expecto
open FSharp.Reflection
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

let private signatures =
    test "no public signature of the C# package shows F#" {
        let isForeign (part: Type) =
            not (isNull part.Namespace)
            && (part.Namespace.StartsWith "Microsoft.FSharp" || part.Namespace.StartsWith "SingleSharp.Core")

        let foreign =
            [ for shown in facade.Value.GetExportedTypes() do
                  for each in shown.GetMembers() do
                      for part in typesOf each do
                          if isForeign part then
                              $"{shown.Name}.{each.Name}: {part}" ]

        Expect.isEmpty foreign "members that show F# or the core"
    }

let private choices =
    testList
        "the choices of the C# package are those of the core"
        [ for choice, name in
              [ typeof<ValuePlan>, "ValuePlan"
                typeof<HvgFlavor>, "HvgFlavor"
                typeof<Join>, "Join" ] do
              test name {
                  let names = FSharpType.GetUnionCases choice |> Array.map _.Name
                  Expect.equal (Enum.GetNames(shown name)) names "their names"
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

        Expect.equal (Enum.GetNames(shown "FaultKind")) kinds "their names"
    }

let private fields =
    testList
        "the records of the C# package have the fields of the core in their order"
        [ for record in
              [ typeof<Recipe>
                typeof<FilterRecipe>
                typeof<QcRecipe>
                typeof<NormalizeRecipe>
                typeof<Log1pRecipe>
                typeof<HvgRecipe>
                typeof<PcaRecipe>
                typeof<Report>
                typeof<Progress>
                typeof<Info>
                typeof<ConvertRecipe>
                typeof<Conversion>
                typeof<Digest>
                typeof<Finding> ] do
              test record.Name {
                  let properties =
                      (shown record.Name).GetProperties(BindingFlags.Public ||| BindingFlags.Instance)

                  let names = FSharpType.GetRecordFields record |> Array.map _.Name
                  Expect.equal (properties |> Array.map _.Name) names "their names"
              } ]

/// A recipe in which nothing is as it stands in the standard one.
let private unusual: Recipe =
    let sets =
        [ { Name = "ribo"
            Rule = Prefix [ "RPS" ] }
          { Name = "first"
            Rule = Names [ "GENE0" ] }
          { Name = "hb"; Rule = Column "hb" } ]

    { Filter =
        Some
            { MinCounts = Some 1.0
              MaxCounts = Some 2.0
              MinGenes = Some 3L
              MaxGenes = Some 4L
              MinPct = [ "ribo", 5.0 ]
              MaxPct = [ "mt", 6.0; "first", 7.0 ]
              MinCells = Some 8L
              MaxCells = Some 9L
              GeneMinCounts = Some 10.0
              GeneMaxCounts = Some 11.0
              Mitochondrial = StartingWith "mito"
              GeneSets = sets }
      Qc =
        Some
            { Mitochondrial = NotCounted
              GeneSets = sets
              PercentTop = Exactly [ 12; 13 ]
              Log1p = false }
      NormalizeTotal =
        Some
            { TargetSum = MedianOfAll
              ExcludeHighlyExpressed = true
              MaxFraction = 0.14
              KeyAdded = Some "fifteen" }
      Log1p = Some { Base = Some 16.0 }
      Hvg =
        Some
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
      Pca =
        Some
            { NComps = Some 25
              MaskVar = MaskColumn "twenty-six"
              ZeroCenter = false
              KeyAdded = Some "twenty-seven" }
      Matrix = MatrixName.Layer "twenty-eight"
      SumDuplicates = true
      AllowInvalid = true
      AllowLogged = true
      GeneSymbols = Some "twenty-nine" }

let private border =
    testList
        "a recipe that crosses the border to C# and back is the same"
        [ for name, recipe in [ "nothing", Recipe.nothing; "full", Recipe.full; "unusual", unusual ] do
              test name {
                  let any =
                      BindingFlags.Public ||| BindingFlags.NonPublic ||| BindingFlags.Static ||| BindingFlags.Instance

                  let there = (shown "Recipe").GetConstructor(any, [| typeof<Recipe> |])
                  let back = (shown "Translate").GetMethod("Recipe", any)
                  Expect.equal (back.Invoke(null, [| there.Invoke [| recipe |] |]) :?> Recipe) recipe "the recipe"
              } ]

let tests: Test =
    testSequencedGroup "packages" (testList "facade" [ signatures; choices; kinds; fields; border ])
