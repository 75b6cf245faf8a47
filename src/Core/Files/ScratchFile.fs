/// Room on disk for what does not fit into memory, gone when the run is.
namespace SingleSharp.Core.Files

open System
open System.IO
open SingleSharp.Core

/// Numbers on their way through a scratch file that vanishes with the run.
[<Sealed>]
type internal ScratchFile(folder: string) =
    let path = TempFile.pathIn folder

    let handle =
        try
            let handle = TempFile.create path FileShare.Delete FileOptions.DeleteOnClose

            // Where a file lives on without its name, it gives it up at once, so that even a killed run leaves nothing.
            if not (OperatingSystem.IsWindows()) then
                File.Delete path

            handle
        with
        | :? DirectoryNotFoundException -> Fault.throw (CannotWrite(folder, "it does not exist, and a scratch file is needed there"))
        | :? UnauthorizedAccessException ->
            Fault.throw (CannotWrite(folder, "you may not write to this folder, where a scratch file is needed"))
        | :? IOException as trouble -> Fault.throw (Fault.ofWrite folder trouble)

    // The file has no name that would mean anything to anybody.
    let disk = new RandomAccessFile(folder, handle, 0L)

    member _.Disk = disk

    interface IDisposable with
        member _.Dispose() = (disk :> IDisposable).Dispose()
