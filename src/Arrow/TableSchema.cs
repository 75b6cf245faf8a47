using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Microsoft.FSharp.Core;
using SingleSharp.Core.AnnData;
using SingleSharp.Core.Export;
using Table = SingleSharp.Core.Export.Table;

namespace SingleSharp.Arrow;

/// <summary>The schema of a table, with what tells pandas which column is the index.</summary>
internal static class TableSchema
{
    /// <summary>The labels of a column of categories that are texts; null for any other column.</summary>
    public static string[]? LabelsOf(TableColumn column) =>
        column.Kind is TableKind.Category { Item1: Labels.Texts labels } ? labels.Item : null;

    /// <summary>The type of a column of numbers, or of categories that are numbers; null for any other column.</summary>
    public static Core.DType? NumberOf(TableColumn column) => column.Kind switch
    {
        TableKind.Number number => number.Item,
        TableKind.Category { Item1: Labels.Numbers labels } => labels.Item1,
        _ => null,
    };

    /// <summary>The field of the index: as pandas calls one without a name, and longer where a column has its name.</summary>
    public static string IndexField(Table table)
    {
        var name = table.IndexName?.Value ?? "__index_level_0__";

        while (table.Columns.Any(column => column.Name == name))
        {
            name += "_";
        }

        return name;
    }

    public static IArrowType TypeOf(Core.DType number) => number.Tag switch
    {
        Core.DType.Tags.Int8 => Int8Type.Default,
        Core.DType.Tags.UInt8 => UInt8Type.Default,
        Core.DType.Tags.Int16 => Int16Type.Default,
        Core.DType.Tags.UInt16 => UInt16Type.Default,
        Core.DType.Tags.Int32 => Int32Type.Default,
        Core.DType.Tags.UInt32 => UInt32Type.Default,
        Core.DType.Tags.Int64 => Int64Type.Default,
        Core.DType.Tags.UInt64 => UInt64Type.Default,
        Core.DType.Tags.Float32 => FloatType.Default,
        Core.DType.Tags.Float64 => DoubleType.Default,
        _ => BooleanType.Default,
    };

    /// <summary>As record batches have it.</summary>
    public static Schema ForBatches(Table table) => Of(table, column => column.Kind switch
    {
        TableKind.Category category => new DictionaryType(
            Int32Type.Default, NumberOf(column) is { } number ? TypeOf(number) : StringType.Default, category.ordered),
        _ => NumberOf(column) is { } number ? TypeOf(number) : StringType.Default,
    });

    /// <summary>As readers get it from Parquet, where categories that are numbers are written as these.</summary>
    public static Schema ForParquet(Table table) => Of(table, column => column.Kind switch
    {
        _ when NumberOf(column) is { } number => TypeOf(number),
        TableKind.Category category => new DictionaryType(Int32Type.Default, StringType.Default, category.ordered),
        _ => StringType.Default,
    });

    private static Schema Of(Table table, Func<TableColumn, IArrowType> typeOf)
    {
        List<Apache.Arrow.Field> fields = [new(IndexField(table), StringType.Default, true)];
        fields.AddRange(table.Columns.Select(column =>
            new Apache.Arrow.Field(column.Name, typeOf(column), column.IsNullable || column.Kind.IsText)));
        return new(fields, new Dictionary<string, string> { ["pandas"] = Pandas(table, fields) });
    }

    /// <summary>What Parquet files carry beside their own schema: that of Arrow, as its own writers note it, and what pandas needs.</summary>
    public static Dictionary<string, string> Metadata(Schema schema)
    {
        using var bytes = new MemoryStream();

        using (var writer = new ArrowStreamWriter(bytes, schema, leaveOpen: true))
        {
            writer.WriteStart();
        }

        return new()
        {
            ["ARROW:schema"] = Convert.ToBase64String(bytes.ToArray()),
            ["pandas"] = schema.Metadata["pandas"],
        };
    }

    /// <summary>As pandas writes it: which columns there are, what they are in pandas, and which of them is the index.</summary>
    private static string Pandas(Table table, List<Apache.Arrow.Field> fields)
    {
        using var bytes = new MemoryStream();

        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartArray("index_columns");
            json.WriteStringValue(fields[0].Name);
            json.WriteEndArray();
            json.WriteStartArray("column_indexes");
            json.WriteEndArray();
            json.WriteStartArray("columns");

            for (var i = 0; i < table.Columns.Length; i++)
            {
                Column(json, table.Columns[i].Name, fields[i + 1], table.Columns[i]);
            }

            Column(json, table.IndexName?.Value, fields[0], null);
            json.WriteEndArray();
            json.WriteString("pandas_version", "1.5.3");
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Column(Utf8JsonWriter json, string? name, Apache.Arrow.Field field, TableColumn? column)
    {
        var (kind, numpy) = field.DataType switch
        {
            DictionaryType => ("categorical", "int32"),
            StringType => ("unicode", "object"),
            BooleanType => ("bool", column!.IsNullable ? "boolean" : "bool"),
            var number => (NumpyName(number), column!.IsNullable && number is not FloatingPointType ? Capital(number) : NumpyName(number)),
        };

        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("field_name", field.Name);
        json.WriteString("pandas_type", kind);
        json.WriteString("numpy_type", numpy);

        if (column?.Kind is TableKind.Category category && field.DataType is DictionaryType)
        {
            json.WriteStartObject("metadata");
            json.WriteNumber("num_categories", LabelsModule.count(category.Item1));
            json.WriteBoolean("ordered", category.ordered);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("metadata");
        }

        json.WriteEndObject();
    }

    private static string NumpyName(IArrowType type) => type switch
    {
        FloatType => "float32",
        DoubleType => "float64",
        _ => type.Name,
    };

    /// <summary>What pandas calls an integer that may be missing: Int64, UInt8.</summary>
    private static string Capital(IArrowType type) =>
        type.Name.StartsWith('u') ? "UI" + type.Name[2..] : "I" + type.Name[1..];
}
