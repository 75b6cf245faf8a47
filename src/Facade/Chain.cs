namespace SingleSharp;

/// <summary>
/// Steps to take on an input, given one after another: <see cref="Pipeline.Read(string)"/> begins the chain, <see cref="Write"/> or
/// <see cref="WriteInPlace"/> takes all of them at once, in as few reads of X as they allow.
/// </summary>
/// <remarks>
/// <para>An immutable value: every method returns a new one, so that a beginning can be shared by several chains.</para>
/// <para>
/// Each step is taken at most once, and steps are given in the order in which they are taken; one that is given too late throws
/// <see cref="InvalidOperationException"/> at once. The options of a step are a record that starts with the defaults:
/// <c>.HighlyVariableGenes(o => o with { NTopGenes = 2000 })</c>.
/// </para>
/// </remarks>
public sealed partial class Chain
{
    private readonly Core.Input _input;
    private readonly Core.Recipe _recipe;

    internal Chain(Core.Input input)
        : this(input, Interop.NoSteps)
    {
    }

    private Chain(Core.Input input, Core.Recipe recipe)
    {
        _input = input;
        _recipe = recipe;
    }

    /// <summary>The names of the steps so far, in order.</summary>
    public IReadOnlyList<string> Steps => [.. _recipe.Steps.Select(step => step.Name)];

    /// <summary>The same steps on another input.</summary>
    public Chain On(string path) => new(Interop.Input([Interop.NotNull(path)], null), _recipe);

    /// <summary>QC metrics, 10,000 counts per cell and the natural logarithm: a sensible start.</summary>
    public Chain Preprocess() => Qc().NormalizeTotal().Log1p();

    // What all steps have in common; it may come anywhere in the chain.

    /// <summary>Further sets of genes, for columns of qc such as <c>pct_counts_ribo</c> and for limits of percentages.</summary>
    public Chain GeneSets(params IReadOnlyList<GeneSet> sets) => new(_input, Interop.WithGeneSets(_recipe, sets));

    /// <summary>Which genes make up the set <c>mt</c>. Default: <see cref="SingleSharp.Mitochondrial.Auto"/>.</summary>
    public Chain Mitochondrial(Mitochondrial genes) => new(_input, Interop.WithMitochondrial(_recipe, genes));

    /// <summary>Gene sets by prefix and by name go by this column of var, such as <c>feature_name</c>.</summary>
    public Chain GeneSymbols(string column) => new(_input, Interop.WithGeneSymbols(_recipe, column));

    /// <summary>Reads and writes this layer instead of X.</summary>
    public Chain Layer(string name) => new(_input, Interop.WithMatrix(_recipe, MatrixName.NewLayer(Interop.NotNull(name))));

    /// <summary>Reads raw/X and raw/var instead of X and var.</summary>
    /// <remarks>QC alone leaves everything in its place; with other steps the new file holds X, obs and var only.</remarks>
    public Chain UseRaw() => new(_input, Interop.WithMatrix(_recipe, MatrixName.Raw));

    /// <summary>Adds up what a cell has of one gene where it is stored more than once, instead of refusing it.</summary>
    public Chain SumDuplicates() => new(_input, Interop.WithSumDuplicates(_recipe));

    /// <summary>
    /// Computes with negative, NaN and infinite values as scanpy does, instead of refusing them. Do not use it to get rid of an error;
    /// such a value usually means that X does not hold counts.
    /// </summary>
    public Chain AllowInvalid() => new(_input, Interop.WithAllowInvalid(_recipe));

    /// <summary>Keeps X as it was before the steps in <c>layers/counts</c>, without the cells and genes that a filter drops.</summary>
    public Chain KeepCounts() => new(_input, Interop.WithKeepCounts(_recipe));

    /// <summary>
    /// The steps so far with all of their options, and what they have in common, as JSON; docs/recipe.schema.json describes it.
    /// </summary>
    /// <exception cref="InvalidOperationException"><see cref="AlsoObs(string, Func{Row, double})"/> was among them: JSON holds no code.</exception>
    public string ToJson() => Interop.ToJson(_recipe);

    /// <summary>The steps and options of this JSON, instead of those so far; columns of your own stay.</summary>
    /// <param name="json">What <see cref="ToJson"/> or <c>--save-recipe</c> has written, or somebody by hand.</param>
    /// <exception cref="SingleSharpException">It is no recipe; the message says where.</exception>
    public Chain FromJson(string json) => new(_input, Interop.FromJson(_recipe, json));

    // What becomes of the chain.

    /// <summary>What the steps mean for the input: reads, writes and memory. No value of X is read and nothing is written.</summary>
    /// <param name="settings">How they would run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <exception cref="SingleSharpException">The input cannot be read, or the steps do not fit it or the memory.</exception>
    public Plan Plan(Settings? settings = null) => Interop.Plan(_input, _recipe).Now(settings);

    /// <inheritdoc cref="Plan"/>
    /// <param name="cancellationToken">Stops the work.</param>
    public Task<Plan> PlanAsync(Settings? settings = null, CancellationToken cancellationToken = default) =>
        Interop.Plan(_input, _recipe).Start(settings, null, cancellationToken);

    /// <summary>
    /// What is in the input, and what the steps would do to it, or <see cref="Preprocess"/> where there are none. Reads the first 4,096
    /// cells and writes nothing.
    /// </summary>
    /// <inheritdoc cref="Plan"/>
    public Info Info(Settings? settings = null) => Interop.Info(_input, _recipe).Now(settings);

    /// <inheritdoc cref="Info"/>
    /// <param name="cancellationToken">Stops the work.</param>
    public Task<Info> InfoAsync(Settings? settings = null, CancellationToken cancellationToken = default) =>
        Interop.Info(_input, _recipe).Start(settings, null, cancellationToken);

    /// <summary>Takes all steps; what they make of the input is a new file.</summary>
    /// <param name="path">The path of the new file; one that is there is replaced once the new one is complete.</param>
    /// <param name="settings">How to run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <returns>What was done, with the columns written and the sum that cells were scaled to.</returns>
    /// <exception cref="SingleSharpException">The input, the steps or the output cannot be worked with; nothing was written.</exception>
    public Report Write(string path, Settings? settings = null) => Interop.Run(_input, _recipe, path).Now(settings);

    /// <inheritdoc cref="Write"/>
    /// <param name="progress">Told how many cells are done, after each block of 4,096.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public Task<Report> WriteAsync(
        string path, Settings? settings = null, IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Interop.Run(_input, _recipe, path).Start(settings, progress, cancellationToken);

    /// <summary>
    /// Takes all steps and changes the file itself. Columns alone are appended to it; where X changes, a complete new file takes its
    /// place. Whatever happens meanwhile, the file is the old one or the new one.
    /// </summary>
    /// <inheritdoc cref="Write"/>
    public Report WriteInPlace(Settings? settings = null) => Interop.RunInPlace(_input, _recipe).Now(settings);

    /// <inheritdoc cref="WriteInPlace"/>
    /// <inheritdoc cref="WriteAsync" path="/param[@name='progress' or @name='cancellationToken']"/>
    public Task<Report> WriteInPlaceAsync(
        Settings? settings = null, IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Interop.RunInPlace(_input, _recipe).Start(settings, progress, cancellationToken);

    /// <summary>
    /// Plans the same run for many machines: a plan to be saved, whose tasks any of them takes. No value of X is read and nothing is written.
    /// </summary>
    /// <param name="path">The path of the new file, as every machine knows it.</param>
    /// <param name="shards">Into how many shards: <c>ShardCount.NewShards(8)</c> or <c>ShardCount.NewCellsPerShard(1_000_000)</c>.</param>
    /// <param name="perShard">Also write a file for each shard with its share of the cells of the result, each valid alone.</param>
    /// <param name="settings">How tasks would run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <exception cref="SingleSharpException">The input, the steps or the output cannot be worked with, or not in shards.</exception>
    public ShardedRun PlanShards(string path, ShardCount shards, bool perShard = false, Settings? settings = null) =>
        Interop.PlanShards(_input, _recipe, path, Interop.NotNull(shards), perShard).Now(settings);

    /// <summary>
    /// Makes one <c>.h5ad</c> file of the inputs, without any step: of 10x files and folders, of several files, or of another matrix of
    /// one file. X streams from disk to disk.
    /// </summary>
    /// <inheritdoc cref="Write" path="/param|/exception"/>
    /// <returns>What the new file holds.</returns>
    public Conversion Convert(string path, Settings? settings = null) => Interop.Convert(_input, _recipe, path).Now(settings);

    /// <inheritdoc cref="Convert"/>
    /// <inheritdoc cref="WriteAsync" path="/param[@name='progress' or @name='cancellationToken']"/>
    public Task<Conversion> ConvertAsync(
        string path, Settings? settings = null, IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Interop.Convert(_input, _recipe, path).Start(settings, progress, cancellationToken);

    /// <summary>
    /// Runs a statistic of your own over all cells of the input in one read of X, or of what <see cref="Layer"/> or <see cref="UseRaw"/>
    /// names; no step is taken and no file changes.
    /// </summary>
    /// <remarks>
    /// Blocks of 4,096 cells are folded on their own, 32 block states are merged into a segment, segments into the result, always
    /// from left to right: sums of fractions have the same bits for any number of workers.
    /// </remarks>
    /// <param name="statistic">What to compute.</param>
    /// <param name="settings">How to run; the defaults of <see cref="Settings"/> where it is null. States of the statistic are not counted.</param>
    /// <returns>What the statistic makes of its last state.</returns>
    /// <exception cref="SingleSharpException">The input cannot be read. What the statistic itself throws arrives as it was thrown.</exception>
    public TResult Fold<TResult>(Statistic<TResult> statistic, Settings? settings = null) =>
        Interop.Fold(_input, _recipe, statistic).Now(settings);

    /// <inheritdoc cref="Fold"/>
    /// <inheritdoc cref="WriteAsync" path="/param[@name='progress' or @name='cancellationToken']"/>
    public Task<TResult> FoldAsync<TResult>(
        Statistic<TResult> statistic, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Interop.Fold(_input, _recipe, statistic).Start(settings, progress, cancellationToken);

    private Chain Then(Core.Step step) => new(_input, Interop.Then(_recipe, step));

    private static TOptions Chosen<TOptions>(Func<TOptions, TOptions>? options)
        where TOptions : class, new() =>
        options is null ? new() : Interop.NotNull(options(new()));
}
