using SingleSharp;

/// <summary>Reports at once and in order, where <see cref="Progress{T}"/> would post to the thread pool.</summary>
internal sealed class Recorder(Action? told = null) : IProgress<Progress>
{
    public Progress? Last { get; private set; }

    public void Report(Progress value)
    {
        Last = value;
        told?.Invoke();
    }
}
