/// Runs a recipe on a file: plan, read, write, and put the result in its place.
namespace SingleSharp.Core.Run

open System
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
module internal Runner =
    /// A run by itself.
    let alone =
        { Taker = Taker.alone
          Rows = None
          Kept = fun _ _ -> []
          KeptBytes = 0L
          Complete = ignore
          Begun = None }

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
    let private toClone
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

        let isChanged = AtomicReplace.watch file.Store
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
                around.Complete()
                report)
        | Some begun ->
            let stop = file.Store.Superblock.EndOfFile

            AtomicReplace.finishFor readers begun.Claim target origin stop begun.Complete begun.GiveBack (fun disk ->
                let editor =
                    SharedCopy.completing file disk plan.Values settings.Compression WholePages.page settings.Cancel

                finish editor Sink.none)

    /// New columns and members are appended to the input itself, once all are there; only the last write makes them visible.
    let private toInput (file: AnnDataFile) plan note settings start =
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

        let isReplaced = AtomicReplace.watchPlace store
        let isChanged = AtomicReplace.watch store
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
                write alone plan job (FileEditor(additions.Disk, store.Superblock, [])) note Sink.none []

            if isReplaced () then
                Fault.throw (InputChanged store.Path)

            report store.Path
        with _ ->
            if additions.AreThere && isAsBefore () then
                store.Disk.SetLength length

            reraise ()

    /// Refuses what could not be written in the end, and says whether the note could be.
    let requireEditable (file: AnnDataFile) (plan: RunPlan) note cancel =
        let require groups =
            Edit.require file (Added.obs file plan) (Added.var plan) plan.Values (List.distinct groups)

        let groups =
            [ yield! plan.Steps |> List.collect _.Groups
              if plan.Recipe.KeepCounts then
                  "layers" ]

        // Nobody's run is refused for the sake of its note.
        let isNoted =
            try
                require (groups @ (note |> Option.map fst |> Option.toList))
                true
            with FaultException _ when Option.isSome note ->
                require groups
                false

        if plan.Recipe.KeepCounts then
            CountsLayer.requireCopyable file

        match plan.Selector with
        | Some selector -> Subset.require file selector.DropsCells selector.DropsGenes cancel
        | None -> ()

        isNoted

    /// How far the rows have been put together, in the terms of a read.
    let private transposing (plan: RunPlan) (settings: Settings) (file: AnnDataFile) share =
        settings.Progress
            { Pass = 1
              Passes = plan.Passes.Length
              CellsDone = int64 (share * float file.X.Cells)
              Cells = file.X.Cells
              Bytes = Matrix.bytes file.X
              Task = Nullable() }

    /// A file that is read as planned. Everything is checked once the rows are put together, which may take a while.
    let private jobOf (around: RunSurroundings) (file: AnnDataFile) (plan: RunPlan) batches (settings: Settings) folder : Job =
        let recipe = plan.Recipe

        { File = file
          Rows =
            match around.Rows with
            | Some rows -> rows.Lent
            | None -> CsrView.Prepare(file, folder, settings.Memory, settings.Cancel, transposing plan settings file)
          Settings = settings
          Passes = plan.Passes |> List.map (fun pass -> pass.Kind, pass.Fit)
          SumDuplicates = recipe.SumDuplicates
          RefusesInvalid = plan.Steps |> List.exists _.RefusesInvalid && not recipe.AllowInvalid
          Batches = batches
          Scope = Whole
          Genes = RowMask.all (int64 file.X.Genes)
          Folder = folder
          Taker = around.Taker
          Aside = Aside.nothing }

    let private wayOf (around: RunSurroundings) : RunWay =
        { IsSaved = around.Taker.IsSaved
          Elsewhere =
            match around.Rows with
            | Some rows -> rows.Elsewhere |> ValueOption.map _.Worker |> ValueOption.defaultValue 0L
            | None -> 0L }

    /// What is asked of a file for a recipe: the batches, for as long as `work` takes, and the plan. A query that the columns do not fit is
    /// refused before anything is copied.
    let private planned
        (around: RunSurroundings)
        (file: AnnDataFile)
        recipe
        (settings: Settings)
        folder
        (work: Batches option -> RunPlan -> 'r)
        =
        let batches = RunPlan.batches file recipe folder
        use _ = Option.toObj batches
        let plan = RunPlan.make (wayOf around) file batches recipe settings

        match plan.Selector with
        | Some { By = Known known } -> known.Force() |> ignore
        | _ -> ()

        Memory.release (AnnDataFile.geneNameBytes file)
        work batches plan

    /// Goes through the run as far as the taker goes. Rows may come from elsewhere than the file. Of the output nothing is written but a share,
    /// if there is one.
    let partake taker rows (share: OutputShare option) (file: AnnDataFile) recipe (settings: Settings) folder =
        Recipe.check recipe

        let around =
            { alone with
                Taker = taker
                Rows = rows }

        planned around file recipe settings folder (fun batches plan ->
            let job = jobOf around file plan batches settings folder
            use _ = job.Rows

            use nowhere =
                new RandomAccessFile(file.Path, new NowhereDevice(file.Store.Disk), 0L)

            let take placing =
                StepRun.take plan job (FileEditor(nowhere, file.Store.Superblock, [], settings.Compression)) placing Sink.none |> ignore

            match share with
            | Some share when SharedCopy.isSharable plan.Values ->
                let output = share.Open file
                let page = WholePages.page
                SharedCopy.copyShare file output plan.Values page share.Task share.Tasks share.Agree settings.Cancel
                take (if plan.Values = Overwrite then Together(output, page) else Saved)
            | _ -> take (StepRun.placing job))

    /// Do the results go to the input's own bytes, rather than to a new file?
    let private appends (recipe: Recipe) output =
        output = InPlace && recipe.Steps |> List.forall (fun step -> not (step.Info.ChangesValues || step.Body.Selects))

    /// Runs the recipe on a file that is open, for nobody else where it is changed in place, and notes what was asked for.
    let onFileWith (around: RunSurroundings) asked (file: AnnDataFile) recipe (settings: Settings) output : Report =
        Recipe.check recipe
        let input = file.Path

        let target =
            match output with
            | NewFile path -> path
            | InPlace -> input

        AtomicReplace.require target 0L

        if not (appends recipe output) then
            AtomicReplace.requireReplaceable target (output = InPlace)

        let folder =
            Scratch.folder settings (Path.GetDirectoryName(AtomicReplace.resolve target))

        planned around file recipe settings folder (fun batches plan ->
            let start = jobOf around file plan batches settings
            let note = if settings.Provenance then Provenance.next file.Store asked else None

            let note = if requireEditable file plan note settings.Cancel then note else None

            plan.Told.Warnings |> Seq.iter settings.Warn

            let report =
                match output with
                | NewFile target ->
                    AtomicReplace.requireOther file.Store target
                    toClone around asked file plan note settings start target
                | InPlace when appends recipe output -> toInput file plan note settings start
                | InPlace -> toClone around asked file plan note settings start input

            (report: Report).Warnings |> Seq.skip plan.Told.Warnings.Count |> Seq.iter settings.Warn
            report)

    let onFileAs asked file recipe settings output =
        onFileWith alone asked file recipe settings output

    /// The same of a file that was asked for as it is.
    let onFile (file: AnnDataFile) recipe settings output =
        onFileAs
            { Input = Input.file file.Path
              Files = [ file.Path ]
              Recipe = recipe }
            file
            recipe
            settings
            output

    /// Runs the recipe on the input. Throws a FaultException for expected trouble and OperationCanceledException when cancelled.
    let run asked (recipe: Recipe) (settings: Settings) input output =
        use file =
            if output = InPlace then
                AnnDataFile.openWriteWithin settings.Memory recipe.Matrix input
            else
                AnnDataFile.openReadWithin settings.Memory recipe.Matrix input

        onFileAs asked file recipe settings output
