/// The step hvg: which genes are highly variable (scanpy-semantics, section 5).
namespace SingleSharp.Core

open System
open SingleSharp
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Steps

[<RequireQualifiedAccess>]
module Hvg =
    let defaults =
        { Flavor = HvgFlavor.Seurat
          NTopGenes = None
          MinMean = 0.0125
          MaxMean = 3.0
          MinDisp = 0.5
          MaxDisp = infinity
          NBins = 20
          Span = 0.3
          BatchKey = None
          ExactN = false
          Subset = false
          KeepRaw = false }

    let private withLimit (options: HvgOptions) =
        if GeneRanking.fitsTrend options then Some "seurat_v3 and seurat_v3_paper choose ⟨n_top_genes⟩"
        elif options.NTopGenes.IsSome then Some "⟨n_top_genes⟩ says how many to choose"
        else None

    let private limit name placeholder get set doc =
        StepOption.float name placeholder defaults get set doc |> StepOption.idle withLimit

    let private options =
        [ StepOption.choice
              "flavor"
              "FLAVOR"
              defaults
              [ "seurat", HvgFlavor.Seurat
                "cell_ranger", HvgFlavor.CellRanger
                "seurat_v3", HvgFlavor.SeuratV3
                "seurat_v3_paper", HvgFlavor.SeuratV3Paper ]
              _.Flavor
              (fun value options -> { options with Flavor = value })
              "seurat (default) or cell_ranger, for logged X; seurat_v3 or seurat_v3_paper, for raw counts."
          StepOption.positiveOrNone
              "n_top_genes"
              "N"
              defaults
              _.NTopGenes
              (fun value options -> { options with NTopGenes = value })
              "choose N genes, in place of limits of mean and dispersion. Default: by the limits; seurat_v3 and seurat_v3_paper, and pipeline where no limit is given: 2000."
          limit
              "min_mean"
              "M"
              _.MinMean
              (fun value options -> { options with MinMean = value })
              "choose genes with a mean above this. Default: 0.0125."
          limit
              "max_mean"
              "M"
              _.MaxMean
              (fun value options -> { options with MaxMean = value })
              "choose genes with a mean below this. Default: 3."
          limit
              "min_disp"
              "D"
              _.MinDisp
              (fun value options -> { options with MinDisp = value })
              "choose genes with a normalized dispersion above this. Default: 0.5."
          limit
              "max_disp"
              "D"
              _.MaxDisp
              (fun value options -> { options with MaxDisp = value })
              "choose genes with a normalized dispersion below this. Default: inf."
          StepOption.positive
              "n_bins"
              "N"
              defaults
              _.NBins
              (fun value options -> { options with NBins = value })
              "bins of the mean in which dispersions are compared, of seurat. Default: 20."
          |> StepOption.idle (fun options ->
              if options.Flavor <> HvgFlavor.Seurat then
                  Some "only the flavor seurat has bins to choose"
              else
                  None)
          StepOption.float
              "span"
              "SHARE"
              defaults
              _.Span
              (fun value options -> { options with Span = value })
              "the share of the genes that each local fit of the trend looks at, of seurat_v3. Default: 0.3."
          |> StepOption.idle (fun options ->
              if GeneRanking.fitsTrend options then
                  None
              else
                  Some "only seurat_v3 and seurat_v3_paper fit a trend")
          StepOption.textOrNone
              "batch_key"
              "COLUMN"
              defaults
              _.BatchKey
              (fun value options -> { options with BatchKey = value })
              "a column of obs: judge genes within each batch, then together."
          StepOption.switch
              "exact_n"
              defaults
              _.ExactN
              (fun value options -> { options with ExactN = value })
              "break ties at the cut-off by position, where scanpy keeps all of them."
          |> StepOption.idle (fun options ->
              if GeneRanking.fitsTrend options then
                  Some "seurat_v3 and seurat_v3_paper choose exactly ⟨n_top_genes⟩ anyway"
              else
                  None)
          StepOption.switch
              "subset"
              defaults
              _.Subset
              (fun value options -> { options with Subset = value })
              "keep the highly variable genes only, in X, layers, var, varm and varp, once all steps have been taken; raw stays as it is. Costs one more read and write of X."
          StepOption.switch
              "keep_raw"
              defaults
              _.KeepRaw
              (fun value options -> { options with KeepRaw = value })
              "with ⟨subset⟩, keep X and var of all genes as raw: adata.raw = adata."
          |> StepOption.idle (fun options -> if options.Subset then None else Some "all genes stay in X; it is for ⟨subset⟩") ]

    /// Limits take the place of a number of genes that nobody gave.
    let private settle given (options: HvgOptions) =
        let isLimited =
            [ "min_mean"; "max_mean"; "min_disp"; "max_disp" ] |> List.exists (fun limit -> List.contains limit given)

        Ok(
            if isLimited && not (List.contains "n_top_genes" given) then
                { options with NTopGenes = None }
            else
                options
        )

    let private check _ (options: HvgOptions) =
        [ if options.NTopGenes |> Option.exists (fun n -> n < 1) then
              InvalidOption("n_top_genes", "it must be at least 1")

          if options.NBins < 1 then
              InvalidOption("n_bins", "it must be at least 1")

          if not (options.Span > 0.0 && options.Span <= 1.0) then
              InvalidOption("span", "it must lie between 0 and 1")

          for option, limit in
              [ "min_mean", options.MinMean
                "max_mean", options.MaxMean
                "min_disp", options.MinDisp
                "max_disp", options.MaxDisp ] do
              if Double.IsNaN limit then
                  InvalidOption(option, "it must be a number")

          if options.ExactN && options.NTopGenes.IsNone && not (GeneRanking.fitsTrend options) then
              InvalidOption("exact_n", "it needs ⟨n_top_genes⟩") ]

    /// The columns of var that a flavor writes.
    let private geneColumns (options: HvgOptions) : OutputColumn list =
        let isBatched = options.BatchKey.IsSome

        [ "highly_variable", DType.Bool
          if GeneRanking.fitsTrend options then
              yield!
                  [ "highly_variable_rank", DType.Float32
                    "means", DType.Float64
                    "variances", DType.Float64
                    "variances_norm", DType.Float64 ]
          else
              yield!
                  [ "means", DType.Float64
                    "dispersions", DType.Float64
                    "dispersions_norm", DType.Float32 ]
          if isBatched then
              "highly_variable_nbatches", DType.Int64
          if isBatched && not (GeneRanking.fitsTrend options) then
              "highly_variable_intersection", DType.Bool ]
        |> List.map (fun (name, kind) -> { Name = name; Type = kind })

    /// How many of these genes are chosen, at most.
    let private atMost (options: HvgOptions) genes =
        let most n = min n genes

        match options.NTopGenes with
        | Some n when options.ExactN || options.BatchKey.IsSome || GeneRanking.fitsTrend options -> Some(most n)
        // Genes that are tied at the cut-off are all chosen.
        | Some n -> Some(most (most n + most n / 50 + 16))
        | None when GeneRanking.fitsTrend options -> Some(most 2000)
        | None -> None

    let private plan (context: PlanContext) (options: HvgOptions) =
        let file = context.File
        let spread = context.Spread

        let quantity, dtype =
            if GeneRanking.fitsTrend options then
                Quantity.Raw, file.X.Type
            else
                Dispersion.quantity options.Flavor (Option.toValueOption context.State.LogBase), context.State.Type

        { StepPlan.nothing "hvg" context with
            Main = Some(HvgMemory.main context options)
            After =
                [ if GeneRanking.fitsTrend options then
                      { Kind = HvgRun.clippedPass
                        Purpose = "hvg: counts clipped at their trend"
                        Needs = [ HvgMemory.clipped context ]
                        What = "This"
                        Advice = "" } ]
            GeneColumns = geneColumns options
            Choices =
                [ { Column = "highly_variable"
                    AtMost = atMost options file.X.Genes }
                  if options.BatchKey.IsSome && not (GeneRanking.fitsTrend options) then
                      { Column = "highly_variable_intersection"
                        AtMost = None } ]
            Groups = [ "uns" ]
            WantsCounts = GeneRanking.fitsTrend options
            NeedsSome = true
            Warnings =
                [ if not context.State.IsLoggedHere && GeneRanking.fitsTrend options = AnnDataFile.isLogged file then
                      if GeneRanking.fitsTrend options then
                          $"{file.X.Path} seems to be log-transformed (uns/log1p is there), but this flavor expects raw counts"
                      else
                          $"{file.X.Path} does not seem to be log-transformed (there is no uns/log1p), which this flavor expects" ]
            Start =
                fun job before ->
                    { Transformation = before
                      CellColumns = CellColumns.concat []
                      Sink = Sink.none
                      Fold =
                        Moments.perGene (int job.Genes.Count) spread.Batches (Precision.ofDType dtype) quantity
                        |> Fold.map (HvgRun.finish options) } }

    let internal kind =
        { StepKind.make "hvg" defaults options plan with
            Line = "choose highly variable genes; X does not change."
            About =
                "Chooses highly variable genes, as scanpy's highly_variable_genes: columns of var, and uns/hvg. X does not change, unless other genes are dropped with ⟨subset⟩; it must be logged already, or hold raw counts for seurat_v3 and seurat_v3_paper."
            Examples =
                [ "singlesharp hvg logged.h5ad ⟨in_place⟩ ⟨n_top_genes=2000⟩"
                  "singlesharp hvg counts.h5ad ⟨in_place⟩ ⟨flavor=seurat_v3⟩ ⟨batch_key=sample⟩"
                  "singlesharp hvg logged.h5ad ⟨out=small.h5ad⟩ ⟨subset⟩ ⟨keep_raw⟩" ]
            Narrows =
                fun options ->
                    if options.Subset then
                        Some
                            { Column = "highly_variable"
                              KeepsRaw = options.KeepRaw }
                    else
                        None
            BatchKey = _.BatchKey
            Settle = settle
            Check = check }

    /// The step with these options.
    let step options = Step(StepBody.make kind options)
