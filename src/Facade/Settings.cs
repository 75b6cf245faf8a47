namespace SingleSharp;

/// <summary>How to run; nothing here can change a value.</summary>
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

    /// <summary>
    /// Note in <c>uns/singlesharp</c> what was done: version, bits, inputs and recipe, behind the notes of earlier runs. Default: true.
    /// </summary>
    public bool Provenance { get; init; } = Core.SettingsModule.standard.Provenance;

    /// <summary>
    /// How X, layers and whatever else a run stores anew are compressed, and X of a conversion, such as <c>Compression.NewGzip(4)</c>.
    /// New columns and results are never compressed. Default: null, as they were.
    /// </summary>
    public Compression? Compression { get; init; }

    /// <summary>The folder for scratch files. Default: null, that of the output.</summary>
    public string? Scratch { get; init; }
}

/// <summary>How 10x inputs are read, and several inputs are joined.</summary>
public sealed record ConvertOptions
{
    /// <summary>Of a 10x <c>.h5</c> file: only genes of this genome. Default: null, all.</summary>
    public string? Genome { get; init; }

    /// <summary>Of 10x inputs: only features of this type, or <c>all</c>. Default: null, Gene Expression.</summary>
    public string? FeatureType { get; init; }

    /// <summary>Give genes of equal names different ones, as anndata's <c>var_names_make_unique</c> does. Default: false.</summary>
    public bool MakeUnique { get; init; }

    /// <summary>Which genes the joined matrix has. Default: <see cref="Join.Inner"/>.</summary>
    public Join Join { get; init; }

    /// <summary>The column of obs that says which input a cell is from. Default: sample.</summary>
    public string SampleKey { get; init; } = Core.InputModule.convert.SampleKey;

    /// <summary>Names of the inputs. Default: none, those of the files without their endings.</summary>
    public IReadOnlyList<string> SampleNames { get; init => field = ListByValue<string>.Of(value); } = ListByValue<string>.Empty;

    /// <summary>What stands between the name of a cell and that of its sample. Default: null, names stay as they are.</summary>
    public string? IndexUnique { get; init; }
}
