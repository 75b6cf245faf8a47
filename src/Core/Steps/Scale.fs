/// The step scale: genes to unit variance and, unless told otherwise, to mean zero (scanpy-semantics, section 11).
namespace SingleSharp.Core

open System
open SingleSharp
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Steps

/// The options of scale.
type ScaleOptions =
    {
        /// Subtract each gene's mean. X stays sparse and as it is then: pca of the same run sees the scaled values.
        ZeroCenter: bool
        /// Scaled values above this are taken as this, and below its negative where genes are centred; none for no limit.
        MaxValue: float option
        /// A boolean column of obs: means, deviations and scaling are of these cells only.
        MaskObs: string option
    }

[<RequireQualifiedAccess>]
module Scale =
    let defaults =
        { ZeroCenter = true
          MaxValue = None
          MaskObs = None }

    let private options =
        [ StepOption.switch
              "zero_center"
              defaults
              _.ZeroCenter
              (fun value options -> { options with ZeroCenter = value })
              "do not subtract gene means (scanpy: zero_center=False), and write the scaled X. Otherwise X stays sparse and as it is, and pca of the same run sees the scaled values."
          |> StepOption.named "zero_center" "scale_zero_center"
          StepOption.floatOrNone
              "max_value"
              "MAX"
              defaults
              _.MaxValue
              (fun value options -> { options with MaxValue = value })
              "clip scaled values at MAX, and at -MAX where genes are centred."
          StepOption.textOrNone
              "mask_obs"
              "COLUMN"
              defaults
              _.MaskObs
              (fun value options -> { options with MaskObs = value })
              "a boolean column of obs: compute from these cells, and scale these cells." ]

    let private check _ (options: ScaleOptions) =
        [ match options.MaxValue with
          | Some most when not (most > 0.0) -> InvalidOption("max_value", "it must be a positive number")
          | _ -> ()

          if options.MaskObs.IsSome && options.ZeroCenter then
              InvalidOption(
                  "mask_obs",
                  "cells outside of the mask stay as they are, which X cannot that stays sparse while genes are centred; scale without centring (zero_center=False)"
              ) ]

    /// Mean and standard deviation of each gene over some cells, zeros included: n − 1 in the denominator, and 1 in the place of 0.
    type private Spread = { Means: float[]; Deviations: float[] }

    let private spreadOf (moments: GroupedMoments) =
        let all = Moments.ofAll moments

        { Means = Moments.means all
          Deviations =
            Moments.variances all
            |> Array.map (fun variance ->
                match sqrt variance with
                | deviation when deviation > 0.0 -> deviation
                | deviation when Double.IsNaN deviation && not (variance < 0.0) -> nan
                | _ -> 1.0) }

    let private sums (context: PlanContext) (job: Job) =
        Moments.perGene (int job.Genes.Count) context.Spread.Batches Precision.Double Quantity.Written

    let private clip least most value =
        if value > most then most
        elif value < least then least
        else value

    /// The cells of the mask, of those of the file.
    let private mask (file: AnnDataFile) (options: ScaleOptions) =
        options.MaskObs
        |> Option.map (fun column -> DataFrame.booleans file.Store file.Obs "mask_obs" column |> RowMask.ofFlags)

    let private spreadPass = PassKind.Before("scale", "means and deviations")

    /// The rows of the mask alone, of those that a pass sees.
    let private masked (mask: RowMask option) (job: Job) =
        match mask, job.Scope with
        | None, _ -> job
        | Some mask, Judged judge ->
            let both () =
                let judge = judge ()

                fun (rowBatch: RowBatch) (stays: bool[]) ->
                    judge rowBatch stays

                    for row in 0 .. rowBatch.Cells - 1 do
                        stays[row] <- stays[row] && mask.Has(rowBatch.CellOf row)

            { job with Scope = Judged both }
        | Some mask, Whole ->
            { job with
                Scope = Chosen { Cells = mask; Genes = job.Genes } }
        | Some mask, Chosen selection ->
            let both = RowMask selection.Cells.Length

            for cell in 0L .. selection.Cells.Length - 1L do
                both.Add(selection.Cells.Has cell && mask.Has cell)

            { job with
                Scope = Chosen { selection with Cells = both } }

    let private readSpread context (options: ScaleOptions) (job: Job) before =
        let job = masked (mask context.File options) job

        sums context job
        |> Passes.run job spreadPass (Passes.rows job spreadPass |> Reader.through (fun () -> Normalize.start before)) Sink.none
        |> spreadOf

    /// Divides the values of the cells of the mask by the deviations of their genes, rounded once to the type of X.
    let private dividing precision (mask: RowMask option) (options: ScaleOptions) spread () =
        let most = defaultArg options.MaxValue infinity

        fun (rowBatch: RowBatch) ->
            for row in 0 .. rowBatch.Cells - 1 do
                let isScaled =
                    match mask with
                    | Some mask -> mask.Has(rowBatch.CellOf row)
                    | None -> true

                if isScaled then
                    for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                        let scaled = rowBatch.Output[i] / spread.Deviations[rowBatch.Genes[i]]
                        rowBatch.Output[i] <- Precision.round precision (clip -infinity most scaled)

    /// Scaled values less what a zero becomes, so that zeros stay zeros: z(x) − z(0), with z(x) = clip((x − mean) / deviation).
    let private centring (options: ScaleOptions) spread =
        let most = defaultArg options.MaxValue infinity

        let scaled gene value =
            clip -most most ((value - spread.Means[gene]) / spread.Deviations[gene])

        let ofZero = spread.Means |> Array.mapi (fun gene _ -> scaled gene 0.0)

        fun () (rowBatch: RowBatch) ->
            for i in 0 .. rowBatch.Count - 1 do
                let gene = rowBatch.Genes[i]
                rowBatch.Output[i] <- scaled gene rowBatch.Output[i] - ofZero[gene]

    let private columns (options: ScaleOptions) : OutputColumn list =
        [ for name in [ "mean"; "std" ] do
              match options.MaskObs with
              | Some mask ->
                  { Name = $"{name} of {mask}"
                    Type = DType.Float64 }
              | None -> { Name = name; Type = DType.Float64 } ]

    let private outcome options spread later =
        { Outcome.nothing with
            GeneColumns = List.zip (columns options) [ (fun () -> spread.Means); (fun () -> spread.Deviations) ]
            LaterRows = later }

    /// With centring: sums in the main pass, and later passes see scaled values.
    let private centred context (options: ScaleOptions) (job: Job) before =
        let finish moments _ =
            let spread = spreadOf moments

            outcome
                options
                spread
                (Some
                    { Start = centring options spread
                      IsShifted = true })

        { MainPart.nothing before with
            Fold = sums context job |> Fold.map finish }

    /// Without: sums in a pass of their own, and X is written.
    let private divided context (options: ScaleOptions) precision (job: Job) (before: Transformation) =
        let spread = readSpread context options job before
        let mask = mask context.File options

        { Transformation =
            { before with
                Then = before.Then @ [ dividing precision mask options spread ] }
          CellColumns = CellColumns.concat []
          Sink = Sink.none
          Fold = Fold.always (fun _ -> outcome options spread None) }

    let private plan (context: PlanContext) (options: ScaleOptions) =
        let need = HvgMemory.sums context

        let precision =
            if context.State.Type = DType.Float32 then Precision.Single else Precision.Double

        { StepPlan.nothing "scale" context with
            Before =
                [ if not options.ZeroCenter then
                      { Kind = spreadPass
                        Purpose = "means and deviations of genes"
                        Needs = [ need ]
                        What = "This"
                        Advice = "" } ]
            // Without centring, rows are kept as the steps before have left them.
            Main = Some(if options.ZeroCenter then need else { Budget.nothing with PerValue = 8L })
            State =
                if options.ZeroCenter then
                    context.State
                else
                    { context.State with
                        Type = Precision.dtype precision }
            ChangesValues = not options.ZeroCenter
            GeneColumns = columns options
            Warnings =
                [ if options.ZeroCenter && not (List.contains "pca" context.Steps) then
                      "scale: X stays sparse and as it is, because centred values are not sparse; only means and deviations are written, and pca of the same run would see scaled values" ]
            Start = if options.ZeroCenter then centred context options else divided context options precision }

    let internal kind =
        { StepKind.make "scale" defaults options plan with
            Line = "genes to unit variance and mean zero, for pca."
            About =
                "Scales genes to unit variance and mean zero, as scanpy's scale: columns mean and std of var. Centred values are not sparse, so X stays as it is, and pca of the same run sees the scaled values: pipeline takes the step where --with scale or an option of it asks for it. With --no-zero-center X is divided by the deviations and written, sparse as it was."
            Examples =
                [ "singlesharp pipeline counts.h5ad --out pca.h5ad --with scale --max-value 10"
                  "singlesharp scale logged.h5ad --out scaled.h5ad --no-zero-center" ]
            IsOptional = true
            ChangesValues = fun options -> not options.ZeroCenter
            Check = check
            Require = fun file _ options -> mask file options |> ignore }

    /// The step with these options.
    let step options = Step(StepBody.make kind options)
