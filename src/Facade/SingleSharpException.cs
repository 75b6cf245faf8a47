namespace SingleSharp;

/// <summary>
/// Expected trouble with a file or a request. The message is one sentence that says what is wrong, where, and what to do next.
/// </summary>
public sealed class SingleSharpException : Exception
{
    internal SingleSharpException(FaultKind kind, string message)
        : base(message) => Kind = kind;

    /// <summary>What kind of trouble it is, for programs.</summary>
    public FaultKind Kind { get; }
}

/// <summary>Kinds of expected trouble.</summary>
public enum FaultKind
{
    /// <summary>There is no such file.</summary>
    Missing,

    /// <summary>The file is there but cannot be opened.</summary>
    Unreadable,

    /// <summary>The file is not an AnnData <c>.h5ad</c> file with a matrix.</summary>
    NotAnnData,

    /// <summary>The file contradicts itself or is cut off.</summary>
    Damaged,

    /// <summary>The file is in order, but stored in a way that SingleSharp does not handle.</summary>
    Unsupported,

    /// <summary>A value that is not a count.</summary>
    InvalidValue,

    /// <summary>A cell has several values of one gene.</summary>
    StoredTwice,

    /// <summary>An option that does not fit the data or another option.</summary>
    BadOption,

    /// <summary>A step has no result for these data.</summary>
    Unsuitable,

    /// <summary>The output cannot be written.</summary>
    CannotWrite,

    /// <summary>The work does not fit the memory allowed.</summary>
    OverBudget,

    /// <summary>Somebody changed the input while it was read.</summary>
    InputChanged,
}
