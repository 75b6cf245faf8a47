/// Where the results of a run go: to a clone that takes the place of the target, or behind the end of the input.
namespace SingleSharp.Core.Run

open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Core.Subset
open SingleSharp.Core.Steps

[<RequireQualifiedAccess>]
module internal RunOutput =
    /// What lies in the file of elements that a filter replaces, if it drops anything of what it may drop.
    let private withheld (file: AnnDataFile) (plan: RunPlan) =
        let least drops length =
            if drops then RowMask.none length else RowMask.all length

        match plan.Selector with
        | Some selector ->
            Subset.givenUp
                file
                { Cells = least selector.DropsCells file.X.Cells
                  Genes = least selector.DropsGenes (int64 file.X.Genes) }
        | None -> []

    /// What a filter leaves of everything but X. What was withheld from the clone is copied after all where it stays as it is.
    let private kept (job: Job) (editor: FileEditor) selection withheld =
        let needed = withheld |> OutputStorage.without (Subset.givenUp job.File selection)
        CopyRanges.copyRanges job.File.Store.Disk editor.Disk needed job.Settings.Cancel
        Subset.links job.File editor selection job.Settings.Cancel

    /// Takes all steps, then commits.
    let private write (around: RunSurroundings) (plan: RunPlan) (job: Job) (editor: FileEditor) note following withheld =
        let file = job.File
        let taken = StepRun.take plan job editor (StepRun.placing job) following

        let noted =
            { Outcome.nothing with
                Members = Option.toList note
                Warnings = if job.Settings.Provenance && Option.isNone note then [ Provenance.untold ] else [] }

        let taken =
            { taken with
                Outcomes = taken.Outcomes @ [ noted ] }

        Edit.commit
            file
            editor
            { Cells = taken.Selection.Cells.Count
              Genes = taken.Selection.Genes.Count
              CellColumns = taken.CellColumns
              GeneColumns = taken.GeneColumns
              Members = taken.Outcomes |> List.collect _.Members
              Values = taken.Values
              Kept =
                [ if plan.Selector.IsSome then
                      yield! kept job editor taken.Selection withheld
                  if plan.Recipe.KeepCounts then
                      yield! CountsLayer.links file editor job.Settings.Compression taken.Selection job.Settings.Cancel
                  yield! around.Kept file editor ] }

        RunReport.make
            plan
            job
            taken
            [ yield! StepRun.emptied plan file taken.Selection taken.Dropped
              yield! RunReport.findings plan file taken.Findings
              for outcome in taken.Outcomes do
                  yield! outcome.Warnings ]

    /// A clone of the input takes the place of the target once it is complete.
    let toClone
        (around: RunSurroundings)
        (asked: Asked)
        (file: AnnDataFile)
        (plan: RunPlan)
        note
        (settings: Settings)
        (start: string -> Job)
        (target: string)
        =
        let withheld = withheld file plan

        let copied =
            if around.Begun.IsSome then
                0L
            else
                file.Store.Superblock.EndOfFile - (withheld |> List.sumBy (fun (struct (_, length)) -> length))

        AtomicReplace.require target ([ copied; around.KeptBytes ] |> List.fold Memory.plus (Added.bytes settings file plan note))

        let folder =
            Scratch.folder settings (Path.GetDirectoryName(AtomicReplace.resolve target))

        let isChanged = FileWatch.onContent file.Store
        let job = start folder
        use _ = job.Rows
        let readers, origin = WhoReads asked.Files, file.Store.Disk.Origin

        // What was read elsewhere has not come by here.
        let reads = plan.Has PassKind.Main && not around.Taker.IsSaved

        let finish editor following =
            let report = write around plan job editor note following withheld

            if isChanged () then
                Fault.throw (InputChanged file.Path)

            report target

        match around.Begun with
        | None ->
            AtomicReplace.replaceFor readers target origin (fun disk ->
                let editor, following =
                    OutputStorage.clone file disk plan.Values settings.Compression reads withheld settings.Cancel

                let report = finish editor following

                if plan.Selector.IsSome then
                    Packed.inPlace disk settings.Memory folder settings.Cancel

                around.Complete()
                report)
        | Some begun ->
            let stop = file.Store.Superblock.EndOfFile

            AtomicReplace.finishFor readers begun.Claim target origin stop begun.Complete begun.GiveBack (fun disk ->
                let editor =
                    SharedCopy.completing file disk plan.Values settings.Compression WholePages.page settings.Cancel

                finish editor Sink.none)

    /// New columns and members are appended to the input itself, once all are there; only the last write makes them visible.
    let toInput (file: AnnDataFile) plan note settings start =
        let store = file.Store
        let added = Added.bytes settings file plan note
        let beside = Path.GetDirectoryName(AtomicReplace.resolve store.Path)
        let folder = Scratch.folder settings beside

        // They wait in a scratch file, and are on the disk twice for a moment.
        if Scratch.isApart settings beside then
            AtomicReplace.require store.Path added
            AtomicReplace.requireScratch folder added
        else
            AtomicReplace.require store.Path (Memory.times 2L added)

        let isReplaced = FileWatch.onPlace store
        let isChanged = FileWatch.onContent store
        let job: Job = start folder
        use _ = job.Rows
        let length = store.Disk.Length

        let requireUnchanged () =
            if isChanged () then
                Fault.throw (InputChanged store.Path)

        use additions = new Additions(store.Disk, folder, requireUnchanged)

        /// Nothing points behind the old end before the last write, so cutting there restores the file to the byte.
        let isAsBefore () =
            try
                (Superblock.read store.Disk).EndOfFile = store.Superblock.EndOfFile
            with FaultException _ ->
                false

        try
            let report =
                write RunSurroundings.alone plan job (FileEditor(additions.Disk, store.Superblock, [])) note Sink.none []

            if isReplaced () then
                Fault.throw (InputChanged store.Path)

            report store.Path
        with _ ->
            if additions.AreThere && isAsBefore () then
                store.Disk.SetLength length

            reraise ()
