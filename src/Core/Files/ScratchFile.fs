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
        | :? FileNotFoundException ->
            Fault.throw (CannotWrite(folder, "no scratch file can be made there; choose another folder (⟨scratch⟩)"))
        | :? UnauthorizedAccessException ->
            Fault.throw (
                CannotWrite(folder, "you may not write to this folder, where a scratch file is needed; choose another (⟨scratch⟩)")
            )
        | :? IOException as trouble -> Fault.throw (Fault.ofWrite folder trouble)

    // The file has no name that would mean anything to anybody.
    let disk = new RandomAccessFile(folder, handle, 0L)

    member _.Disk = disk

    interface IDisposable with
        member _.Dispose() = (disk :> IDisposable).Dispose()

[<RequireQualifiedAccess>]
module internal Scratch =
    /// Where scratch files go: to the folder that was asked for, or else to this one.
    let folder (settings: Settings) usual =
        match settings.Scratch with
        | Some folder -> Path.GetFullPath folder
        | None -> usual

    /// Refuses a folder that was asked for and is none, or where nobody may write. What killed runs left there goes.
    let require (settings: Settings) =
        match settings.Scratch with
        | Some folder when not (Directory.Exists folder) ->
            Fault.throw (InvalidOption("scratch", $"there is no folder {folder}; make it first, or choose another"))
        | Some folder ->
            using (new ScratchFile(folder)) ignore
            TempFile.tidy folder
        | None -> ()

    /// Are they on another file system than this folder?
    let isApart settings (usual: string) =
        match Status.tryFind (folder settings usual), Status.tryFind usual with
        | ValueSome { Node = ValueSome(struct (one, _)) }, ValueSome { Node = ValueSome(struct (other, _)) } -> one <> other
        | _ -> false
