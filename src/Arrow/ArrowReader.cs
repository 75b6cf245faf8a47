using Apache.Arrow;
using Apache.Arrow.Ipc;
using SingleSharp.Core.Export;
using SingleSharp.Core.Hdf5;
using Table = SingleSharp.Core.Export.Table;

namespace SingleSharp.Arrow;

/// <summary>
/// obs, var or an array of an <c>.h5ad</c> file as Apache Arrow record batches, some rows at a time: <c>await foreach (var batch in reader)</c>.
/// </summary>
/// <remarks>
/// The names of the rows come first, under their name, or as <c>__index_level_0__</c> where they have none, as pandas calls them; the
/// metadata of the schema tells pandas that they are the index. Categories are dictionary arrays, with their order if they have one.
/// Missing values are null, NaN stays NaN. The rows are gone through once. For one thread.
/// </remarks>
public sealed class ArrowReader : IArrowArrayStream, IAsyncEnumerable<RecordBatch>
{
    private readonly Hdf5File store;
    private readonly Table table;
    private readonly IEnumerator<TablePiece> pieces;
    private readonly BatchColumn[] columns;
    private readonly Core.Settings settings;
    private bool isClosed;

    private ArrowReader(Hdf5File store, Table table, Core.Settings settings)
    {
        this.store = store;
        this.table = table;
        this.settings = settings;
        Schema = TableSchema.ForBatches(table);
        columns = [.. table.Columns.Select((column, at) => new BatchColumn(column, Schema.GetFieldByIndex(at + 1).DataType))];
        pieces = table.Pieces.GetEnumerator();
    }

    /// <summary>The names and types of the columns, that of the names of the rows first.</summary>
    public Schema Schema { get; }

    /// <summary>How many rows there are in all batches.</summary>
    public long Rows => table.Rows;

    /// <summary>Opens a data frame, an array of one or two dimensions, or one column.</summary>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <param name="element">What of it: <c>obs</c>, <c>var</c>, <c>raw/var</c>, <c>obsm/X_pca</c>, or a column, as <c>obs/leiden</c>.</param>
    /// <param name="columns">The columns of a data frame, in this order. Default: null, all.</param>
    /// <exception cref="SingleSharpException">The file cannot be read, or has no such element.</exception>
    public static ArrowReader Open(string path, string element = "obs", IEnumerable<string>? columns = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(element);
        var names = Door.Names(columns);
        var settings = Door.Settings(CancellationToken.None);

        return Door.Answer(Door.Guarded(() =>
        {
            var store = Hdf5FileModule.openReadWithin(settings.Memory, path);

            try
            {
                return new ArrowReader(store, Core.Export.Export.table(settings, store, element, names), settings);
            }
            catch
            {
                ((IDisposable)store).Dispose();
                throw;
            }
        }));
    }

    /// <summary>The next rows; null where there are no more.</summary>
    /// <exception cref="SingleSharpException">The file is damaged, or stored in a way that is not supported.</exception>
    public ValueTask<RecordBatch?> ReadNextRecordBatchAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Door.Answer(Door.Guarded(Next)));
    }

    private RecordBatch? Next()
    {
        ObjectDisposedException.ThrowIf(isClosed, this);

        if (!pieces.MoveNext())
        {
            return null;
        }

        var piece = pieces.Current;
        List<IArrowArray> arrays = [BatchColumn.Texts(piece.Names)];
        arrays.AddRange(columns.Select((column, at) => column.ArrayOf(piece.Columns[at])));
        return new(Schema, arrays, piece.Names.Length);
    }

    /// <summary>All batches that are left.</summary>
    /// <param name="cancellationToken">Stops between two batches.</param>
    public async IAsyncEnumerator<RecordBatch> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (await ReadNextRecordBatchAsync(cancellationToken) is { } batch)
        {
            yield return batch;
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        isClosed = true;
        pieces.Dispose();
        ((IDisposable)store).Dispose();
    }
}
