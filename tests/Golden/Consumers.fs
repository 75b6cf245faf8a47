/// The packages as their users meet them: packed, restored from a feed, and used from C#, from an F# script and in a shell.
module SingleSharp.Golden.Consumers

open System
open System.IO
open System.IO.Compression
open System.Reflection
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Packages

let private right result =
    match result with
    | Ok answer -> answer
    | Error fault -> failtest (Fault.sentence fault)

/// What the library makes of the counts in this process: the target sum and the digest.
let private inProcess (sandbox: Sandbox) recipe =
    let output = sandbox.File "expected.h5ad"

    let report =
        Pipeline.run recipe Settings.standard (sandbox.File "counts.h5ad") (Output.NewFile output) |> right

    report.TargetSum.Value, (Pipeline.digest Settings.standard output |> right).Whole

let private geneSet name rule = { Name = name; Rule = rule }

let private withSets sets =
    { Recipe.qc with
        GeneSets = geneSet "ribo" (Prefix [ "RPS"; "RPL" ]) :: sets }

let private lines (text: string) =
    text.Split('\n', StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries) |> List.ofArray

let private nowhere = "fault: Missing: nowhere.h5ad does not exist; check the name."

/// What Program.cs prints, line by line.
let private saidByProgram (target: float) digest =
    let counts = counts.Value

    let rows =
        Array.pairwise counts.Indptr |> Array.map (fun (first, next) -> [| first .. next - 1 |])

    let total row =
        row |> Array.sumBy (fun at -> float counts.Data[at])

    let silent =
        rows |> Array.filter (Array.forall (fun at -> counts.Indices[at] <> 0)) |> Array.length

    let deepest = rows |> Array.map total |> Array.indexed |> Array.maxBy snd

    [ "plan: median total, qc + normalize_total + log1p -> float32, StoreAnew"
      "progress: 5000 of 5000 cells, pass 2 of 2"
      $"target sum: {target}"
      "gene sets: mt 12, ribo 30, first 2"
      "reads: 2"
      "counts: True"
      $"digest: {digest}"
      $"digest of steps: {digest}"
      $"without gene 0: {silent}"
      $"deepest: cell {fst deepest} with {snd deepest}"
      "same bits: True"
      nowhere
      "cancelled: True"
      "a statistic's own: as it was thrown"
      "at once: recipe" ]

let private ofCSharp =
    test "a C# program gets from the package what the library gives" {
        use sandbox = new Sandbox()
        writeCounts (sandbox.File "counts.h5ad")
        let project = Directory.CreateDirectory(sandbox.File "consumer").FullName

        for file in Directory.GetFiles(here "consumers/CSharp") do
            File.Copy(file, Path.Combine(project, Path.GetFileName file))

        Command.run project feed.Value.Environment "dotnet" [ "build"; "--output"; sandbox.File "built" ] |> ignore

        let said =
            Command.run sandbox.Folder [] "dotnet" [ sandbox.File "built/Consumer.dll"; "counts.h5ad"; "logged.h5ad" ]

        let target, digest =
            inProcess
                sandbox
                { Recipe.standard with
                    Qc =
                        Some
                            { withSets [ geneSet "first" (Names [ "GENE0"; "GENE1"; "NOSUCHGENE" ]) ] with
                                PercentTop = Exactly [ 20; 50 ] }
                    NormalizeTotal =
                        Some
                            { Recipe.normalizeTotal with
                                TargetSum = MedianOfPositive
                                KeyAdded = Some "size_factor" } }

        Expect.equal (lines said) (saidByProgram target digest) "the lines that it prints"
    }

let private ofScript =
    test "an F# script gets from the package what the library gives" {
        use sandbox = new Sandbox()
        writeCounts (sandbox.File "counts.h5ad")
        File.WriteAllText(sandbox.File "script.fsx", feed.Value.Script(File.ReadAllText(here "consumers/script.fsx")))

        let said =
            Command.run sandbox.Folder [] "dotnet" [ "fsi"; "script.fsx"; "counts.h5ad"; "logged.h5ad" ]

        let target, digest =
            inProcess
                sandbox
                { Recipe.standard with
                    Qc = Some(withSets []) }

        let perCell = float counts.Value.Data.Length / float counts.Value.CellNames.Length

        Expect.equal
            (lines said)
            [ $"target sum: {target}"
              "gene set: mt 12"
              "gene set: ribo 30"
              $"digest: {digest}"
              $"stored values per cell: {perCell}"
              nowhere ]
            "the lines that it prints"
    }

let private ofShell =
    test "the tool installs and says its version" {
        let tool = Path.Combine(feed.Value.Tool.Value, "singlesharp")
        let said = Command.run (Path.GetTempPath()) [] tool [ "--version" ]
        Expect.equal (lines said) [ $"singlesharp {Pipeline.version}" ] "the line that it prints"
    }

/// The assembly of the package SingleSharp.
let private facade () =
    use package =
        ZipFile.OpenRead(Path.Combine(feed.Value.Folder, $"SingleSharp.{feed.Value.Version}.nupkg"))

    use stream = package.GetEntry("lib/net10.0/SingleSharp.dll").Open()
    use memory = new MemoryStream()
    stream.CopyTo memory
    Assembly.Load(memory.ToArray())

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
            [ for shown in facade().GetExportedTypes() do
                  for each in shown.GetMembers() do
                      for part in typesOf each do
                          if isForeign part then
                              $"{shown.Name}.{each.Name}: {part}" ]

        Expect.isEmpty foreign "members that show F# or the core"
    }

let private kinds =
    test "FaultKind has the cases of Fault" {
        let cases =
            FSharp.Reflection.FSharpType.GetUnionCases typeof<Fault> |> Array.map _.Name

        Expect.equal (Enum.GetNames(facade().GetType("SingleSharp.FaultKind", true))) cases "their names"
    }

let tests: Test =
    testSequenced (testList "consumers" [ ofCSharp; ofScript; ofShell; signatures; kinds ])
