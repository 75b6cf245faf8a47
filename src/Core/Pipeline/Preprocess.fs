/// Runs a recipe on a file: plan, read, write, publish.
namespace SingleSharp.Core

open System
open System.IO

[<RequireQualifiedAccess>]
module Preprocess =
    /// Columns with one value per cell of the whole file, on their way to room that is reserved for them.
    let private columnOutlet (draft: Draft) (file: H5adFile) (columns: CellColumns) =
        let addresses =
            columns.Columns |> List.map (fun column -> draft.Reserve(file.X.Cells * int64 (Numeric.size column.Type)))

        List.zip columns.Columns addresses, ColumnOutlet.toPlaces draft.Disk (Array.ofList addresses) columns

    /// Judges cells and genes in a read of its own where genes are limited, or lets the next read judge the cells.
    let private filtered job draft =
        let columns, outlet =
            columnOutlet draft job.File (Written.filterColumns job.File job.Plan)

        match job.Plan.Recipe.Filter with
        | Some filter when Reading.judgesFirst job.File.X job.Plan.Recipe ->
            let struct (selection, tallies) = Pass.judge job filter outlet
            Pass.choosing job selection, columns, Some tallies, Outlet.none
        | Some _ -> { job with Scope = Judged }, columns, None, outlet
        | None -> job, columns, None, outlet

    let private logNote (log1p: Log1pRecipe) =
        "log1p",
        Element.Dict
            [ match log1p.Base with
              | Some basis -> "base", Element.Number basis
              // An empty dict means the natural logarithm; old anndata cannot read a null.
              | None -> () ]

    /// What a filter leaves of everything but X. What was withheld from the clone is copied after all where it stays as it is.
    let private kept (job: Job) (draft: Draft) selection withheld =
        let needed = withheld |> Place.without (Subset.givenUp job.File selection)
        Clone.copyRanges job.File.Store.Disk draft.Disk needed job.Settings.Cancel
        Subset.links job.File draft selection job.Settings.Cancel

    /// Genes can be compared only where the filter leaves some of them, and some cells.
    let private requireLeft (job: Job) (tallied: Tallied) =
        let recipe = job.Plan.Recipe

        let steps =
            Recipe.steps recipe |> List.filter (fun step -> step = "hvg" || step = "pca") |> String.concat " and "

        match Report.emptied job tallied with
        | why :: _ when steps <> "" -> Fault.throw (Unsuitable(steps, $"{why}; loosen the limits"))
        | _ -> ()

    /// Takes all steps but pca, and chooses genes; the sums that these were chosen by are let go of.
    let private judged (job: Job) transformation filterTallies outlet =
        let tallied =
            if job.Plan.Passes |> List.exists (fun pass -> pass.Reading = Reading.Steps) then
                Pass.steps job transformation outlet
            else
                Pass.unread job

        let tallied =
            { tallied with
                Dropped = Pass.dropped job filterTallies }

        requireLeft job tallied

        let selection =
            { Cells = tallied.Cells
              Genes = job.Genes }

        let job = if job.Plan.Recipe.Filter.IsSome then Pass.choosing job selection else job

        struct ({ tallied with Moments = None }, selection, job, Genes.table job tallied.Moments)

    /// Takes all steps, with what they let out, `following` what the read of all of X goes through; then commits.
    let private write (job: Job) (draft: Draft) folder following withheld =
        let file = job.File
        let plan = job.Plan
        let recipe = plan.Recipe
        let job, filterColumns, filterTallies, filterOutlet = filtered job draft
        let transformation = Target.transformation job folder

        let cellColumns, cellOutlet =
            columnOutlet draft file (Written.cellColumns file plan job.Genes)

        let cells =
            match job.Scope with
            | Chosen selection -> selection.Cells.Count
            | _ -> file.X.Cells

        let values =
            let areOld = not (Recipe.changesValues recipe || recipe.SumDuplicates)
            Place.sink draft file plan.Values areOld plan.TypeAfter cells job.Genes.Count folder job.Settings.Cancel

        use _ = values.Scratch

        let outlet =
            List.reduce Outlet.both [ following; filterOutlet; cellOutlet; values.Outlet ]

        let struct (tallied, selection, job, table) =
            judged job transformation filterTallies outlet

        let components =
            recipe.Pca |> Option.map (Principal.compute job transformation draft folder tallied.Cells.Count table)

        Edit.commit
            file
            draft
            { Cells = tallied.Cells.Count
              Genes = job.Genes.Count
              CellColumns = filterColumns @ cellColumns
              GeneColumns =
                [ match filterTallies with
                  | Some tallies ->
                      for column, values in Written.filterGeneColumns file plan do
                          column, GeneSets.valuesAmong job.Genes (values tallies)
                  | None -> ()
                  match tallied.Genes with
                  | Some tallies ->
                      for column, values in Written.geneColumns file plan do
                          Memory.tidy ()
                          column, values tallies
                  | None -> ()
                  match table with
                  | Some table -> yield! table.Columns
                  | None -> () ]
              Members =
                [ match recipe.Log1p with
                  | Some log1p -> "uns", [ logNote log1p ]
                  | None -> ()
                  match recipe.Hvg with
                  | Some hvg -> "uns", [ "hvg", Element.Dict [ "flavor", Element.Text(Hvg.flavorName hvg.Flavor) ] ]
                  | None -> ()
                  match components with
                  | Some components -> yield! components.Members
                  | None -> () ]
              Values = values.Finish()
              Kept = if recipe.Filter.IsSome then kept job draft selection withheld else [] }

        Report.make job transformation tallied table components

    /// What lies in the file of elements that a filter replaces, if it drops anything of what it may drop.
    let private withheld (file: H5adFile) recipe =
        let least drops length =
            if drops then Kept.none length else Kept.all length

        if recipe.Filter.IsSome then
            Subset.givenUp
                file
                { Cells = least (Recipe.filtersCells recipe) file.X.Cells
                  Genes = least (Recipe.filtersGenes recipe) (int64 file.X.Genes) }
        else
            []

    /// A clone of the input takes the place of the target once it is complete.
    let private toClone (file: H5adFile) (plan: Plan) (settings: Settings) (start: string -> Job) (target: string) =
        let withheld = withheld file plan.Recipe

        let copied =
            file.Store.Superblock.EndOfFile - (withheld |> List.sumBy (fun (struct (_, length)) -> length))

        Publish.require target (copied + Written.addedBytes file plan)
        let folder = Path.GetDirectoryName(Publish.resolve target)
        let isChanged = Publish.watch file.Store
        let job = start folder
        use _ = job.Rows

        let reads = plan.Passes |> List.exists (fun pass -> pass.Reading = Reading.Steps)

        Publish.replaceFor (WhoReads [ file.Path ]) target file.Store.Disk.Origin (fun disk ->
            let draft, following =
                Place.clone file disk plan.Values reads withheld settings.Cancel

            let report = write job draft folder following withheld

            if isChanged () then
                Fault.throw (InputChanged file.Path)

            report target)

    /// New columns and members are appended to the input itself, once all are there; only the last write makes them visible.
    let private toInput (file: H5adFile) plan start =
        let store = file.Store
        // They wait in a scratch file beside it, and are on the disk twice for a moment.
        Publish.require store.Path (2L * Written.addedBytes file plan)
        let folder = Path.GetDirectoryName(Publish.resolve store.Path)
        let isReplaced = Publish.watchPlace store
        let isChanged = Publish.watch store
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
                write job (Draft(additions.Disk, store.Superblock, [])) folder Outlet.none []

            if isReplaced () then
                Fault.throw (InputChanged store.Path)

            report store.Path
        with _ ->
            if additions.AreThere && isAsBefore () then
                store.Disk.SetLength length

            reraise ()

    let private requireEditable (file: H5adFile) (plan: Plan) cancel =
        let recipe = plan.Recipe

        Edit.require
            file
            (Written.obsColumns file plan (Kept.all (int64 file.X.Genes)))
            (Written.varColumns file plan)
            plan.Values
            (Written.groups recipe)

        if recipe.Filter.IsSome then
            Subset.require file (Recipe.filtersCells recipe) (Recipe.filtersGenes recipe) cancel

    /// How far the rows have been put together, in the terms of a read.
    let private transposing (plan: Plan) (settings: Settings) (file: H5adFile) share =
        settings.Progress
            { Pass = 1
              Passes = plan.Passes.Length
              CellsDone = int64 (share * float file.X.Cells)
              Cells = file.X.Cells
              Bytes = file.X.Datasets |> List.sumBy (fun dataset -> dataset.Count * int64 dataset.ElementSize)
              Task = None }

    /// Do the results go to the input's own bytes, rather than to a new file?
    let private appends recipe output =
        output = InPlace && not (Recipe.changesValues recipe) && recipe.Filter.IsNone

    /// Runs the recipe on a file that is open, for nobody else where it is changed in place.
    let onFile (file: H5adFile) recipe (settings: Settings) output =
        Check.recipe recipe
        let input = file.Path

        let target =
            match output with
            | NewFile path -> path
            | InPlace -> input

        Publish.require target 0L

        if not (appends recipe output) then
            Publish.requireReplaceable target (output = InPlace)

        let batches =
            Plan.batches file recipe (Path.GetDirectoryName(Publish.resolve target))

        use _ = Option.toObj batches

        let plan = Plan.make file batches recipe settings
        Memory.release (Schema.geneNameBytes file)

        /// Everything is checked once the rows are put together, which may take a while.
        let start folder =
            { File = file
              Rows = RowMatrix.Prepare(file, folder, settings.Memory, settings.Cancel, transposing plan settings file)
              Plan = plan
              Settings = settings
              Batches = batches
              Scope = Whole
              Genes = Kept.all (int64 file.X.Genes)
              Losses = Losses() }

        requireEditable file plan settings.Cancel
        plan.Warnings |> List.iter settings.Warn

        let report =
            match output with
            | NewFile target ->
                Publish.requireOther file.Store target
                toClone file plan settings start target
            | InPlace when appends recipe output -> toInput file plan start
            | InPlace -> toClone file plan settings start input

        report.Warnings |> List.skip plan.Warnings.Length |> List.iter settings.Warn
        report

    /// Runs the recipe on the input. Throws a FaultException for expected trouble and OperationCanceledException when cancelled.
    let run (recipe: Recipe) (settings: Settings) input output =
        use file =
            if output = InPlace then
                Schema.openWriteWithin settings.Memory recipe.Matrix input
            else
                Schema.openReadWithin settings.Memory recipe.Matrix input

        onFile file recipe settings output
