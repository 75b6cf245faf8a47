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

    /// Symbolic links that may lead to one another before they are taken for a circle.
    let private mostLinks = 40

    /// The file that a path really means, behind symbolic links anywhere on the way to it.
    let resolve (path: string) =
        let rec follow (path: string) links =
            match Path.GetDirectoryName path with
            | null -> path
            | parent ->
                let here = Path.Combine(follow parent links, Path.GetFileName path)

                match FileInfo(here).LinkTarget with
                | null -> here
                | _ when links = 0 -> Fault.throw (CannotWrite(path, "its symbolic links lead in circles"))
                | target -> follow (Path.GetFullPath(target, Path.GetDirectoryName here)) (links - 1)

        try
            follow (Path.GetFullPath path) mostLinks
        with :? ArgumentException ->
            Fault.throw (CannotWrite(path, "that is not the name of a file"))

    /// Could this be the file that is open, under whatever name? A hard link has the length and the age of its other names, and
    /// nobody else can hold it alone while it is open here.
    let private mayBe (store: Store) (path: string) =
        let info = FileInfo path
        info.Exists && struct (info.Length, info.LastWriteTimeUtc) = store.State && Temporary.isHeld path

    /// Keeps an eye on an open file: what it returns tells whether the file has been changed or replaced by somebody else since.
    let watch (store: Store) =
        let path = resolve store.Path
        // Where the file system knows no locks, nothing is held.
        let isHeld = Temporary.isHeld path

        fun () ->
            let info = FileInfo path

            not info.Exists || struct (info.Length, info.LastWriteTimeUtc) <> store.State || isHeld && not (Temporary.isHeld path)

    /// The same for a file that is being added to: has another one taken its place?
    let watchPlace (store: Store) =
        let path = resolve store.Path
        let isHeld = Temporary.isHeld path
        fun () -> not (File.Exists path) || isHeld && not (Temporary.isHeld path)

    /// Refuses to write a new file over the one that is read.
    let requireOther (store: Store) (target: string) =
        let file = resolve target

        if resolve store.Path = file then
            Fault.throw (CannotWrite(target, "it is the input itself; to change that, work in place (--in-place)"))

        if mayBe store file then
            Fault.throw (
                CannotWrite(target, "it is the input itself under another name (a hard link); to change that, work in place (--in-place)")
            )

    let private freeRoom (folder: string) =
        try
            DriveInfo(folder).AvailableFreeSpace
        with :? ArgumentException ->
            // Windows knows no free space of a network path.
            Int64.MaxValue

    /// Refuses to begin what cannot be written there in the end.
    let require (target: string) (bytes: int64) =
        let file = resolve target
        let folder = Path.GetDirectoryName file

        if Directory.Exists file then
            Fault.throw (CannotWrite(target, "it is a folder; name a file in it"))

        if not (Directory.Exists folder) then
            Fault.throw (CannotWrite(target, "its folder does not exist; make it first, or choose another"))

        // Whoever may write to the folder could replace it all the same, but somebody wanted it to stay as it is.
        if File.Exists file && FileInfo(file).IsReadOnly then
            Fault.throw (CannotWrite(target, "it is read-only; allow writing to it first, or choose another name (--out)"))

        let free = freeRoom folder

        if free < bytes then
            Fault.throw (CannotWrite(target, $"it needs about {bytes >>> 20} MiB, but its disk has only {free >>> 20} MiB left"))

    let private create (target: string) (temporary: string) =
        try
            File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None)
        with
        | :? DirectoryNotFoundException -> Fault.throw (CannotWrite(target, "its folder does not exist; make it first, or choose another"))
        | :? UnauthorizedAccessException ->
            Fault.throw (CannotWrite(target, "you may not write to its folder; choose another (--out), or ask for permission"))
        | :? IOException as trouble -> Fault.throw (CannotWrite(target, Fault.reason trouble))

    /// The permissions of the file that is replaced, where the file system knows permissions. Its owner, access lists and
    /// other hard links are those of a new file.
    let private keepMode (target: string) (handle: Microsoft.Win32.SafeHandles.SafeFileHandle) =
        if File.Exists target && not (OperatingSystem.IsWindows()) then
            try
                File.SetUnixFileMode(handle, File.GetUnixFileMode target)
            with
            | :? IOException
            | :? UnauthorizedAccessException -> ()

    /// Lets `write` make a file beside the target, then puts it in the target's place in one step.
    /// If anything goes wrong before, the target is as it was and the temporary file is gone.
    /// `origin` is where its superblock will stand.
    let replace (target: string) origin (write: Disk -> 'r) =
        let target = resolve target
        let folder = Path.GetDirectoryName target
        let temporary = Temporary.pathIn folder
        let handle = create target temporary

        try
            let result =
                using (new Disk(target, handle, origin)) (fun disk ->
                    Temporary.removeStale temporary
                    keepMode target handle
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
