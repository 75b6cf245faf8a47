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
