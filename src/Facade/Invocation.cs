namespace SingleSharp;

/// <summary>Work that is ready to begin: its arguments are checked, and only how to run it is open.</summary>
internal sealed class Invocation<TResult>(Func<Core.Settings, TResult> run)
{
    public TResult Now(Settings? settings) =>
        run(Interop.Settings(settings, null, CancellationToken.None));

    public Task<TResult> Start(Settings? settings, IProgress<Progress>? progress, CancellationToken cancellationToken) =>
        Task.Run(() => run(Interop.Settings(settings, progress, cancellationToken)), cancellationToken);
}
