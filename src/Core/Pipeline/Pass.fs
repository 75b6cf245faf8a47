/// The reads of X that a plan asks for, each as one fold and one outlet.
namespace SingleSharp.Core

open System
open System.Runtime.ExceptionServices

/// A file being read according to a plan.
type Job =
    { File: H5adFile
      Plan: Plan
      Settings: Settings }

/// What the last read found out.
type Tallied =
    {
        Findings: Findings
        Genes: GeneTallies option
        /// Cells that normalize_total could not scale.
        Unscaled: int64
    }

[<RequireQualifiedAccess>]
module Pass =
    let private bytesOf (matrix: Matrix) =
        matrix.Stored * int64 (matrix.Data.ElementSize + matrix.Indices.ElementSize)

    let private schedule (matrix: Matrix) (settings: Settings) window pass passes =
        { Workers = settings.Workers
          Window = window
          Cancel = settings.Cancel
          RowsDone =
            fun rows ->
                settings.Progress
                    { Pass = pass
                      Passes = passes
                      CellsDone = rows
                      Cells = matrix.Cells
                      Bytes = bytesOf matrix } }

    /// A reader's own question, asked in one read. What a step throws arrives as it was thrown.
    let ask (file: H5adFile) settings question =
        let struct (slice, window, _) = Plan.fit file.X settings Plan.noPage

        try
            Blocks.run (schedule file.X settings window 1 1) (Reader.rows file.Store.Disk file.X slice) Outlet.none question
        with BlockFailed(_, _, cause) ->
            ExceptionDispatchInfo.Throw cause
            raise cause

    let private source job =
        Reader.rows job.File.Store.Disk job.File.X job.Plan.ValuesPerSlice

    let private mustBeCounts job =
        Recipe.changesValues job.Plan.Recipe && not job.Plan.Recipe.AllowInvalid

    /// Runs a pass; a value that is not a count becomes the fault that names its cell and gene.
    let private run job pass source outlet question =
        try
            Blocks.run (schedule job.File.X job.Settings job.Plan.Window pass job.Plan.Passes.Length) source outlet question
        with BlockFailed(_, _, NotACount(cell, gene, value)) ->
            let store = job.File.Store
            let cell = Frame.nameOf store job.File.Obs cell
            Fault.throw (InvalidValue(job.File.Path, cell, Frame.nameOf store job.File.Var gene, value))

    /// The genes that are highly expressed in at least one cell.
    let highlyExpressed job pass precision maxFraction =
        fold {
            let! genes = Normalize.highlyExpressed job.File.X.Genes precision maxFraction
            and! _ = Validity.find (mustBeCounts job)
            return genes
        }
        |> run job pass (source job) Outlet.none

    /// The median total per cell over the genes that are not excluded.
    let medianTotal job pass precision excluded isCounted folder =
        use scratch = new Scratch(folder)

        let totals =
            Normalize.totalColumn precision excluded |> ColumnOutlet.toPlaces scratch.Disk [| 0L |]

        Validity.find (mustBeCounts job) |> run job pass (source job) totals |> ignore
        Median.ofNumbers precision scratch.Disk job.File.X.Cells isCounted

    /// The last read: transforms, tallies, and lets columns and values out.
    let final job transformation outlet =
        let recipe = job.Plan.Recipe

        let tallies =
            if recipe.Qc.IsSome then Qc.perGene job.File.X.Genes |> Fold.map Some else Fold.always None

        fold {
            let! findings = Validity.find (mustBeCounts job)
            and! genes = tallies

            and! unscaled =
                if recipe.NormalizeTotal.IsSome then Normalize.unscaled else Fold.always 0L

            return
                { Findings = findings
                  Genes = genes
                  Unscaled = unscaled }
        }
        |> run job job.Plan.Passes.Length (source job |> Reader.through (fun () -> Normalize.start transformation)) outlet
