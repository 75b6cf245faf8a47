/// Takes tasks and merges of a plan. Both may be taken twice, also at once: parts appear whole, under a name that says what they are, and the
/// second one has the bytes of the first.
namespace SingleSharp.Core.Shards

open System
open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Concat
open SingleSharp.Core.Steps
open SingleSharp.Core.Run

[<RequireQualifiedAccess>]
module internal ShardRun =
    let private refuse option why =
        Fault.throw (InvalidOption(option, why))

    let private stageOf (run: PlannedRun) name =
        match run.Told.Stages |> Seq.tryFind (fun stage -> stage.Name = name) with
        | Some stage -> stage
        | None ->
            let known = run.Told.Stages |> Seq.map _.Name |> String.concat ", "
            refuse "the stage" $"the plan has no stage {name}; its stages are {known}"

    /// Does the merge of this stage write the output?
    let private isLast (run: PlannedRun) stage =
        (run.Told.Stages |> Seq.filter (fun other -> other.Name <> ShardFiles.stage) |> Seq.last).Name = stage

    let private before (run: PlannedRun) stage =
        run.Told.Stages |> Seq.takeWhile (fun other -> other.Name <> stage) |> Seq.tryLast

    /// What leads to the same bits on every machine is the plan's; the rest is this machine's.
    let private within (run: PlannedRun) (settings: Settings) =
        { settings with
            Compression = run.Compression
            Provenance = run.Provenance }

    let private asked (run: PlannedRun) =
        { Input = run.Input
          Files = List.collect Convert.filesOf run.Input.Paths
          Recipe = run.Recipe }

    let private scratch (settings: Settings) =
        Scratch.folder settings (Path.GetTempPath())

    let private taker (run: PlannedRun) folder (settings: Settings) stage work isTaken =
        ShardTaker.make
            folder
            [ for stage in run.Told.Stages do
                  if stage.Name <> ShardFiles.stage then
                      stage.Name, stage.Tasks ]
            settings.Cancel
            stage
            work
            isTaken

    /// Goes through the program as far as the taker goes, on inputs that nobody changes meanwhile.
    let private goThrough (run: PlannedRun) (settings: Settings) share (taker: Taker) =
        let folder = scratch settings

        let untilOver work =
            try
                work ()
            with StageOver ->
                ()

        let isCounted =
            run.Told.Stages |> Seq.exists (fun stage -> stage.Name = JoinedInputs.stage)

        if Inputs.isTakenAsItIs run.Input run.Recipe then
            use file =
                AnnDataFile.openReadWithin settings.Memory run.Recipe.Matrix run.Input.Paths.Head

            let isChanged = FileWatch.onContent file.Store
            untilOver (fun () -> Runner.partake taker None share file run.Recipe settings folder)

            if isChanged () then
                Fault.throw (InputChanged file.Path)
        else
            JoinedInputs.read run.Input run.Recipe settings folder (fun joined ->
                untilOver (fun () ->
                    let counted =
                        if isCounted then ValueSome(JoinedInputs.count taker joined) else ValueNone

                    use rows = joined.Rows counted
                    Runner.partake taker (Some rows) None joined.File joined.Recipe joined.Settings folder)

                match joined.Changed() with
                | Some input -> Fault.throw (InputChanged input)
                | None -> ())

    /// The same up to the end of a stage.
    let private partake run folder settings share stage work =
        let isTaken = ref false
        goThrough run settings share (taker run folder settings stage work isTaken)

        if not isTaken.Value then
            invalidOp $"the pass of the stage {stage} did not come"

    /// The stage whose tasks write the output together, where they can.
    let private sharing (run: PlannedRun) =
        let main = PassKind.stage PassKind.Main
        let stages = run.Told.Stages |> Seq.map _.Name |> List.ofSeq
        if List.contains main stages then main else stages.Head

    /// Has this merge been taken, and is its output still there?
    let private isMerged (run: PlannedRun) (folder: PartFolder) isThere stage =
        isThere stage
        && (not (isLast run stage) || ShardOutput.isUnchanged folder run.Told.Out (folder.Merged stage) (folder.NameOf(stage, -1)))

    /// Is the output there?
    let private isOver (run: PlannedRun) (folder: PartFolder) () =
        run.Told.Stages |> Seq.exists (fun stage -> isLast run stage.Name && isMerged run folder folder.IsMerged stage.Name)

    let private isThere (run: PlannedRun) (folder: PartFolder) stage task =
        try
            PartFile.requireWhole (folder.Part(stage, task)) (folder.NameOf(stage, task))
            folder.RequireOutput(stage, task, folder.Output.IsThere, isOver run folder)

            stage <> ShardFiles.stage
            || ShardOutput.isUnchanged folder (ShardFiles.path run.Told.Out task) (folder.Part(stage, task)) (folder.NameOf(stage, task))
        with PartTrouble _ ->
            false

    let private requireBefore (run: PlannedRun) (folder: PartFolder) stage patience (settings: Settings) =
        match before run stage with
        | None -> ()
        | Some earlier ->
            let until = DateTime.UtcNow + patience

            while not (isMerged run folder folder.IsMerged earlier.Name) do
                if DateTime.UtcNow >= until then
                    Fault.throw (
                        NotYet(folder.Path, $"{Path.GetFileName(folder.Merged earlier.Name)}, which the merge of {earlier.Name} makes")
                    )

                settings.Cancel.WaitHandle.WaitOne 500 |> ignore
                settings.Cancel.ThrowIfCancellationRequested()

    /// Takes one task of a stage; false where its part was there, whole.
    let run (run: PlannedRun) (parts: string) (patience: TimeSpan) stage task (settings: Settings) =
        let planned = stageOf run stage

        if task < 0 || task >= planned.Tasks then
            refuse "the task" $"{stage} has the tasks 0 to {planned.Tasks - 1}, and no {task}"

        let folder = PartFolder(parts, run.Told)
        folder.Make()

        // Nobody needs a part that is lost once the output is there.
        if isThere run folder stage task || (stage <> ShardFiles.stage && isOver run folder ()) then
            false
        else
            requireBefore run folder stage patience settings
            run.Files |> List.iter InputFiles.require
            let settings = within run settings

            PartFile.write (folder.Part(stage, task)) (folder.NameOf(stage, task)) (fun file ->
                if stage = ShardFiles.stage then
                    ShardFiles.write run.Told.Out planned.Tasks task settings

                    InputFiles.tryStamp (ShardFiles.path run.Told.Out task)
                    |> ValueOption.iter (fun stamp -> ShardOutput.note "" stamp file)
                elif stage = sharing run then
                    ShardOutput.share folder settings patience task planned.Tasks file (fun share ->
                        partake run folder settings (Some share) stage (Share(task, file)))
                else
                    partake run folder settings None stage (Share(task, file)))

            true

    let private output (run: PlannedRun) (folder: PartFolder) stage (settings: Settings) =
        let report =
            ShardOutput.write folder (sharing run) stage run.Told.Out settings (fun begun ->
                Inputs.asFile run.Input run.Recipe settings (Some(NewFile run.Told.Out)) (fun path recipe _ ->
                    use file = AnnDataFile.openReadWithin settings.Memory recipe.Matrix path

                    Runner.onFileWith
                        { RunSurroundings.alone with
                            Taker = taker run folder settings stage Output (ref false)
                            Begun = begun }
                        (asked run)
                        file
                        recipe
                        settings
                        (NewFile run.Told.Out)))

        { report with
            Input = Inputs.shown run.Input.Paths
            Warnings = List.ofSeq run.Told.Warnings @ List.ofSeq report.Warnings |> List.distinct }

    /// Merges the parts of a stage; the merge of the last one writes the output, and gives its report. None where nothing was left to do, or
    /// more stages follow.
    let merge (run: PlannedRun) (parts: string) (patience: TimeSpan) stage (settings: Settings) : Report option =
        stageOf run stage |> ignore
        let folder = PartFolder(parts, run.Told)
        folder.Make()

        // Later stages refuse what is damaged, so it is not taken for done here.
        let isMerged () =
            isMerged run folder folder.IsMergedWhole stage

        let wait () =
            requireBefore run folder stage patience settings
            folder.Await(stage, isOver run folder, patience, settings.Cancel)

            if isLast run stage then
                folder.Await(sharing run, isOver run folder, patience, settings.Cancel)

        // Another machine may have taken it while this one waited.
        if
            isMerged ()
            || (wait ()
                isMerged ())
        then
            if isLast run stage then
                folder.Output.Tidy()

            None
        else
            run.Files |> List.iter InputFiles.require
            let settings = within run settings

            if isLast run stage then
                try
                    Some(output run folder stage settings)
                with FaultException fault when Fault.isTemporary fault && isMerged () ->
                    // Another machine has taken it meanwhile, and removed what this one had.
                    None
            else
                PartFile.write (folder.Merged stage) (folder.NameOf(stage, -1)) (fun file ->
                    if stage <> ShardFiles.stage then
                        partake run folder settings None stage (Merge file))

                None

    /// How far each stage is. A part counts as done when it is there, of this plan, and not cut off.
    let status (run: PlannedRun) (parts: string) : ShardProgress list =
        let folder = PartFolder(parts, run.Told)

        [ for stage in run.Told.Stages do
              let missing = folder.Missing(stage.Name, isOver run folder)

              { Stage = stage.Name
                Tasks = stage.Tasks
                Finished = stage.Tasks - missing.Length
                Missing = [| for task, why in missing -> Collections.Generic.KeyValuePair(task, why) |]
                IsMerged = isMerged run folder folder.IsMerged stage.Name } ]
