/// The packages as their users meet them: packed, restored from a feed, and used from C#, from an F# script and in a shell.
module internal SingleSharp.Golden.Consumers

open System
open System.IO
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Packages
open SingleSharp.Answers

/// What the library makes of the counts in this process: the report and the digest.
let private inProcess (sandbox: Sandbox) recipe =
    let output = sandbox.File "expected.h5ad"

    let report =
        Pipeline.run recipe Settings.standard (Input.file (sandbox.File "counts.h5ad")) (Output.NewFile output) |> need

    report, (Pipeline.digest Settings.standard output |> need).Whole

let private ribosomal = GeneSet.WithPrefix("ribo", "RPS", "RPL")

let private lines (text: string) =
    text.Split('\n', StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries) |> List.ofArray

let private nowhere =
    "fault: NotFound: nowhere.h5ad does not exist; check the name."

/// What Program.cs prints, line by line.
let private saidByProgram (report: Report) digest =
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
      $"target sum: {report.TargetSum.Value}"
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
      "at once: path" ]

/// What Chains.cs prints, line by line.
let private saidByChains (report: Report) digest =
    let order =
        $"""each step is taken once, in the order {Pipeline.steps |> List.map _.Name |> String.concat ", "}."""

    let explained = report.VarianceRatio |> Seq.map string |> String.concat " "

    [ "chain: filter, qc, normalize_total, log1p, hvg, pca"
      "planned: judge cells and genes, filter + qc + normalize_total + log1p + hvg, pca"
      "enough memory: True"
      $"kept: {report.CellsKept} cells, {report.GenesKept} genes, {report.HighlyVariableGenes.Value} highly variable"
      $"explained: {explained}"
      $"digest of chain: {digest}"
      "begun alike: True"
      "normalized: qc, normalize_total"
      "logged: qc, log1p"
      $"resumed: {report.CellsKept} cells, True"
      "planned for pca: Untouched"
      "every option is there: filter, qc, normalize_total, log1p, hvg, pca"
      "every default stays: True"
      $"out of order: normalize_total cannot be given after log1p: {order}"
      $"twice: qc cannot be given after qc: {order}"
      "no steps: the recipe: it has no steps."
      "no path: Value cannot be null. (Parameter 'path')" ]

/// What Alongside.cs prints, line by line.
let private saidByAlongside =
    let counts = counts.Value

    let kept =
        Array.pairwise counts.Indptr
        |> Array.indexed
        |> Array.filter (fun (_, (first, next)) ->
            (counts.Data[first .. next - 1] |> Array.filter (fun value -> value > 0.0f)).Length >= 10)

    [ "beside steps: filter + qc + normalize_total + log1p + also: n_stored, cell, largest, largest_single, is_even"
      "in one read: 1, n_stored, cell, largest, largest_single, is_even"
      "the same sum: True"
      $"of the last cell: {fst (Array.last kept)}"
      "again: True"
      "noted: n_stored, cell, largest, largest_single, is_even"
      $"in place: 0 steps, cell, {counts.CellNames.Length} cells"
      "in place again: True"
      "clash: AlsoObs: qc writes a column total_counts of obs, too; call the other one otherwise."
      $"no integer: AlsoObs: the column large is int64, which does not hold 9007199254740992, its value of cell {counts.CellNames[fst kept[0]]}; compute another, or make the column float64."
      "as JSON: ToJson holds no code; take it of the chain before AlsoObs."
      "its own: as it was thrown"
      "no value: Value cannot be null. (Parameter 'value')"
      "nothing left behind: True" ]

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

        let report, digest =
            inProcess
                sandbox
                ({ Recipe.standard with
                    GeneSets = [ ribosomal; GeneSet.OfGenes("first", "GENE0", "GENE1", "NOSUCHGENE") ] }
                 |> Recipe.add (
                     Qc.step
                         { Qc.defaults with
                             PercentTop = PercentTop.Exactly [ 20; 50 ] }
                 )
                 |> Recipe.add (
                     NormalizeTotal.step
                         { NormalizeTotal.defaults with
                             TargetSum = TargetSum.MedianOfPositive
                             KeyAdded = Some "size_factor" }
                 ))

        let chained, digestOfChain =
            inProcess
                sandbox
                ({ Recipe.standard with
                    GeneSets = [ ribosomal ] }
                 |> Recipe.add (
                     Filter.step
                         { Filter.defaults with
                             MinGenes = Some 10L
                             MaxPct = [ "mt", 20.0 ]
                             MinCells = Some 3L }
                 )
                 |> Recipe.add (
                     Hvg.step
                         { Hvg.defaults with
                             NTopGenes = Some 200 }
                 )
                 |> Recipe.add (Pca.step { Pca.defaults with NComps = Some 20 }))

        Expect.equal
            (lines said)
            (saidByProgram report digest @ saidByChains chained digestOfChain @ saidByAlongside)
            "the lines that it prints"
    }

let private ofScript =
    test "an F# script gets from the package what the library gives" {
        use sandbox = new Sandbox()
        writeCounts (sandbox.File "counts.h5ad")
        File.WriteAllText(sandbox.File "script.fsx", feed.Value.Script(File.ReadAllText(here "consumers/script.fsx")))

        let said =
            Command.run sandbox.Folder [] "dotnet" [ "fsi"; "script.fsx"; "counts.h5ad"; "pca.h5ad" ]

        let report, digest =
            inProcess
                sandbox
                ({ Recipe.full with
                    GeneSets = [ ribosomal ] }
                 |> Recipe.add (
                     Filter.step
                         { Filter.defaults with
                             MinGenes = Some 10L
                             MinCells = Some 3L }
                 )
                 |> Recipe.add (
                     Hvg.step
                         { Hvg.defaults with
                             NTopGenes = Some 200 }
                 ))

        let perCell = float counts.Value.Data.Length / float counts.Value.CellNames.Length

        Expect.equal
            (lines said)
            [ "pass: judge cells and genes"
              "pass: filter + qc + normalize_total + log1p + hvg"
              "pass: pca"
              $"kept: {report.CellsKept} cells, {report.GenesKept} genes"
              $"target sum: {report.TargetSum.Value}"
              "gene set: mt 12"
              "gene set: ribo 30"
              $"highly variable: {report.HighlyVariableGenes.Value}"
              $"components: {report.VarianceRatio.Count}"
              $"digest: {digest}"
              $"stored values per cell: {perCell}"
              $"beside qc: {perCell} in 1 read, n_stored"
              nowhere ]
            "the lines that it prints"
    }

let private ofShell =
    test "the tool installs and says its version" {
        let tool = Path.Combine(feed.Value.Tool.Value, "singlesharp")
        let said = Command.run (Path.GetTempPath()) [] tool [ "--version" ]
        Expect.equal (lines said) [ $"singlesharp {Pipeline.version}" ] "the line that it prints"
    }

/// What a program says that has to succeed, or nothing.
let private tryGit arguments =
    let outcome = Child.run "git" ("-C" :: root :: arguments) [] ""
    if outcome.ExitCode = 0 then Some(outcome.Output.Trim()) else None

let private names =
    [ for words, given in [ [], None; [ "-p:Version=9.8.7" ], Some "9.8.7" ] do
          test $"""a package is called after its commit: dotnet pack {String.concat " " words}""" {
              if not (File.Exists "/usr/bin/git") || (tryGit [ "rev-parse"; "HEAD" ]).IsNone then
                  skiptest "skipped: no git, or no history"

              let project = Path.Combine(root, "src", "Core", "SingleSharp.Core.fsproj")

              let said =
                  Command.run
                      root
                      []
                      "dotnet"
                      ([ "msbuild"
                         project
                         "-t:NamePackageAfterCommit"
                         "-getProperty:PackageVersion" ]
                       @ words)

              let isRelease =
                  (tryGit [ "describe"; "--exact-match"; "--match"; $"v{Pipeline.version}" ]).IsSome
                  || tryGit [ "rev-parse"; "--is-shallow-repository" ] = Some "true"

              let usual =
                  if isRelease then
                      Pipeline.version
                  else
                      $"""{Pipeline.version}-dev.{(tryGit [ "rev-list"; "--count"; "HEAD" ]).Value}"""

              Expect.equal (lines said) [ Option.defaultValue usual given ] "the version of the package"
          } ]

let tests: Test =
    testSequencedGroup "packages" (testList "consumers" (names @ [ ofCSharp; ofScript; ofShell ]))
