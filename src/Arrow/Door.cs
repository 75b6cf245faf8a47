using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace SingleSharp.Arrow;

/// <summary>The border between C# and F#: settings, lists and faults.</summary>
internal static class Door
{
    /// <summary>The usual settings, which end with the token.</summary>
    public static Core.Settings Settings(CancellationToken cancellationToken)
    {
        var standard = Core.SettingsModule.standard;

        return new(
            standard.Workers,
            standard.Memory,
            standard.Provenance,
            standard.Compression,
            standard.Scratch,
            standard.Progress,
            standard.Warn,
            cancellationToken,
            standard.Spelling);
    }

    public static FSharpList<string> Names(IEnumerable<string>? names) =>
        names is null
            ? FSharpList<string>.Empty
            : ListModule.OfSeq(names.Select(name => name ?? throw new ArgumentNullException(nameof(names), "The name of a column is null.")));

    /// <summary>Expected trouble becomes a value; bugs and cancellation throw.</summary>
    public static FSharpResult<T, Core.Fault> Guarded<T>(Func<T> work)
    {
        try
        {
            return FSharpResult<T, Core.Fault>.NewOk(work());
        }
        catch (Exception trouble) when (trouble is not OperationCanceledException && Core.FaultModule.tryFind(trouble) is not null)
        {
            return FSharpResult<T, Core.Fault>.NewError(Core.FaultModule.tryFind(trouble)!.Value);
        }
    }

    /// <summary>The value, or what went wrong as an exception.</summary>
    public static T Answer<T>(FSharpResult<T, Core.Fault> result) =>
        result.IsOk ? result.ResultValue : throw new SingleSharpException(
            Core.FaultModule.kind(result.ErrorValue), Core.FaultModule.sentence(result.ErrorValue));
}
