/// Runs a recipe on a file: plan, read and write.
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
            { RunSurroundings.alone with
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
                    RunOutput.toClone around asked file plan note settings start target
                | InPlace when appends recipe output -> RunOutput.toInput file plan note settings start
                | InPlace -> RunOutput.toClone around asked file plan note settings start input

            (report: Report).Warnings |> Seq.skip plan.Told.Warnings.Count |> Seq.iter settings.Warn
            report)

    let onFileAs asked file recipe settings output =
        onFileWith RunSurroundings.alone asked file recipe settings output

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
