/// A file's matrix as passes read it: row by row, straight from the file or from a scratch file.
namespace SingleSharp.Core.Reading

open System
open System.Threading
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.AnnData

/// Rows of a matrix that is written nowhere, some values at a time, and the names of its cells. Whoever gives the rows looks for
/// duplicate entries himself.
type internal RowsElsewhere =
    {
        Rows: int -> Source<RowBatch>
        /// Bytes that each worker takes to read them, beside the row batch that it gives.
        Worker: int64
        CellName: int64 -> string
    }

[<Sealed>]
type internal CsrView private (disk: RandomAccessFile, matrix: Matrix, scratch: ScratchFile voption, elsewhere: RowsElsewhere voption) =
    member _.Disk = disk
    member _.Matrix = matrix
    member _.Elsewhere = elsewhere

    /// The rows, some values at a time.
    member _.Rows valuesPerBatch =
        match elsewhere with
        | ValueSome elsewhere -> elsewhere.Rows valuesPerBatch
        | ValueNone -> Reader.rows disk matrix valuesPerBatch

    /// A matrix, transposed in the folder first where its rows do not lie one after another.
    static member Of(disk: RandomAccessFile, x: Matrix, folder: string, memory: int64, cancel: CancellationToken, progress: float -> unit) =
        if CscToCsr.isNeeded x then
            let scratch = new ScratchFile(folder)

            try
                let matrix = CscToCsr.write disk x scratch.Disk folder memory cancel progress
                Memory.release (CscToCsr.least x)
                new CsrView(scratch.Disk, matrix, ValueSome scratch, ValueNone)
            with
            | FaultException(CannotWrite(path, why)) ->
                (scratch :> IDisposable).Dispose()
                Fault.throw (CannotWrite(path, $"{why} (the rows of {x.Path} are put together there; make room there)"))
            | _ ->
                (scratch :> IDisposable).Dispose()
                reraise ()
        else
            new CsrView(disk, x, ValueNone, ValueNone)

    /// The same of the matrix of a file.
    static member Prepare(file: AnnDataFile, folder, memory, cancel, progress) =
        CsrView.Of(file.Store.Disk, file.X, folder, memory, cancel, progress)

    /// A matrix of a file that is only planned, whose rows come from elsewhere.
    static member From(file: AnnDataFile, elsewhere) =
        new CsrView(file.Store.Disk, file.X, ValueNone, ValueSome elsewhere)

    /// The same for one run of several that share it: its end is not that of the view.
    member _.Lent = new CsrView(disk, matrix, ValueNone, elsewhere)

    /// The same without its values, for planning.
    static member Foreseen(matrix: Matrix) =
        if CscToCsr.isNeeded matrix then CscToCsr.foreseen matrix else matrix

    interface IDisposable with
        member _.Dispose() =
            match scratch with
            | ValueSome scratch -> (scratch :> IDisposable).Dispose()
            | ValueNone -> ()
