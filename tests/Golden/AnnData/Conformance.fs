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
      trials = [] }

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

/// What conformance.py can do with an output once it has read it.
let private trials = [ "uses"; "h5dump"; "names"; "attributes"; "edit" ]

/// Of so many outputs one after the other, what is done with the one of this number: each trial comes once in a period. Outputs of one
/// file are neighbours: where the period is their number, each file takes every trial, and from file to file those of a recipe change,
/// so that each recipe takes every trial on files of any kind.
let private turn period number =
    trials |> List.indexed |> List.filter (fun (i, _) -> (number + i) % period = 0) |> List.map snd

/// Jobs without the use of elements that another output of theirs has, made of the same ones.
let private usedOnce (jobs: ConformanceJob list) =
    let known = Collections.Generic.HashSet<string * string>()

    let isKnown (job: ConformanceJob) =
        match elements job.input, elements job.output with
        | Some input, Some output -> not (known.Add(input, output))
        | _ -> false

    [ for job in jobs do
          if List.contains "uses" job.trials && isKnown job then
              { job with
                  trials = job.trials |> List.except [ "uses" ] }
          else
              job ]

let private haveSameBytes one other =
    File.ReadAllBytes(one: string).AsSpan().SequenceEqual(ReadOnlySpan(File.ReadAllBytes(other: string)))

/// Runs a recipe on the input in both ways, or returns the fault. Equal bytes are judged once: what is made in place should be the same as
/// what is made anew of a file of that name.
let private produce (sandbox: Sandbox) (input: string) (name, recipe: Recipe) =
    let stem = $"{Path.GetFileNameWithoutExtension input}.{name}"

    let job output how report =
        job $"{Path.GetFileName input}, {name} {how}" input output recipe report

    let fresh = sandbox.File $"{stem}.new.h5ad"

    match Pipeline.run recipe Settings.standard (Input.file input) (NewFile fresh) with
    | Error fault -> Error fault
    | Ok report ->
        let folder = $"{stem}.inplace"
        Directory.CreateDirectory(sandbox.File folder) |> ignore
        let same = sandbox.Copy(input, Path.Combine(folder, Path.GetFileName input))

        match Pipeline.run recipe Settings.standard (Input.file same) InPlace with
        | Ok again ->
            let one: ConformanceJob = job fresh "to a new file" report
            let other: ConformanceJob = job same "in place" again

            if
                { other with
                    name = one.name
                    output = fresh }
                    =
                    one
                && haveSameBytes fresh same
            then
                Ok [ job fresh "to a new file and in place" report ]
            else
                Ok [ one; other ]
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

/// What is asked of outputs beyond what each of them must be.
type private Demands =
    {
        /// Why a file may be refused, instead of being changed in a way that it does not bear.
        Refusals: FaultKind list
        /// Does each file take one recipe, the next file the next one?
        AreInTurn: bool
        /// Each file takes every trial, or one in so many.
        Share: int
        /// Where the turns begin: not with the same recipe and trial for all lists of files that are made alike.
        First: int
    }

let private usual =
    { Refusals = []
      AreInTurn = false
      Share = 1
      First = 0 }

/// The outputs of one file, with what is tried with each.
let private withTrials demands number (outputs: ConformanceJob list list) =
    [ for i, ways in List.indexed outputs do
          let turn = turn (demands.Share * outputs.Length) (demands.First + number + i)

          for job in ways -> { job with trials = turn } ]

/// Outputs without a problem.
let private requireEach demands recipes (inputs: string list) =
    Child.requirePython ()
    use sandbox = new Sandbox()

    let recipesOf number =
        if demands.AreInTurn then
            [ List.item ((demands.First + number) % List.length recipes) recipes ]
        else
            recipes

    let outcomes =
        [ for number, input in List.indexed inputs ->
              [ for recipe in recipesOf number ->
                    $"{Path.GetFileName input}, {fst recipe}", Result.mapError (told input) (produce sandbox input recipe) ] ]

    let jobs =
        outcomes
        |> List.mapi (fun number ofInput -> ofInput |> List.choose (snd >> Result.toOption) |> withTrials demands number)
        |> List.concat

    let faults =
        [ for name, outcome in List.concat outcomes do
              match outcome with
              | Ok _ -> ()
              | Error(kind, _) when List.contains kind demands.Refusals -> ()
              | Error(_, sentence) -> sentence, name ]

    match faults @ judge (usedOnce jobs) with
    | [] -> ()
    | problems -> failtest $"{jobs.Length} outputs, with problems:{summary problems}"

/// A file of few cells takes qc or preprocess, with all trials: CompatibilityGolden reads what both of them make of files, and exotic
/// files have neighbours of the same kind that take the other one.
let private inTurn = { usual with AreInTurn = true }

/// Outputs of every recipe on every input, without a problem.
let requireGood recipes inputs = requireEach usual recipes inputs

/// The same where each input takes half of the trials, the next one the other half: for many outputs of one recipe, and large ones.
let requireGoodInTurn recipes inputs =
    requireEach { usual with Share = 2 } recipes inputs

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

let private ofKind number (kind, mayRefuse) =
    let demands =
        { inTurn with
            Refusals = if mayRefuse then [ FaultKind.Unsupported ] else []
            First = number }

    test kind {
        use sandbox = new Sandbox()
        exotic sandbox kind |> requireEach demands [ preprocess; qc ]
    }

let private requireH5dump () =
    test "h5dump takes part" { Child.requireH5dump () }

let all =
    testList
        "Conformance"
        [ requireH5dump ()
          test "edge cases" {
              use sandbox = new Sandbox()
              edge |> named sandbox |> requireEach inTurn [ preprocess; qc ]
          }
          // h5dump takes seconds for each output of this size.
          test "pbmc3k" { requireGoodInTurn [ preprocess ] [ require "data/real/pbmc3k.h5ad" ] }
          test "worm_l2" { requireGood [ preprocess; qc ] [ require "data/real/worm_l2.h5ad" ] }
          test "files of strangers" {
              // docs/compatibility.md says which are refused, and how.
              list "data/wild" "*.h5ad"
              |> List.map (fun name -> require $"data/wild/{name}")
              |> requireEach
                  { inTurn with
                      Refusals = [ FaultKind.Unsupported; FaultKind.Damaged; FaultKind.NotAnnData ] }
                  [ preprocess; qc ]
          }
          testList "exotic" (kinds |> List.mapi ofKind) ]
