/// A file's matrix as passes read it: row by row, straight from the file or from a scratch file.
namespace SingleSharp.Core

open System
open System.Threading

[<Sealed>]
type RowMatrix private (disk: Disk, matrix: Matrix, scratch: Scratch voption) =
    member _.Disk = disk
    member _.Matrix = matrix

    /// The matrix of the file, transposed in the folder first where its rows do not lie one after another.
    static member Prepare(file: H5adFile, folder: string, memory: int64, cancel: CancellationToken, progress: float -> unit) =
        let disk = file.Store.Disk

        if Transposed.isNeeded file.X then
            let scratch = new Scratch(folder)

            try
                let matrix = Transposed.write disk file.X scratch.Disk folder memory cancel progress
                Memory.release (Transposed.least file.X)
                new RowMatrix(scratch.Disk, matrix, ValueSome scratch)
            with
            | FaultException(CannotWrite(path, why)) ->
                (scratch :> IDisposable).Dispose()
                Fault.throw (CannotWrite(path, $"{why} (the rows of {file.X.Path} are put together there; make room there)"))
            | _ ->
                (scratch :> IDisposable).Dispose()
                reraise ()
        else
            new RowMatrix(disk, file.X, ValueNone)

    /// The same without its values, for planning.
    static member Foreseen(matrix: Matrix) =
        if Transposed.isNeeded matrix then Transposed.foreseen matrix else matrix

    interface IDisposable with
        member _.Dispose() =
            match scratch with
            | ValueSome scratch -> (scratch :> IDisposable).Dispose()
            | ValueNone -> ()
