/// The step filter: a subset of the whole AnnData by limits of cells and genes (scanpy-semantics, section 2).
namespace SingleSharp.Core

open System
open SingleSharp
open SingleSharp.Core.Rows
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Steps

/// The options of filter_cells and filter_genes. All limits are inclusive; a cell or gene must meet all that are given.
/// Genes are judged by the cells that stay.
type FilterOptions =
    {
        /// Least and most counts of a cell.
        MinCounts: float option
        MaxCounts: float option
        /// Least and most genes with a positive value in a cell.
        MinGenes: int64 option
        MaxGenes: int64 option
        /// Least and most percent of a cell's counts that come from the gene set of this name.
        MinPct: (string * float) list
        MaxPct: (string * float) list
        /// Least and most cells in which a gene has a positive value.
        MinCells: int64 option
        MaxCells: int64 option
        /// Least and most counts of a gene.
        GeneMinCounts: float option
        GeneMaxCounts: float option
    }

[<RequireQualifiedAccess>]
module Filter =
    /// No limit at all; the start of a filter of one's own.
    let defaults =
        { MinCounts = None
          MaxCounts = None
          MinGenes = None
          MaxGenes = None
          MinPct = []
          MaxPct = []
          MinCells = None
          MaxCells = None
          GeneMinCounts = None
          GeneMaxCounts = None }

    let private options =
        [ StepOption.countOrNone
              "min_genes"
              "N"
              defaults
              _.MinGenes
              (fun value options -> { options with MinGenes = value })
              "keep cells with at least N genes; every limit is inclusive."
          StepOption.countOrNone
              "max_genes"
              "N"
              defaults
              _.MaxGenes
              (fun value options -> { options with MaxGenes = value })
              "keep cells with at most N genes."
          StepOption.floatOrNone
              "min_counts"
              "N"
              defaults
              _.MinCounts
              (fun value options -> { options with MinCounts = value })
              "keep cells with at least N counts."
          StepOption.floatOrNone
              "max_counts"
              "N"
              defaults
              _.MaxCounts
              (fun value options -> { options with MaxCounts = value })
              "keep cells with at most N counts."
          StepOption.percentages
              "min_pct"
              defaults
              _.MinPct
              (fun value options -> { options with MinPct = value })
              "NAME=P: keep cells with at least P percent of their counts in the gene set NAME. Repeatable."
          StepOption.percentages
              "max_pct"
              defaults
              _.MaxPct
              (fun value options -> { options with MaxPct = value })
              "NAME=P, such as mt=20: keep cells with at most P percent of their counts in the gene set NAME. Repeatable."
          StepOption.countOrNone
              "min_cells"
              "N"
              defaults
              _.MinCells
              (fun value options -> { options with MinCells = value })
              "keep genes found in at least N cells, of those that are kept."
          StepOption.countOrNone
              "max_cells"
              "N"
              defaults
              _.MaxCells
              (fun value options -> { options with MaxCells = value })
              "keep genes found in at most N of them."
          StepOption.floatOrNone
              "gene_min_counts"
              "N"
              defaults
              _.GeneMinCounts
              (fun value options -> { options with GeneMinCounts = value })
              "keep genes with at least N counts in them."
          StepOption.floatOrNone
              "gene_max_counts"
              "N"
              defaults
              _.GeneMaxCounts
              (fun value options -> { options with GeneMaxCounts = value })
              "keep genes with at most N counts in them." ]

    let private ofCells (options: FilterOptions) : CellRule =
        { MinCounts = options.MinCounts
          MaxCounts = options.MaxCounts
          MinGenes = options.MinGenes
          MaxGenes = options.MaxGenes
          MinPct = options.MinPct
          MaxPct = options.MaxPct }

    let private ofGenes (options: FilterOptions) : GeneLimits =
        { MinCells = options.MinCells
          MaxCells = options.MaxCells
          MinCounts = options.GeneMinCounts
          MaxCounts = options.GeneMaxCounts }

    let private dropsCells (options: FilterOptions) =
        options.MinCounts.IsSome
        || options.MaxCounts.IsSome
        || options.MinGenes.IsSome
        || options.MaxGenes.IsSome
        || not (options.MinPct.IsEmpty && options.MaxPct.IsEmpty)

    let private dropsGenes (options: FilterOptions) =
        options.MinCells.IsSome || options.MaxCells.IsSome || options.GeneMinCounts.IsSome || options.GeneMaxCounts.IsSome

    /// The limits of percentages, by the options that give them.
    let private percentages (options: FilterOptions) =
        [ "min_pct", options.MinPct; "max_pct", options.MaxPct ]

    let private limitedSets options =
        percentages options |> List.collect snd |> List.map fst

    let private check (common: Common) (options: FilterOptions) =
        [ if not (dropsCells options || dropsGenes options) then
              InvalidStep("filter", "give at least one limit, such as ⟨min_genes=200⟩")

          for option, limit in
              [ "min_counts", options.MinCounts
                "max_counts", options.MaxCounts
                "gene_min_counts", options.GeneMinCounts
                "gene_max_counts", options.GeneMaxCounts ] do
              if limit |> Option.exists Double.IsNaN then
                  InvalidOption(option, "it must be a number")

          let known =
              [ if common.Mitochondrial <> Mitochondrial.None && common.Mitochondrial <> Mitochondrial.Prefix "" then
                    "mt"
                for set in common.GeneSets do
                    set.Name ]

          for option, limits in percentages options do
              for name, count in limits |> List.countBy fst do
                  if count > 1 then
                      InvalidOption(option, $"{name} is limited twice; give one limit of it")

          for option, limits in percentages options do
              for name, percent in limits do
                  if not (List.contains name known) then
                      InvalidOption(
                          option,
                          $"there is no gene set {name}; make it with ⟨gene_set={name}=prefix:...⟩, or by a column or file"
                      )

                  if not (percent >= 0.0 && percent <= 100.0) then
                      InvalidOption(option, $"the percentage for {name} must lie between 0 and 100") ]

    /// Limits of percentages must refer to gene sets that the file has.
    let private requireSets file (common: Common) (options: FilterOptions) (sets: (string * bool[]) list) =
        for option, limits in percentages options do
            for name, _ in limits do
                if not (List.exists (fun (known, _) -> known = name) sets) then
                    let why =
                        match Symbols.hint file common.GeneSymbols with
                        | Some hint -> $"no gene begins with MT- or mt-: {hint}"
                        | None -> "no gene begins with MT- or mt-; say how mitochondrial genes begin with ⟨mt_prefix⟩"

                    Fault.throw (InvalidOption(option, why))

    /// Bytes per gene of what a block keeps, and of the columns that come of it.
    let private talliesPerGene, columnsPerGene = 24L, 48L

    let private plan (context: PlanContext) (options: FilterOptions) =
        let file = context.File
        let genes = int64 file.X.Genes
        let all = RowMask.all genes
        let memory = context.Settings.Memory

        let masks =
            if (limitedSets options).IsEmpty then [] else GeneSetMasks.masks file memory context.Common all

        requireSets file context.Common options masks
        let sets = Membership.ofMasks masks
        // Masks, and lists of the sets that a gene is in.
        let ofSets = if masks.IsEmpty then 0L else 16L * genes
        let losses = Losses()
        let rule = ofCells options
        let limits = ofGenes options
        let cellColumns = FilterRules.cellColumns file.X.Type rule
        let geneColumns = FilterRules.geneColumns file.X.Type limits

        { StepPlan.nothing "filter" context with
            Selector =
                Some
                    { DropsCells = dropsCells options
                      DropsGenes = dropsGenes options
                      By =
                        Rules
                            { Judge = FilterRules.counting losses file.X.Type sets rule
                              JudgeQuietly = FilterRules.counting (Losses()) file.X.Type sets rule
                              Genes =
                                FilterRules.perGene file.X.Genes
                                |> Fold.map (fun tallies ->
                                    { Stay = FilterRules.genes file.X.Type limits tallies
                                      Columns = [ for column, values in geneColumns -> column, (fun () -> values tallies) ]
                                      Losses = FilterRules.geneLosses file.X.Type limits tallies })
                              Need =
                                { Budget.folding (genes * talliesPerGene) with
                                    Once = ofSets + file.X.Cells / 4L
                                    After = genes * columnsPerGene }
                              Aside = losses.Aside
                              CellLosses = fun () -> FilterRules.cellLosses losses sets rule }
                      CellColumns = cellColumns
                      GeneColumns = List.map fst geneColumns }
            Main = Some { Budget.nothing with Once = ofSets }
            CellColumnCount = 2L
            Planning = (if masks.IsEmpty then 0L else AnnDataFile.geneNameBytes file)
            Warnings =
                [ yield! GeneSetMasks.missing file memory context.Common
                  if not masks.IsEmpty then
                      yield! GeneSetMasks.unnamed file context.Common masks

                  for name, mask in masks do
                      if GeneSetMasks.size mask = 0 && List.contains name (limitedSets options) then
                          $"the gene set {name}, which a limit refers to, is empty"

                  for option, limits in percentages options do
                      yield! GeneSetMasks.shareWarnings option limits ]
            Start = fun _ before -> MainPart.nothing before }

    let internal kind =
        { StepKind.make "filter" defaults options plan with
            Line = "keep the cells and genes within limits."
            About =
                "Keeps the cells and genes that meet every limit, as scanpy's filter_cells followed by filter_genes: a subset of X, layers, obs, var, obsm, varm, obsp, varp, and of raw by cells."
            Examples =
                [ "singlesharp filter counts.h5ad ⟨out=kept.h5ad⟩ ⟨min_genes=200⟩ ⟨min_cells=3⟩"
                  "singlesharp filter counts.h5ad ⟨in_place⟩ ⟨max_pct=mt=20⟩" ]
            IsOptional = true
            Selects = true
            UsesSets = limitedSets >> SetsNamed
            Check = check }

    /// The step with these options.
    let step options = Step(StepBody.make kind options)
