/// Reads of X: each is one fold and one sink over the rows that a run still sees.
namespace SingleSharp.Core.Reading

open System.IO
open System.Runtime.ExceptionServices
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.AnnData

/// What X is read for.
[<RequireQualifiedAccess>]
type internal PassKind =
    /// To put csr rows together where X is stored otherwise.
    | Transpose
    /// To judge cells and genes before anything is written.
    | Select
    /// For what a step has to know before the main pass, by the step and a name of its own.
    | Before of step: string * name: string
    /// The same of some cells only. It does not look for duplicate entries, because it cannot vouch for the other cells.
    | Partial of step: string * name: string
    /// For everything that can be done at once, and to write X.
    | Main
    /// For what a step can only do after the main pass.
    | After of step: string

/// Which rows and columns of X a pass sees.
type internal Scope =
    | Whole
    /// Cells are judged as they are read: a decider for each thread, which fills one flag per row.
    | Judged of (unit -> RowBatch -> bool[] -> unit)
    /// Those that an earlier pass selected.
    | Chosen of Selection

/// A file being read as planned.
type internal Job =
    {
        File: AnnDataFile
        /// The matrix of the file, row by row.
        Rows: CsrView
        Settings: Settings
        /// The passes, in order, each with how it reads.
        Passes: (PassKind * Fit) list
        /// Add up what a cell has of one gene where it is stored more than once.
        SumDuplicates: bool
        /// Is a value that is no count refused?
        RefusesInvalid: bool
        /// The batch of each cell, where a step asks for it.
        Batches: Batches option
        Scope: Scope
        /// The genes that are left of those of the file.
        Genes: RowMask
        /// A folder for scratch files.
        Folder: string
        Taker: Taker
        /// What passes count beside their folds.
        Aside: Aside
    }

[<RequireQualifiedAccess>]
module internal PassKind =
    /// What a pass is called as a stage of a run over shards.
    let stage kind =
        match kind with
        | PassKind.Transpose -> "transpose"
        | PassKind.Select -> "judge"
        | PassKind.Main -> "main"
        | PassKind.After step -> step
        | PassKind.Before(_, name)
        | PassKind.Partial(_, name) -> name.Replace(' ', '-')

[<RequireQualifiedAccess>]
module internal Passes =
    /// Adds up duplicate entries where the recipe says so. Otherwise the first pass refuses them, and later ones need not look.
    let private unambiguous sumDuplicates isFirst (matrix: Matrix) source =
        match matrix.Format with
        | Dense _ -> source
        | _ when sumDuplicates -> source |> Duplicates.summed matrix.Type matrix.Genes
        | _ when isFirst -> source |> Duplicates.refused matrix.Genes
        | _ -> source

    /// Bytes that a worker needs to tell duplicate entries, or to add them up.
    let duplicates sumDuplicates (matrix: Matrix) =
        let genes = int64 matrix.Genes
        if sumDuplicates then 9L * genes else genes / 8L

    /// Throws the fault that a failed block stands for, in the words of the file.
    let private explain (file: AnnDataFile) (rows: CsrView) (geneOf: int -> int64) cause =
        let cellName cell =
            match rows.Elsewhere with
            | ValueSome elsewhere -> elsewhere.CellName cell
            | ValueNone -> DataFrame.nameOf file.Store file.Obs cell

        let geneName gene =
            DataFrame.nameOf file.Store file.Var gene

        match cause with
        | NotACount(cell, gene, value) -> Fault.throw (InvalidValue(file.Path, cellName cell, geneName (geneOf gene), value))
        | SecondValue(cell, gene) -> Fault.throw (DuplicateEntry(file.Path, cellName cell, geneName (int64 gene)))
        | SumTooLarge(cell, gene) ->
            Fault.throw (
                InvalidOption(
                    "sum_duplicates",
                    $"the values of cell {cellName cell}, gene {geneName (int64 gene)} add up to more than {DType.name file.X.Type} holds"
                )
            )
        | _ -> ()

    /// A read of N cells and N bytes, as one of several, that tells how far it is.
    let schedule (settings: Settings) (fit: Fit) cells bytes pass passes =
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
                      Bytes = bytes
                      Task = System.Nullable() } }

    /// Answers somebody's own fold in one read. What a step of it throws arrives as it was thrown.
    let ask (file: AnnDataFile) sumDuplicates (settings: Settings) question =
        use rows =
            CsrView.Prepare(file, Scratch.folder settings (Path.GetTempPath()), settings.Memory, settings.Cancel, ignore)

        let fit =
            Budget.fit
                rows.Matrix
                settings
                { Budget.nothing with
                    Worker = duplicates sumDuplicates rows.Matrix }

        try
            Blocks.run
                (schedule settings fit file.X.Cells (Matrix.bytes rows.Matrix) 1 1)
                (rows.Rows fit.ValuesPerBatch |> unambiguous sumDuplicates true rows.Matrix |> Reader.through (fun () -> _.LeaveValues()))
                Sink.none
                question
        with BlockFailed(_, _, cause) ->
            explain file rows int64 cause
            ExceptionDispatchInfo.Throw cause
            raise cause

    /// How a planned pass reads.
    let fitOf (job: Job) kind =
        job.Passes |> List.find (fun (planned, _) -> planned = kind) |> snd

    /// The rows that a pass sees, judged and dropped where its scope says so.
    let rows (job: Job) kind : Source<RowBatch> =
        let matrix = job.Rows.Matrix

        let isFirst =
            job.Passes
            |> List.map fst
            |> List.tryFind (fun planned ->
                match planned with
                | PassKind.Transpose
                | PassKind.Partial _ -> false
                | _ -> true)
            |> (=) (Some kind)

        let grouped =
            let all =
                job.Rows.Rows (fitOf job kind).ValuesPerBatch
                |> if job.Rows.Elsewhere.IsSome then id else unambiguous job.SumDuplicates isFirst matrix

            match job.Batches with
            | Some batches -> all |> RowSelection.labelled batches.Open
            | None -> all

        match job.Scope with
        | Whole -> grouped
        | Judged judge -> grouped |> RowSelection.byRule judge
        | Chosen selection -> grouped |> RowSelection.bySelection selection

    /// Runs a pass over these rows; a value that is not a count becomes the fault that names its cell and gene.
    let run (job: Job) kind (source: Source<RowBatch>) sink question =
        let fit = fitOf job kind

        let number = 1 + (job.Passes |> List.findIndex (fun (planned, _) -> planned = kind))

        try
            let answer =
                job.Taker.Take(
                    PassKind.stage kind,
                    schedule job.Settings fit source.Rows (Matrix.bytes job.Rows.Matrix) number job.Passes.Length,
                    source,
                    sink,
                    question,
                    job.Aside
                )

            // The next pass shall not find the buffers of this one in its way.
            Memory.release fit.Memory
            answer
        with BlockFailed(_, _, cause) ->
            explain job.File job.Rows (fun gene -> job.Genes.At(int64 gene)) cause
            reraise ()

    /// What later passes see, once it is known which cells and genes stay.
    let choosing (job: Job) (selection: Selection) =
        { job with
            Scope = Chosen selection
            Genes = selection.Genes
            Aside = Aside.nothing }

    /// Tells the progress of a task after the last pass, and ends it where it is cancelled.
    let watch (job: Job) task : Watch =
        let told = ref -1.0

        { Workers = Machine.workers job.Settings.Workers
          Pause = job.Settings.Cancel.ThrowIfCancellationRequested
          Tell =
            fun share ->
                job.Settings.Cancel.ThrowIfCancellationRequested()

                // A thousand times are enough for a bar.
                if share >= told.Value + 0.001 || share >= 1.0 then
                    told.Value <- share

                    job.Settings.Progress
                        { Pass = job.Passes.Length
                          Passes = job.Passes.Length
                          CellsDone = job.File.X.Cells
                          Cells = job.File.X.Cells
                          Bytes = Matrix.bytes job.Rows.Matrix
                          Task = System.Nullable { Name = task; Done = share } } }

    let private takeAgain (job: Job) task (fit: Fit) (source: Source<RowBatch>) (take: Schedule -> 'r) =
        let watch = watch job task

        let answer =
            take
                { schedule job.Settings fit job.File.X.Cells (Matrix.bytes job.Rows.Matrix) 1 1 with
                    RowsDone = fun rows -> watch.Tell(float rows / float source.Rows) }

        Memory.release fit.Memory
        answer

    /// Reads rows that an earlier pass spilled; X is not read for it.
    let again (job: Job) task fit source sink question =
        takeAgain job task fit source (fun schedule -> Blocks.run schedule source sink question)

    /// The same as a stage of its own, where a run is over shards.
    let againAs stage (job: Job) task fit source sink question =
        takeAgain job task fit source (fun schedule -> job.Taker.Take(stage, schedule, source, sink, question, Aside.nothing))
