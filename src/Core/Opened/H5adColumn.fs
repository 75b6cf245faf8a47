/// A column of a data frame of an open file.
namespace SingleSharp

open System
open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Opened

/// What the values of a column are.
type ColumnKind =
    | Number = 0
    | Boolean = 1
    | String = 2
    /// Codes that stand for categories, which are strings, numbers or booleans.
    | Categorical = 3

/// One value for each row of obs, var or another data frame. Nothing is read before it is asked for, and nothing is kept but the
/// labels of categories; use it by one thread at a time.
///
/// Values can be read as their own type (Type); numbers, booleans and categories of such as Double, too, missing ones as NaN; integers as
/// Int64 and narrow ones as Int32; strings and categories as String, missing ones as null; and all numbers and booleans as Nullable, such
/// as Nullable<Int64>. Any other type is an InvalidOperationException whose message says what to read.
[<Sealed>]
type H5adColumn internal (file: OpenFile, path: string, name: string, rows: int64, read: StoredColumns.Range -> Column) =
    let sample = file.Look(fun () -> read (StoredColumns.range 0L 0L))

    let categories =
        match sample with
        | Column.Categories(labels, _, _) -> ColumnValues.texts labels
        | _ -> Array.Empty()

    let requireRows (first: int64) (count: int) =
        ArgumentOutOfRangeException.ThrowIfNegative(first, nameof first)
        ArgumentOutOfRangeException.ThrowIfNegative(count, nameof count)
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, rows - int64 count, nameof first)

    let wholeCount () =
        if rows > int64 Array.MaxLength then
            invalidOp $"{path} has {rows} rows, more than an array holds; go through its Pieces, or read some rows at a time."

        int rows

    let codes range =
        match read range with
        | Column.Categories(_, _, codes) -> codes
        | _ -> invalidOp $"{path} is not categorical, so that it has no codes."

    /// The name in the data frame.
    member _.Name = name

    member _.Rows = rows

    member _.Kind =
        match sample with
        | Column.Numbers(DType.Bool, _)
        | Column.NumbersOrNone(DType.Bool, _) -> ColumnKind.Boolean
        | Column.Numbers _
        | Column.NumbersOrNone _ -> ColumnKind.Number
        | Column.Texts _
        | Column.TextsOrNone _ -> ColumnKind.String
        | Column.Categories _ -> ColumnKind.Categorical

    /// The .NET type of its values as they are stored, of categories that of their labels: such as Single, Int64, Boolean or String.
    member _.Type =
        match sample with
        | Column.Numbers(numeric, _)
        | Column.NumbersOrNone(numeric, _)
        | Column.Categories(Labels.Numbers(numeric, _), _, _) -> ColumnValues.typeOf numeric
        | Column.Texts _
        | Column.TextsOrNone _
        | Column.Categories(Labels.Texts _, _, _) -> typeof<string>

    /// Can values be missing otherwise than as NaN?
    member _.IsNullable =
        match sample with
        | Column.NumbersOrNone _
        | Column.TextsOrNone _
        | Column.Categories _ -> true
        | Column.Numbers _
        | Column.Texts _ -> false

    /// What the codes of a categorical column stand for, as text; empty otherwise.
    member _.Categories: IReadOnlyList<string> = categories

    /// Have the categories an order?
    member _.IsOrdered =
        match sample with
        | Column.Categories(_, ordered, _) -> ordered
        | _ -> false

    /// The values of all rows, in memory of the caller.
    member column.Read<'T>() : 'T[] = column.Read<'T>(0L, wholeCount ())

    /// The values of some rows.
    member _.Read<'T>(first: int64, count: int) : 'T[] =
        requireRows first count
        file.Look(fun () -> read (StoredColumns.range first (int64 count)) |> ColumnValues.read<'T> path (int64 count))

    /// The values of all rows, 16,384 of them at a time, in arrays of the caller: for columns that do not fit memory.
    member _.Pieces<'T>() : IEnumerable<'T[]> =
        file.Each(fun () -> read (StoredColumns.all rows) |> ColumnValues.pieces<'T> path)

    /// The positions of the values of all rows among Categories, −1 where one is missing.
    member column.ReadCodes() : int[] = column.ReadCodes(0L, wholeCount ())

    /// The same of some rows.
    member _.ReadCodes(first: int64, count: int) : int[] =
        requireRows first count
        file.Look(fun () -> codes (StoredColumns.range first (int64 count)) |> Array.ofSeq)

    override column.ToString() =
        $"{path}: {column.Rows} × {column.Kind} ({column.Type.Name})"
