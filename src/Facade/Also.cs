namespace SingleSharp;

public sealed partial class Chain
{
    /// <summary>
    /// A column of obs of your own, computed cell by cell in the same read of X: what is written is that of the cells that stay. A column of that
    /// name that is there is replaced; one that a step writes, too, is refused. Stored as float64.
    /// </summary>
    /// <param name="name">The name of the column, such as <c>n_silent</c>.</param>
    /// <param name="value">
    /// Its value of a cell, called from several threads. What it throws arrives as it was thrown, and no file is left behind.
    /// </param>
    public Chain AlsoObs(string name, Func<Row, double> value) =>
        new(_input, Interop.WithAlsoObs(_recipe, name, Core.DType.Float64, Interop.NotNull(value)));

    /// <summary>The same, stored as float32.</summary>
    /// <inheritdoc cref="AlsoObs(string, Func{Row, double})" path="/param"/>
    public Chain AlsoObs(string name, Func<Row, float> value)
    {
        Interop.NotNull(value);
        return new(_input, Interop.WithAlsoObs(_recipe, name, Core.DType.Float32, row => value(row)));
    }

    /// <summary>The same, stored as int32.</summary>
    /// <inheritdoc cref="AlsoObs(string, Func{Row, double})" path="/param"/>
    public Chain AlsoObs(string name, Func<Row, int> value)
    {
        Interop.NotNull(value);
        return new(_input, Interop.WithAlsoObs(_recipe, name, Core.DType.Int32, row => value(row)));
    }

    /// <summary>The same, stored as int64; integers from 2^53 on are refused.</summary>
    /// <inheritdoc cref="AlsoObs(string, Func{Row, double})" path="/param"/>
    public Chain AlsoObs(string name, Func<Row, long> value)
    {
        Interop.NotNull(value);
        return new(_input, Interop.WithAlsoObs(_recipe, name, Core.DType.Int64, row => value(row)));
    }

    /// <summary>The same, stored as bool.</summary>
    /// <inheritdoc cref="AlsoObs(string, Func{Row, double})" path="/param"/>
    public Chain AlsoObs(string name, Func<Row, bool> value)
    {
        Interop.NotNull(value);
        return new(_input, Interop.WithAlsoObs(_recipe, name, Core.DType.Bool, row => value(row) ? 1 : 0));
    }

    /// <summary>
    /// A statistic of your own in the same read of X, over the cells that stay; <see cref="Statistic{TResult}.Zip"/> makes one of several. It comes
    /// last in the chain: what follows says where to write.
    /// </summary>
    /// <remarks>
    /// It is the statistic of <see cref="Fold"/>, in the same order and with the same bits. Where a filter judges cells as they are read, blocks are those of
    /// the cells that are read.
    /// </remarks>
    /// <param name="statistic">What to compute. Its states are not counted in the memory that is allowed.</param>
    public Chain<TResult> Also<TResult>(Statistic<TResult> statistic) => new(_input, _recipe, Interop.NotNull(statistic));
}

/// <summary>A <see cref="Chain"/> whose run also answers a statistic: <see cref="Chain.Also"/> makes it.</summary>
public sealed class Chain<TResult>
{
    private readonly Core.Input _input;
    private readonly Core.Recipe _recipe;
    private readonly Statistic<TResult> _statistic;

    internal Chain(Core.Input input, Core.Recipe recipe, Statistic<TResult> statistic)
    {
        _input = input;
        _recipe = recipe;
        _statistic = statistic;
    }

    /// <inheritdoc cref="Chain.Plan"/>
    public Plan Plan(Settings? settings = null) => Interop.Plan(_input, _recipe, _statistic).Now(settings);

    /// <inheritdoc cref="Chain.PlanAsync"/>
    public Task<Plan> PlanAsync(Settings? settings = null, CancellationToken cancellationToken = default) =>
        Interop.Plan(_input, _recipe, _statistic).Start(settings, null, cancellationToken);

    /// <inheritdoc cref="Chain.Write"/>
    /// <returns>What was done, and the result of the statistic.</returns>
    public (Report Report, TResult Result) Write(string path, Settings? settings = null) =>
        Interop.Run(_input, _recipe, _statistic, path).Now(settings);

    /// <inheritdoc cref="Chain.WriteAsync"/>
    /// <returns>What was done, and the result of the statistic.</returns>
    public Task<(Report Report, TResult Result)> WriteAsync(
        string path, Settings? settings = null, IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Interop.Run(_input, _recipe, _statistic, path).Start(settings, progress, cancellationToken);

    /// <inheritdoc cref="Chain.WriteInPlace"/>
    /// <returns>What was done, and the result of the statistic.</returns>
    public (Report Report, TResult Result) WriteInPlace(Settings? settings = null) =>
        Interop.RunInPlace(_input, _recipe, _statistic).Now(settings);

    /// <inheritdoc cref="Chain.WriteInPlaceAsync"/>
    /// <returns>What was done, and the result of the statistic.</returns>
    public Task<(Report Report, TResult Result)> WriteInPlaceAsync(
        Settings? settings = null, IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Interop.RunInPlace(_input, _recipe, _statistic).Start(settings, progress, cancellationToken);
}
