namespace SingleSharp;

/// <summary>The steps to take, in the order in which they are taken. A step that is null is left out.</summary>
/// <remarks>Start from <c>new Recipe()</c>, or change a part with <c>Recipe.Standard with { … }</c>.</remarks>
public sealed record Recipe
{
    /// <summary>No step at all; the start of a recipe of your own.</summary>
    public Recipe()
        : this(Core.RecipeModule.nothing)
    {
    }

    private Recipe(Core.Recipe recipe)
    {
        Qc = Translate.Nullable(recipe.Qc, qc => new QcRecipe(qc));
        NormalizeTotal = Translate.Nullable(recipe.NormalizeTotal, normalize => new NormalizeRecipe(normalize));
        Log1p = Translate.Nullable(recipe.Log1p, log1p => new Log1pRecipe(log1p));
        AllowInvalid = recipe.AllowInvalid;
    }

    /// <summary>Columns that describe cells and genes. Default: null, left out.</summary>
    public QcRecipe? Qc { get; init; }

    /// <summary>Scale every cell to the same total. Default: null, left out.</summary>
    public NormalizeRecipe? NormalizeTotal { get; init; }

    /// <summary>Take logarithms. Default: null, left out. Not for data that are logged already.</summary>
    public Log1pRecipe? Log1p { get; init; }

    /// <summary>
    /// Compute with negative, NaN and infinite values as scanpy does, instead of refusing them. Default: false.
    /// Do not set it to get rid of an error; such a value usually means that X does not hold counts.
    /// </summary>
    public bool AllowInvalid { get; init; }

    /// <summary>QC metrics, 10,000 counts per cell, natural logarithm: a sensible analysis untouched.</summary>
    public static Recipe Standard { get; } = new(Core.RecipeModule.standard);

    internal static Recipe OfQc(QcRecipe? options) => new() { Qc = options ?? new() };

    internal static Recipe OfNormalizeTotal(NormalizeRecipe? options) => new() { NormalizeTotal = options ?? new() };

    internal static Recipe OfLog1p(Log1pRecipe? options) => new() { Log1p = options ?? new() };
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

/// <summary>Which genes count as mitochondrial.</summary>
public sealed record Mitochondrial
{
    internal Mitochondrial(Core.Mitochondrial value) => Value = value;

    internal Core.Mitochondrial Value { get; }

    /// <summary>Genes whose name begins with <c>MT-</c>, or with <c>mt-</c> where none does.</summary>
    public static Mitochondrial Guessed { get; } = new(Core.Mitochondrial.Guessed);

    /// <summary>No set called <c>mt</c>.</summary>
    public static Mitochondrial NotCounted { get; } = new(Core.Mitochondrial.NotCounted);

    /// <summary>Genes whose name begins with this.</summary>
    public static Mitochondrial StartingWith(string prefix) => Translate.StartingWith(prefix);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>For which k the share of the k most expressed genes is computed.</summary>
public sealed record PercentTop
{
    internal PercentTop(Core.PercentTop value) => Value = value;

    internal Core.PercentTop Value { get; }

    /// <summary>Those of 50, 100, 200 and 500 that do not exceed the number of genes.</summary>
    public static PercentTop Fitting { get; } = new(Core.PercentTop.Fitting);

    /// <summary>These; each must lie between 1 and the number of genes.</summary>
    public static PercentTop Exactly(params IReadOnlyList<int> genes) => Translate.Exactly(genes);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>What every cell is scaled to.</summary>
public sealed record TargetSum
{
    internal TargetSum(Core.TargetSum value) => Value = value;

    internal Core.TargetSum Value { get; }

    /// <summary>The median total of the cells that have counts: scanpy's <c>None</c>. Costs one more read of X.</summary>
    public static TargetSum Median { get; } = new(Core.TargetSum.MedianOfPositive);

    /// <summary>The median total of all cells, as scanpy 1.11 computed it. Costs one more read of X.</summary>
    public static TargetSum MedianOfAll { get; } = new(Core.TargetSum.MedianOfAll);

    /// <summary>So many counts per cell, such as 1e4; a positive number.</summary>
    public static TargetSum Of(double counts) => new(Core.TargetSum.NewCounts(counts));

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>A named set of genes, for columns such as <c>pct_counts_ribo</c>.</summary>
public sealed record GeneSet
{
    internal GeneSet(Core.GeneSet value) => Value = value;

    internal Core.GeneSet Value { get; }

    /// <summary>The end of the names of its columns.</summary>
    public string Name => Value.Name;

    /// <summary>Genes whose name begins with one of the prefixes.</summary>
    public static GeneSet WithPrefix(string name, params IReadOnlyList<string> prefixes) => Translate.WithPrefix(name, prefixes);

    /// <summary>Genes that are true in a boolean column of var.</summary>
    public static GeneSet FromColumn(string name, string column) => Translate.FromColumn(name, column);

    /// <summary>These genes, by their names in the index of var. Names that the file does not have are passed over.</summary>
    public static GeneSet OfGenes(string name, params IReadOnlyList<string> genes) => Translate.OfGenes(name, genes);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}
