namespace SingleSharp;

/// <summary>The options of pca, which costs one read of X.</summary>
public sealed record PcaOptions
{
    /// <summary>How many components. Default: null, 50, or one fewer than there are cells or genes.</summary>
    public int? NComps { get; init; }

    /// <summary>Which genes to look at. Default: <see cref="MaskVar.HighlyVariable"/>.</summary>
    public MaskVar MaskVar { get; init; } = Core.Pca.defaults.MaskVar;

    /// <summary>Subtract each gene's mean first. Default: true. Sparse X stays sparse either way, so leave it.</summary>
    public bool ZeroCenter { get; init; } = Core.Pca.defaults.ZeroCenter;

    /// <summary>The name in obsm, varm and uns. Default: null, <c>X_pca</c>, <c>PCs</c> and <c>pca</c>.</summary>
    public string? KeyAdded { get; init; }

    internal Core.Step Step =>
        Core.Pca.step(new(Interop.Option(NComps), Interop.NotNull(MaskVar), ZeroCenter, Interop.Option(KeyAdded)));
}

public sealed partial class Chain
{
    /// <summary>
    /// Exact principal components of the chosen genes, where <c>scanpy.pp.pca</c> puts them: scores in <c>obsm/X_pca</c> (cells ×
    /// components, float32), loadings in <c>varm/PCs</c> (genes × components, float64), variances in <c>uns/pca</c>. X does not
    /// change. The largest loading of each component is positive.
    /// </summary>
    /// <param name="options">The options, such as <c>o => o with { NComps = 30 }</c>; the defaults where it is null.</param>
    public Chain Pca(Func<PcaOptions, PcaOptions>? options = null) => Then(Chosen(options).Step);
}
