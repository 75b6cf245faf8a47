namespace SingleSharp.Arrow;

/// <summary>
/// Expected trouble with a file or a request. The message is one sentence that says what is wrong, where, and what to do next.
/// </summary>
public sealed class ExportException : Exception
{
    internal ExportException(Core.Fault fault)
        : base(Core.FaultModule.sentence(fault)) => Kind = Core.FaultModule.kind(fault);

    /// <summary>What kind of trouble it is, for programs.</summary>
    public FaultKind Kind { get; }
}
