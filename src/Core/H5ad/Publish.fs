/// How a new file takes the place of an old one.
namespace SingleSharp.Core

open System
open System.IO
open System.Runtime.InteropServices

/// Calls of the operating system that .NET does not offer: it cannot flush a folder.
module private Folder =
    [<DllImport("libc", EntryPoint = "open", SetLastError = true)>]
    extern int openRead([<MarshalAs(UnmanagedType.LPUTF8Str)>] string path, int flags)

    [<DllImport("libc", EntryPoint = "fsync", SetLastError = true)>]
    extern int fsync(int descriptor)

    [<DllImport("libc", EntryPoint = "close", SetLastError = true)>]
    extern int close(int descriptor)

[<RequireQualifiedAccess>]
module Publish =
    /// A rename is only safe once its folder is on the device too.
    let private syncFolder (folder: string) =
        if not (OperatingSystem.IsWindows()) then
            let descriptor = Folder.openRead (folder, 0)

            if descriptor >= 0 then
                Folder.fsync descriptor |> ignore
                Folder.close descriptor |> ignore

    /// The file that a path really means, behind symbolic links.
    let resolve (path: string) =
        let full = Path.GetFullPath path

        match (if File.Exists full then File.ResolveLinkTarget(full, true) else null) with
        | null -> full
        | target -> target.FullName

    /// What tells whether somebody changed a file meanwhile.
    let stateOf (path: string) =
        let info = FileInfo(resolve path)
        struct (info.Length, info.LastWriteTimeUtc)

    /// Refuses to begin what the disk cannot hold.
    let requireRoom (target: string) (bytes: int64) =
        let folder = Path.GetDirectoryName(resolve target)

        if Directory.Exists folder then
            let free = DriveInfo(folder).AvailableFreeSpace

            if free < bytes then
                Fault.throw (CannotWrite(target, $"it needs about {bytes >>> 20} MiB, but its disk has only {free >>> 20} MiB left"))

    let private create (target: string) (temporary: string) =
        if Directory.Exists target then
            Fault.throw (CannotWrite(target, "it is a folder"))

        try
            File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None)
        with
        | :? DirectoryNotFoundException -> Fault.throw (CannotWrite(target, "its folder does not exist"))
        | :? UnauthorizedAccessException -> Fault.throw (CannotWrite(target, "you may not write to its folder"))
        | :? IOException as trouble -> Fault.throw (CannotWrite(target, Fault.reason trouble))

    /// Lets `write` make a file beside the target, then puts it in the target's place in one step.
    /// If anything goes wrong before, the target is as it was and the temporary file is gone.
    /// `origin` is where its superblock will stand.
    let replace (target: string) origin (write: Disk -> 'r) =
        let target = resolve target
        let folder = Path.GetDirectoryName target

        let temporary =
            Path.Combine(folder, $".{Path.GetFileName target}.{Guid.NewGuid():N}.tmp")

        let handle = create target temporary

        try
            let result =
                using (new Disk(target, handle, origin)) (fun disk ->
                    if File.Exists target && not (OperatingSystem.IsWindows()) then
                        File.SetUnixFileMode(handle, File.GetUnixFileMode target)

                    write disk)

            try
                File.Move(temporary, target, true)
            with
            | :? IOException as trouble -> Fault.throw (CannotWrite(target, Fault.reason trouble))
            | :? UnauthorizedAccessException as trouble -> Fault.throw (CannotWrite(target, Fault.reason trouble))

            syncFolder folder
            result
        with _ ->
            File.Delete temporary
            reraise ()
