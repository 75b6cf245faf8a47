namespace SingleSharp;

/// <summary>What is in a file, and what a recipe would do to it.</summary>
public sealed record Info
{
    /// <summary>The path of the file.</summary>
    public required string Path { get; init; }

    /// <summary>The length of the file in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Rows of X.</summary>
    public required long Cells { get; init; }

    /// <summary>Columns of X.</summary>
    public required int Genes { get; init; }

    /// <summary>Values that X stores, explicit zeros among them.</summary>
    public required long StoredValues { get; init; }

    /// <summary>How X is stored: <c>csr_matrix</c>, <c>csc_matrix</c> or <c>array</c>.</summary>
    public required string Encoding { get; init; }

    /// <summary>The datasets of X: data, indices, indptr.</summary>
    public required IReadOnlyList<StoredDataset> Matrix { get; init; }

    /// <summary>The columns of obs, the cells.</summary>
    public required IReadOnlyList<string> ObsColumns { get; init; }

    /// <summary>The columns of var, the genes.</summary>
    public required IReadOnlyList<string> VarColumns { get; init; }

    /// <summary>Everything else, which is kept as it is: layers/…, obsm/…, raw.</summary>
    public required IReadOnlyList<string> Others { get; init; }

    /// <summary>Does <c>uns/log1p</c> say that X is logged already?</summary>
    public required bool IsLogged { get; init; }

    /// <summary>Are the values of the cells examined whole, finite and not negative?</summary>
    public required bool LooksLikeCounts { get; init; }

    /// <summary>How many cells, from the first on, were examined.</summary>
    public required long CellsExamined { get; init; }

    /// <summary>What the recipe would do.</summary>
    public required Plan Plan { get; init; }
}

/// <summary>One dataset of the matrix.</summary>
public sealed record StoredDataset
{
    /// <summary>Where it is, such as <c>X/data</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The type of its values, such as <c>float32</c>.</summary>
    public required string Type { get; init; }

    /// <summary>How many values it has.</summary>
    public required long Count { get; init; }

    /// <summary>Contiguous, chunked, gzip and so on.</summary>
    public required string Storage { get; init; }

    /// <summary>Values per chunk; null where it is not chunked.</summary>
    public required long? ChunkLength { get; init; }
}

/// <summary>What a recipe means for one file.</summary>
public sealed record Plan
{
    /// <summary>The reads of X, in order.</summary>
    public required IReadOnlyList<PlannedPass> Passes { get; init; }

    /// <summary>The way that the values of X take.</summary>
    public required ValuePlan Values { get; init; }

    /// <summary>The type of X afterwards, such as <c>float32</c>.</summary>
    public required string TypeAfter { get; init; }

    /// <summary>The gene sets and their sizes.</summary>
    public required IReadOnlyList<GeneSetSize> GeneSets { get; init; }

    /// <summary>For which k the share of the k most expressed genes is computed.</summary>
    public required IReadOnlyList<int> PercentTop { get; init; }

    /// <summary>Bytes of memory for buffers and states: what the most demanding read needs.</summary>
    public required long Memory { get; init; }

    /// <summary>What is worth a word before any value is read.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}

/// <summary>One read of X.</summary>
public sealed record PlannedPass
{
    /// <summary>What it is for, such as <c>qc + normalize_total + log1p</c>.</summary>
    public required string Purpose { get; init; }

    /// <summary>Bytes of memory for buffers and states.</summary>
    public required long Memory { get; init; }
}

/// <summary>The way that the values of X take into the output.</summary>
public enum ValuePlan
{
    /// <summary>X does not change.</summary>
    Untouched,

    /// <summary>To the same places of a clone: same type, not compressed.</summary>
    Overwrite,

    /// <summary>Into a new dataset that is stored like the old one.</summary>
    StoreAnew,

    /// <summary>
    /// Row by row into new datasets: where a filter drops something, where duplicates are added up, and where X is dense or
    /// stored in columns, which become rows.
    /// </summary>
    RowByRow,
}
