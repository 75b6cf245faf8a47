namespace SingleSharp;

/// <summary>
/// The options of filter_cells and filter_genes. All limits are inclusive; a cell or gene must meet all that are given, of which
/// there must be one. Genes are judged by the cells that stay.
/// </summary>
public sealed record FilterRecipe
{
    /// <summary>No limit at all; the start of a filter of your own.</summary>
    public FilterRecipe()
        : this(Core.RecipeModule.filter)
    {
    }

    internal FilterRecipe(Core.FilterRecipe filter)
    {
        MinCounts = Translate.Nullable(filter.MinCounts);
        MaxCounts = Translate.Nullable(filter.MaxCounts);
        MinGenes = Translate.Nullable(filter.MinGenes);
        MaxGenes = Translate.Nullable(filter.MaxGenes);
        MinPct = [.. filter.MinPct.Select(limit => new PercentLimit(limit.Item1, limit.Item2))];
        MaxPct = [.. filter.MaxPct.Select(limit => new PercentLimit(limit.Item1, limit.Item2))];
        MinCells = Translate.Nullable(filter.MinCells);
        MaxCells = Translate.Nullable(filter.MaxCells);
        GeneMinCounts = Translate.Nullable(filter.GeneMinCounts);
        GeneMaxCounts = Translate.Nullable(filter.GeneMaxCounts);
        Mitochondrial = new(filter.Mitochondrial);
        GeneSets = [.. filter.GeneSets.Select(set => new GeneSet(set))];
    }

    /// <summary>Least counts of a cell. Default: null, no limit.</summary>
    public double? MinCounts { get; init; }

    /// <summary>Most counts of a cell. Default: null, no limit.</summary>
    public double? MaxCounts { get; init; }

    /// <summary>Least genes with a positive value in a cell. Default: null, no limit.</summary>
    public long? MinGenes { get; init; }

    /// <summary>Most genes with a positive value in a cell. Default: null, no limit.</summary>
    public long? MaxGenes { get; init; }

    /// <summary>Least percent of a cell's counts that come from a gene set, such as <c>[new("ribo", 5)]</c>. Default: none.</summary>
    public IReadOnlyList<PercentLimit> MinPct { get; init; }

    /// <summary>Most percent of a cell's counts that come from a gene set, such as <c>[new("mt", 20)]</c>. Default: none.</summary>
    public IReadOnlyList<PercentLimit> MaxPct { get; init; }

    /// <summary>Least cells in which a gene has a positive value. Default: null, no limit.</summary>
    public long? MinCells { get; init; }

    /// <summary>Most cells in which a gene has a positive value. Default: null, no limit.</summary>
    public long? MaxCells { get; init; }

    /// <summary>Least counts of a gene. Default: null, no limit.</summary>
    public double? GeneMinCounts { get; init; }

    /// <summary>Most counts of a gene. Default: null, no limit.</summary>
    public double? GeneMaxCounts { get; init; }

    /// <summary>Which genes make up the set <c>mt</c> of the percentages. Default: <see cref="Mitochondrial.Guessed"/>.</summary>
    public Mitochondrial Mitochondrial { get; init; }

    /// <summary>Further sets for the percentages. Default: none. A set named <c>mt</c> replaces the mitochondrial one.</summary>
    public IReadOnlyList<GeneSet> GeneSets { get; init; }
}

/// <summary>The options of calculate_qc_metrics.</summary>
public sealed record QcRecipe
{
    /// <summary>The defaults.</summary>
    public QcRecipe()
        : this(Core.RecipeModule.qc)
    {
    }

    internal QcRecipe(Core.QcRecipe qc)
    {
        Mitochondrial = new(qc.Mitochondrial);
        GeneSets = [.. qc.GeneSets.Select(set => new GeneSet(set))];
        PercentTop = new(qc.PercentTop);
        Log1p = qc.Log1p;
    }

    /// <summary>Which genes make up the set <c>mt</c>. Default: <see cref="Mitochondrial.Guessed"/>.</summary>
    public Mitochondrial Mitochondrial { get; init; }

    /// <summary>
    /// Further sets of genes, each giving columns <c>total_counts_NAME</c> and <c>pct_counts_NAME</c> of obs. Default: none.
    /// A set named <c>mt</c> replaces the mitochondrial one.
    /// </summary>
    public IReadOnlyList<GeneSet> GeneSets { get; init; }

    /// <summary>For which k the share of the k most expressed genes is computed. Default: <see cref="PercentTop.Fitting"/>.</summary>
    public PercentTop PercentTop { get; init; }

    /// <summary>Also write <c>log1p_</c> columns. Default: true.</summary>
    public bool Log1p { get; init; }
}

/// <summary>The options of normalize_total.</summary>
public sealed record NormalizeRecipe
{
    /// <summary>The defaults.</summary>
    public NormalizeRecipe()
        : this(Core.RecipeModule.normalizeTotal)
    {
    }

    internal NormalizeRecipe(Core.NormalizeRecipe normalize)
    {
        TargetSum = new(normalize.TargetSum);
        ExcludeHighlyExpressed = normalize.ExcludeHighlyExpressed;
        MaxFraction = normalize.MaxFraction;
        KeyAdded = Translate.Nullable(normalize.KeyAdded);
    }

    /// <summary>What every cell is scaled to, in counts. Default: 10,000. scanpy's own default is <see cref="TargetSum.Median"/>.</summary>
    public TargetSum TargetSum { get; init; }

    /// <summary>Leave genes out of the totals that make up too much of some cell. Default: false. Costs one more read of X.</summary>
    public bool ExcludeHighlyExpressed { get; init; }

    /// <summary>What is too much: a share of a cell's total between 0 and 1. Default: 0.05.</summary>
    public double MaxFraction { get; init; }

    /// <summary>A column of obs for each cell's factor, total / target. Default: null, no column.</summary>
    public string? KeyAdded { get; init; }
}

/// <summary>The options of log1p.</summary>
public sealed record Log1pRecipe
{
    /// <summary>The defaults.</summary>
    public Log1pRecipe()
        : this(Core.RecipeModule.log1p)
    {
    }

    internal Log1pRecipe(Core.Log1pRecipe log1p) => Base = Translate.Nullable(log1p.Base);

    /// <summary>The base of the logarithm, positive and not 1. Default: null, the natural logarithm.</summary>
    public double? Base { get; init; }
}

/// <summary>The options of highly_variable_genes.</summary>
public sealed record HvgRecipe
{
    /// <summary>The defaults.</summary>
    public HvgRecipe()
        : this(Core.RecipeModule.hvg)
    {
    }

    internal HvgRecipe(Core.HvgRecipe hvg)
    {
        Flavor = Translate.Flavor(hvg.Flavor);
        NTopGenes = Translate.Nullable(hvg.NTopGenes);
        MinMean = hvg.MinMean;
        MaxMean = hvg.MaxMean;
        MinDisp = hvg.MinDisp;
        MaxDisp = hvg.MaxDisp;
        NBins = hvg.NBins;
        Span = hvg.Span;
        BatchKey = Translate.Nullable(hvg.BatchKey);
        ExactN = hvg.ExactN;
    }

    /// <summary>How genes are compared. Default: <see cref="HvgFlavor.Seurat"/>.</summary>
    public HvgFlavor Flavor { get; init; }

    /// <summary>
    /// How many genes to choose. Default: null, those within the four limits below, or 2,000 where <see cref="Flavor"/> fits a trend
    /// to raw counts. Where it is given, the limits say nothing.
    /// </summary>
    public int? NTopGenes { get; init; }

    /// <summary>The mean of a gene must be greater. Default: 0.0125. For <see cref="HvgFlavor.Seurat"/>, of ln(1 + mean).</summary>
    public double MinMean { get; init; }

    /// <summary>The mean of a gene must be less. Default: 3.</summary>
    public double MaxMean { get; init; }

    /// <summary>The normalized dispersion of a gene must be greater. Default: 0.5.</summary>
    public double MinDisp { get; init; }

    /// <summary>The normalized dispersion of a gene must be less. Default: infinity.</summary>
    public double MaxDisp { get; init; }

    /// <summary>Bins of the mean in which dispersions are compared (<see cref="HvgFlavor.Seurat"/>). Default: 20.</summary>
    public int NBins { get; init; }

    /// <summary>
    /// The share of the genes, above 0 and up to 1, that each local fit of the trend looks at (<see cref="HvgFlavor.SeuratV3"/>,
    /// <see cref="HvgFlavor.SeuratV3Paper"/>). Default: 0.3.
    /// </summary>
    public double Span { get; init; }

    /// <summary>A column of obs: genes are judged within each batch. Default: null, all cells together.</summary>
    public string? BatchKey { get; init; }

    /// <summary>
    /// Choose exactly <see cref="NTopGenes"/>: ties at the cut-off are broken by position. Default: false, all of them are kept, as
    /// in scanpy.
    /// </summary>
    public bool ExactN { get; init; }
}

/// <summary>The options of pca.</summary>
public sealed record PcaRecipe
{
    /// <summary>The defaults.</summary>
    public PcaRecipe()
        : this(Core.RecipeModule.pca)
    {
    }

    internal PcaRecipe(Core.PcaRecipe pca)
    {
        NComps = Translate.Nullable(pca.NComps);
        MaskVar = new(pca.MaskVar);
        ZeroCenter = pca.ZeroCenter;
        KeyAdded = Translate.Nullable(pca.KeyAdded);
    }

    /// <summary>How many components. Default: null, 50, or one fewer than there are cells or genes.</summary>
    public int? NComps { get; init; }

    /// <summary>Which genes to look at. Default: <see cref="MaskVar.HighlyVariable"/>.</summary>
    public MaskVar MaskVar { get; init; }

    /// <summary>Subtract each gene's mean first. Default: true. Sparse X stays sparse either way, so leave it.</summary>
    public bool ZeroCenter { get; init; }

    /// <summary>The name in obsm, varm and uns. Default: null, <c>X_pca</c>, <c>PCs</c> and <c>pca</c>.</summary>
    public string? KeyAdded { get; init; }
}
