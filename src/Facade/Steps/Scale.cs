namespace SingleSharp;

/// <summary>The options of scale.</summary>
public sealed record ScaleOptions
{
    /// <summary>
    /// Subtract each gene's mean. Default: true. X stays sparse and as it is then, and <see cref="Chain.Pca"/> of the same chain sees the
    /// scaled values. Without it X is divided by the deviations and written, which costs one more read of X.
    /// </summary>
    public bool ZeroCenter { get; init; } = Core.Scale.defaults.ZeroCenter;

    /// <summary>Clip scaled values at this, and at its negative where genes are centred. Default: null, no limit.</summary>
    public double? MaxValue { get; init; }

    /// <summary>A boolean column of obs: compute from these cells, and scale these cells. Default: null, all cells.</summary>
    public string? MaskObs { get; init; }

    /// <summary>
    /// A layer that gets all centred values, cells × genes; it must not be there. Costs one more read of X. Default: null, no layer.
    /// </summary>
    public string? DenseLayer { get; init; }

    internal Core.Step Step => Core.Scale.step(
        new(ZeroCenter, Interop.Option(MaxValue), Interop.Option(MaskObs), Interop.Option(DenseLayer)));
}

public sealed partial class Chain
{
    /// <summary>
    /// Genes to unit variance and mean zero, as <c>scanpy.pp.scale</c>: columns <c>mean</c> and <c>std</c> of var. Centred values are not
    /// sparse, so X stays as it is, and <see cref="Pca"/> of the same chain sees the scaled values.
    /// </summary>
    /// <param name="options">The options, such as <c>o => o with { MaxValue = 10 }</c>; the defaults where it is null.</param>
    public Chain Scale(Func<ScaleOptions, ScaleOptions>? options = null) => Then(Chosen(options).Step);
}
