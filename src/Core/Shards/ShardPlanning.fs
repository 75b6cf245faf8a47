/// Makes the plan of a run over shards, before anything is read of X: stages, tasks, and what each takes.
namespace SingleSharp.Core.Shards

open System
open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Concat
open SingleSharp.Core.Steps
open SingleSharp.Core.Run

[<RequireQualifiedAccess>]
module internal ShardPlanning =
    /// States of all parts of a stage beyond this are no plan but an accident.
    let private mostOfStates = 128L <<< 30

    let private refuse option why =
        Fault.throw (InvalidOption(option, why))

    let private require (recipe: Recipe) =
        Recipe.check recipe

        if not recipe.Also.IsEmpty then
            refuse "also" "code of one's own cannot be sent to other machines; leave it out of a run over shards"

        if (Recipe.narrowing recipe).IsSome then
            refuse "subset" "in a run over shards genes are chosen at its end; run subset on the result, or leave it out"

    /// Paths count from where the plan is made; tasks may run anywhere.
    let private absolute (recipe: Recipe) =
        { recipe with
            Steps =
                recipe.Steps
                |> List.map (fun step ->
                    step.Read [ for option, path in step.Body.Files -> option, [ Path.GetFullPath path ] ] |> Result.defaultValue step)
            GeneSets =
                recipe.GeneSets
                |> List.map (fun set ->
                    match set.Rule with
                    | GeneRule.ListedIn path ->
                        { set with
                            Rule = GeneRule.ListedIn(Path.GetFullPath path) }
                    | _ -> set) }

    let private count shards cells =
        let blocks = max 1L (Blocks.count cells)

        match shards with
        | Shards wanted when wanted < 1 -> refuse "shards" "it must be at least 1"
        | Shards wanted -> int (min (int64 wanted) blocks)
        | CellsPerShard most when most < 1L -> refuse "cells_per_shard" "it must be at least 1"
        | CellsPerShard most -> int (min ((cells + most - 1L) / most |> max 1L) (min blocks 1_000_000L))

    let private perTask (tasks: int) bytes =
        (bytes + int64 tasks - 1L) / int64 tasks

    /// Bytes that leave rows of a stage and wait in parts, at most, of all tasks. Values that tasks write to the output itself leave little
    /// where pages are not whole.
    let private rowBytes (file: AnnDataFile) isThere (plan: RunPlan) kind =
        let columns = plan.Steps |> List.sumBy _.CellColumnCount |> (*) (8L * file.X.Cells)

        match kind with
        | PassKind.Main when isThere && plan.Values = Writing.Overwrite -> Memory.plus columns (Writing.SharedCopy.outsidePages file)
        | PassKind.Main when plan.Values <> Writing.Untouched -> columns + file.X.Stored * int64 (8 + DType.size plan.TypeAfter)
        | PassKind.Main
        | PassKind.Select -> columns
        | PassKind.After "pca" -> 6L * file.X.Stored
        // The dense layer.
        | PassKind.After "scale" ->
            let size = if plan.TypeAfter = DType.Float32 then 4L else 8L
            Memory.times file.X.Cells (int64 file.X.Genes * size)
        | PassKind.Before(_, "median") -> 8L * file.X.Cells
        | _ -> 0L

    let private stageOf (file: AnnDataFile) isThere (plan: RunPlan) shards (pass: FittedPass) : ShardStage =
        let state = pass.Needs |> List.map _.Segment |> List.fold max 0L
        let states = ShardCut.states file.X.Cells shards

        let part =
            Memory.plus (Memory.times states state) (perTask shards (rowBytes file isThere plan pass.Kind))

        let all = Memory.times (int64 shards) (Memory.times states state)

        if all > mostOfStates then
            Fault.throw (
                Unsuitable(
                    pass.Purpose,
                    $"the states of {shards} shards would take {all >>> 30} GiB, {states} of {Fault.size state} each; take fewer batches or sort cells by batch, or run it on one machine"
                )
            )

        // Each program puts rows together first, where X is stored in columns.
        let memory =
            plan.Passes
            |> List.filter (fun other -> other.Kind = PassKind.Transpose)
            |> List.map _.Fit.Memory
            |> List.fold max pass.Fit.Memory

        { Name = PassKind.stage pass.Kind
          Purpose = pass.Purpose
          Tasks = shards
          Memory = memory
          MergeMemory = max memory (Memory.times 2L state)
          Reads = perTask shards (Matrix.bytes file.X)
          Part = part }

    let private stages (file: AnnDataFile) isThere (plan: RunPlan) shards components =
        [ for pass in plan.Passes do
              if pass.Kind <> PassKind.Transpose then
                  stageOf file isThere plan shards pass

              if pass.Kind = PcaRun.pass then
                  { Name = PcaRun.scores
                    Purpose = "pca: scores"
                    Tasks = shards
                    Memory = pass.Fit.Memory
                    MergeMemory = pass.Fit.Memory
                    Reads = perTask shards (6L * file.X.Stored)
                    Part = perTask shards (4L * file.X.Cells * components) } ]

    /// Components of each cell, at most.
    let private components (recipe: Recipe) =
        match Recipe.tryFind "pca" recipe with
        | Some step ->
            match step.Body.Json |> List.tryFind (fun (name, _) -> name = "n_comps") with
            | Some(_, JsonValue.Integer comps) -> comps
            | _ -> int64 Components.usual
        | None -> 0L

    /// What the tasks will do with a file, which is there or, where several inputs make one, only planned; `before` tells what comes first.
    let private told
        (file: AnnDataFile)
        isThere
        elsewhere
        (recipe: Recipe)
        (settings: Settings)
        shards
        out
        (before: RunPlan -> ShardStage list)
        =
        let folder = Scratch.folder settings (Path.GetTempPath())
        let batches = RunPlan.batches file recipe folder
        use _ = Option.toObj batches

        let plan =
            RunPlan.make
                { IsSaved = true
                  Elsewhere = elsewhere }
                file
                batches
                recipe
                settings

        match plan.Selector with
        | Some { By = Known known } -> known.Force() |> ignore
        | _ -> ()

        if isThere then
            AtomicReplace.requireOther file.Store out

        Runner.requireEditable file plan None settings.Cancel |> ignore

        let stages = stages file isThere plan shards (components recipe)

        if stages.IsEmpty then
            refuse "steps" "no step reads X, so that there is nothing to do for several machines; take subset or convert"

        { Id = ""
          Version = Release.version
          Bits = Release.bits
          Inputs = []
          Out = out
          Cells = file.X.Cells
          Genes = int64 file.X.Genes
          Shards = shards
          Stages = before plan @ stages
          Warnings =
            [ yield! plan.Told.Warnings
              if plan.Has PassKind.Transpose then
                  $"{file.X.Path} is stored in columns, so each task reads all of it to put rows together; csr is better for many machines" ] }

    /// The same of several inputs, which each task reads where they lie; the last merge puts them together.
    let private toldOfInputs (input: Input) (recipe: Recipe) (settings: Settings) shards out : ShardPlan =
        Inputs.requireSteps recipe settings input.Paths

        JoinedInputs.read input recipe settings (Scratch.folder settings (Path.GetTempPath())) (fun joined ->
            let shards = count shards joined.File.X.Cells

            let counting (plan: RunPlan) =
                [ if JoinedInputs.mustCount joined plan.Values then
                      let memory = (JoinedInputs.fit joined).Memory

                      { Name = JoinedInputs.stage
                        Purpose = "count values"
                        Tasks = shards
                        Memory = memory
                        MergeMemory = memory
                        Reads = perTask shards (Matrix.bytes joined.File.X)
                        Part = 8L * perTask shards (Blocks.count joined.File.X.Cells) } ]

            let told =
                told joined.File false joined.Worker joined.Recipe joined.Settings shards out counting

            let last = (Seq.last told.Stages).Name

            { told with
                Warnings =
                    [ yield! joined.Warnings.Value
                      for path in joined.Together do
                          $"{path} is not stored by cells, so each task that reads of it puts all of its rows together; csr is better for many machines"
                      yield! told.Warnings ]
                Stages =
                    [ for stage in told.Stages do
                          let merging = stage.MergeMemory + joined.Memory

                          { stage with
                              Memory = stage.Memory + joined.Memory
                              // The last merge puts the inputs together before it begins.
                              MergeMemory = if stage.Name = last then max merging joined.Converting.Value else merging } ] })

    /// Plans a run of the input to a new file, and to files of its shards where these are wanted as well.
    let plan (input: Input) (recipe: Recipe) (settings: Settings) (shards: ShardCount) withFiles (out: string) : PlannedRun =
        require recipe

        let input =
            { input with
                Paths = input.Paths |> List.map Path.GetFullPath }

        let recipe = absolute recipe
        let out = Path.GetFullPath out
        AtomicReplace.require out 0L
        AtomicReplace.requireReplaceable out false
        let read = input.Paths @ Recipe.files recipe
        Apart.require out (Recipe.files recipe)

        let told =
            if Inputs.isTakenAsItIs input recipe then
                using (AnnDataFile.openReadWithin settings.Memory recipe.Matrix input.Paths.Head) (fun file ->
                    told file true 0L recipe settings (count shards file.X.Cells) out (fun _ -> []))
            else
                toldOfInputs input recipe settings shards out

        // Of one file its own refusal says more, and has come before.
        Apart.require out read

        let stages =
            [ yield! told.Stages
              if withFiles then
                  let last = Seq.last told.Stages

                  { last with
                      Name = ShardFiles.stage
                      Purpose = "files of shards"
                      Tasks = told.Shards
                      Part = 0L } ]

        if withFiles then
            for task in 0 .. told.Shards - 1 do
                AtomicReplace.require (ShardFiles.path out task) 0L
                Apart.require (ShardFiles.path out task) read

        PlanFile.identified
            { Told =
                { told with
                    Inputs = input.Paths
                    Stages = stages }
              Input = input
              Files = (List.collect Convert.filesOf input.Paths) @ Recipe.files recipe |> List.distinct |> List.map InputFiles.ofPath
              Recipe = recipe
              Compression = settings.Compression
              Provenance = settings.Provenance }
