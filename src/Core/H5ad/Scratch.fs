/// Room on disk for what does not fit into memory, gone when the run is.
namespace SingleSharp.Core

open System
open System.IO

/// Numbers on their way through a scratch file that vanishes with the run.
[<Sealed>]
type Scratch(folder: string) =
    let path = Temporary.pathIn folder

    let handle =
        try
            let handle = Temporary.create path FileShare.Delete FileOptions.DeleteOnClose

            // Where a file lives on without its name, it gives it up at once, so that even a killed run leaves nothing.
            if not (OperatingSystem.IsWindows()) then
                File.Delete path

            handle
        with
        | :? IOException as trouble -> Fault.throw (CannotWrite(path, Fault.reason trouble))
        | :? UnauthorizedAccessException -> Fault.throw (CannotWrite(path, "you may not write to this folder"))

    let disk = new Disk(path, handle, 0L)

    member _.Disk = disk

    interface IDisposable with
        member _.Dispose() = (disk :> IDisposable).Dispose()
