/// Outputs in the hands of everybody else: anndata, h5py and h5dump read them, compare them with the input, and edit them.
module SingleSharp.Golden.Conformance

open System
open System.IO
open System.Text.Json
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared

/// One output to judge, as conformance.py reads it.
type Job =
    { name: string
      input: string
      output: string
      obs: string list
      var: string list
      members: string list
      target: Nullable<float>
      log: bool }

let private preprocess =
    "preprocess",
    { Recipe.standard with
        AllowInvalid = true }

let private qc =
    "qc",
    { Recipe.nothing with
        Qc = Some Recipe.qc }

/// What a recipe writes besides columns.
let private members (recipe: Recipe) =
    [ if recipe.Log1p.IsSome then
          "/uns/log1p"
      if recipe.Hvg.IsSome then
          "/uns/hvg"
      if recipe.Pca.IsSome then
          yield! [ "/uns/pca"; "/obsm/X_pca"; "/varm/PCs" ] ]

/// Runs a recipe on the input in both ways, or returns the fault.
let private produce (sandbox: Sandbox) (input: string) (name, recipe: Recipe) =
    let stem = $"{Path.GetFileNameWithoutExtension input}.{name}"

    let job output how (report: Report) =
        { name = $"{Path.GetFileName input}, {name} {how}"
          input = input
          output = output
          obs = report.ObsColumns
          var = report.VarColumns
          members = members recipe
          target = if recipe.NormalizeTotal.IsSome then Nullable report.TargetSum.Value else Nullable()
          log = recipe.Log1p.IsSome }

    let fresh = sandbox.File $"{stem}.new.h5ad"

    match Pipeline.run recipe Settings.standard input (NewFile fresh) with
    | Error fault -> Error fault
    | Ok report ->
        let same = sandbox.Copy(input, $"{stem}.inplace.h5ad")

        match Pipeline.run recipe Settings.standard same InPlace with
        | Ok again -> Ok [ job fresh "to a new file" report; job same "in place" again ]
        | Error fault -> failtest $"{stem}: in place: {Fault.sentence fault}"

let private judge (jobs: Job list) =
    let answer =
        Child.script "conformance.py" [] (JsonSerializer.Serialize(Array.ofList jobs))

    let problems = JsonDocument.Parse(answer).RootElement

    [ for job in jobs do
          for problem in problems.GetProperty(job.name).EnumerateArray() -> problem.GetString(), job.name ]

/// Each problem once, with the first outputs that have it.
let private summary (problems: (string * string) list) =
    problems
    |> List.groupBy fst
    |> List.map (fun (problem, group) ->
        let outputs = group |> List.map snd |> List.truncate 3 |> String.concat "; "
        $"\n- {problem} ({group.Length} outputs: {outputs})")
    |> String.concat ""

/// Whether a fault is a refusal, and its sentence without the name of the file.
let private told (input: string) fault =
    Fault.kind fault = "Unsupported", Fault.sentence(fault).Replace(input, "the file")

/// Outputs without a problem. Where it is allowed, a file may be refused instead of being changed in a way that it does not bear.
let private requireEach mayRefuse recipes inputs =
    Child.requirePython ()
    use sandbox = new Sandbox()

    let outcomes =
        [ for input in inputs do
              for recipe in recipes do
                  let outcome = produce sandbox input recipe
                  $"{Path.GetFileName input}, {fst recipe}", Result.mapError (told input) outcome ]

    let jobs = outcomes |> List.collect (snd >> Result.defaultValue [])

    let faults =
        [ for name, outcome in outcomes do
              match outcome with
              | Ok _ -> ()
              | Error(refusal, _) when refusal && mayRefuse -> ()
              | Error(_, sentence) -> sentence, name ]

    match faults @ judge jobs with
    | [] -> ()
    | problems -> failtest $"{jobs.Length} outputs, with problems:{summary problems}"

/// Outputs of every recipe on every input, without a problem.
let requireGood recipes inputs = requireEach false recipes inputs

/// The cases of edge/ that can be read.
let edge = List.filter EdgeFiles.isReadable EdgeFiles.cases

/// The inputs of cases. Under the same name they would write to the same place.
let named (sandbox: Sandbox) cases =
    cases |> List.map (fun case -> sandbox.Copy(here $"edge/{case}/input.h5ad", $"{case}.h5ad"))

/// Things of HDF5 that AnnData does not use, and whether it is right to refuse them.
let kinds =
    [ "exotic", false
      "filtered", false
      "data_described", false
      "groups_described", false
      "counts_linked", false
      "x_linked", false
      "frames_linked", false
      "frames_apart", false
      "links_within", false
      "columns_linked", false
      "x_referred", true ]

/// Files of a kind, in several layouts.
let exotic (sandbox: Sandbox) kind =
    (Child.script "exotic.py" [ here "edge/plain_csr_f32/input.h5ad"; sandbox.Folder; kind ] "")
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
    |> Array.map sandbox.File
    |> List.ofArray

let private ofKind (kind, mayRefuse) =
    test kind {
        use sandbox = new Sandbox()
        exotic sandbox kind |> requireEach mayRefuse [ preprocess; qc ]
    }

/// wild.tsv: a file, the fault that it gives or ok, and words of the fault's sentence.
let private wild =
    File.ReadAllLines(here "wild.tsv")
    |> Array.map (fun line ->
        match line.Split '\t' with
        | [| name; fault; words |] -> name, Some(fault, words)
        | fields -> fields[0], None)
    |> List.ofArray

/// Files of strangers either work or are refused in the way that is noted, and a refusal writes nothing.
let private stranger (name: string) outcome =
    let input = require $"data/wild/{name}"
    use sandbox = new Sandbox()

    match Pipeline.run (snd preprocess) Settings.standard input (NewFile(sandbox.File "output.h5ad")) with
    | Ok _ -> Expect.isNone outcome $"{name} works"
    | Error fault ->
        let kind, words = Option.defaultValue ("ok", "") outcome
        Expect.equal (Fault.kind fault) kind (Fault.sentence fault)
        Expect.stringContains (Fault.sentence fault) words "the sentence"
        Expect.isEmpty sandbox.Names "a refusal writes nothing"

let private requireH5dump () =
    test "h5dump takes part" { Child.requireH5dump () }

let all =
    testSequenced
    <| testList
        "Conformance"
        [ requireH5dump ()
          test "edge cases" {
              use sandbox = new Sandbox()
              edge |> named sandbox |> requireGood [ preprocess; qc ]
          }
          // h5dump takes seconds for each output of this size.
          test "pbmc3k" { requireGood [ preprocess ] [ require "data/real/pbmc3k.h5ad" ] }
          test "worm_l2" { requireGood [ preprocess; qc ] [ require "data/real/worm_l2.h5ad" ] }
          test "files of strangers" {
              wild
              |> List.filter (fun (_, fault) -> fault.IsNone)
              |> List.map (fun (name, _) -> require $"data/wild/{name}")
              |> requireGood [ preprocess; qc ]
          }
          testList "exotic" (kinds |> List.map ofKind)
          testList
              "strangers"
              [ for name, outcome in wild do
                    test name { stranger name outcome }
                test "all are noted" {
                    require "data/wild" |> ignore
                    Expect.equal (list "data/wild" "*.h5ad") (List.map fst wild |> List.sort) "the files of data/wild"
                } ] ]
