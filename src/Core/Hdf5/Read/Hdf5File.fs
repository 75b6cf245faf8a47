/// An HDF5 file that is open for reading, and the objects in it by name.
namespace SingleSharp.Core.Hdf5

open System
open System.Collections.Generic
open System.IO
open Microsoft.Win32.SafeHandles
open SingleSharp.Core
open SingleSharp.Core.Files

/// What a link leads to.
type internal Hdf5Object =
    | GroupObject of Group
    | DatasetObject of Dataset

/// Where the hard link is that a name leads to in the end.
type internal LinkLocation =
    {
        /// The address of the group that holds the link.
        Parent: int64
        Name: string
        /// The address of the object.
        Address: int64
    }

[<Sealed>]
type internal Hdf5File(disk: RandomAccessFile) =
    /// As many soft links as HDF5 follows, one to another.
    let mostSoftLinks = 16

    let superblock = Superblock.read disk
    let root = Links.read disk superblock.Root
    let heap = GlobalHeap disk

    let state = disk.Device.Stamp
    let found = Dictionary<Type, obj>()

    /// The length and times of the file as it was opened.
    member _.State = state

    member _.Disk = disk
    member _.Path = disk.Path
    member _.Superblock = superblock
    member _.Root = root
    member _.Heap = heap

    /// What is found out about the file as a whole, such as which links lead where, is found out once.
    member _.Once(find: unit -> 'a) : 'a =
        match found.TryGetValue typeof<'a> with
        | true, known -> unbox known
        | _ ->
            let made = find ()
            found[typeof<'a>] <- box made
            made

    /// The group or dataset whose header stands at the address; `path` is for messages.
    member _.TryAt(path: string, address: int64) =
        let header = Header.read disk address

        if Dataset.isDataset header then Some(DatasetObject(Dataset.ofHeader disk path header))
        elif Links.isGroup header then Some(GroupObject(Links.read disk address))
        else None

    /// The same, where nothing else can be meant.
    member store.At(path, address) =
        match store.TryAt(path, address) with
        | Some node -> node
        | None -> disk.Unsupported path "it is neither a group nor a dataset"

    /// Where a name in a group leads, when there is one; soft links are followed. A name with slashes is a path, as it is to
    /// anndata, which keeps a column G1/S phase as S phase in a group G1.
    member _.TryPlace(parent: string, group: Group, name: string) =
        let where = if parent = "" then name else $"{parent}/{name}"

        // Counted over all of them: a path may have a soft link at every step.
        let left = ref mostSoftLinks

        let rec follow (group: Group) name =
            match group.Links |> List.tryFind (fun link -> link.Name = name) with
            | None -> None
            | Some { Target = Hard address } ->
                Some
                    { Parent = group.Header.Address
                      Name = name
                      Address = address }
            | Some link ->
                match Links.softPath link, Links.externalFile link with
                | _, Some file ->
                    disk.Unsupported
                        where
                        $"it is an external link to {file}; copy what it leads to into this file, in the place of the link"
                | None, None -> disk.Unsupported where "it is a link of a kind that only its own program can follow"
                | Some _, _ when left.Value = 0 -> disk.Damaged where "it is a soft link that leads in circles"
                | Some path, _ ->
                    left.Value <- left.Value - 1
                    let start = if path.StartsWith '/' then root else group

                    match along start (Links.along path) with
                    | Some place -> Some place
                    | None -> disk.Damaged where $"it is a soft link to {path}, where there is nothing"

        and along group parts =
            match parts with
            | [] -> disk.Unsupported where "it is a soft link to the group that holds it"
            | [ last ] -> follow group last
            | first :: rest ->
                match follow group first with
                | Some place when Links.isGroup (Header.read disk place.Address) -> along (Links.read disk place.Address) rest
                | _ -> None

        if not (name.Contains '/') then
            follow group name
        else
            match Links.along name with
            | [] -> None
            | parts -> along (if name.StartsWith '/' then root else group) parts

    /// The object behind a name in a group, when there is one; soft links are followed.
    member store.TryFind(parent: string, group: Group, name: string) =
        store.TryPlace(parent, group, name)
        |> Option.map (fun place -> store.At((if parent = "" then name else $"{parent}/{name}"), place.Address))

    /// The group that holds the last name of a path from the root, its own path, and that name.
    member private store.Holder(path: string) =
        let rec down parent (group: Group) (parts: string list) =
            match parts with
            | [] -> None
            | [ last ] -> Some(parent, group, last)
            | first :: rest ->
                match store.TryFind(parent, group, first) with
                | Some(GroupObject inner) -> down (if parent = "" then first else $"{parent}/{first}") inner rest
                | _ -> None

        down "" root (Links.along path)

    /// The object at a path from the root, when there is one; soft links are followed.
    member store.TryFind(path: string) =
        store.Holder path |> Option.bind (fun (parent, group, name) -> store.TryFind(parent, group, name))

    /// The link at the end of a path from the root, itself: whoever replaces it leaves what it led to as it was.
    member store.LinkAt(path: string) =
        match store.Holder path with
        | Some(_, group, name) when group.Links |> List.exists (fun link -> link.Name = name) ->
            struct (group.Header.Address, group.Links |> List.find (fun link -> link.Name = name))
        | _ -> disk.Damaged path "there is nothing"

    /// The dataset behind a name in a group.
    member store.Dataset(parent, group, name) =
        match store.TryFind(parent, group, name) with
        | Some(DatasetObject dataset) -> dataset
        | Some(GroupObject _) -> disk.Damaged $"{parent}/{name}" "a dataset is expected, but it is a group"
        | None -> disk.Damaged parent $"it has no {name}"

    /// The strings of an attribute; none where it is missing.
    member _.Strings(header: Header, name) =
        Attribute.tryFind disk name header |> Option.map (Attribute.strings heap)

    /// The first string of an attribute.
    member store.Text(header, name) =
        store.Strings(header, name) |> Option.bind List.tryHead

    member _.Integers(header: Header, name) =
        Attribute.tryFind disk name header |> Option.map Attribute.integers

    interface IDisposable with
        member _.Dispose() = (disk :> IDisposable).Dispose()

[<RequireQualifiedAccess>]
module internal Hdf5File =
    /// Opens the file so that no other program that respects locks writes to it meanwhile.
    let openHandle (path: string) access share =
        if Directory.Exists path then
            Fault.throw (Unreadable(path, OtherFormat.ofFolderForFile path))

        match NodeKind.unreadable path with
        | Some why -> Fault.throw (Unreadable(path, why))
        | None -> ()

        try
            let handle = File.OpenHandle(path, FileMode.Open, access, share)

            match NodeKind.unreadableOpen handle with
            | Some why ->
                handle.Dispose()
                Fault.throw (Unreadable(path, why))
            | None -> handle
        with
        | :? ArgumentException
        | :? FileNotFoundException
        | :? DirectoryNotFoundException ->
            match OtherFormat.ofName path with
            | Some why -> Fault.throw (Unreadable(path, why))
            | None -> Fault.throw (NotFound path)
        | :? UnauthorizedAccessException when access <> FileAccess.Read && FileInfo(path).IsReadOnly ->
            Fault.throw (CannotWrite(path, "it is read-only; allow writing to it first, or choose another name (⟨out⟩)"))
        | :? UnauthorizedAccessException when access <> FileAccess.Read ->
            Fault.throw (CannotWrite(path, "you may not write to it; ask its owner, or choose another name (⟨out⟩)"))
        | :? UnauthorizedAccessException -> Fault.throw (Unreadable(path, "you have no permission"))
        | :? IOException as trouble when trouble.Message.Contains "being used" ->
            let use' = if access = FileAccess.Read then "open for writing" else "open"
            Fault.throw (Unreadable(path, $"another program has it {use'}; close it there and run again"))
        | :? IOException as trouble -> Fault.throw (Unreadable(path, Fault.reason trouble))

    /// What lies on a device, of which may be read at a time what fits this much memory. The device is let go of where that is no
    /// HDF5 file. The path is for messages.
    let onDeviceWithin memory path (device: Device) =
        try
            new Hdf5File(new RandomAccessFile(path, device, Superblock.origin path device, Allowed = memory))
        with _ ->
            device.Dispose()
            reraise ()

    /// The same without a limit.
    let onDevice path device =
        onDeviceWithin Int64.MaxValue path device

    /// The same of what somebody names for an .h5ad file: a file of another program is called by its name.
    let private ofHandle memory path handle =
        let device = new FileDevice(handle)
        let head = OtherFormat.head device

        try
            onDeviceWithin memory path device
        with FaultException(NotAnnData(path, why)) ->
            Fault.throw (NotAnnData(path, OtherFormat.ofFile path head |> Option.defaultValue why))

    /// Opens the file for reading what fits this much memory at a time.
    let openReadWithin memory path =
        openHandle path FileAccess.Read (FileShare.Read ||| FileShare.Delete) |> ofHandle memory path

    let openRead path = openReadWithin Int64.MaxValue path

    /// How often a file may be replaced in the moment between opening it and holding it. Whoever does it more often does nothing else.
    let private mostReplaced = 100

    /// The file that the path leads to once it is held. The lock lies on a file, not on its name: whoever waited at the door of
    /// one that has been replaced since must go to the new one.
    let hold path (opening: unit -> SafeFileHandle) =
        let rec attempt left =
            let handle = opening ()

            match (Status.ofHandle handle).Node, Status.tryFind path with
            | ValueSome node, found when found.IsNone || found.Value.Node <> ValueSome node ->
                handle.Dispose()

                if left = 0 then
                    Fault.throw (Unreadable(path, "another program keeps replacing it; run again once that has ended"))

                attempt (left - 1)
            | _ -> handle

        attempt mostReplaced

    /// Opens the file for nobody else, to be held until it is changed or replaced: two runs that change one file would lose what
    /// the first of them did.
    let openWriteWithin memory path =
        // On Windows, what nobody may delete cannot be replaced either; and nobody else can read or write it all the same.
        let share = if OperatingSystem.IsWindows() then FileShare.Delete else FileShare.None

        hold path (fun () -> openHandle path FileAccess.ReadWrite share) |> ofHandle memory path
