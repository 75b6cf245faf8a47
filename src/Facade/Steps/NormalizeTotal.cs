namespace SingleSharp;

/// <summary>The options of normalize_total.</summary>
public sealed record NormalizeTotalOptions
{
    /// <summary>
    /// What every cell is scaled to, in counts. Default: 10,000. scanpy's own default is <see cref="TargetSum.MedianOfPositive"/>.
    /// </summary>
    public TargetSum TargetSum { get; init; } = Core.NormalizeTotal.defaults.TargetSum;

    /// <summary>Leave genes out of the totals that make up too much of some cell. Default: false. Costs one more read of X.</summary>
    public bool ExcludeHighlyExpressed { get; init; } = Core.NormalizeTotal.defaults.ExcludeHighlyExpressed;

    /// <summary>What is too much: a share of a cell's total between 0 and 1. Default: 0.05.</summary>
    public double MaxFraction { get; init; } = Core.NormalizeTotal.defaults.MaxFraction;

    /// <summary>A column of obs for each cell's factor, total / target. Default: null, no column.</summary>
    public string? KeyAdded { get; init; }

    internal Core.Step Step =>
        Core.NormalizeTotal.step(new(Interop.NotNull(TargetSum), ExcludeHighlyExpressed, MaxFraction, Interop.Option(KeyAdded)));
}

public sealed partial class Chain
{
    /// <summary>
    /// Divides every cell by total / target, as <c>scanpy.pp.normalize_total</c> does. Integers become float32.
    /// </summary>
    /// <param name="options">The options, such as <c>o => o with { TargetSum = 1e4 }</c>; the defaults where it is null.</param>
    public Chain NormalizeTotal(Func<NormalizeTotalOptions, NormalizeTotalOptions>? options = null) => Then(Chosen(options).Step);
}
