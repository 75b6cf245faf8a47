/// How a new file takes the place of an old one.
namespace SingleSharp.Core.Hdf5

open System
open System.IO
open SingleSharp.Core
open SingleSharp.Core.Files

/// Who may read a file under a new name.
type internal Readers =
    | OwnerOnly
    /// As usual in its folder, but nobody who may not read all of these.
    | WhoReads of inputs: string list

[<RequireQualifiedAccess>]
module internal AtomicReplace =
    /// Symbolic links that may lead to one another before they are taken for a circle.
    let private mostLinks = 40

    /// A folder where everybody may write and remove only what is his own, as /tmp is. What waits there under a name may be a trap.
    let private isShared (folder: Status) = folder.Mode &&& 0o1002 = 0o1002

    /// Is it neither mine nor that of the folder's owner?
    let private isForeign (folder: Status) (status: Status) =
        match Ownership.me () with
        | ValueSome me -> status.Owner <> me && status.Owner <> folder.Owner
        | ValueNone -> false

    /// Linux may be told to follow no such link (protected_symlinks), but whoever reads a link himself has to look himself.
    let private requireTrusted (path: string) (link: string) =
        match Status.tryFindHere link, Status.tryFindHere (Path.GetDirectoryName link) with
        | ValueSome own, ValueSome folder when not (isShared folder && isForeign folder own) -> ()
        | _ ->
            Fault.throw (
                CannotWrite(
                    path,
                    $"the symbolic link {link} belongs to another user in a folder where everybody may write; name the file that is meant"
                )
            )

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
                | target ->
                    requireTrusted path here
                    follow (Path.GetFullPath(target, Path.GetDirectoryName here)) (links - 1)

        try
            follow (Path.GetFullPath path) mostLinks
        with :? ArgumentException ->
            Fault.throw (CannotWrite(path, "that is not the name of a file"))

    /// Do two paths lead to one file, by whatever names?
    let leadToOne (one: string) (other: string) =
        match Status.tryFind one, Status.tryFind other with
        | ValueSome { Node = ValueSome first }, ValueSome { Node = ValueSome second } -> first = second
        | ValueSome _, ValueSome _ -> resolve one = resolve other
        | _ -> false

    /// Refuses to write a new file over the one that is read.
    let requireOther (store: Hdf5File) (target: string) =
        if leadToOne store.Path target then
            let name =
                if resolve store.Path = resolve target then "" else " under another name (a hard link)"

            Fault.throw (
                CannotWrite(target, $"it is the input itself{name}; choose another name, or work in place (⟨in_place⟩) where that can be")
            )

    let private freeRoom (folder: string) =
        try
            DriveInfo(folder).AvailableFreeSpace
        with
        // Windows knows no free space of a network path.
        | :? ArgumentException
        // Nor is there any of a folder that has just vanished, which whoever writes there will notice.
        | :? IOException
        | :? UnauthorizedAccessException -> Int64.MaxValue

    /// Refuses a folder on whose disk there are no N bytes left for scratch files.
    let requireScratch (folder: string) (bytes: int64) =
        let free = freeRoom folder

        if free < bytes then
            Fault.throw (
                CannotWrite(
                    folder,
                    $"scratch files need about {Fault.size bytes}, but its disk has only {Fault.size free} left; choose another folder (⟨scratch⟩)"
                )
            )

    let private readOnly (path: string) =
        CannotWrite(path, "it is read-only; allow writing to it first, or choose another name (⟨out⟩)")

    /// A name that is free, or leads to a regular file: whatever else has a name is something that a rename would destroy.
    let private requireRegular (target: string) (file: string) =
        match Status.tryFind target, Status.tryFindHere file with
        | ValueSome { Nature = Folder }, _ -> Fault.throw (CannotWrite(target, "it is a folder; name a file in it"))
        | ValueSome { Nature = SomethingElse what }, _
        | _, ValueSome { Nature = SomethingElse what } ->
            Fault.throw (CannotWrite(target, $"it is {what}, not a file; name a file, or one that is still to be made"))
        | ValueSome there, ValueSome found when there.Node = found.Node -> ()
        | ValueNone, ValueNone -> ()
        | _ -> Fault.throw (CannotWrite(target, "nobody can tell which file it leads to; name that file"))

    /// Refuses to begin what cannot be written there in the end.
    let require (target: string) (bytes: int64) =
        let file = resolve target
        requireRegular target file
        let folder = Path.GetDirectoryName file

        if not (Directory.Exists folder) then
            Fault.throw (CannotWrite(target, "its folder does not exist; make it first, or choose another"))

        if Status.isTooLong file then
            Fault.throw (Fault.ofWrite target (PathTooLongException()))

        match Status.tryFindHere file with
        // Whoever may write to the folder could replace it all the same, and root may write anywhere, but somebody wanted it to
        // stay as it is.
        | ValueSome old when old.Mode &&& 0o222 = 0 || OperatingSystem.IsWindows() && FileInfo(file).IsReadOnly ->
            Fault.throw (readOnly target)
        | ValueSome _ when not (Ownership.mayWrite file) ->
            Fault.throw (CannotWrite(target, "you may not write to it; ask its owner, or choose another name (⟨out⟩)"))
        | _ -> ()

        let free = freeRoom folder

        if free < bytes then
            Fault.throw (CannotWrite(target, $"it needs about {Fault.size bytes}, but its disk has only {Fault.size free} left"))

    /// Refuses what a rename could not replace in the end, or should not: in a folder where everybody may write, a file of
    /// another user under the name of an output may wait for what is his from then on.
    let requireReplaceable (target: string) isInput =
        let file = resolve target

        match Status.tryFindHere file, Status.tryFindHere (Path.GetDirectoryName file), Ownership.me () with
        | ValueSome old, ValueSome folder, ValueSome me ->
            if not isInput && isShared folder && isForeign folder old then
                Fault.throw (
                    CannotWrite(target, "it belongs to another user in a folder where everybody may write; choose another name (⟨out⟩)")
                )

            if folder.Mode &&& 0o1000 <> 0 && me <> 0u && me <> old.Owner && me <> folder.Owner then
                Fault.throw (
                    CannotWrite(target, "its folder lets only the owner of a file replace it; choose another name or folder (⟨out⟩)")
                )
        | _ -> ()

    let private create (target: string) (temporary: string) =
        try
            TempFile.create temporary FileShare.None FileOptions.None
        with
        | :? DirectoryNotFoundException -> Fault.throw (CannotWrite(target, "its folder does not exist; make it first, or choose another"))
        | Fault.WriteTrouble trouble -> Fault.throw (Fault.ofWrite target trouble)

    let private put (target: string) (temporary: string) (file: string) =
        requireRegular target file

        try
            File.Move(temporary, file, true)
        with Fault.WriteTrouble trouble ->
            Fault.throw (Fault.ofWrite target trouble)

        FolderSync.flush (Path.GetDirectoryName file)

    /// Gives a file the owner and the permissions of the one in whose place it will be; until then nobody else may read what is there.
    let private settle readers (file: string) (disk: RandomAccessFile) =
        let handle = disk.Device.Handle.Value

        match Status.tryFindHere file with
        | ValueSome old -> Ownership.keep file old handle
        | ValueNone ->
            match readers with
            | OwnerOnly -> ()
            | WhoReads inputs -> Ownership.settle (Path.GetDirectoryName file) inputs handle

    /// Lets `write` make a file beside the target, then puts it in the target's place in one step.
    /// If anything goes wrong before, the target is as it was and the temporary file is gone.
    /// `origin` is where its superblock will stand.
    /// Owner, permissions and extended attributes of a file that is replaced stay, as far as they may; its other hard links
    /// lead to the old content. A file under a new name is for its readers.
    let replaceFor readers (target: string) origin (write: RandomAccessFile -> 'r) =
        let file = resolve target
        requireRegular target file
        let temporary = TempFile.pathIn (Path.GetDirectoryName file)
        let handle = create target temporary

        try
            let result =
                using (new RandomAccessFile(target, handle, origin)) (fun disk ->
                    TempFile.removeStale temporary
                    let result = write disk
                    settle readers file disk
                    disk.Sync()
                    result)

            put target temporary file
            result
        with _ ->
            TempFile.remove temporary
            reraise ()

    /// The same with a file beside the target that others have begun, and whose path `claim` gives; `complete` is called once all of it is on the
    /// device. If anything goes wrong, the file stays, without what is behind `stop`, and `giveBack` is called if what was written is on the device.
    let finishFor readers (claim: unit -> string) (target: string) origin stop complete giveBack (write: RandomAccessFile -> 'r) =
        let file = resolve target
        requireRegular target file
        let begun = claim ()
        // So far nothing was written.
        let mutable isSynced = true

        let sync (disk: RandomAccessFile) =
            disk.Sync()
            isSynced <- true

        let work (disk: RandomAccessFile) =
            isSynced <- false

            try
                let result = write disk
                settle readers file disk
                sync disk
                complete begun disk
                result
            with _ ->
                // What went wrong says more than what goes wrong now. Where the disk is full, room makes it possible to flush.
                try
                    disk.SetLength stop
                    sync disk
                with FaultException _ ->
                    ()

                reraise ()

        try
            let handle =
                try
                    File.OpenHandle(begun, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite ||| FileShare.Delete)
                with Fault.WriteTrouble trouble ->
                    Fault.throw (Fault.ofWrite target trouble)

            let result = using (new RandomAccessFile(target, handle, origin)) work
            put target begun file
            result
        with _ ->
            if isSynced then
                giveBack begun

            reraise ()

    /// The same for what is made of no file.
    let replace target origin write =
        replaceFor (WhoReads []) target origin write
