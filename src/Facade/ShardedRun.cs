namespace SingleSharp;

/// <summary>
/// One run over many machines, with the bits of <see cref="Chain.Write"/>: any cut into shards, any order of tasks, any repeats.
/// </summary>
/// <remarks>
/// Each stage of the <see cref="Plan"/> has a task for each shard and then a merge, which waits for all of them; the merge of the last
/// stage writes the output. Tasks and merges may be taken again, on any machine that sees the input and the folder of parts, and at the
/// same time. <c>singlesharp shard script</c> writes scripts for workflow engines.
/// </remarks>
public sealed class ShardedRun
{
    private readonly Core.ShardedRun _run;

    internal ShardedRun(Core.ShardedRun run) => _run = run;

    /// <summary>Its stages and tasks, and what they take.</summary>
    public ShardPlan Plan => _run.Plan;

    /// <summary>The plan as a file has it, for <see cref="Load"/> and the command line.</summary>
    public string Json => _run.Json;

    /// <summary>Reads a plan.</summary>
    /// <param name="path">The path of a file that holds <see cref="Json"/>.</param>
    /// <exception cref="SingleSharpException">It is no plan, was changed, or is of a version that computes other bits.</exception>
    public static ShardedRun Load(string path) => Interop.LoadShards(path).Now(null);

    /// <summary>Takes a task of a stage.</summary>
    /// <param name="stage">The name of the stage.</param>
    /// <param name="task">The number of the task, from 0.</param>
    /// <param name="parts">The folder for parts, which all machines see.</param>
    /// <param name="settings">How to run; the defaults of <see cref="Settings"/> where it is null. Compression and provenance are the
    /// plan's.</param>
    /// <param name="wait">How long to wait for what another machine has just written. Default: null, a minute.</param>
    /// <returns>False where the part was there already.</returns>
    /// <exception cref="SingleSharpException">The task cannot be taken. With <see cref="FaultKind.NotYet"/>,
    /// <see cref="FaultKind.CannotWrite"/> and <see cref="FaultKind.Unreadable"/> it may go well later or elsewhere.</exception>
    public bool Run(string stage, int task, string parts, Settings? settings = null, TimeSpan? wait = null) =>
        Interop.RunShard(_run, stage, task, parts, wait).Now(settings);

    /// <inheritdoc cref="Run"/>
    /// <param name="progress">Told how many cells are done.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public Task<bool> RunAsync(
        string stage, int task, string parts, Settings? settings = null, TimeSpan? wait = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Interop.RunShard(_run, stage, task, parts, wait).Start(settings, progress, cancellationToken);

    /// <summary>Merges the parts of a stage; the merge of the last stage writes the output.</summary>
    /// <inheritdoc cref="Run" path="/param|/exception"/>
    /// <returns>What was written; null after a stage that is not the last one, and where the output was there already.</returns>
    public Report? Merge(string stage, string parts, Settings? settings = null, TimeSpan? wait = null) =>
        Interop.MergeShards(_run, stage, parts, wait).Now(settings);

    /// <inheritdoc cref="Merge"/>
    /// <param name="progress">Told how many cells are done.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public Task<Report?> MergeAsync(
        string stage, string parts, Settings? settings = null, TimeSpan? wait = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Interop.MergeShards(_run, stage, parts, wait).Start(settings, progress, cancellationToken);

    /// <summary>How far each stage is.</summary>
    /// <param name="parts">The folder of the parts.</param>
    public IReadOnlyList<ShardProgress> Status(string parts) => Interop.StatusOfShards(_run, parts).Now(null);
}
