namespace SingleSharp;

/// <summary>How to run; nothing here can change a result.</summary>
public sealed record Settings
{
    /// <summary>
    /// Threads that read and compute, no more of them than X has blocks of cells. Default: 0, as many as processors and memory allow.
    /// </summary>
    public int Workers { get; init; } = Core.SettingsModule.standard.Workers;

    /// <summary>
    /// Bytes of memory for buffers and states, the runtime's own aside. Default: a quarter of what the machine or the container
    /// has, between 256 MiB and 4 GiB. Work that does not fit is refused with the number that it needs.
    /// </summary>
    public long Memory { get; init; } = Core.SettingsModule.standard.Memory;
}

/// <summary>Where the result goes. A string is the path of a new file.</summary>
public sealed record Output
{
    private Output(Core.Output value) => Value = value;

    internal Core.Output Value { get; }

    /// <summary>
    /// The input itself. Columns alone are appended to it; where X changes, a complete new file takes its place. Whatever
    /// happens meanwhile, the file is the old one or the new one.
    /// </summary>
    public static Output InPlace { get; } = new(Core.Output.InPlace);

    /// <summary>A new file; one that is there is replaced once the new one is complete.</summary>
    public static Output NewFile(string path) => new(Core.Output.NewNewFile(Translate.NotNull(path)));

    /// <summary>The same as <see cref="NewFile"/>.</summary>
    public static implicit operator Output(string path) => NewFile(path);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>How far a run is.</summary>
public sealed record Progress
{
    /// <summary>Which read of X this is, from 1.</summary>
    public required int Pass { get; init; }

    /// <summary>How many reads of X there will be.</summary>
    public required int Passes { get; init; }

    /// <summary>Cells of this read that are done.</summary>
    public required long CellsDone { get; init; }

    /// <summary>All cells of the file.</summary>
    public required long Cells { get; init; }

    /// <summary>Bytes of X, not compressed, that one read goes through.</summary>
    public required long Bytes { get; init; }

    /// <summary>What is done after the read; null during the read.</summary>
    public ProgressTask? Task { get; init; }
}

/// <summary>What is done between reads of X or after them, and how far it is.</summary>
public sealed record ProgressTask
{
    /// <summary>What is done, such as <c>pca: eigenvectors</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The share that is done, between 0 and 1.</summary>
    public required double Done { get; init; }
}
