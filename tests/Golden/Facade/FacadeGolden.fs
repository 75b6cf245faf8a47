/// The C# package shows all options and results of the core and nothing of F#.
module internal SingleSharp.Golden.FacadeGolden

open System
open System.Reflection
open Expecto
open FSharp.Reflection
open SingleSharp
open SingleSharp.Core
open SingleSharp.Golden.FacadeTypes

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
let results =
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
          test "of what options hold" {
              let choices =
                  [ typeof<HvgFlavor>
                    typeof<Join>
                    typeof<TargetSum>
                    typeof<MaskVar>
                    typeof<PercentTop>
                    typeof<Mitochondrial>
                    typeof<GeneSet>
                    typeof<GeneSet>.GetProperty("Rule").PropertyType ]

              Expect.isEmpty
                  (choices |> List.collect (fun choice -> choice :: List.ofArray (choice.GetNestedTypes())) |> foreignOf)
                  "members"
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
        Expect.equal (typeof<SingleSharpException>.GetProperty "Kind").PropertyType typeof<FaultKind> "what an exception tells"
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

let private rows =
    test "a row cannot be kept, and shows nothing of F#" {
        let row = typeof<CsrBatch>.Assembly.GetType("SingleSharp.Row", true)
        Expect.isTrue row.IsByRefLike "the compiler sees to it"
        Expect.isEmpty (foreignOf [ row; typeof<CsrBatch> ]) "members that show F# or the core"
    }

let tests: Test =
    testSequencedGroup "packages" (testList "facade" [ signatures; answers; choices; kinds; fields; rows ])
