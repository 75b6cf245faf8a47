using System.Runtime.CompilerServices;

namespace SingleSharp;

/// <summary>Reads <c>.h5ad</c> files: names, columns, matrices and everything else, in pieces.</summary>
public static class H5ad
{
    /// <summary>Opens a file for reading. Nothing but its structure is read before it is asked for.</summary>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <param name="settings">The memory that reading may take, and the folder for scratch files; the defaults where it is null.</param>
    /// <returns>The open file, to be disposed of.</returns>
    /// <exception cref="SingleSharpException">The file cannot be read.</exception>
    public static H5adFile Open(string path, Settings? settings = null) => Interop.Open(path).Now(settings);

    /// <summary>
    /// Rows of a matrix as csr, read on another thread while nobody waits for them. A batch holds until the next one is asked for.
    /// </summary>
    /// <param name="matrix">X, a layer, or another matrix of an open file.</param>
    /// <param name="cells">The rows of a batch, 1 to 4,096; the last one may have fewer.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    /// <exception cref="SingleSharpException">The file cannot be read, or was changed since it was opened.</exception>
    public static IAsyncEnumerable<CsrBatch> BatchesAsync(
        this H5adMatrix matrix, int cells = 1024, CancellationToken cancellationToken = default) =>
        EachAsync(Interop.NotNull(matrix).Batches(cells), cancellationToken);

    /// <summary>Rows of a dense matrix, about 4 MiB of them at a time, read on another thread.</summary>
    /// <param name="matrix">An array such as <c>obsm/X_pca</c>.</param>
    /// <param name="cancellationToken">Stops between two pieces.</param>
    /// <exception cref="SingleSharpException">The file cannot be read, or was changed since it was opened.</exception>
    public static IAsyncEnumerable<DensePiece<T>> PiecesAsync<T>(this H5adMatrix matrix, CancellationToken cancellationToken = default) =>
        EachAsync(Interop.NotNull(matrix).Pieces<T>(), cancellationToken);

    /// <summary>The values of a column, 16,384 rows at a time, read on another thread.</summary>
    /// <param name="column">A column of obs, var or another data frame.</param>
    /// <param name="cancellationToken">Stops between two pieces.</param>
    /// <exception cref="SingleSharpException">The file cannot be read, or was changed since it was opened.</exception>
    public static IAsyncEnumerable<T[]> PiecesAsync<T>(this H5adColumn column, CancellationToken cancellationToken = default) =>
        EachAsync(Interop.NotNull(column).Pieces<T>(), cancellationToken);

    private static async IAsyncEnumerable<T> EachAsync<T>(
        IEnumerable<T> things, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var each = things.GetEnumerator();

        while (await Task.Run(each.MoveNext, cancellationToken).ConfigureAwait(false))
        {
            yield return each.Current;
        }
    }
}
