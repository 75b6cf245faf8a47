namespace SingleSharp;

/// <summary>A limit of the percentage of a cell's counts that come from a gene set.</summary>
/// <param name="GeneSet">The name of the set, such as <c>mt</c>.</param>
/// <param name="Percent">From 0 to 100, inclusive.</param>
public sealed record PercentLimit(string GeneSet, double Percent);

/// <summary>
/// The options of filter_cells and filter_genes. All limits are inclusive; a cell or gene must meet all that are given, of which
/// there must be one. Genes are judged by the cells that stay; any limit of genes costs one more read of X.
/// </summary>
public sealed record FilterOptions
{
    /// <summary>Least counts of a cell. Default: null, no limit.</summary>
    public double? MinCounts { get; init; }

    /// <summary>Most counts of a cell. Default: null, no limit.</summary>
    public double? MaxCounts { get; init; }

    /// <summary>Least genes with a positive value in a cell. Default: null, no limit.</summary>
    public long? MinGenes { get; init; }

    /// <summary>Most genes with a positive value in a cell. Default: null, no limit.</summary>
    public long? MaxGenes { get; init; }

    /// <summary>Least percent of a cell's counts that come from a gene set, such as <c>[new("ribo", 5)]</c>. Default: none.</summary>
    public IReadOnlyList<PercentLimit> MinPct { get; init => field = ListByValue<PercentLimit>.Of(value); } = ListByValue<PercentLimit>.Empty;

    /// <summary>Most percent of a cell's counts that come from a gene set, such as <c>[new("mt", 20)]</c>. Default: none.</summary>
    public IReadOnlyList<PercentLimit> MaxPct { get; init => field = ListByValue<PercentLimit>.Of(value); } = ListByValue<PercentLimit>.Empty;

    /// <summary>Least cells in which a gene has a positive value. Default: null, no limit.</summary>
    public long? MinCells { get; init; }

    /// <summary>Most cells in which a gene has a positive value. Default: null, no limit.</summary>
    public long? MaxCells { get; init; }

    /// <summary>Least counts of a gene. Default: null, no limit.</summary>
    public double? GeneMinCounts { get; init; }

    /// <summary>Most counts of a gene. Default: null, no limit.</summary>
    public double? GeneMaxCounts { get; init; }

    internal Core.Step Step => Core.Filter.step(new(
        Interop.Option(MinCounts), Interop.Option(MaxCounts), Interop.Option(MinGenes), Interop.Option(MaxGenes),
        Interop.Limits(MinPct), Interop.Limits(MaxPct), Interop.Option(MinCells), Interop.Option(MaxCells),
        Interop.Option(GeneMinCounts), Interop.Option(GeneMaxCounts)));
}

public sealed partial class Chain
{
    /// <summary>
    /// A subset of the whole AnnData, by the limits of <c>scanpy.pp.filter_cells</c> and <c>filter_genes</c>: X, layers, obs, var,
    /// obsm, varm, obsp and varp, and <c>raw</c> by cells. Percentages of gene sets can be limited too.
    /// </summary>
    /// <param name="options">The limits, such as <c>o => o with { MinGenes = 200 }</c>.</param>
    public Chain Filter(Func<FilterOptions, FilterOptions> options) => Then(Chosen(Interop.NotNull(options)).Step);
}
