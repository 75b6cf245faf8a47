namespace SingleSharp;

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

    /// <summary>The same as <see cref="Of"/>.</summary>
    public static implicit operator TargetSum(double counts) => Of(counts);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>How the variability of genes is compared.</summary>
public enum HvgFlavor
{
    /// <summary>Dispersions of what was logged, within bins of the mean of equal width.</summary>
    Seurat,

    /// <summary>Dispersions, within bins of the mean that hold equally many genes.</summary>
    CellRanger,

    /// <summary>
    /// Variances of raw counts over a trend; by rank first, then by the number of batches. Counts are the values as they are
    /// read, before any step of the same recipe. Costs one more read of X.
    /// </summary>
    SeuratV3,

    /// <summary>The same as <see cref="SeuratV3"/>, but by the number of batches first, then by rank.</summary>
    SeuratV3Paper,
}

/// <summary>Which matrix of a file is meant.</summary>
public sealed record MatrixName
{
    internal MatrixName(Core.MatrixName value) => Value = value;

    internal Core.MatrixName Value { get; }

    /// <summary>X.</summary>
    public static MatrixName X { get; } = new(Core.MatrixName.X);

    /// <summary>
    /// raw/X, whose genes are those of raw/var. QC alone leaves everything in its place; other steps make a new file whose X is
    /// what they make of raw.
    /// </summary>
    public static MatrixName Raw { get; } = new(Core.MatrixName.Raw);

    /// <summary>This layer, which is written where values change.</summary>
    public static MatrixName Layer(string name) => new(Core.MatrixName.NewLayer(Translate.NotNull(name)));

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Which genes pca looks at.</summary>
public sealed record MaskVar
{
    internal MaskVar(Core.MaskVar value) => Value = value;

    internal Core.MaskVar Value { get; }

    /// <summary>Those that are highly variable, where that is known; all otherwise.</summary>
    public static MaskVar HighlyVariable { get; } = new(Core.MaskVar.HighlyVariable);

    /// <summary>All genes: scanpy's <c>None</c>.</summary>
    public static MaskVar AllGenes { get; } = new(Core.MaskVar.AllGenes);

    /// <summary>Those that are true in this boolean column of var.</summary>
    public static MaskVar Column(string name) => new(Core.MaskVar.NewMaskColumn(Translate.NotNull(name)));

    /// <summary>The same as <see cref="Column"/>.</summary>
    public static implicit operator MaskVar(string column) => Column(column);

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

/// <summary>A limit of the percentage of a cell's counts that come from a gene set.</summary>
/// <param name="GeneSet">The name of the set, such as <c>mt</c>.</param>
/// <param name="Percent">From 0 to 100, inclusive.</param>
public sealed record PercentLimit(string GeneSet, double Percent);
