/// A file's matrix as passes read it: row by row, straight from the file or from a scratch file.
namespace SingleSharp.Core.Reading

open System
open System.Threading
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.AnnData

[<Sealed>]
type internal CsrView private (disk: RandomAccessFile, matrix: Matrix, scratch: ScratchFile voption) =
    member _.Disk = disk
    member _.Matrix = matrix

    /// The matrix of the file, transposed in the folder first where its rows do not lie one after another.
    static member Prepare(file: AnnDataFile, folder: string, memory: int64, cancel: CancellationToken, progress: float -> unit) =
        let disk = file.Store.Disk

        if CscToCsr.isNeeded file.X then
            let scratch = new ScratchFile(folder)

            try
                let matrix = CscToCsr.write disk file.X scratch.Disk folder memory cancel progress
                Memory.release (CscToCsr.least file.X)
                new CsrView(scratch.Disk, matrix, ValueSome scratch)
            with
            | FaultException(CannotWrite(path, why)) ->
                (scratch :> IDisposable).Dispose()
                Fault.throw (CannotWrite(path, $"{why} (the rows of {file.X.Path} are put together there; make room there)"))
            | _ ->
                (scratch :> IDisposable).Dispose()
                reraise ()
        else
            new CsrView(disk, file.X, ValueNone)

    /// The same for one run of several that share it: its end is not that of the view.
    member _.Lent = new CsrView(disk, matrix, ValueNone)

    /// The same without its values, for planning.
    static member Foreseen(matrix: Matrix) =
        if CscToCsr.isNeeded matrix then CscToCsr.foreseen matrix else matrix

    interface IDisposable with
        member _.Dispose() =
            match scratch with
            | ValueSome scratch -> (scratch :> IDisposable).Dispose()
            | ValueNone -> ()
