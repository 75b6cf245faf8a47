using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace SingleSharp.Arrow;

/// <summary>Parquet files of what an <c>.h5ad</c> file holds beside its matrices.</summary>
/// <remarks>
/// The names of the rows come first, under their name, or as <c>__index_level_0__</c> where they have none, as pandas calls them.
/// Categories are their labels; readers that know Arrow get them back as categories with their order. Missing values are null, NaN stays NaN.
/// Rows are written in groups of up to 65,536, so that memory does not grow with their number.
/// </remarks>
public static class ParquetFile
{
    /// <summary>Writes a data frame or an array of one or two dimensions.</summary>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <param name="element">What of it: <c>obs</c>, <c>var</c>, <c>raw/var</c>, <c>obsm/X_pca</c>, or a column, as <c>obs/leiden</c>.</param>
    /// <param name="target">The path of the new file; one that is there is replaced once the new one is complete.</param>
    /// <param name="columns">The columns of a data frame, in this order. Default: null, all.</param>
    /// <param name="cancellationToken">Stops the work; no half-written file is left behind.</param>
    /// <exception cref="SingleSharpException">A file cannot be read or written, or has no such element.</exception>
    public static Exported Write(
        string path, string element, string target, IEnumerable<string>? columns = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(element);
        ArgumentNullException.ThrowIfNull(target);
        return Door.Answer(TryWrite(element, Door.Names(columns), Door.Settings(cancellationToken), path, target));
    }

    /// <inheritdoc cref="Write"/>
    /// <summary>The same on another thread.</summary>
    public static Task<Exported> WriteAsync(
        string path, string element, string target, IEnumerable<string>? columns = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(element);
        ArgumentNullException.ThrowIfNull(target);
        var names = Door.Names(columns);
        return Task.Run(
            () => Door.Answer(TryWrite(element, names, Door.Settings(cancellationToken), path, target)), cancellationToken);
    }

    /// <summary>The same for F#: expected trouble is a value.</summary>
    /// <param name="element">What of the file.</param>
    /// <param name="columns">The columns of a data frame, in this order; none for all.</param>
    /// <param name="settings">How to run.</param>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <param name="target">The path of the new file.</param>
    public static FSharpResult<Exported, Core.Fault> TryWrite(
        string element, FSharpList<string> columns, Core.Settings settings, string path, string target) =>
        Door.Guarded(() => Core.Export.Export.tableFile(
            settings, element, columns, ExportFormat.Parquet, path, target,
            (table, tell, stream) => ParquetRows.WriteAsync(table, tell, stream, settings.Cancel).GetAwaiter().GetResult()));
}
