namespace SingleSharp;

/// <summary>Which genes the joined matrix of several inputs has.</summary>
public enum Join
{
    /// <summary>Those that every input has, in the order of the first.</summary>
    Inner,

    /// <summary>Those that any input has; what an input lacks is zero.</summary>
    Outer,
}

/// <summary>How inputs are read and joined.</summary>
public sealed record ConvertRecipe
{
    /// <summary>Whatever of the usual kind there is in one input; genes that all of several inputs share.</summary>
    public ConvertRecipe()
    {
        var standard = Core.ConversionModule.standard;
        Genome = Translate.Nullable(standard.Genome);
        FeatureType = Translate.Nullable(standard.FeatureType);
        MakeUnique = standard.MakeUnique;
        Join = Enum.Parse<Join>(standard.Join.ToString());
        SampleKey = standard.SampleKey;
        SampleNames = [.. standard.SampleNames];
        IndexUnique = Translate.Nullable(standard.IndexUnique);
        SumDuplicates = standard.SumDuplicates;
    }

    /// <summary>Of a 10x <c>.h5</c> file: only genes of this genome. Default: null, all; Cell Ranger 2 must be told which of several.</summary>
    public string? Genome { get; init; }

    /// <summary>Of 10x inputs: only features of this type, <c>all</c> for every one. Default: null, <c>Gene Expression</c>.</summary>
    public string? FeatureType { get; init; }

    /// <summary>Give genes of equal names different ones, as anndata's <c>var_names_make_unique</c> does. Default: false.</summary>
    public bool MakeUnique { get; init; }

    /// <summary>Which genes the joined matrix of several inputs has. Default: <see cref="Join.Inner"/>.</summary>
    public Join Join { get; init; }

    /// <summary>The column of obs that says which of several inputs a cell is from. Default: <c>sample</c>.</summary>
    public string SampleKey { get; init; }

    /// <summary>What that column calls the inputs. Default: empty, the names of the files without their endings.</summary>
    public IReadOnlyList<string> SampleNames { get; init; }

    /// <summary>What stands between the name of a cell and that of its sample. Default: null, names of cells stay as they are.</summary>
    public string? IndexUnique { get; init; }

    /// <summary>Of <c>.h5ad</c> inputs: the matrix that becomes X, with its genes. Default: <see cref="MatrixName.X"/>.</summary>
    public MatrixName Matrix { get; init; } = MatrixName.X;

    /// <summary>
    /// Add up what a cell has of one gene where it is stored more than once, instead of refusing it. Default: false.
    /// </summary>
    public bool SumDuplicates { get; init; }
}

/// <summary>What a conversion did.</summary>
public sealed record Conversion
{
    /// <summary>The paths that were read.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The path of the new file.</summary>
    public required string Output { get; init; }

    /// <summary>Rows of the new X.</summary>
    public required long Cells { get; init; }

    /// <summary>Columns of the new X.</summary>
    public required int Genes { get; init; }

    /// <summary>Values that the new X stores, explicit zeros among them.</summary>
    public required long StoredValues { get; init; }

    /// <summary>The type of the new X, such as <c>float32</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The inputs by name, with their cells; empty where there is only one.</summary>
    public required IReadOnlyList<SampleSize> Samples { get; init; }

    /// <summary>The columns of obs.</summary>
    public required IReadOnlyList<string> ObsColumns { get; init; }

    /// <summary>The columns of var.</summary>
    public required IReadOnlyList<string> VarColumns { get; init; }

    /// <summary>What is worth a word, such as columns that could not be taken over.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}

/// <summary>One of several inputs.</summary>
public sealed record SampleSize
{
    /// <summary>What it is called.</summary>
    public required string Name { get; init; }

    /// <summary>How many cells it has.</summary>
    public required long Cells { get; init; }
}
