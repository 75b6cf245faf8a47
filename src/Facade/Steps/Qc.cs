namespace SingleSharp;

/// <summary>The options of calculate_qc_metrics.</summary>
public sealed record QcOptions
{
    /// <summary>For which k the share of the k most expressed genes is computed. Default: <see cref="PercentTop.Default"/>.</summary>
    public PercentTop PercentTop { get; init; } = Core.Qc.defaults.PercentTop;

    /// <summary>Also write <c>log1p_</c> columns. Default: true.</summary>
    public bool Log1p { get; init; } = Core.Qc.defaults.Log1p;

    internal Core.Step Step => Core.Qc.step(new(Interop.NotNull(PercentTop), Log1p));
}

public sealed partial class Chain
{
    /// <summary>
    /// Columns of obs and var that describe the quality of cells and genes, with the names, order and types of
    /// <c>scanpy.pp.calculate_qc_metrics</c>. Totals are counts, <c>pct_</c> columns are percentages. X does not change.
    /// </summary>
    /// <param name="options">The options, such as <c>o => o with { Log1p = false }</c>; the defaults where it is null.</param>
    public Chain Qc(Func<QcOptions, QcOptions>? options = null) => Then(Chosen(options).Step);
}
