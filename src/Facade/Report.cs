namespace SingleSharp;

/// <summary>What a run did.</summary>
public sealed record Report
{
    /// <summary>The path of the file that was read.</summary>
    public required string Input { get; init; }

    /// <summary>The path of the file that was written; the input where it was changed in place.</summary>
    public required string Output { get; init; }

    /// <summary>The steps taken, of <c>filter</c>, <c>qc</c>, <c>normalize_total</c>, <c>log1p</c>, <c>hvg</c>, <c>pca</c>.</summary>
    public required IReadOnlyList<string> Steps { get; init; }

    /// <summary>The matrix that was read: <c>X</c>, <c>layers/NAME</c> or <c>raw/X</c>.</summary>
    public required string Matrix { get; init; }

    /// <summary>Rows of X in the input.</summary>
    public required long Cells { get; init; }

    /// <summary>Columns of X in the input.</summary>
    public required int Genes { get; init; }

    /// <summary>Values that X stores in the input, explicit zeros among them.</summary>
    public required long StoredValues { get; init; }

    /// <summary>Cells that the filter left; the same as <see cref="Cells"/> without one.</summary>
    public required long CellsKept { get; init; }

    /// <summary>Genes that the filter left; the same as <see cref="Genes"/> without one.</summary>
    public required int GenesKept { get; init; }

    /// <summary>How many cells and genes did not meet each limit of the filter; empty without one.</summary>
    public required Dropped Dropped { get; init; }

    /// <summary>How often X was read.</summary>
    public required int Reads { get; init; }

    /// <summary>The type of X before, such as <c>int32</c>.</summary>
    public required string TypeBefore { get; init; }

    /// <summary>The type of X afterwards, such as <c>float32</c>.</summary>
    public required string TypeAfter { get; init; }

    /// <summary>What cells were scaled to, in counts; null where they were not.</summary>
    public required double? TargetSum { get; init; }

    /// <summary>How many genes were left out of the totals because they were highly expressed.</summary>
    public required int ExcludedGenes { get; init; }

    /// <summary>The gene sets and their sizes.</summary>
    public required IReadOnlyList<GeneSetSize> GeneSets { get; init; }

    /// <summary>The columns of obs that were written, in order.</summary>
    public required IReadOnlyList<string> ObsColumns { get; init; }

    /// <summary>The columns of var that were written, in order.</summary>
    public required IReadOnlyList<string> VarColumns { get; init; }

    /// <summary>Counts per cell before any step, on average; null where no metrics were asked for.</summary>
    public required double? MeanCountsPerCell { get; init; }

    /// <summary>Genes detected per cell, on average; null where no metrics were asked for.</summary>
    public required double? MeanGenesPerCell { get; init; }

    /// <summary>How many genes are highly variable; null where that was not asked for.</summary>
    public required int? HighlyVariableGenes { get; init; }

    /// <summary>The share of the variance, between 0 and 1, that each principal component explains; empty without pca.</summary>
    public required IReadOnlyList<double> VarianceRatio { get; init; }

    /// <summary>Whether the values were counts.</summary>
    public required Findings Findings { get; init; }

    /// <summary>What is worth a word, in the order of importance.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}

/// <summary>What did not meet the limits of a filter; one that did not meet several is counted for each.</summary>
public sealed record Dropped
{
    /// <summary>Cells, by limit.</summary>
    public required IReadOnlyList<LimitLoss> OfCells { get; init; }

    /// <summary>Genes, by limit.</summary>
    public required IReadOnlyList<LimitLoss> OfGenes { get; init; }
}

/// <summary>How many cells or genes a limit of the filter dropped.</summary>
public sealed record LimitLoss
{
    /// <summary>The limit, such as <c>min_genes</c> or <c>max_pct mt</c>.</summary>
    public required string Limit { get; init; }

    /// <summary>How many did not meet it.</summary>
    public required long Lost { get; init; }
}

/// <summary>How many genes a set has in a file.</summary>
public sealed record GeneSetSize
{
    /// <summary>The name of the set.</summary>
    public required string Name { get; init; }

    /// <summary>How many genes of the file are in it.</summary>
    public required int Genes { get; init; }
}

/// <summary>What was found among the values of X, before any step.</summary>
public sealed record Findings
{
    /// <summary>Values below zero.</summary>
    public required long Negative { get; init; }

    /// <summary>Values that are NaN or infinite.</summary>
    public required long NotFinite { get; init; }

    /// <summary>Values that are not whole numbers.</summary>
    public required long Fractional { get; init; }

    /// <summary>Cells whose total is zero.</summary>
    public required long EmptyCells { get; init; }

    /// <summary>Stored values, explicit zeros among them.</summary>
    public required long Stored { get; init; }

    /// <summary>Could this be raw counts?</summary>
    public required bool AreCounts { get; init; }
}

/// <summary>Hashes over what a file means, so that two people can compare their results.</summary>
public sealed record Digest
{
    /// <summary>One per object, by path.</summary>
    public required IReadOnlyList<ElementDigest> Elements { get; init; }

    /// <summary>The hash over all of them: 64 hexadecimal digits.</summary>
    public required string Whole { get; init; }
}

/// <summary>One object of a file and the hash of its values and attributes.</summary>
public sealed record ElementDigest
{
    /// <summary>Where it is, such as <c>X/data</c>.</summary>
    public required string Path { get; init; }

    /// <summary>64 hexadecimal digits.</summary>
    public required string Sha256 { get; init; }
}
