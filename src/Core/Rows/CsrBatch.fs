/// Rows as folds and columns of one's own see them: views of a buffer that throw once it is filled anew.
namespace SingleSharp

open System
open System.Runtime.CompilerServices
open SingleSharp.Core
open SingleSharp.Core.Rows

/// A row batch that is lent, for as long as it is filled as it was then.
[<RequireQualifiedAccess>]
module internal Lent =
    let private refuse () : unit =
        raise (InvalidOperationException "A batch of rows holds until the next one is read; copy what you need of it.")

    let rows (rowBatch: RowBatch) filling =
        if isNull rowBatch || rowBatch.Filling <> filling then
            refuse ()

        rowBatch

    /// The number of a row of it.
    let row (rowBatch: RowBatch) row =
        if uint row >= uint rowBatch.Cells then
            raise (ArgumentOutOfRangeException(nameof row, row, $"The batch has {rowBatch.Cells} rows, numbered from 0."))

        row

/// One cell of a matrix of cells × genes, only stored values. The compiler sees to it that nobody keeps it.
[<Struct; IsByRefLike; IsReadOnly; NoEquality; NoComparison>]
type Row internal (rowBatch: RowBatch, filling: int64, row: int) =
    /// The number of the cell in the input, from 0, whatever a filter has dropped.
    member _.Cell = (Lent.rows rowBatch filling).CellOf row

    /// The gene of each stored value, in stored order: its column of X, from 0, among the genes that stay.
    member _.Genes =
        let rows = Lent.rows rowBatch filling
        let start = rows.Offsets[row]
        ReadOnlySpan(rows.Genes, start, rows.Offsets[row + 1] - start)

    /// Each stored value as it was read, in the order of Genes.
    member _.Values =
        let rows = Lent.rows rowBatch filling
        let start = rows.Offsets[row]
        ReadOnlySpan(rows.Values, start, rows.Offsets[row + 1] - start)

    /// Each stored value as the steps of the run leave it, in the order of Genes; Values where no step changes them.
    member _.Output =
        let rows = Lent.rows rowBatch filling
        let start = rows.Offsets[row]
        ReadOnlySpan(rows.OutputToRead, start, rows.Offsets[row + 1] - start)

/// Goes through the rows of a batch.
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type RowEnumerator =
    val private rowBatch: RowBatch
    val private filling: int64
    val mutable private row: int

    internal new(rowBatch, filling) =
        { rowBatch = rowBatch
          filling = filling
          row = -1 }

    /// Goes on to the next row, if there is one.
    member rows.MoveNext() =
        let next = rows.row + 1
        rows.row <- next
        next < (Lent.rows rows.rowBatch rows.filling).Cells

    /// The row that it has gone on to.
    member rows.Current = Row(rows.rowBatch, rows.filling, rows.row)

/// Some consecutive rows of a matrix of cells × genes as csr, only stored values. It is a view of a buffer that is filled again and again: it
/// holds for the step that it is given to, and throws an InvalidOperationException afterwards.
[<Struct; IsReadOnly; NoEquality; NoComparison>]
type CsrBatch internal (rowBatch: RowBatch, filling: int64) =
    internal new(rowBatch: RowBatch) = CsrBatch(rowBatch, rowBatch.Filling)

    /// How many rows it has; 0 where a filter has dropped all of them.
    member _.Cells = (Lent.rows rowBatch filling).Cells

    /// How many values it stores, explicit zeros among them.
    member _.Count = (Lent.rows rowBatch filling).Count

    /// The number in the input of the first row's cell; without meaning where there is no row.
    member _.FirstCell =
        let rows = Lent.rows rowBatch filling
        if rows.Cells = 0 then rows.FirstCell else rows.CellOf 0

    /// The number in the input of a row's cell, from 0, whatever a filter has dropped.
    member _.CellOf(row: int) =
        let rows = Lent.rows rowBatch filling
        rows.CellOf(Lent.row rows row)

    /// Where each row begins: the values of row i are those from Offsets[i] to Offsets[i + 1] − 1. One more than there are rows.
    member _.Offsets =
        let rows = Lent.rows rowBatch filling
        ReadOnlySpan(rows.Offsets, 0, rows.Cells + 1)

    /// The gene of each stored value, in stored order: its column of X, from 0, among the genes that stay.
    member _.Genes =
        let rows = Lent.rows rowBatch filling
        ReadOnlySpan(rows.Genes, 0, rows.Count)

    /// Each stored value as it was read, in the order of Genes.
    member _.Values =
        let rows = Lent.rows rowBatch filling
        ReadOnlySpan(rows.Values, 0, rows.Count)

    /// Each stored value as the steps of the run leave it, in the order of Genes; Values where no step changes them.
    member _.Output =
        let rows = Lent.rows rowBatch filling
        ReadOnlySpan(rows.OutputToRead, 0, rows.Count)

    /// One of its rows, numbered from 0.
    member _.Row(row: int) =
        Row(rowBatch, filling, Lent.row (Lent.rows rowBatch filling) row)

    /// Its rows, for foreach.
    member _.GetEnumerator() = RowEnumerator(rowBatch, filling)

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal CsrBatch =
    /// Somebody's own fold over rows. A batch that one of its states keeps holds no longer once its step is done.
    let folding (fold: Fold<CsrBatch, 'r>) : Fold<RowBatch, 'r> =
        fold.Open
            { new FoldUser<CsrBatch, 'r, Fold<RowBatch, 'r>> with
                member _.Use steps =
                    Fold.ofSteps
                        { Fresh = fun () -> OwnCode.call steps.Fresh
                          Step =
                            fun state rowBatch ->
                                try
                                    OwnCode.call (fun () -> steps.Step state (CsrBatch rowBatch))
                                finally
                                    rowBatch.Withdraw()
                          Merge = fun left right -> OwnCode.call (fun () -> steps.Merge left right)
                          Finish = fun state -> OwnCode.call (fun () -> steps.Finish state) } }

namespace SingleSharp.Core

type Row = SingleSharp.Row
type CsrBatch = SingleSharp.CsrBatch
