/// Real files over shards by the tool: what an engine would start, in any order, leaves the bytes of pipeline.
module internal SingleSharp.Golden.ShardGolden

open System
open System.IO
open System.Text.Json
open Expecto
open SingleSharp.Core
open SingleSharp.Cli
open SingleSharp.Answers
open SingleSharp.Golden.Shared
open SingleSharp.Golden.ShardRuns

/// In which engines tell a task its number.
let private variables =
    [ "SLURM_ARRAY_TASK_ID"; "AWS_BATCH_JOB_ARRAY_INDEX"; "JOB_COMPLETION_INDEX" ]

let private success (outcome: Child.Outcome) =
    Expect.equal outcome.ExitCode 0 outcome.Errors
    outcome.Output

/// Plans by the tool.
let private plan (sandbox: Sandbox) words =
    let file = sandbox.File "plan.json"
    File.WriteAllText(file, tool ("plan" :: words) |> success)
    ofFile file

let private shuffled seed items =
    let random = Random(seed: int)
    items |> List.sortBy (fun _ -> random.Next())

/// Takes stages, each task in a process, in an order of its own; the number of a task is said or comes from the environment.
let private take planned stages =
    [ for place, stage in Seq.indexed (Seq.filter stages planned.Run.Plan.Stages) do
          for task in shuffled (7 * place) [ 0 .. stage.Tasks - 1 ] do
              let words = [ "--json"; "--workers"; "1" ]

              let outcome =
                  match List.tryItem place variables with
                  | Some variable ->
                      Child.run
                          "dotnet"
                          (Child.tool :: "shard" :: "run" :: planned.File :: stage.Name :: "--quiet" :: words)
                          [ variable, string task ]
                          ""
                  | None -> tool (wordsOf planned (stage.Name, Some task) @ words)

              let told = outcome |> success |> json

              Expect.equal
                  (told.GetProperty("stage").GetString(), told.GetProperty("task").GetInt32(), told.GetProperty("now").GetBoolean())
                  (stage.Name, task, true)
                  "what a task tells"

          tool (wordsOf planned (stage.Name, None) @ [ "--json"; "--workers"; "1" ]) |> success |> json ]

/// What status tells of each stage: its tasks, those done, whether it is merged.
let private status planned =
    let told = tool [ "status"; planned.File; "--json" ] |> success |> json
    Expect.equal (told.GetProperty("id").GetString()) planned.Run.Plan.Id "the plan"
    Expect.equal (told.GetProperty("parts").GetString()) planned.Parts "the folder of parts"

    [ for stage in told.GetProperty("stages").EnumerateArray() ->
          stage.GetProperty("stage").GetString(),
          stage.GetProperty("tasks").GetInt32(),
          stage.GetProperty("done").GetInt32(),
          stage.GetProperty("missing").GetArrayLength(),
          stage.GetProperty("merged").GetBoolean() ]

/// The output is that of `pipeline` with the same words, byte for byte, and can be used.
let private isThatOfPipeline (sandbox: Sandbox) planned words =
    let bytes = File.ReadAllBytes planned.Out
    let digest = whole planned.Out
    File.Move(planned.Out, sandbox.File "sharded.h5ad")

    Child.runTool ("pipeline" :: words @ [ "--quiet" ]) |> success |> ignore
    Expect.equal digest (whole planned.Out) "the digest"
    Expect.isTrue (bytes.AsSpan().SequenceEqual(ReadOnlySpan(File.ReadAllBytes planned.Out))) "the bytes"

    let used = sandbox.File "sharded.h5ad"

    let problems =
        (Child.script "uses.py" [] (JsonSerializer.Serialize [| used |]) |> json).GetProperty(used)

    Expect.isEmpty [ for problem in problems.EnumerateArray() -> problem.GetString() ] "uses"

let private filtered =
    test "filters, batches and seurat_v3, of real cells of two blocks" {
        let files =
            [ require "data/real/pbmc3k.h5ad"; require "data/real/pbmc_facs_4k.h5ad" ]

        use sandbox = new Sandbox()
        let input = sandbox.File "cells.h5ad"

        Pipeline.convert
            MatrixName.X
            false
            withoutNote
            { Paths = files
              Convert = Sample.joined }
            input
        |> need
        |> ignore

        let words =
            "--min-genes 200 --min-cells 3 --flavor seurat_v3 --n-top-genes 300 --batch-key sample --n-comps 10 --compression gzip".Split
                ' '
            |> List.ofArray

        let words = input :: "--out" :: sandbox.File "out.h5ad" :: words
        let planned = plan sandbox (words @ [ "--shards"; "3" ])
        // Shards are of whole blocks.
        Expect.equal planned.Run.Plan.Shards 2 "shards"
        let stages = [ for stage in planned.Run.Plan.Stages -> stage.Name ]
        Expect.equal (List.head stages, List.last stages) ("judge", "scores") $"%A{stages}"
        Expect.equal (status planned) [ for stage in stages -> stage, 2, 0, 2, false ] "before"
        let merges = take planned (fun _ -> true)
        Expect.equal (status planned) [ for stage in stages -> stage, 2, 2, 0, true ] "afterwards"

        for merge, stage in List.zip merges stages |> List.truncate (stages.Length - 1) do
            Expect.equal (merge.GetProperty("stage").GetString()) stage "what a merge tells"

        let report = List.last merges
        Expect.equal (report.GetProperty("command").GetString()) "shard" "the report"
        Expect.equal (report.GetProperty("output").GetString()) planned.Out "of the output"

        // Once more: nothing is left to do, and the output is not written anew.
        let written = File.GetLastWriteTimeUtc planned.Out

        for work in [ "scores", Some 1; "scores", None ] do
            tool (wordsOf planned work) |> success |> ignore

        Expect.equal (File.GetLastWriteTimeUtc planned.Out) written "the output"
        isThatOfPipeline sandbox planned words
    }

let private joined =
    test "several .h5ad files and one of 10x as one" {
        let inputs =
            [ require "data/real/pbmc3k.h5ad"
              require "data/real/pbmc_facs_4k.h5ad"
              require "data/real/pbmc1k_citeseq.h5ad"
              require "data/tenx/1K_pbmc_citeseq.h5" ]

        use sandbox = new Sandbox()

        let words =
            inputs
            @ List.ofArray ("--sample-names a,b,c,d --index-unique - --make-unique --n-top-genes 200 --n-comps 5 --out".Split ' ')
            @ [ sandbox.File "out.h5ad" ]

        let planned = plan sandbox (words @ [ "--cells-per-shard"; "3000" ])
        Expect.equal planned.Run.Plan.Shards 3 "shards"
        // They have other genes, of which those that all have are taken.
        Expect.equal (Seq.head planned.Run.Plan.Stages).Name "count" "the first stage"
        // What comes after the first stages is like that of any file, and taken without processes.
        take planned (fun stage -> stage.Name = "count" || stage.Name = "main") |> ignore
        finish planned
        // Nothing was joined on the way.
        Expect.isEmpty (Directory.GetFiles(sandbox.File "plan.parts", "*.h5ad")) "no copy"
        isThatOfPipeline sandbox planned words
    }

let private mistakes =
    [ "", [ "shard what? Say one of plan, run, merge, status and script." ]
      "plann a.h5ad", [ "not 'plann'; did you mean plan?" ]
      "plan a.h5ad --shards 3", [ "Say --out FILE." ]
      "plan a.h5ad --out b.h5ad", [ "into how many shards?" ]
      "plan --shards 3 --out b.h5ad", [ "which FILE?" ]
      "plan a.h5ad --out b --shards 3 --cells-per-shard 5", [ "exclude each other" ]
      "plan a.h5ad --out b --shards 0", [ "--shards" ]
      "plan a.h5ad --out b --shards -1", [ "--shards" ]
      "plan a.h5ad --out b --shards many", [ "--shards" ]
      "plan a.h5ad --out b --shards 3 --parts c --wait 3", [ "shard plan has no option --parts."; "shard plan has no option --wait." ]
      "plan a.h5ad --in-place --shards 3", [ "--in-place" ]
      "run", [ "which PLAN?" ]
      "run plan.json", [ "which STAGE?" ]
      "run plan.json main", [ "which TASK of the stage?"; "SLURM_ARRAY_TASK_ID" ]
      "run plan.json main x", [ "TASK must be an integer from 0 up, not 'x'." ]
      "run plan.json main -1", [ "-1" ]
      "run plan.json main 1 2", [ "takes no word '2'" ]
      "run plan.json main 1 --n-comps 3", [ "shard run has no option --n-comps." ]
      "run plan.json main 1 --engine slurm", [ "shard run has no option --engine." ]
      "run plan.json main 1 --wait soon", [ "--wait must be an integer from 0 up, not 'soon'." ]
      "merge", [ "which PLAN?" ]
      "merge plan.json", [ "which STAGE?" ]
      "merge plan.json main 3", [ "takes no word '3'" ]
      "merge plan.json main --out b.h5ad", [ "shard merge has no option --out." ]
      "status", [ "which PLAN?" ]
      "status plan.json main", [ "takes no word 'main'" ]
      "status plan.json --wait 5", [ "shard status has no option --wait." ]
      "script plan.json", [ "--engine must be one of" ]
      "script plan.json --engine lsf", [ "not 'lsf'" ] ]

let private usage =
    test "usage" {
        for line, parts in mistakes do
            match Requests.ofWords ("shard" :: CommandGolden.words line) with
            | Ok request -> failtest $"shard {line}: {request.Task}"
            | Error told ->
                for part in parts do
                    Expect.exists told (fun mistake -> mistake.Contains part) $"shard {line}: {told}"

        let outcome = Child.runTool [ "shard"; "run"; "plan.json"; "--json" ]
        Expect.equal outcome.ExitCode 2 outcome.Errors
        Expect.equal (ProtocolGolden.errorOf outcome) ("usage", None, None) "the document"

        // What an engine says wrongly is told like what a person does.
        let outcome =
            Child.run "dotnet" [ Child.tool; "shard"; "run"; "plan.json"; "main" ] [ "SLURM_ARRAY_TASK_ID", "seven" ] ""

        Expect.equal outcome.ExitCode 2 outcome.Errors
        Expect.stringContains outcome.Errors "SLURM_ARRAY_TASK_ID must be an integer from 0 up, not 'seven'." "the sentence"
    }

let private refusals =
    test "what cannot be cut into shards is refused with its plan" {
        let input = small.Value
        use sandbox = new Sandbox()
        let out = sandbox.File "out.h5ad"

        let refuse recipe words =
            match Shard.plan (SingleSharp.Shards 2) recipe Settings.standard (Input.file input) out with
            | Ok _ -> failtest $"{words}"
            | Error fault -> Expect.stringContains (Fault.sentence fault) words "the sentence"

        refuse
            (Recipe.ofSteps
                [ Hvg.step
                      { Hvg.defaults with
                          Flavor = HvgFlavor.SeuratV3
                          Subset = true } ])
            "subset"

        refuse
            (Recipe.ofSteps
                [ SubsetStep.step
                      { SubsetStep.defaults with
                          VarQuery = Some "nobody > 3" } ])
            "nobody"

        refuse
            (Recipe.ofSteps
                [ Hvg.step
                      { Hvg.defaults with
                          BatchKey = Some "nobody" } ])
            "nobody"
    }

/// What nobody could write in the end is refused before the first task, although the joined file is not there.
let private joinedRefusals =
    test "what several inputs cannot become is refused with its plan" {
        use sandbox = new Sandbox()

        let input =
            { Paths = [ small.Value; small.Value ]
              Convert =
                { Sample.joined with
                    SampleNames = [ "x"; "y" ] } }

        let refuse (input: Input) recipe words =
            match Shard.plan (SingleSharp.Shards 2) recipe Settings.standard input (sandbox.File "out.h5ad") with
            | Ok _ -> failtest $"{words}"
            | Error fault -> Expect.stringContains (Fault.sentence fault) words "the sentence"

        let qc = Recipe.ofSteps [ Qc.step Qc.defaults ]

        refuse
            { input with
                Convert = { input.Convert with SampleKey = "a/b" } }
            qc
            "a/b"

        refuse
            input
            (Recipe.ofSteps
                [ SubsetStep.step
                      { SubsetStep.defaults with
                          ObsQuery = Some "nobody > 3" } ])
            "nobody"

        let layered = sandbox.File "layered.h5ad"

        Pipeline.run
            { Recipe.ofSteps [ Log1p.step Log1p.defaults ] with
                KeepCounts = true }
            Settings.standard
            (Input.file small.Value)
            (NewFile layered)
        |> need
        |> ignore

        refuse
            { input with
                Paths = [ layered; layered ] }
            { Recipe.ofSteps [ NormalizeTotal.step NormalizeTotal.defaults ] with
                KeepCounts = true }
            "counts"
    }

let all = testList "Shards" [ filtered; joined; usage; refusals; joinedRefusals ]
