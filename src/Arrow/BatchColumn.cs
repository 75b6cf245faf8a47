using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Types;
using SingleSharp.Core.AnnData;
using SingleSharp.Core.Export;

namespace SingleSharp.Arrow;

/// <summary>A column of a table, whose pieces become arrays. Their buffers are memory of .NET, which nobody has to give back.</summary>
internal sealed class BatchColumn(TableColumn column, IArrowType type)
{
    private readonly IArrowArray? labels = column.Kind is TableKind.Category category ? LabelsOf(category.Item1) : null;

    public IArrowArray ArrayOf(ColumnPiece piece) => column.Kind switch
    {
        TableKind.Category => new DictionaryArray((DictionaryType)type, CodesOf(piece.Codes), labels!),
        TableKind.Number number => Numbers(number.Item, piece.Numbers, piece.Missing),
        _ => Texts(piece.Texts),
    };

    private static IArrowArray LabelsOf(Labels labels) => labels switch
    {
        Labels.Numbers numbers => Numbers(numbers.Item1, numbers.Item2, null),
        _ => Texts(((Labels.Texts)labels).Item),
    };

    private static Int32Array CodesOf(int[] codes)
    {
        var (validity, missing) = Validity(codes.Length, row => codes[row] < 0);
        var present = codes.Select(code => Math.Max(code, 0)).ToArray();
        return new(new ArrowBuffer(MemoryMarshal.AsBytes<int>(present).ToArray()), validity, codes.Length, missing, 0);
    }

    private static IArrowArray Numbers(Core.DType number, byte[] bytes, bool[]? isMissing)
    {
        var type = TableSchema.TypeOf(number);
        var count = bytes.Length / Core.DTypeModule.size(number);
        var (validity, missing) = Validity(count, row => isMissing is not null && isMissing[row]);
        var values = type is BooleanType ? Bits(count, row => bytes[row] != 0) : new ArrowBuffer(bytes);
        return ArrowArrayFactory.BuildArray(new ArrayData(type, count, missing, 0, [validity, values]));
    }

    /// <summary>Texts, null where one is missing.</summary>
    public static StringArray Texts(string?[] texts)
    {
        var offsets = new int[texts.Length + 1];

        for (var row = 0; row < texts.Length; row++)
        {
            offsets[row + 1] = checked(offsets[row] + (texts[row] is { } text ? System.Text.Encoding.UTF8.GetByteCount(text) : 0));
        }

        var bytes = new byte[offsets[^1]];

        for (var row = 0; row < texts.Length; row++)
        {
            if (texts[row] is { } text)
            {
                System.Text.Encoding.UTF8.GetBytes(text, bytes.AsSpan(offsets[row]));
            }
        }

        var (validity, missing) = Validity(texts.Length, row => texts[row] is null);
        return new(
            texts.Length, new ArrowBuffer(MemoryMarshal.AsBytes<int>(offsets).ToArray()), new ArrowBuffer(bytes), validity, missing);
    }

    /// <summary>A bit for each value that is there; empty where all are.</summary>
    private static (ArrowBuffer Bits, int Missing) Validity(int count, Func<int, bool> isMissing)
    {
        var missing = Enumerable.Range(0, count).Count(isMissing);
        return missing == 0 ? (ArrowBuffer.Empty, 0) : (Bits(count, row => !isMissing(row)), missing);
    }

    private static ArrowBuffer Bits(int count, Func<int, bool> isSet)
    {
        var bits = new byte[(count + 7) / 8];

        for (var row = 0; row < count; row++)
        {
            if (isSet(row))
            {
                bits[row / 8] |= (byte)(1 << (row % 8));
            }
        }

        return new(bits);
    }
}
