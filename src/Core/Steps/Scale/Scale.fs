/// The step scale: genes to unit variance and, unless told otherwise, to mean zero (scanpy-semantics, section 11).
namespace SingleSharp.Core

open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
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
        /// A layer that gets all scaled values where genes are centred, cells × genes; none for no layer.
        DenseLayer: string option
    }

[<RequireQualifiedAccess>]
module Scale =
    let defaults =
        { ZeroCenter = true
          MaxValue = None
          MaskObs = None
          DenseLayer = None }

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
              "a boolean column of obs: compute from these cells, which costs one more read of X, and scale these cells. Where genes are centred, pca may not follow."
          StepOption.keyOrNone
              "dense_layer"
              "NAME"
              defaults
              _.DenseLayer
              (fun value options -> { options with DenseLayer = value })
              "also write all centred values to layers/NAME, cells x genes and none left out, which costs one more read of X."
          |> StepOption.idle (fun options -> if options.ZeroCenter then None else Some "X itself is scaled where genes are not centred") ]

    let private check (common: Common) (options: ScaleOptions) =
        [ match options.MaxValue with
          | Some most when not (most > 0.0) -> InvalidOption("max_value", "it must be a positive number")
          | _ -> ()

          if options.MaskObs.IsSome && options.ZeroCenter && List.contains "pca" common.Steps then
              InvalidOption(
                  "mask_obs",
                  "cells outside of the mask are not centred, so pca cannot take them together with the others; scale without centring, with ⟨zero_center=False⟩, or leave out pca"
              )

          match options.MaskObs with
          | Some mask when not (StepOption.isKey $"mean of {mask}") ->
              InvalidOption("mask_obs", $"columns of var are named after it, and none can be called \"mean of {mask}\"")
          | _ -> ()

          if common.KeepCounts && options.DenseLayer = Some "counts" then
              InvalidOption("dense_layer", "⟨keep_counts⟩ takes the name counts for a layer; choose another name")

          yield! StepOption.keyFaults "dense_layer" options.DenseLayer ]

    /// Refuses a column that is no mask, and a layer that is there.
    let private require (file: AnnDataFile) _ (options: ScaleOptions) =
        options.MaskObs
        |> Option.iter (fun column -> DataFrame.eachBoolean file.Store file.Obs "mask_obs" column |> Seq.iter ignore)

        match options.DenseLayer, file.Store.TryFind "layers" with
        | Some name, Some(GroupObject layers) when (Links.tryFind name layers).IsSome ->
            Fault.throw (InvalidOption("dense_layer", $"there is a layer called {name} already; choose another name"))
        | _ -> ()

    let private mask (file: AnnDataFile) (options: ScaleOptions) =
        options.MaskObs
        |> Option.map (fun column -> DataFrame.eachBoolean file.Store file.Obs "mask_obs" column |> RowMask.ofSeq file.X.Cells)

    let private spreadPass (options: ScaleOptions) =
        let of' = "scale", "means and deviations"
        if options.MaskObs.IsSome then PassKind.Partial of' else PassKind.Before of'

    let private layerPass = PassKind.After "scale"
    let private most (options: ScaleOptions) = defaultArg options.MaxValue infinity

    let private columns (options: ScaleOptions) : OutputColumn list =
        [ for name in [ "mean"; "std" ] do
              match options.MaskObs with
              | Some mask ->
                  { Name = $"{name} of {mask}"
                    Type = DType.Float64 }
              | None -> { Name = name; Type = DType.Float64 } ]

    /// The type of scaled values.
    let private dtype (context: PlanContext) =
        if context.State.Type = DType.Float32 then DType.Float32 else DType.Float64

    /// Reads X once more and writes all scaled values, cells × genes.
    let private layer context options mask spread before (turn: StepTurn) name =
        let genes = turn.Job.Genes.Count
        let numeric = dtype context

        let address =
            turn.Editor.Reserve(Checked.(*) (Checked.(*) turn.Cells genes) (int64 (DType.size numeric)))

        let struct (scale, absent) = GeneSpread.dense mask (most options) spread

        let rows =
            Passes.rows turn.Job layerPass |> Reader.through (fun () -> Normalize.start before) |> Reader.through scale

        let sink =
            DenseSink.over
                (if turn.Job.Taker.IsSaved then Saved else AtOnce)
                absent
                turn.Editor.Disk
                address
                (DType.datatype numeric)
                (int genes)
            |> Sink.used SinkUse.InTheEnd

        Passes.run turn.Job layerPass rows sink (Fold.always ())
        "layers", [ name, NewElement.Placed(numeric, [ turn.Cells; genes ], address) ]

    let private outcome options spread later members =
        { Outcome.nothing with
            GeneColumns = List.zip (columns options) [ (fun () -> spread.Means); (fun () -> spread.Deviations) ]
            LaterRows = later
            Members = members }

    /// With centring X stays, and later passes see scaled values. Sums are taken in the main pass, but for those of a mask.
    let private centred context (options: ScaleOptions) (job: Job) before =
        let mask = mask context.File options

        let finish spread turn =
            options.DenseLayer
            |> Option.map (layer context options mask spread before turn)
            |> Option.toList
            |> outcome
                options
                spread
                (if mask.IsSome then
                     None
                 else
                     Some
                         { Start = GeneSpread.centring (most options) spread
                           IsShifted = true })

        { MainPart.nothing before with
            Fold =
                match mask with
                | None -> GeneSpread.moments context job |> Fold.map (GeneSpread.ofMoments >> finish)
                | Some _ -> Fold.always (finish (GeneSpread.read context mask job (spreadPass options) before)) }

    /// Without: sums are taken in a pass of their own, and X is written.
    let private divided context (options: ScaleOptions) (job: Job) (before: Transformation) =
        let mask = mask context.File options
        let spread = GeneSpread.read context mask job (spreadPass options) before
        let precision = Precision.ofDType (dtype context)

        { MainPart.nothing
              { before with
                  Then = before.Then @ [ GeneSpread.dividing precision mask (most options) spread ] } with
            Fold = Fold.always (fun _ -> outcome options spread None []) }

    let private layerPlan (context: PlanContext) flags name =
        let genes = int64 context.File.X.Genes
        let rowBytes = genes * int64 (DType.size (dtype context))

        let saved =
            if context.IsSaved then
                SinkMemory.savedRows context.Rows genes (int64 (DType.size (dtype context)))
            else
                0L

        if saved > int64 System.Array.MaxLength then
            Fault.throw (
                Unsuitable(
                    "scale",
                    $"the rows of a block take {Fault.size saved} in the dense layer {name}, which is more than can be saved at a time; leave genes out, or run it on one machine"
                )
            )

        { Kind = layerPass
          Purpose = $"scaled values for layers/{name}"
          Needs =
            [ { flags with
                  Buffer = saved
                  // One buffer is put together before it is saved.
                  Once = flags.Once + 32L * genes + Memory.times 2L saved
                  Worker = max rowBytes SinkMemory.piece + 8L * genes } ]
          What = "This"
          Advice = "" },
        Memory.times context.File.X.Cells rowBytes

    let private plan (context: PlanContext) (options: ScaleOptions) =
        let genes = int64 context.File.X.Genes

        let flags =
            { Budget.nothing with
                Once = if options.MaskObs.IsSome then context.File.X.Cells / 4L else 0L }

        let spread = GeneSpread.need context
        let layer = options.DenseLayer |> Option.map (layerPlan context flags)

        { StepPlan.nothing "scale" context with
            Before =
                [ if options.MaskObs.IsSome || not options.ZeroCenter then
                      { Kind = spreadPass options
                        Purpose = "means and deviations of genes"
                        // The flags of the mask, and of the cells of it that stay.
                        Needs = [ spread |> Budget.beside flags |> Budget.beside flags ]
                        What = "This"
                        Advice = "" } ]
            Main =
                Some(
                    if not options.ZeroCenter then
                        // Rows are kept as the steps before have left them.
                        { flags with
                            Once = flags.Once + 16L * genes
                            PerValue = 8L }
                    elif options.MaskObs.IsSome then
                        { flags with
                            Once = flags.Once + 16L * genes }
                    else
                        spread
                )
            After = layer |> Option.map fst |> Option.toList
            Later =
                if options.ZeroCenter then
                    { flags with
                        Once = flags.Once + 8L * genes }
                else
                    { flags with PerValue = 8L }
            State =
                if options.ZeroCenter then
                    { context.State with
                        SeenAs = DType.Float64 }
                else
                    { context.State with
                        Type = dtype context
                        SeenAs = dtype context }
            ChangesValues = not options.ZeroCenter
            GeneColumns = columns options
            Groups = if options.DenseLayer.IsSome then [ "layers" ] else []
            AddedBytes = layer |> Option.map snd |> Option.defaultValue 0L
            Warnings =
                [ match layer with
                  | Some(_, bytes) when bytes > (1L <<< 30) ->
                      $"scale: {context.File.X.Cells} cells × {genes} genes, all of them stored, take {bytes / 1073741824L} GiB in {options.DenseLayer.Value}"
                  | None when options.ZeroCenter && not (List.contains "pca" context.Common.Steps) ->
                      "scale: X stays sparse and as it is, because centred values are not sparse; only means and deviations are written, and pca of the same run would see scaled values (⟨dense_layer⟩ writes them)"
                  | _ -> () ]
            Start = if options.ZeroCenter then centred context options else divided context options }

    let internal kind =
        { StepKind.make "scale" defaults options plan with
            Line = "genes to unit variance and mean zero, for pca."
            About =
                "Scales genes to unit variance and mean zero, as scanpy's scale: columns mean and std of var. Centred values are not sparse, so X stays as it is, and pca of the same run sees the scaled values; ⟨dense_layer⟩ writes them. With ⟨zero_center=False⟩ X is divided by the deviations and written, sparse as it was. pipeline takes the step where it or an option of it is asked for."
            Examples =
                [ "singlesharp pipeline counts.h5ad ⟨out=pca.h5ad⟩ ⟨with=scale⟩ ⟨max_value=10⟩"
                  "singlesharp scale logged.h5ad ⟨out=scaled.h5ad⟩ ⟨zero_center=False⟩" ]
            IsOptional = true
            ChangesValues = fun options -> not options.ZeroCenter
            Check = check
            Require = require
            MaskObs = _.MaskObs }

    /// The step with these options.
    let step options = Step(StepBody.make kind options)
