namespace SingleSharp;

/// <summary>The options of highly_variable_genes.</summary>
public sealed record HvgOptions
{
    /// <summary>How genes are compared. Default: <see cref="HvgFlavor.Seurat"/>.</summary>
    public HvgFlavor Flavor { get; init; } = Core.Hvg.defaults.Flavor;

    /// <summary>
    /// How many genes to choose. Default: null, those within the four limits below, or 2,000 where <see cref="Flavor"/> fits a trend
    /// to raw counts. Where it is given, the limits say nothing.
    /// </summary>
    public int? NTopGenes { get; init; }

    /// <summary>The mean of a gene must be greater. Default: 0.0125. For <see cref="HvgFlavor.Seurat"/>, of ln(1 + mean).</summary>
    public double MinMean { get; init; } = Core.Hvg.defaults.MinMean;

    /// <summary>The mean of a gene must be less. Default: 3.</summary>
    public double MaxMean { get; init; } = Core.Hvg.defaults.MaxMean;

    /// <summary>The normalized dispersion of a gene must be greater. Default: 0.5.</summary>
    public double MinDisp { get; init; } = Core.Hvg.defaults.MinDisp;

    /// <summary>The normalized dispersion of a gene must be less. Default: infinity.</summary>
    public double MaxDisp { get; init; } = Core.Hvg.defaults.MaxDisp;

    /// <summary>Bins of the mean in which dispersions are compared (<see cref="HvgFlavor.Seurat"/>). Default: 20.</summary>
    public int NBins { get; init; } = Core.Hvg.defaults.NBins;

    /// <summary>
    /// The share of the genes, above 0 and up to 1, that each local fit of the trend looks at (<see cref="HvgFlavor.SeuratV3"/>,
    /// <see cref="HvgFlavor.SeuratV3Paper"/>). Default: 0.3.
    /// </summary>
    public double Span { get; init; } = Core.Hvg.defaults.Span;

    /// <summary>A column of obs: genes are judged within each batch. Default: null, all cells together.</summary>
    public string? BatchKey { get; init; }

    /// <summary>
    /// Choose exactly <see cref="NTopGenes"/>: ties at the cut-off are broken by position. Default: false, all of them are kept, as
    /// in scanpy.
    /// </summary>
    public bool ExactN { get; init; } = Core.Hvg.defaults.ExactN;

    /// <summary>
    /// Once all steps have been taken, keep the highly variable genes alone, in all that has an entry for each gene; raw stays as it
    /// is. Costs one more read and write of X. Default: false.
    /// </summary>
    public bool Subset { get; init; } = Core.Hvg.defaults.Subset;

    /// <summary>With <see cref="Subset"/>: keep X and var of all genes as raw, as <c>adata.raw = adata</c> does. Default: false.</summary>
    public bool KeepRaw { get; init; } = Core.Hvg.defaults.KeepRaw;

    internal Core.Step Step => Core.Hvg.step(new(
        Interop.NotNull(Flavor), Interop.Option(NTopGenes), MinMean, MaxMean, MinDisp, MaxDisp, NBins, Span,
        Interop.Option(BatchKey), ExactN, Subset, KeepRaw));
}

public sealed partial class Chain
{
    /// <summary>
    /// Columns of var that say which genes are highly variable, and <c>uns/hvg</c>, as <c>scanpy.pp.highly_variable_genes</c> writes
    /// them. X does not change, unless <see cref="HvgOptions.Subset"/> drops the other genes; it must be logged already, but raw for <see cref="HvgFlavor.SeuratV3"/> and
    /// <see cref="HvgFlavor.SeuratV3Paper"/>.
    /// </summary>
    /// <param name="options">The options, such as <c>o => o with { NTopGenes = 2000 }</c>; the defaults where it is null.</param>
    public Chain HighlyVariableGenes(Func<HvgOptions, HvgOptions>? options = null) => Then(Chosen(options).Step);
}
