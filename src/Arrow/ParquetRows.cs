using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parquet;
using Parquet.Schema;
using SingleSharp.Core.Export;

namespace SingleSharp.Arrow;

/// <summary>Writes the rows of a table as Parquet, group by group.</summary>
internal static class ParquetRows
{
    /// <summary>Rows of a group, and bytes in memory after which one ends before that.</summary>
    private const int MostRows = 65_536;
    private const long MostBytes = 8L << 20;

    private static readonly ParquetOptions Options = new()
    {
        CompressionMethod = CompressionMethod.Snappy,
        MaximumSmallPoolFreeBytes = 4 << 20,
        MaximumLargePoolFreeBytes = 16 << 20,
    };

    public static async Task WriteAsync(Table table, Action<long> tell, Stream target, CancellationToken cancellationToken)
    {
        var schema = TableSchema.ForParquet(table);
        var fields = Fields(table);
        await using var writer = await ParquetWriter.CreateAsync(
            new ParquetSchema(fields.Cast<Field>()), target, Options, cancellationToken: cancellationToken);
        writer.CustomMetadata = TableSchema.Metadata(schema);
        var labels = table.Columns.Select(TableSchema.LabelsOf).ToArray();
        var written = 0L;

        foreach (var rows in Groups(table))
        {
            using var group = writer.CreateRowGroup();
            await group.WriteAsync(fields[0], rows.SelectMany(piece => piece.Names).ToArray());

            for (var column = 0; column < table.Columns.Length; column++)
            {
                var pieces = rows.Select(piece => piece.Columns[column]).ToArray();
                await WriteColumnAsync(group, fields[column + 1], table.Columns[column], labels[column], pieces, cancellationToken);
            }

            group.CompleteValidate();
            written += rows.Sum(piece => (long)piece.Names.Length);
            tell(written);
            Core.Folds.Memory.tidy();
        }
    }

    private static DataField[] Fields(Table table) =>
    [
        new DataField<string>(TableSchema.IndexField(table), true),
        .. table.Columns.Select(column => TableSchema.NumberOf(column) is { } number
            ? Numbers.Dispatch(number, new FieldMaker(column.Name, column.IsNullable))
            : new DataField<string>(column.Name, true)),
    ];

    private sealed class FieldMaker(string name, bool isNullable) : INumberWork<DataField>
    {
        public DataField Do<T>()
            where T : unmanaged => new DataField<T>(name, isNullable);
    }

    /// <summary>Pieces that make a group together.</summary>
    private static IEnumerable<List<TablePiece>> Groups(Table table)
    {
        var rows = new List<TablePiece>();
        var count = 0;
        var bytes = 0L;

        foreach (var piece in table.Pieces)
        {
            rows.Add(piece);
            count += piece.Names.Length;
            bytes += BytesOf(piece);

            // The next piece has no more rows than this one.
            if (count + piece.Names.Length > MostRows || bytes > MostBytes)
            {
                yield return rows;
                rows = [];
                count = 0;
                bytes = 0;
            }
        }

        if (rows.Count > 0)
        {
            yield return rows;
        }
    }

    private static long BytesOf(TablePiece piece)
    {
        static long OfTexts(string[] texts) => texts.Sum(text => 32L + 2L * (text?.Length ?? 0));

        return OfTexts(piece.Names) + piece.Columns.Sum(column =>
            (column.Numbers?.LongLength ?? 0) + (column.Texts is { } texts ? OfTexts(texts) : 0) + 4L * (column.Codes?.LongLength ?? 0));
    }

    private static Task WriteColumnAsync(
        ParquetRowGroupWriter group, DataField field, TableColumn column, string[]? labels, ColumnPiece[] pieces,
        CancellationToken cancellationToken)
    {
        if (TableSchema.NumberOf(column) is { } number)
        {
            return Numbers.Dispatch(number, new NumberWriter(group, field, column, pieces, cancellationToken));
        }

        var texts = labels is null
            ? pieces.SelectMany(piece => piece.Texts).ToArray()
            : pieces.SelectMany(piece => piece.Codes).Select(code => code < 0 ? null : labels[code]).ToArray();

        return group.WriteAsync(field, texts);
    }

    private sealed class NumberWriter(
        ParquetRowGroupWriter group, DataField field, TableColumn column, ColumnPiece[] pieces, CancellationToken cancellationToken)
        : INumberWork<Task>
    {
        public Task Do<T>()
            where T : unmanaged
        {
            // Categories that are numbers are written as these.
            if (column.Kind is TableKind.Category { Item1: Core.AnnData.Labels.Numbers labels })
            {
                var values = MemoryMarshal.Cast<byte, T>(labels.Item2).ToArray();
                var codes = pieces.SelectMany(piece => piece.Codes);
                return Write(codes.Select(code => code < 0 ? (T?)null : values[code]).ToArray());
            }

            if (column.IsNullable)
            {
                return Write(pieces.SelectMany(Nullables<T>).ToArray());
            }

            var all = new T[pieces.Sum(piece => piece.Numbers.Length) / Unsafe.SizeOf<T>()];
            var rest = MemoryMarshal.AsBytes(all.AsSpan());

            foreach (var piece in pieces)
            {
                piece.Numbers.CopyTo(rest);
                rest = rest[piece.Numbers.Length..];
            }

            return group.WriteAsync<T>(field, all, cancellationToken: cancellationToken);
        }

        private Task Write<T>(T?[] values)
            where T : unmanaged => group.WriteAsync<T>(field, values, cancellationToken: cancellationToken);

        private static T?[] Nullables<T>(ColumnPiece piece)
            where T : unmanaged
        {
            var values = MemoryMarshal.Cast<byte, T>(piece.Numbers);
            var nullables = new T?[values.Length];

            for (var row = 0; row < nullables.Length; row++)
            {
                nullables[row] = piece.Missing[row] ? null : values[row];
            }

            return nullables;
        }
    }
}
