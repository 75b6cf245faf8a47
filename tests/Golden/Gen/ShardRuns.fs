/// Runs over shards as an engine takes them, each task a process of its own or, where that says nothing, in this one.
module internal SingleSharp.Golden.ShardRuns

open System
open System.IO
open System.Text.Json
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Answers
open SingleSharp.Golden.Shared

/// Three blocks of cells and a handful of genes, on which every step has a result.
let small =
    lazy
        (let path = lasting.Value.File "shards.h5ad"
         NewFile.write path (InChunks 20_000) (Made.tissue 9000 40)
         path)

/// The same as the tool would take it, and as a library does.
let pipeline comps =
    [ Qc.step Qc.defaults
      NormalizeTotal.step NormalizeTotal.defaults
      Log1p.step Log1p.defaults
      Hvg.step
          { Hvg.defaults with
              NTopGenes = Some 10 }
      Pca.step
          { Pca.defaults with
              NComps = Some comps } ]
    |> Recipe.ofSteps

/// A plan in a file of a sandbox, and where its parts and its output are.
type Planned =
    { File: string
      Parts: string
      Out: string
      Run: ShardedRun }

let ofFile (file: string) =
    let run = need (Shard.load file)

    { File = file
      Parts = Path.ChangeExtension(file, null) + ".parts"
      Out = run.Plan.Out
      Run = run }

/// A plan of the small file in three shards; other components make it another plan.
let planned (sandbox: Sandbox) name comps input =
    let file = sandbox.File $"{name}.json"

    let run =
        need (Shard.plan (Shards 3) (pipeline comps) withoutNote (Input.file input) (sandbox.File $"{name}.h5ad"))

    File.WriteAllText(file, run.Json)
    ofFile file

/// The digest of the small file's run at once.
let wanted =
    lazy
        (let output = lasting.Value.File "shards.out.h5ad"
         ranWith withoutNote (pipeline 3) small.Value output |> ignore
         whole output)

/// Every task and merge of a plan in order: the stage, and the task or none for a merge.
let works planned =
    [ for stage in planned.Run.Plan.Stages do
          yield! [ for task in 0 .. stage.Tasks - 1 -> stage.Name, Some task ]
          yield stage.Name, None ]

/// What follows `shard` on the command line.
let wordsOf planned (stage, task: int option) =
    match task with
    | Some task -> [ "run"; planned.File; stage; string task ]
    | None -> [ "merge"; planned.File; stage ]

let tool words =
    Child.runTool ("shard" :: words @ [ "--quiet" ])

/// In this process; true where something was left to do.
let here' planned (stage, task) =
    let parts: ShardParts =
        { Folder = planned.Parts
          Patience = TimeSpan.Zero }

    match task with
    | Some task -> need (Shard.run stage task parts withoutNote planned.Run)
    | None -> (need (Shard.merge stage parts withoutNote planned.Run)).IsSome

/// All that is left of a run, in this process.
let finish planned =
    works planned |> List.iter (here' planned >> ignore)

let partOf planned stage (task: int) =
    Path.Combine(planned.Parts, $"{stage}.{task:D4}.part")

let json (text: string) = JsonDocument.Parse(text).RootElement

/// The run is over: its output is that of the run at once.
let isWanted planned =
    Expect.equal (whole planned.Out) wanted.Value "the digest"
