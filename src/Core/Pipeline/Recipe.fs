/// What to do with a file, as a value: the same fields, in the same order, as the options of the command line.
namespace SingleSharp.Core

/// Which genes count as mitochondrial.
type Mitochondrial =
    /// Genes that begin with MT-, or with mt- where none does.
    | Guessed
    /// Genes that begin with this.
    | StartingWith of string
    /// No set called mt.
    | NotCounted

/// For which k the share of the k most expressed genes is computed.
type PercentTop =
    /// Those of 50, 100, 200 and 500 that do not exceed the number of genes.
    | Fitting
    /// These; each must fit the number of genes.
    | Exactly of int list

/// The options of filter_cells and filter_genes. All limits are inclusive; a cell or gene must meet all that are given.
/// Genes are judged by the cells that stay.
type FilterRecipe =
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
        /// The gene sets that percentages refer to.
        Mitochondrial: Mitochondrial
        GeneSets: GeneSet list
    }

/// The options of calculate_qc_metrics.
type QcRecipe =
    {
        Mitochondrial: Mitochondrial
        /// Further sets, each giving columns total_counts_NAME and pct_counts_NAME.
        GeneSets: GeneSet list
        PercentTop: PercentTop
        /// Also write log1p_ columns.
        Log1p: bool
    }

/// What every cell is scaled to.
type TargetSum =
    /// So many counts per cell.
    | Counts of float
    /// The median total of the cells that have counts: scanpy's None.
    | MedianOfPositive
    /// The median total of all cells, as scanpy 1.11 computed it.
    | MedianOfAll

/// The options of normalize_total.
type NormalizeRecipe =
    {
        TargetSum: TargetSum
        /// Leave genes out of the totals that make up too much of some cell.
        ExcludeHighlyExpressed: bool
        /// What is too much: a share between 0 and 1.
        MaxFraction: float
        /// A column of obs for each cell's factor, total / target.
        KeyAdded: string option
    }

/// The options of log1p.
type Log1pRecipe =
    {
        /// The base of the logarithm; none for the natural one.
        Base: float option
    }

/// The options of highly_variable_genes.
type HvgRecipe =
    {
        Flavor: HvgFlavor
        /// How many genes to choose; none for the limits below (seurat, cell_ranger) or 2,000 (seurat_v3, seurat_v3_paper).
        NTopGenes: int option
        /// Limits of the mean and of the normalized dispersion, all exclusive.
        MinMean: float
        MaxMean: float
        MinDisp: float
        MaxDisp: float
        /// Bins of the mean in which dispersions are compared (seurat).
        NBins: int
        /// The share of the genes that each local fit of the trend looks at (seurat_v3, seurat_v3_paper).
        Span: float
        /// A column of obs: genes are judged within each batch.
        BatchKey: string option
        /// Break ties at the cut-off by position, where scanpy keeps all of them.
        ExactN: bool
    }

/// Which genes pca looks at.
type MaskVar =
    /// Those that are highly variable, where that is known; all otherwise.
    | HighlyVariable
    /// Those that are True in this column of var.
    | MaskColumn of string
    | AllGenes

/// The options of pca.
type PcaRecipe =
    {
        /// How many components; none for 50, or one fewer than there are cells or genes.
        NComps: int option
        MaskVar: MaskVar
        ZeroCenter: bool
        /// The name in obsm, varm and uns; none for X_pca, PCs and pca.
        KeyAdded: string option
    }

/// The steps to take, in the order in which they are taken.
type Recipe =
    {
        Filter: FilterRecipe option
        Qc: QcRecipe option
        NormalizeTotal: NormalizeRecipe option
        Log1p: Log1pRecipe option
        Hvg: HvgRecipe option
        Pca: PcaRecipe option
        /// The matrix that the steps read, and write where they change values.
        Matrix: MatrixName
        /// Add up what a cell has of one gene where it is stored more than once, instead of refusing it.
        SumDuplicates: bool
        /// Compute with negative, NaN and infinite values as scanpy does, instead of refusing them.
        AllowInvalid: bool
        /// Take the logarithm of X although uns/log1p says that it is logged already, as scanpy does, instead of refusing it.
        AllowLogged: bool
        /// The column of var that gene sets go by, such as feature_name; none for the names of the genes.
        GeneSymbols: string option
    }

[<RequireQualifiedAccess>]
module Recipe =
    /// No limit at all; the start of a filter of one's own.
    let filter: FilterRecipe =
        { MinCounts = None
          MaxCounts = None
          MinGenes = None
          MaxGenes = None
          MinPct = []
          MaxPct = []
          MinCells = None
          MaxCells = None
          GeneMinCounts = None
          GeneMaxCounts = None
          Mitochondrial = Guessed
          GeneSets = [] }

    let qc: QcRecipe =
        { Mitochondrial = Guessed
          GeneSets = []
          PercentTop = Fitting
          Log1p = true }

    let normalizeTotal =
        { TargetSum = Counts 1e4
          ExcludeHighlyExpressed = false
          MaxFraction = 0.05
          KeyAdded = None }

    let log1p: Log1pRecipe = { Base = None }

    let hvg =
        { Flavor = HvgFlavor.Seurat
          NTopGenes = None
          MinMean = 0.0125
          MaxMean = 3.0
          MinDisp = 0.5
          MaxDisp = infinity
          NBins = 20
          Span = 0.3
          BatchKey = None
          ExactN = false }

    let pca =
        { NComps = None
          MaskVar = HighlyVariable
          ZeroCenter = true
          KeyAdded = None }

    /// Nothing at all; the start of a recipe of one's own.
    let nothing =
        { Filter = None
          Qc = None
          NormalizeTotal = None
          Log1p = None
          Hvg = None
          Pca = None
          Matrix = MatrixName.X
          SumDuplicates = false
          AllowInvalid = false
          AllowLogged = false
          GeneSymbols = None }

    /// QC metrics, 10,000 counts per cell, natural logarithm.
    let standard =
        { nothing with
            Qc = Some qc
            NormalizeTotal = Some normalizeTotal
            Log1p = Some log1p }

    /// The standard steps, 2,000 highly variable genes, 50 principal components.
    let full =
        { standard with
            Hvg = Some { hvg with NTopGenes = Some 2000 }
            Pca = Some pca }

    /// The names of the steps.
    let steps recipe =
        [ if recipe.Filter.IsSome then
              "filter"
          if recipe.Qc.IsSome then
              "qc"
          if recipe.NormalizeTotal.IsSome then
              "normalize_total"
          if recipe.Log1p.IsSome then
              "log1p"
          if recipe.Hvg.IsSome then
              "hvg"
          if recipe.Pca.IsSome then
              "pca" ]

    /// Does the recipe change the values of X?
    let changesValues recipe =
        recipe.NormalizeTotal.IsSome || recipe.Log1p.IsSome

    /// Is the trend of the variance over the mean fitted to raw counts?
    let fitsTrend (hvg: HvgRecipe) =
        hvg.Flavor = HvgFlavor.SeuratV3 || hvg.Flavor = HvgFlavor.SeuratV3Paper

    /// Why an option of hvg says nothing beside the others; none where it has an effect.
    let withoutEffect (hvg: HvgRecipe) option =
        match option with
        | "--min-mean"
        | "--max-mean"
        | "--min-disp"
        | "--max-disp" when fitsTrend hvg -> Some "seurat_v3 and seurat_v3_paper choose --n-top-genes"
        | "--min-mean"
        | "--max-mean"
        | "--min-disp"
        | "--max-disp" when hvg.NTopGenes.IsSome -> Some "--n-top-genes says how many to choose"
        | "--n-bins" when hvg.Flavor <> HvgFlavor.Seurat -> Some "only the flavor seurat has bins to choose"
        | "--span" when not (fitsTrend hvg) -> Some "only seurat_v3 and seurat_v3_paper fit a trend"
        | "--exact-n" when fitsTrend hvg -> Some "seurat_v3 and seurat_v3_paper choose exactly --n-top-genes anyway"
        | _ -> None

    /// Do the steps expect raw counts? A logarithm alone is usually taken of what was normalized before.
    let wantsCounts recipe =
        recipe.Qc.IsSome || recipe.NormalizeTotal.IsSome || Option.exists fitsTrend recipe.Hvg

    /// May cells be dropped?
    let filtersCells recipe =
        match recipe.Filter with
        | Some filter ->
            filter.MinCounts.IsSome
            || filter.MaxCounts.IsSome
            || filter.MinGenes.IsSome
            || filter.MaxGenes.IsSome
            || not (filter.MinPct.IsEmpty && filter.MaxPct.IsEmpty)
        | None -> false

    /// Do genes have to be judged before anything can be written?
    let filtersGenes recipe =
        match recipe.Filter with
        | Some filter -> filter.MinCells.IsSome || filter.MaxCells.IsSome || filter.GeneMinCounts.IsSome || filter.GeneMaxCounts.IsSome
        | None -> false
