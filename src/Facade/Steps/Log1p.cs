namespace SingleSharp;

/// <summary>The options of log1p.</summary>
public sealed record Log1pOptions
{
    /// <summary>The base of the logarithm, positive and not 1. Default: null, the natural logarithm.</summary>
    public double? Base { get; init; }

    /// <summary>
    /// Take the logarithm of X although <c>uns/log1p</c> says that it is logged already, as scanpy does, instead of refusing it.
    /// Default: false.
    /// </summary>
    public bool AllowLogged { get; init; } = Core.Log1p.defaults.AllowLogged;

    internal Core.Step Step => Core.Log1p.step(new(Interop.Option(Base), AllowLogged));
}

public sealed partial class Chain
{
    /// <summary>
    /// Replaces every value x by ln(1 + x), as <c>scanpy.pp.log1p</c> does, and notes it in <c>uns/log1p</c>. Integers become
    /// float64.
    /// </summary>
    /// <param name="options">The options, such as <c>o => o with { Base = 2 }</c>; the defaults where it is null.</param>
    public Chain Log1p(Func<Log1pOptions, Log1pOptions>? options = null) => Then(Chosen(options).Step);
}
