/// The reads of X that a plan asks for, each as one fold and one outlet.
namespace SingleSharp.Core

open System.IO
open System.Runtime.ExceptionServices

/// Which rows and columns of X a pass sees.
type Scope =
    | Whole
    /// Cells are judged as they are read.
    | Judged
    /// What was chosen by an earlier pass.
    | Chosen of Selection

/// A file being read according to a plan.
type Job =
    {
        File: H5adFile
        /// The matrix of the file, row by row.
        Rows: RowMatrix
        Plan: Plan
        Settings: Settings
        Batches: Batches option
        Scope: Scope
        /// The genes that are left of those of the file.
        Genes: Kept
        /// Cells that did not meet limits of the filter.
        Losses: Losses
    }

/// How many did not meet each limit, by the limit's name.
type Dropped =
    { OfCells: (string * int64) list
      OfGenes: (string * int64) list }

/// What the read that takes the steps found out.
type Tallied =
    {
        Findings: Findings
        /// The cells that stay.
        Cells: Kept
        Genes: GeneTallies option
        /// What highly variable genes are chosen by.
        Moments: GroupedMoments option
        /// How many cells and genes did not meet each limit of the filter.
        Dropped: Dropped
        /// Cells that normalize_total could not scale.
        Unscaled: int64
    }

[<RequireQualifiedAccess>]
module Pass =
    let private bytesOf (matrix: Matrix) =
        matrix.Datasets |> List.sumBy (fun dataset -> dataset.Count * int64 dataset.ElementSize)

    /// Genes that a cell has several values of are added up where the recipe says so. Otherwise they are refused, by the first
    /// reading, after which there are none.
    let private unambiguous sumDuplicates isFirst (matrix: Matrix) source =
        match matrix.Form with
        | Dense _ -> source
        | _ when sumDuplicates -> source |> Duplicates.summed matrix.Type matrix.Genes
        | _ when isFirst -> source |> Duplicates.refused matrix.Genes
        | _ -> source

    /// What a block failed of, in the words of the file.
    let private explain (file: H5adFile) (geneOf: int -> int64) cause =
        let cellName cell = Frame.nameOf file.Store file.Obs cell
        let geneName gene = Frame.nameOf file.Store file.Var gene

        match cause with
        | NotACount(cell, gene, value) -> Fault.throw (InvalidValue(file.Path, cellName cell, geneName (geneOf gene), value))
        | SecondValue(cell, gene) -> Fault.throw (StoredTwice(file.Path, cellName cell, geneName (int64 gene)))
        | SumTooLarge(cell, gene) ->
            Fault.throw (
                BadOption(
                    "--sum-duplicates",
                    $"the values of cell {cellName cell}, gene {geneName (int64 gene)} add up to more than {Numeric.name file.X.Type} holds"
                )
            )
        | _ -> ()

    let private schedule (matrix: Matrix) (settings: Settings) cells (fit: Fit) pass passes =
        { Workers = fit.Workers
          Window = fit.Window
          Cancel = settings.Cancel
          RowsDone =
            fun rows ->
                settings.Progress
                    { Pass = pass
                      Passes = passes
                      CellsDone = rows
                      Cells = cells
                      Bytes = bytesOf matrix
                      Task = None } }

    /// A reader's own question, asked in one read. What a step throws arrives as it was thrown.
    let ask (file: H5adFile) (settings: Settings) question =
        use rows =
            RowMatrix.Prepare(file, Path.GetTempPath(), settings.Memory, settings.Cancel, ignore)

        let fit = Budget.fit rows.Matrix settings Budget.nothing

        try
            Blocks.run
                (schedule rows.Matrix settings file.X.Cells fit 1 1)
                (Reader.rows rows.Disk rows.Matrix fit.ValuesPerSlice |> unambiguous false true rows.Matrix)
                Outlet.none
                question
        with BlockFailed(_, _, cause) ->
            explain file int64 cause
            ExceptionDispatchInfo.Throw cause
            raise cause

    let private fitOf (job: Job) reading =
        (job.Plan.Passes |> List.find (fun pass -> pass.Reading = reading)).Fit

    /// The rows that a job sees, judged and dropped where its scope says so.
    let private rows (job: Job) reading (fit: Fit) =
        let file = job.File
        let matrix = job.Rows.Matrix

        let isFirst =
            (job.Plan.Passes |> List.find (fun pass -> pass.Reading <> Reading.Transpose)).Reading = reading

        let grouped =
            let all =
                Reader.rows job.Rows.Disk matrix fit.ValuesPerSlice |> unambiguous job.Plan.Recipe.SumDuplicates isFirst matrix

            match job.Batches with
            | Some batches -> all |> Selecting.labelled batches.Open
            | None -> all

        match job.Scope, job.Plan.Recipe.Filter with
        | Judged, Some filter ->
            let sets = Membership.ofMasks file.X.Genes job.Plan.FilterSets

            // Other reads judge the same cells once more.
            let losses =
                if reading = Reading.Filter || reading = Reading.Steps then job.Losses else Losses()

            grouped |> Selecting.byRule (Filter.counting losses file.X.Type sets (Limits.ofCells filter))
        | Chosen selection, _ -> grouped |> Selecting.bySelection selection
        | _ -> grouped

    let private mustBeCounts (job: Job) =
        Recipe.changesValues job.Plan.Recipe && not job.Plan.Recipe.AllowInvalid

    /// Runs a pass; a value that is not a count becomes the fault that names its cell and gene.
    let private run (job: Job) reading fit (source: Source<Slice>) outlet question =
        let number =
            1 + (job.Plan.Passes |> List.findIndex (fun pass -> pass.Reading = reading))

        try
            let answer =
                Blocks.run (schedule job.Rows.Matrix job.Settings source.Rows fit number job.Plan.Passes.Length) source outlet question

            // What comes next shall not find the buffers of this read in its way.
            Memory.release fit.Memory
            answer
        with BlockFailed(_, _, cause) ->
            explain job.File (fun gene -> job.Genes.At(int64 gene)) cause
            reraise ()

    /// Judges the cells, and the genes by the cells that stay; lets out what is noted about those cells.
    let judge (job: Job) (filter: FilterRecipe) outlet =
        let fit = fitOf job Reading.Filter
        let cells = Kept job.File.X.Cells

        let tallies =
            Filter.perGene job.File.X.Genes
            |> run job Reading.Filter fit (rows { job with Scope = Judged } Reading.Filter fit) (Outlet.both (Selecting.into cells) outlet)

        struct ({ Cells = cells
                  Genes = Filter.genes job.File.X.Type (Limits.ofGenes filter) tallies },
                tallies)

    /// The genes that are highly expressed in at least one cell.
    let highlyExpressed (job: Job) precision maxFraction =
        let fit = fitOf job Reading.HighlyExpressed

        fold {
            let! genes = Normalize.highlyExpressed (int job.Genes.Count) precision maxFraction
            and! _ = Validity.find (mustBeCounts job)
            return genes
        }
        |> run job Reading.HighlyExpressed fit (rows job Reading.HighlyExpressed fit) Outlet.none

    /// The median total per cell over the genes that are not excluded.
    let medianTotal (job: Job) precision excluded isCounted folder =
        let fit = fitOf job Reading.Median
        use scratch = new Scratch(folder)

        let totals =
            Normalize.totalColumn precision excluded |> ColumnOutlet.toPlaces scratch.Disk [| 0L |]

        Validity.find (mustBeCounts job) |> run job Reading.Median fit (rows job Reading.Median fit) totals |> ignore
        Median.ofNumbers precision scratch.Disk (scratch.Disk.Length / 8L) isCounted

    let private transformed job reading transformation fit =
        rows job reading fit |> Reader.through (fun () -> Normalize.start transformation)

    /// Sums per gene for highly variable genes, of what their flavor looks at.
    let private moments (job: Job) =
        let genes = int job.Genes.Count
        let plan = job.Plan

        match plan.Recipe.Hvg with
        | None -> Fold.always None
        | Some hvg ->
            let quantity, numeric =
                if Recipe.fitsTrend hvg then
                    Quantity.Raw, job.File.X.Type
                else
                    Dispersion.quantity hvg.Flavor (Option.toValueOption plan.LogBase), plan.TypeAfter

            Moments.perGene genes plan.Groups (Precision.ofNumeric numeric) quantity |> Fold.map Some

    /// The read that takes the steps: transforms, tallies, and lets columns and values out.
    let steps (job: Job) transformation outlet =
        let recipe = job.Plan.Recipe
        let fit = fitOf job Reading.Steps
        let genes = int job.Genes.Count

        let cells =
            match job.Scope with
            | Judged -> Kept job.File.X.Cells
            | Whole -> Kept.all job.File.X.Cells
            | Chosen selection -> selection.Cells

        let outlet =
            match job.Scope with
            | Judged -> Outlet.both (Selecting.into cells) outlet
            | _ -> outlet

        fold {
            let! findings = Validity.find (mustBeCounts job)

            and! tallies =
                if recipe.Qc.IsSome then Qc.perGene genes |> Fold.map Some else Fold.always None

            and! unscaled =
                if recipe.NormalizeTotal.IsSome then Normalize.unscaled else Fold.always 0L

            and! moments = moments job

            return
                { Findings = findings
                  Cells = cells
                  Genes = tallies
                  Moments = moments
                  Dropped = { OfCells = []; OfGenes = [] }
                  Unscaled = unscaled }
        }
        |> run job Reading.Steps fit (transformed job Reading.Steps transformation fit) outlet

    /// What is known where no step had to be taken.
    let unread (job: Job) =
        { Findings = Validity.nothing
          Cells = Kept.all job.File.X.Cells
          Genes = None
          Moments = None
          Dropped = { OfCells = []; OfGenes = [] }
          Unscaled = 0L }

    /// How many did not meet each limit, once all have been judged.
    let dropped (job: Job) (tallies: FilterTallies option) =
        match job.Plan.Recipe.Filter with
        | None -> { OfCells = []; OfGenes = [] }
        | Some filter ->
            let sets = Membership.ofMasks job.File.X.Genes job.Plan.FilterSets

            { OfCells = Filter.cellLosses job.Losses sets (Limits.ofCells filter)
              OfGenes =
                match tallies with
                | Some tallies -> Filter.geneLosses job.File.X.Type (Limits.ofGenes filter) tallies
                | None -> [] }

    /// What later passes see, once it is known which cells and genes stay.
    let choosing (job: Job) (selection: Selection) =
        { job with
            Scope = Chosen selection
            Genes = selection.Genes }

    /// Sums of counts that are clipped at their trend.
    let clipped (job: Job) trends =
        let fit = fitOf job Reading.Clipped

        SeuratV3.clipped (int job.Genes.Count) (Precision.ofNumeric job.File.X.Type) trends
        |> run job Reading.Clipped fit (rows job Reading.Clipped fit) Outlet.none

    /// The Gram matrix of the chosen genes, which the outlet sees as well.
    let gram (job: Job) transformation (genes: Kept) fit outlet =
        let source =
            transformed job Reading.Components transformation fit |> Selecting.choose genes

        Gram.fold (int genes.Count) |> run job Reading.Components fit source outlet

    /// Sums of the chosen genes, which the outlet sees as well.
    let sums (job: Job) transformation (genes: Kept) fit outlet =
        let source =
            transformed job Reading.Components transformation fit |> Selecting.choose genes

        Shift.sums (int genes.Count) |> run job Reading.Components fit source outlet

    /// Tells how far something is that is done after the last read, and ends it where that is wished.
    let watch (job: Job) task : Watch =
        let told = ref -1.0

        { Pause = job.Settings.Cancel.ThrowIfCancellationRequested
          Tell =
            fun share ->
                job.Settings.Cancel.ThrowIfCancellationRequested()

                // A thousand times are enough for a bar.
                if share >= told.Value + 0.001 || share >= 1.0 then
                    told.Value <- share

                    job.Settings.Progress
                        { Pass = job.Plan.Passes.Length
                          Passes = job.Plan.Passes.Length
                          CellsDone = job.File.X.Cells
                          Cells = job.File.X.Cells
                          Bytes = bytesOf job.Rows.Matrix
                          Task = Some(task, share) } }

    /// Reads what the pass for the components spilled, once more; X is not read for it.
    let again (job: Job) task fit (source: Source<Slice>) outlet question =
        let watch = watch job task

        let schedule =
            { schedule job.Rows.Matrix job.Settings job.File.X.Cells fit 1 1 with
                RowsDone = fun rows -> watch.Tell(float rows / float source.Rows) }

        let answer = Blocks.run schedule source outlet question
        Memory.release fit.Memory
        answer
