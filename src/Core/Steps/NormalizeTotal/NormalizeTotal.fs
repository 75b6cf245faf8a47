/// The step normalize_total: every cell scaled to the same total (scanpy-semantics, section 3).
namespace SingleSharp

/// What every cell is scaled to.
[<RequireQualifiedAccess>]
type TargetSum =
    /// A number of counts per cell.
    | Counts of float
    /// The median total of the cells that have counts: scanpy's None. Costs one more read of X.
    | MedianOfPositive
    /// The median total of all cells, as scanpy 1.11 computed it. Costs one more read of X.
    | MedianOfAll

    /// A number of counts per cell, such as 1e4; a positive number.
    static member op_Implicit(counts: float) = Counts counts

namespace SingleSharp.Core

open System
open SingleSharp
open SingleSharp.Core.Contract
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Core.Steps

type TargetSum = SingleSharp.TargetSum

/// The options of normalize_total.
type NormalizeTotalOptions =
    {
        TargetSum: TargetSum
        /// Leave genes out of the totals that make up more than MaxFraction of some cell. Costs one more read of X.
        ExcludeHighlyExpressed: bool
        /// A share between 0 and 1.
        MaxFraction: float
        /// A column of obs for each cell's factor, total / target.
        KeyAdded: string option
    }

[<RequireQualifiedAccess>]
module NormalizeTotal =
    let defaults =
        { TargetSum = TargetSum.Counts 1e4
          ExcludeHighlyExpressed = false
          MaxFraction = 0.05
          KeyAdded = None }

    let private readTarget text =
        match text, StepOption.tryFloat text with
        | "median", _ -> Ok TargetSum.MedianOfPositive
        | _, Some counts -> Ok(TargetSum.Counts counts)
        | _ -> Error $"must be a number or median, not '{text}'"

    let private showTarget target =
        match target with
        | TargetSum.Counts counts -> StepOption.showFloat counts
        | TargetSum.MedianOfPositive
        | TargetSum.MedianOfAll -> "None"

    let private readMedian text =
        match text with
        | "positive" -> Ok TargetSum.MedianOfPositive
        | "all" -> Ok TargetSum.MedianOfAll
        | other -> Error $"must be positive or all, not '{other}'"

    let private showMedian target =
        if target = TargetSum.MedianOfAll then "'all'" else "'positive'"

    /// A median that is asked for is that of the cells that were named; these are read first.
    let private setTarget target (options: NormalizeTotalOptions) =
        match target, options.TargetSum with
        | TargetSum.MedianOfPositive, TargetSum.MedianOfAll -> options
        | _ -> { options with TargetSum = target }

    let private setMedian target (options: NormalizeTotalOptions) = { options with TargetSum = target }

    let private targetForm =
        JsonForm.orNull JsonForm.float
        |> JsonForm.map (Option.map TargetSum.Counts >> Option.defaultValue TargetSum.MedianOfPositive) (function
            | TargetSum.Counts counts -> Some counts
            | TargetSum.MedianOfPositive
            | TargetSum.MedianOfAll -> None)

    /// Without a median there is nothing to say of it.
    let private medianForm =
        JsonForm.choice [ "positive", TargetSum.MedianOfPositive; "all", TargetSum.MedianOfAll ]
        |> JsonForm.leftOut (fun target -> target <> TargetSum.MedianOfPositive && target <> TargetSum.MedianOfAll)

    let private options =
        [ StepOption.value
              "target_sum"
              "SUM"
              "float | None"
              targetForm
              defaults
              readTarget
              _.TargetSum
              setTarget
              showTarget
              "counts per cell after normalization, or median for the median total of the cells. Default: 10000."
          StepOption.value
              "median"
              "CELLS"
              "str"
              medianForm
              defaults
              readMedian
              _.TargetSum
              setMedian
              showMedian
              "which cells the median is over: positive (those with counts, the default) or all (as scanpy 1.11 computed it). Implies ⟨target_sum=median⟩."
          |> StepOption.among [ "positive"; "all" ]
          StepOption.switch
              "exclude_highly_expressed"
              defaults
              _.ExcludeHighlyExpressed
              (fun value options ->
                  { options with
                      ExcludeHighlyExpressed = value })
              "leave genes out of the totals that exceed ⟨max_fraction⟩ of some cell's counts."
          StepOption.float
              "max_fraction"
              "F"
              defaults
              _.MaxFraction
              (fun value options -> { options with MaxFraction = value })
              "the share of a cell's counts, between 0 and 1, above which a gene is highly expressed. Default: 0.05."
          |> StepOption.idle (fun options ->
              if options.ExcludeHighlyExpressed then None else Some "⟨exclude_highly_expressed⟩ is not given")
          StepOption.textOrNone
              "key_added"
              "NAME"
              defaults
              _.KeyAdded
              (fun value options -> { options with KeyAdded = value })
              "also write each cell's normalization factor to this column of obs." ]

    let private settle given (options: NormalizeTotalOptions) =
        match options.TargetSum with
        | TargetSum.Counts counts when List.contains "median" given ->
            Error("median", $"goes with ⟨target_sum=median⟩, not with ⟨target_sum={StepOption.showFloat counts}⟩")
        | _ -> Ok options

    let private check _ (options: NormalizeTotalOptions) =
        [ match options.TargetSum with
          | TargetSum.Counts target when not (target > 0.0 && Double.IsFinite target) ->
              InvalidOption("target_sum", "it must be a positive number or median")
          | _ -> ()

          if not (options.MaxFraction >= 0.0 && options.MaxFraction <= 1.0) then
              InvalidOption("max_fraction", "it must lie between 0 and 1") ]

    let private highlyExpressed =
        PassKind.Before("normalize_total", "highly expressed genes")

    let private median = PassKind.Before("normalize_total", "median")

    let private passes (context: PlanContext) (options: NormalizeTotalOptions) =
        let pass kind purpose need =
            { Kind = kind
              Purpose = purpose
              Needs = [ need ]
              What = "This"
              Advice = "" }

        [ if options.ExcludeHighlyExpressed then
              pass highlyExpressed "find highly expressed genes" (Budget.folding (int64 context.File.X.Genes))
          match options.TargetSum with
          | TargetSum.Counts _ -> ()
          | TargetSum.MedianOfPositive
          | TargetSum.MedianOfAll ->
              pass
                  median
                  "median total"
                  { Budget.nothing with
                      Buffer = SinkMemory.columns 1L } ]

    let private excluded (job: Job) precision maxFraction =
        fold {
            let! genes = Normalize.highlyExpressed (int job.Genes.Count) precision maxFraction
            and! _ = Validity.find job.RefusesInvalid
            return genes
        }
        |> Passes.run job highlyExpressed (Passes.rows job highlyExpressed) Sink.none

    /// The median total per cell over the genes that are not excluded; the totals wait in a scratch file.
    let private medianTotal (job: Job) precision excluded isCounted =
        use scratch = new ScratchFile(job.Folder)

        let totals =
            Normalize.totalColumn precision excluded |> ColumnSink.toPlaces scratch.Disk [| 0L |]

        Validity.find job.RefusesInvalid |> Passes.run job median (Passes.rows job median) totals |> ignore
        Median.ofNumbers precision scratch.Disk (scratch.Disk.Length / 8L) isCounted

    let private scaling (job: Job) precision allowInvalid (options: NormalizeTotalOptions) =
        let excluded =
            if options.ExcludeHighlyExpressed then
                ValueSome(excluded job precision options.MaxFraction)
            else
                ValueNone

        let medianOf isCounted =
            job.Taker.Remember(PassKind.stage median, Saved.float, (fun () -> medianTotal job precision excluded isCounted))

        let target =
            match options.TargetSum with
            | TargetSum.Counts target -> target
            | TargetSum.MedianOfPositive -> medianOf (fun total -> total > 0.0)
            | TargetSum.MedianOfAll -> medianOf (fun _ -> true)

        if not allowInvalid then
            if Double.IsNaN target then
                Fault.throw (InvalidOption("target_sum", "no cell has counts to take the median total of; give a number"))

            if not (Precision.round precision target > 0.0) || Double.IsInfinity(Precision.round precision target) then
                Fault.throw (InvalidOption("target_sum", $"{target} is zero or infinite in float32, in which X is stored"))

        { Target = target; Excluded = excluded }

    let private plan (context: PlanContext) (options: NormalizeTotalOptions) =
        let file = context.File
        let precision = Precision.afterNormalize context.State.Type

        let columns =
            match options.KeyAdded with
            | Some name -> Normalize.factorColumn name precision
            | None -> CellColumns.concat []

        let start (job: Job) (before: Transformation) =
            let scaling = scaling job precision context.Common.AllowInvalid options

            let finish unscaled _ =
                { Outcome.nothing with
                    Warnings =
                        [ if unscaled > 0L then
                              $"""{Plural.say unscaled "cell has" "cells have"} a total of 0 (over the genes used for scaling) and {if unscaled = 1L then "was" else "were"} left unscaled""" ]
                    Report =
                        fun report ->
                            { report with
                                TargetSum = Nullable scaling.Target
                                ExcludedGenes =
                                    match scaling.Excluded with
                                    | ValueSome genes -> GeneSetMasks.size genes
                                    | ValueNone -> 0 } }

            { Transformation =
                { before with
                    Scaling = ValueSome(scaling, precision) }
              CellColumns = columns
              Sink = Sink.none
              Fold = Normalize.unscaled |> Fold.map finish }

        { StepPlan.nothing "normalize_total" context with
            Before = passes context options
            State =
                { context.State with
                    Type = Precision.dtype precision
                    SeenAs = Precision.dtype precision }
            ChangesValues = true
            RefusesInvalid = true
            CellColumns = fun _ -> columns.Columns
            CellColumnCount = int64 columns.Columns.Length
            WantsCounts = true
            Warnings =
                [ if AnnDataFile.isLogged file && context.Common.Matrix = MatrixName.X then
                      $"{file.X.Path} seems to be log-transformed (uns/log1p is there), but normalize_total expects counts" ]
            Start = start }

    let internal kind =
        { StepKind.make "normalize_total" defaults options plan with
            Line = "scale every cell to the same total."
            About = "Scales every cell to the same total, as scanpy's normalize_total. Integers become float32."
            Examples =
                [ "singlesharp normalize_total counts.h5ad ⟨out=normalized.h5ad⟩"
                  "singlesharp normalize_total counts.h5ad ⟨in_place⟩ ⟨target_sum=median⟩" ]
            ChangesValues = fun _ -> true
            RefusesInvalid = true
            Settle = settle
            Check = check }

    /// The step with these options.
    let step options = Step(StepBody.make kind options)
