/// The step pca: exact principal components of the chosen genes (scanpy-semantics, section 6).
namespace SingleSharp.Core

open SingleSharp
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Core.Steps

[<RequireQualifiedAccess>]
module Pca =
    let defaults =
        { NComps = None
          MaskVar = MaskVar.HighlyVariable
          ZeroCenter = true
          KeyAdded = None }

    let private readMask text =
        match text with
        | "none" -> Ok MaskVar.AllGenes
        | "" -> Error "must not be empty"
        | column -> Ok(MaskVar.Column column)

    let private showMask mask =
        match mask with
        | MaskVar.HighlyVariable -> "'highly_variable'"
        | MaskVar.Column column -> $"'{column}'"
        | MaskVar.AllGenes -> "None"

    let private maskForm =
        JsonForm.orNull JsonForm.text
        |> JsonForm.map (Option.map MaskVar.Column >> Option.defaultValue MaskVar.AllGenes) (function
            | MaskVar.Column column -> Some column
            | MaskVar.HighlyVariable
            | MaskVar.AllGenes -> None)
        |> JsonForm.leftOut (fun mask -> mask = MaskVar.HighlyVariable)

    let private options =
        [ StepOption.positiveOrNone
              "n_comps"
              "N"
              defaults
              _.NComps
              (fun value options -> { options with NComps = value })
              "how many components. Default: 50, or one fewer than there are cells or genes."
          StepOption.value
              "mask_var"
              "COLUMN"
              "str | None"
              maskForm
              defaults
              readMask
              _.MaskVar
              (fun value options -> { options with MaskVar = value })
              showMask
              "a boolean column of var: the genes to look at; none for all of them. Default: highly_variable where there is such a column, otherwise all."
          StepOption.switch
              "zero_center"
              defaults
              _.ZeroCenter
              (fun value options -> { options with ZeroCenter = value })
              "do not subtract gene means (scanpy: zero_center=False)."
          StepOption.keyOrNone
              "key_added"
              "NAME"
              defaults
              _.KeyAdded
              (fun value options -> { options with KeyAdded = value })
              "the name in obsm, varm and uns. Default: X_pca, PCs and pca."
          |> StepOption.named "key_added" "pca_key" ]

    let private check _ (options: PcaOptions) =
        [ if options.NComps |> Option.exists (fun n -> n < 1) then
              InvalidOption("n_comps", "it must be at least 1")

          yield! StepOption.keyFaults "key_added" options.KeyAdded

          match options.MaskVar with
          | MaskVar.Column "" -> InvalidOption("mask_var", "it must not be empty")
          | _ -> () ]

    /// How many genes will be looked at, at most, where that is known.
    let private genesAhead (context: PlanContext) (options: PcaOptions) =
        let file = context.File

        /// Of what the file says a filter may leave less.
        let ofFile count =
            if context.DropsGenes then None else Some count

        let written column =
            context.Choices |> List.tryFindBack (fun choice -> choice.Column = column)

        match options.MaskVar with
        | MaskVar.AllGenes -> ofFile file.X.Genes
        | MaskVar.Column column ->
            match written column with
            | Some choice -> choice.AtMost
            | None -> PcaOutput.booleans file column |> GeneSetMasks.size |> ofFile
        | MaskVar.HighlyVariable ->
            match written "highly_variable" with
            | Some choice -> choice.AtMost
            | None when List.contains "highly_variable" file.Var.Columns ->
                PcaOutput.booleans file "highly_variable" |> GeneSetMasks.size |> ofFile
            | None -> ofFile file.X.Genes

    /// What the passes of pca keep.
    let private what genes =
        $"The Gram matrix of {genes} genes, or what takes its place (pca)"

    /// How pca would look at fewer genes, by options that are there where these steps are.
    let private advice (context: PlanContext) =
        if context.Choices.IsEmpty then
            "choose fewer genes (⟨mask_var⟩, such as highly_variable, which hvg writes), "
        else
            "choose fewer genes (⟨n_top_genes⟩), "

    /// How the pass reads, once it is known how many genes it looks at.
    let private fit (context: PlanContext) options cells (genes: int64) beside =
        match
            PcaMemory.needs context options cells (int genes)
            |> List.map (Budget.beside beside)
            |> Budget.tryFitEach context.Rows context.Settings
        with
        | Ok fit -> fit
        | Error needed -> Fault.throw (InsufficientMemory(what genes, needed, context.Settings.Memory, advice context))

    /// The rows that are looked at: transformed, and as the steps before leave them. Few values are of chosen genes, and only these
    /// are transformed.
    let private source (turn: StepTurn) job genes =
        let transformed =
            Passes.rows job PcaRun.pass
            |> Reader.through (fun () -> Normalize.startFactors turn.Transformation)
            |> RowSelection.only genes
            |> Reader.through (fun () -> Normalize.startValues turn.Transformation)

        (transformed, turn.Before |> List.choose _.LaterRows)
        ||> List.fold (fun source later -> source |> Reader.through later.Start)

    let private finish (context: PlanContext) (options: PcaOptions) (turn: StepTurn) =
        let column, genes = PcaOutput.mask turn options
        let cells = turn.Cells
        let count = Components.count options cells (int genes.Count)
        let later = turn.Before |> List.choose _.LaterRows

        if not options.ZeroCenter && later |> List.exists _.IsShifted then
            Fault.throw (
                Unsuitable(
                    "pca",
                    "genes are centred and clipped by a step before, so their components are about their means; leave out ⟨zero_center=False⟩"
                )
            )

        let fit = fit context options cells genes.Count turn.Beside

        let job =
            { turn.Job with
                Passes = turn.Job.Passes |> List.map (fun (kind, planned) -> kind, (if kind = PcaRun.pass then fit else planned)) }

        let precision = Precision.ofDType context.State.SeenAs
        use scratch = new ScratchFile(job.Folder)
        let spill = Spill(scratch.Disk, int genes.Count, precision)

        let nameOf gene =
            DataFrame.nameOf job.File.Store job.File.Var (job.Genes.At(genes.At(int64 gene)))

        if job.Taker.IsSaved then
            spill.Await(cells, (fun () -> job.Taker.Restore(PassKind.stage PcaRun.pass, spill.Sink |> Sink.used SinkUse.OnDemand)))

        let find () =
            match PcaByRows.way cells (int genes.Count) count with
            | PcaWay.ByRows -> PcaRun.byRows job (source turn job genes) options nameOf genes fit spill
            | PcaWay.ByCells -> PcaRun.byCells job (source turn job genes) precision options nameOf genes fit spill
            | PcaWay.ByGenes -> PcaRun.byGenes job (source turn job genes) options nameOf genes fit spill

        let found = job.Taker.Remember(PassKind.stage PcaRun.pass, PcaRun.saved, find)

        let scores = turn.Editor.Reserve(Checked.(*) (Checked.(*) cells (int64 count)) 4L)

        let sink =
            ScoreSink.toPlace turn.Editor.Disk scores (Components.scores found.Components)

        Passes.againAs
            PcaRun.scores
            job
            "pca: scores"
            fit
            (PcaRun.rows spill fit found)
            (sink |> Sink.used SinkUse.InTheEnd)
            (Fold.always ())

        { Outcome.nothing with
            Members = PcaOutput.members job turn.Editor context.Common options cells column genes found.Components scores
            Warnings = found.Warnings
            Report =
                fun report ->
                    { report with
                        VarianceRatio = List.ofArray found.Components.Ratios } }

    let private plan (context: PlanContext) (options: PcaOptions) =
        let genes = genesAhead context options

        // Too many components for the data are refused now, as far as these are known.
        genes |> Option.iter (Components.count options context.File.X.Cells >> ignore)

        let cells = context.File.X.Cells
        let bound = defaultArg genes 0

        let pass =
            { Kind = PcaRun.pass
              Purpose = "pca"
              Needs =
                [ yield! PcaMemory.needs context options cells bound

                  // Of fewer genes, or fewer cells, another way may be taken.
                  if not context.Choices.IsEmpty then
                      yield! PcaMemory.needs context options cells (int (min cells (int64 bound)))
                      yield! PcaMemory.needs context options cells (min bound PcaByRows.SmallSide)

                  if context.DropsCells && bound > 1 then
                      yield! PcaMemory.needs context options (min cells (int64 bound - 1L)) bound

                      let most =
                          PcaByRows.largestSide (int64 bound) (int64 (defaultArg options.NComps Components.usual))

                      yield! PcaMemory.needs context options (min cells (int64 most)) bound ]
              What =
                match genes with
                | Some genes -> what genes
                | None -> "This"
              Advice =
                match genes with
                | Some _ -> advice context
                | None -> "" }

        { StepPlan.nothing "pca" context with
            Main = None
            After = [ pass ]
            Groups = [ "obsm"; "varm"; "uns" ]
            NeedsSome = true
            AddedBytes = Checked.(*) (4L * context.File.X.Cells) (int64 (defaultArg options.NComps Components.usual))
            Warnings =
                [ if genes.IsNone then
                      let bound = if context.Choices.IsEmpty then "" else "; ⟨n_top_genes⟩ bounds it"

                      $"how much memory pca takes depends on how many genes pass the limits{bound}" ]
            Start =
                fun _ before ->
                    { MainPart.nothing before with
                        Fold = Fold.always (finish context options) } }

    let internal kind =
        { StepKind.make "pca" defaults options plan with
            Line = "exact principal components of the chosen genes; X does not change."
            About =
                "Computes the exact principal components of the highly variable genes, as scanpy's pca with svd_solver='covariance_eigh': obsm/X_pca, varm/PCs and uns/pca. X does not change; it should be logged already."
            Examples =
                [ "singlesharp pca logged.h5ad ⟨in_place⟩"
                  "singlesharp pca logged.h5ad ⟨out=pca.h5ad⟩ ⟨n_comps=30⟩ ⟨mask_var=none⟩" ]
            Check = check }

    /// The step with these options.
    let step options = Step(StepBody.make kind options)
