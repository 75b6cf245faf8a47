using System.Runtime.CompilerServices;

namespace SingleSharp;

/// <summary>
/// Steps to take on one file, given one after another: <see cref="Pipeline.Read"/> begins the chain, <see cref="Write"/> or
/// <see cref="WriteInPlace"/> takes all of them at once, in as few reads of X as they allow.
/// </summary>
/// <remarks>
/// <para>
/// An immutable value that holds a path and a <see cref="SingleSharp.Recipe"/>: every method returns a new one, so that a beginning
/// can be shared by several chains.
/// </para>
/// <para>
/// Steps are always taken in the order of the recipe, and each at most once. They have to be given in this order: a step after one
/// that it precedes, or given twice, throws <see cref="InvalidOperationException"/> at once. An option that is left null keeps the
/// default of the recipe.
/// </para>
/// </remarks>
public sealed class Steps
{
    private static readonly string[] Order =
    [
        nameof(FilterCells), nameof(FilterGenes), nameof(Qc), nameof(NormalizeTotal), nameof(Log1p),
        nameof(HighlyVariableGenes), nameof(Pca),
    ];

    private readonly string _path;
    private readonly int _given;

    internal Steps(string path)
        : this(path, new(), 0)
    {
    }

    private Steps(string path, Recipe recipe, int given)
    {
        _path = path;
        Recipe = recipe;
        _given = given;
    }

    /// <summary>The steps so far as a recipe, for <see cref="Pipeline.Run"/> and other files.</summary>
    public Recipe Recipe { get; }

    /// <summary>Keeps the cells that meet all limits, as <c>scanpy.pp.filter_cells</c> does; limits are inclusive.</summary>
    /// <param name="minCounts">Least counts of a cell.</param>
    /// <param name="maxCounts">Most counts of a cell.</param>
    /// <param name="minGenes">Least genes with a positive value in a cell.</param>
    /// <param name="maxGenes">Most genes with a positive value in a cell.</param>
    /// <param name="minPct">Least percent of a cell's counts that come from a gene set, such as <c>[new("ribo", 5)]</c>.</param>
    /// <param name="maxPct">Most percent of a cell's counts that come from a gene set, such as <c>[new("mt", 20)]</c>.</param>
    /// <param name="mitochondrial">Which genes make up the set <c>mt</c>.</param>
    /// <param name="geneSets">Further sets for the percentages.</param>
    /// <exception cref="InvalidOperationException">A step that comes after this one, or this one, was given already.</exception>
    public Steps FilterCells(
        double? minCounts = null, double? maxCounts = null, long? minGenes = null, long? maxGenes = null,
        IReadOnlyList<PercentLimit>? minPct = null, IReadOnlyList<PercentLimit>? maxPct = null,
        Mitochondrial? mitochondrial = null, IReadOnlyList<GeneSet>? geneSets = null)
    {
        var filter = new FilterRecipe();

        return Then(Recipe with
        {
            Filter = filter with
            {
                MinCounts = minCounts ?? filter.MinCounts,
                MaxCounts = maxCounts ?? filter.MaxCounts,
                MinGenes = minGenes ?? filter.MinGenes,
                MaxGenes = maxGenes ?? filter.MaxGenes,
                MinPct = minPct ?? filter.MinPct,
                MaxPct = maxPct ?? filter.MaxPct,
                Mitochondrial = mitochondrial ?? filter.Mitochondrial,
                GeneSets = geneSets ?? filter.GeneSets,
            },
        });
    }

    /// <summary>
    /// Keeps the genes that meet all limits in the cells that stay, as <c>scanpy.pp.filter_genes</c> does; limits are inclusive.
    /// </summary>
    /// <param name="minCells">Least cells in which a gene has a positive value.</param>
    /// <param name="maxCells">Most cells in which a gene has a positive value.</param>
    /// <param name="minCounts">Least counts of a gene.</param>
    /// <param name="maxCounts">Most counts of a gene.</param>
    /// <inheritdoc cref="FilterCells" path="/exception"/>
    public Steps FilterGenes(long? minCells = null, long? maxCells = null, double? minCounts = null, double? maxCounts = null)
    {
        var filter = Recipe.Filter ?? new();

        return Then(Recipe with
        {
            Filter = filter with
            {
                MinCells = minCells ?? filter.MinCells,
                MaxCells = maxCells ?? filter.MaxCells,
                GeneMinCounts = minCounts ?? filter.GeneMinCounts,
                GeneMaxCounts = maxCounts ?? filter.GeneMaxCounts,
            },
        });
    }

    /// <summary>Columns of obs and var that describe cells and genes, as <see cref="Pipeline.Qc"/> writes them.</summary>
    /// <param name="mitochondrial">Which genes make up the set <c>mt</c>.</param>
    /// <param name="geneSets">Further sets, each giving columns <c>total_counts_NAME</c> and <c>pct_counts_NAME</c>.</param>
    /// <param name="percentTop">For which k the share of the k most expressed genes is computed.</param>
    /// <param name="log1p">Also write <c>log1p_</c> columns.</param>
    /// <inheritdoc cref="FilterCells" path="/exception"/>
    public Steps Qc(
        Mitochondrial? mitochondrial = null, IReadOnlyList<GeneSet>? geneSets = null, PercentTop? percentTop = null, bool? log1p = null)
    {
        var qc = new QcRecipe();

        return Then(Recipe with
        {
            Qc = qc with
            {
                Mitochondrial = mitochondrial ?? qc.Mitochondrial,
                GeneSets = geneSets ?? qc.GeneSets,
                PercentTop = percentTop ?? qc.PercentTop,
                Log1p = log1p ?? qc.Log1p,
            },
        });
    }

    /// <summary>Divides every cell by total / target, as <see cref="Pipeline.NormalizeTotal"/> does.</summary>
    /// <param name="targetSum">Counts per cell, such as 1e4, or <see cref="TargetSum.Median"/>, which is scanpy's <c>None</c>.</param>
    /// <param name="excludeHighlyExpressed">Leave genes out of the totals that make up too much of some cell.</param>
    /// <param name="maxFraction">What is too much: a share of a cell's total between 0 and 1.</param>
    /// <param name="keyAdded">A column of obs for each cell's factor, total / target.</param>
    /// <inheritdoc cref="FilterCells" path="/exception"/>
    public Steps NormalizeTotal(
        TargetSum? targetSum = null, bool? excludeHighlyExpressed = null, double? maxFraction = null, string? keyAdded = null)
    {
        var normalize = new NormalizeRecipe();

        return Then(Recipe with
        {
            NormalizeTotal = normalize with
            {
                TargetSum = targetSum ?? normalize.TargetSum,
                ExcludeHighlyExpressed = excludeHighlyExpressed ?? normalize.ExcludeHighlyExpressed,
                MaxFraction = maxFraction ?? normalize.MaxFraction,
                KeyAdded = keyAdded ?? normalize.KeyAdded,
            },
        });
    }

    /// <summary>Replaces every value x by ln(1 + x), as <see cref="Pipeline.Log1p"/> does.</summary>
    /// <param name="base">Another base of the logarithm, positive and not 1.</param>
    /// <inheritdoc cref="FilterCells" path="/exception"/>
    public Steps Log1p(double? @base = null)
    {
        var log1p = new Log1pRecipe();
        return Then(Recipe with { Log1p = log1p with { Base = @base ?? log1p.Base } });
    }

    /// <summary>Chooses highly variable genes, as <see cref="Pipeline.HighlyVariableGenes"/> does.</summary>
    /// <param name="flavor">How genes are compared.</param>
    /// <param name="nTopGenes">How many genes to choose.</param>
    /// <param name="minMean">The mean of a gene must be greater.</param>
    /// <param name="maxMean">The mean of a gene must be less.</param>
    /// <param name="minDisp">The normalized dispersion of a gene must be greater.</param>
    /// <param name="maxDisp">The normalized dispersion of a gene must be less.</param>
    /// <param name="nBins">Bins of the mean in which dispersions are compared.</param>
    /// <param name="span">The share of the genes that each local fit of the trend looks at.</param>
    /// <param name="batchKey">A column of obs: genes are judged within each batch.</param>
    /// <param name="exactN">Break ties at the cut-off by position, where scanpy keeps all of them.</param>
    /// <inheritdoc cref="FilterCells" path="/exception"/>
    public Steps HighlyVariableGenes(
        HvgFlavor? flavor = null, int? nTopGenes = null,
        double? minMean = null, double? maxMean = null, double? minDisp = null, double? maxDisp = null,
        int? nBins = null, double? span = null, string? batchKey = null, bool? exactN = null)
    {
        var hvg = new HvgRecipe();

        return Then(Recipe with
        {
            Hvg = hvg with
            {
                Flavor = flavor ?? hvg.Flavor,
                NTopGenes = nTopGenes ?? hvg.NTopGenes,
                MinMean = minMean ?? hvg.MinMean,
                MaxMean = maxMean ?? hvg.MaxMean,
                MinDisp = minDisp ?? hvg.MinDisp,
                MaxDisp = maxDisp ?? hvg.MaxDisp,
                NBins = nBins ?? hvg.NBins,
                Span = span ?? hvg.Span,
                BatchKey = batchKey ?? hvg.BatchKey,
                ExactN = exactN ?? hvg.ExactN,
            },
        });
    }

    /// <summary>Exact principal components of the chosen genes, as <see cref="Pipeline.Pca"/> writes them.</summary>
    /// <param name="nComps">How many components.</param>
    /// <param name="maskVar">Which genes to look at; a string is the name of a boolean column of var.</param>
    /// <param name="zeroCenter">Subtract each gene's mean first.</param>
    /// <param name="keyAdded">The name in obsm, varm and uns.</param>
    /// <inheritdoc cref="FilterCells" path="/exception"/>
    public Steps Pca(int? nComps = null, MaskVar? maskVar = null, bool? zeroCenter = null, string? keyAdded = null)
    {
        var pca = new PcaRecipe();

        return Then(Recipe with
        {
            Pca = pca with
            {
                NComps = nComps ?? pca.NComps,
                MaskVar = maskVar ?? pca.MaskVar,
                ZeroCenter = zeroCenter ?? pca.ZeroCenter,
                KeyAdded = keyAdded ?? pca.KeyAdded,
            },
        });
    }

    /// <summary>
    /// Computes with negative, NaN and infinite values as scanpy does, instead of refusing them. Not a step, so it may come anywhere.
    /// </summary>
    public Steps AllowInvalid() => new(_path, Recipe with { AllowInvalid = true }, _given);

    /// <summary>
    /// Takes the logarithm of X although <c>uns/log1p</c> says that it is logged already, as scanpy does. Not a step, so it may come anywhere.
    /// </summary>
    public Steps AllowLogged() => new(_path, Recipe with { AllowLogged = true }, _given);

    /// <summary>
    /// Gene sets by prefix and by name go by this column of var, such as <c>feature_name</c>. Not a step, so it may come anywhere.
    /// </summary>
    public Steps GeneSymbols(string column) => new(_path, Recipe with { GeneSymbols = Translate.NotNull(column) }, _given);

    /// <summary>Reads and writes this layer instead of X. Not a step, so it may come anywhere.</summary>
    public Steps Layer(string name) => new(_path, Recipe with { Matrix = MatrixName.Layer(name) }, _given);

    /// <summary>Reads raw/X and raw/var instead of X and var. Not a step, so it may come anywhere.</summary>
    /// <remarks>QC alone leaves everything in its place; with other steps the new file holds X, obs and var only.</remarks>
    public Steps UseRaw() => new(_path, Recipe with { Matrix = MatrixName.Raw }, _given);

    /// <summary>
    /// Adds up what a cell has of one gene where it is stored more than once, instead of refusing it. Not a step, so it may come anywhere.
    /// </summary>
    public Steps SumDuplicates() => new(_path, Recipe with { SumDuplicates = true }, _given);

    /// <summary>What the steps mean for the file: reads, writes and memory. No value of X is read and nothing is written.</summary>
    /// <inheritdoc cref="Pipeline.Plan" path="/param[@name='settings']|/exception"/>
    public Plan Plan(Settings? settings = null) => Pipeline.Plan(_path, Recipe, settings);

    /// <summary>Takes all steps; what they make of the file is a new one.</summary>
    /// <param name="path">The path of the new file; one that is there is replaced once the new one is complete.</param>
    /// <inheritdoc cref="Pipeline.Run" path="/param[@name='settings']|/returns|/exception"/>
    public Report Write(string path, Settings? settings = null) => Pipeline.Run(_path, path, Recipe, settings);

    /// <inheritdoc cref="Write"/>
    /// <inheritdoc cref="Pipeline.RunAsync" path="/param[@name='progress' or @name='cancellationToken']"/>
    public Task<Report> WriteAsync(
        string path, Settings? settings = null, IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Pipeline.RunAsync(_path, path, Recipe, settings, progress, cancellationToken);

    /// <summary>Takes all steps and changes the file itself: <see cref="Output.InPlace"/>.</summary>
    /// <inheritdoc cref="Write"/>
    public Report WriteInPlace(Settings? settings = null) => Pipeline.Run(_path, Output.InPlace, Recipe, settings);

    /// <inheritdoc cref="WriteInPlace"/>
    /// <inheritdoc cref="Pipeline.RunAsync" path="/param[@name='progress' or @name='cancellationToken']"/>
    public Task<Report> WriteInPlaceAsync(
        Settings? settings = null, IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Pipeline.RunAsync(_path, Output.InPlace, Recipe, settings, progress, cancellationToken);

    private Steps Then(Recipe recipe, [CallerMemberName] string step = "")
    {
        var place = Array.IndexOf(Order, step);

        return place >= _given
            ? new(_path, recipe, place + 1)
            : throw new InvalidOperationException(
                $"{step} cannot be given after {Order[_given - 1]}: each step is taken once, in the order {string.Join(", ", Order)}.");
    }
}
