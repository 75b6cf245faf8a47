/// Outputs in the hands of everybody else: anndata, h5py and h5dump read them, compare them with the input, and edit them.
module internal SingleSharp.Golden.Conformance

open System
open System.IO
open System.Text.Json
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Golden.Jobs
open SingleSharp.Golden.Shared

let private preprocess =
    "preprocess",
    { (Recipe.standard
       |> Recipe.add (
           Log1p.step
               { Log1p.defaults with
                   AllowLogged = true }
       )) with
        AllowInvalid = true }

let private qc = "qc", (Recipe.ofSteps [ Qc.step Qc.defaults ])

/// What a recipe writes besides columns.
let private members (recipe: Recipe) =
    [ "/uns/singlesharp"
      if (Recipe.tryFind "log1p" recipe).IsSome then
          "/uns/log1p"
      if (Recipe.tryFind "hvg" recipe).IsSome then
          "/uns/hvg"
      if (Recipe.tryFind "pca" recipe).IsSome then
          yield! [ "/uns/pca"; "/obsm/X_pca"; "/varm/PCs" ] ]

/// An output, and what its report says of it.
let job name input output (recipe: Recipe) (report: Report) : ConformanceJob =
    { name = name
      input = input
      output = output
      obs = List.ofSeq report.ObsColumns
      var = List.ofSeq report.VarColumns
      members = members recipe
      target =
        if (Recipe.tryFind "normalize_total" recipe).IsSome then
            Nullable report.TargetSum.Value
        else
            Nullable()
      log = (Recipe.tryFind "log1p" recipe).IsSome
      sum = recipe.SumDuplicates
      alike = false
      twin = false }

/// The elements of a file, whatever their storage, and whatever its input was called.
let private elements path =
    match Pipeline.digest Settings.standard path with
    | Ok digest ->
        digest.Elements
        |> Seq.filter (fun element -> element.Path <> "uns/singlesharp")
        |> Seq.map string
        |> String.concat "\n"
        |> Some
    | Error _ -> None

/// Jobs of which those are marked whose input and output hold the elements of another's.
let private marked (jobs: ConformanceJob list) =
    let known = Collections.Generic.HashSet<string * string>()

    [ for job in jobs do
          match elements job.input, elements job.output with
          | Some input, Some output ->
              { job with
                  alike = job.alike || job.twin || not (known.Add(input, output)) }
          | _ -> job ]

/// Runs a recipe on the input in both ways, or returns the fault. Where X changes, a new file takes the place of the old one, and where
/// it does not, a new file is a copy that columns are appended to: what others do with it is tried with one of the two.
let private produce (sandbox: Sandbox) (input: string) (name, recipe: Recipe) =
    let stem = $"{Path.GetFileNameWithoutExtension input}.{name}"

    let job output how report =
        job $"{Path.GetFileName input}, {name} {how}" input output recipe report

    let fresh = sandbox.File $"{stem}.new.h5ad"

    match Pipeline.run recipe Settings.standard (Input.file input) (NewFile fresh) with
    | Error fault -> Error fault
    | Ok report ->
        let same = sandbox.Copy(input, $"{stem}.inplace.h5ad")

        match Pipeline.run recipe Settings.standard (Input.file same) InPlace with
        | Ok again ->
            let isAnew = recipe.Steps |> List.exists _.Info.ChangesValues

            Ok
                [ { job fresh "to a new file" report with
                      twin = not isAnew }
                  { job same "in place" again with
                      twin = isAnew } ]
        | Error fault -> failtest $"{stem}: in place: {Fault.sentence fault}"

let private judge (jobs: ConformanceJob list) =
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

/// The kind of a fault, and its sentence without the name of the file.
let private told (input: string) fault =
    Fault.kind fault, Fault.sentence(fault).Replace(input, "the file")

/// Outputs without a problem. A file may be refused, for one of some reasons, instead of being changed in a way that it does not bear.
/// Unless all are used, those are not that have new columns only: what others do with appended columns is tried with odd files.
let private requireEach areAllUsed refusals recipes inputs =
    Child.requirePython ()
    use sandbox = new Sandbox()

    let outcomes =
        [ for input in inputs do
              for recipe in recipes do
                  let outcome = produce sandbox input recipe
                  $"{Path.GetFileName input}, {fst recipe}", Result.mapError (told input) outcome ]

    let jobs =
        [ for job in outcomes |> List.collect (snd >> Result.defaultValue []) ->
              { job with
                  alike = not (areAllUsed || job.log || job.target.HasValue) } ]

    let faults =
        [ for name, outcome in outcomes do
              match outcome with
              | Ok _ -> ()
              | Error(kind, _) when List.contains kind refusals -> ()
              | Error(_, sentence) -> sentence, name ]

    match faults @ judge (marked jobs) with
    | [] -> ()
    | problems -> failtest $"{jobs.Length} outputs, with problems:{summary problems}"

/// Outputs of every recipe on every input, without a problem.
let requireGood recipes inputs = requireEach true [] recipes inputs

/// The cases of edge/ that can be read.
let edge = List.filter EdgeFiles.isReadable EdgeFiles.cases

/// The inputs of cases. Under the same name they would write to the same place.
let named (sandbox: Sandbox) cases =
    cases |> List.map (fun case -> sandbox.Copy(here $"edge/{case}/input.h5ad", $"{case}.h5ad"))

/// Things of HDF5 that AnnData does not use, and whether it is right to refuse them.
let kinds =
    [ "exotic", false
      "filtered", false
      "lzf", false
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
        exotic sandbox kind |> requireEach true (if mayRefuse then [ FaultKind.Unsupported ] else []) [ preprocess; qc ]
    }

let private requireH5dump () =
    test "h5dump takes part" { Child.requireH5dump () }

let all =
    testList
        "Conformance"
        [ requireH5dump ()
          test "edge cases" {
              use sandbox = new Sandbox()
              edge |> named sandbox |> requireEach false [] [ preprocess; qc ]
          }
          // h5dump takes seconds for each output of this size.
          test "pbmc3k" { requireGood [ preprocess ] [ require "data/real/pbmc3k.h5ad" ] }
          test "worm_l2" { requireGood [ preprocess; qc ] [ require "data/real/worm_l2.h5ad" ] }
          test "files of strangers" {
              // docs/compatibility.md says which are refused, and how.
              list "data/wild" "*.h5ad"
              |> List.map (fun name -> require $"data/wild/{name}")
              |> requireEach false [ FaultKind.Unsupported; FaultKind.Damaged; FaultKind.NotAnnData ] [ preprocess; qc ]
          }
          testList "exotic" (kinds |> List.map ofKind) ]
