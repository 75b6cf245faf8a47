namespace SingleSharp;

/// <summary>Makes statistics from delegates.</summary>
public static class Statistic
{
    /// <summary>A statistic over the cells of a file, in pieces that merge.</summary>
    /// <remarks>
    /// States are linear: one that was given to <paramref name="step"/> or <paramref name="merge"/> is spent, so both may write into
    /// it and return it. The delegates are called from several threads, but never with the same state at once.
    /// </remarks>
    /// <param name="fresh">A new state that has seen no cell.</param>
    /// <param name="step">Adds one cell.</param>
    /// <param name="merge">Joins two states that have seen neighbouring cells, the left one the earlier. Must be associative.</param>
    /// <param name="finish">The result of the last state.</param>
    public static Statistic<TResult> Create<TState, TResult>(
        Func<TState> fresh,
        Func<TState, Row, TState> step,
        Func<TState, TState, TState> merge,
        Func<TState, TResult> finish) =>
        Interop.Statistic(fresh, step, merge, finish);
}

/// <summary>A reduction of all cells of a file to one <typeparamref name="TResult"/>; run it with <see cref="Chain.Fold"/>, or beside steps with <see cref="Chain.Also"/>.</summary>
public sealed class Statistic<TResult>
{
    internal Statistic(Core.Fold<CsrBatch, TResult> value) => Value = value;

    internal Core.Fold<CsrBatch, TResult> Value { get; }

    /// <summary>Changes the result. Law: the result of <c>s.Select(f)</c> is f of the result of s.</summary>
    public Statistic<TOther> Select<TOther>(Func<TResult, TOther> selector) =>
        Interop.Select(this, selector);

    /// <summary>Two results from one read. Law: the result of <c>s.Zip(t, f)</c> is f of the results of s and t.</summary>
    public Statistic<TBoth> Zip<TOther, TBoth>(Statistic<TOther> other, Func<TResult, TOther, TBoth> resultSelector) =>
        Interop.Zip(this, other, resultSelector);
}
