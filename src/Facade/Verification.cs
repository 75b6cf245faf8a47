namespace SingleSharp;

/// <summary>What checking a file through and through has found.</summary>
public sealed record Verification
{
    /// <summary>The file that was checked.</summary>
    public required string Path { get; init; }

    /// <summary>Is there no error?</summary>
    public required bool IsSound { get; init; }

    /// <summary>How many groups and datasets were looked at.</summary>
    public required long Objects { get; init; }

    /// <summary>How many chunks and other pieces of storage.</summary>
    public required long Pieces { get; init; }

    /// <summary>Bytes of values, as they are once decompressed.</summary>
    public required long Bytes { get; init; }

    /// <summary>What was found, as it was found.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }
}

/// <summary>Something about one object of a file.</summary>
public sealed record Finding
{
    /// <summary>How bad it is.</summary>
    public required Severity Severity { get; init; }

    /// <summary>Where it is, such as <c>X/indptr</c>, or <c>/</c> for the file as a whole.</summary>
    public required string Path { get; init; }

    /// <summary>What was found, without a full stop.</summary>
    public required string Sentence { get; init; }
}

/// <summary>How bad a finding is.</summary>
public enum Severity
{
    /// <summary>The file contradicts itself, or part of it cannot be read.</summary>
    Error,

    /// <summary>Something could not be checked, or other programs may stumble over it.</summary>
    Warning,

    /// <summary>Worth knowing.</summary>
    Note,
}
