/// Whose a file is and who may read it, when another takes its place or is made of it. What Linux offers for it .NET does not:
/// elsewhere only the permission bits are known.
namespace SingleSharp.Core.Files

open System
open System.IO
open System.Runtime.InteropServices
open System.Text
open Microsoft.Win32.SafeHandles

module private Owning =
    [<DllImport("libc", EntryPoint = "geteuid")>]
    extern uint32 geteuid()

    [<DllImport("libc", EntryPoint = "faccessat", SetLastError = true)>]
    extern int faccessat(int folder, [<MarshalAs(UnmanagedType.LPUTF8Str)>] string path, int right, int flags)

    [<DllImport("libc", EntryPoint = "fchown", SetLastError = true)>]
    extern int fchown(SafeFileHandle handle, uint32 owner, uint32 group)

    [<DllImport("libc", EntryPoint = "llistxattr", SetLastError = true)>]
    extern nativeint llistxattr([<MarshalAs(UnmanagedType.LPUTF8Str)>] string path, byte[] names, unativeint size)

    [<DllImport("libc", EntryPoint = "lgetxattr", SetLastError = true)>]
    extern nativeint lgetxattr(
        [<MarshalAs(UnmanagedType.LPUTF8Str)>] string path,
        [<MarshalAs(UnmanagedType.LPUTF8Str)>] string name,
        byte[] value,
        unativeint size
    )

    [<DllImport("libc", EntryPoint = "fgetxattr", SetLastError = true)>]
    extern nativeint fgetxattr(SafeFileHandle handle, [<MarshalAs(UnmanagedType.LPUTF8Str)>] string name, byte[] value, unativeint size)

    [<DllImport("libc", EntryPoint = "fsetxattr", SetLastError = true)>]
    extern int fsetxattr(SafeFileHandle handle, [<MarshalAs(UnmanagedType.LPUTF8Str)>] string name, byte[] value, unativeint size, int flags)

    [<DllImport("libc", EntryPoint = "fremovexattr", SetLastError = true)>]
    extern int fremovexattr(SafeFileHandle handle, [<MarshalAs(UnmanagedType.LPUTF8Str)>] string name)

    let currentFolder = -100
    let toWrite = 2
    let asEffectiveUser = 0x200
    let readOnlyFileSystem = 30

[<RequireQualifiedAccess>]
module internal Ownership =
    let private listName = "system.posix_acl_access"

    /// Who runs this, where that has a number.
    let me () =
        if OperatingSystem.IsLinux() then ValueSome(Owning.geteuid ()) else ValueNone

    /// May this run write to the file, as far as permissions go? A file system that only reads says so itself.
    let mayWrite (path: string) =
        if OperatingSystem.IsLinux() then
            Owning.faccessat (Owning.currentFolder, path, Owning.toWrite, Owning.asEffectiveUser) = 0
            || Marshal.GetLastPInvokeError() = Owning.readOnlyFileSystem
        else
            not (FileInfo(path).IsReadOnly)

    /// Calls twice: for the size, and for that many bytes.
    let private sized (call: byte[] -> unativeint -> nativeint) =
        let size = call null 0un

        if size < 0n then
            ValueNone
        else
            let bytes = Array.zeroCreate (int size)
            let got = call bytes (unativeint bytes.Length)
            if got < 0n then ValueNone else ValueSome(Array.truncate (int got) bytes)

    let private attribute (path: string) name =
        sized (fun bytes size -> Owning.lgetxattr (path, name, bytes, size))

    let private listOf (path: string) (status: Status) =
        let stored =
            if OperatingSystem.IsLinux() then
                attribute path listName |> ValueOption.toOption |> Option.bind AccessList.tryRead
            else
                None

        Option.defaultWith (fun () -> AccessList.ofMode status.Mode) stored

    let private hasList (handle: SafeFileHandle) =
        OperatingSystem.IsLinux() && Owning.fgetxattr (handle, listName, null, 0un) > 0n

    /// What cannot be set leaves the file to its owner alone.
    let private setMode (handle: SafeFileHandle) (mode: int) =
        if not (OperatingSystem.IsWindows()) then
            try
                File.SetUnixFileMode(handle, enum<UnixFileMode> mode)
            with
            | :? IOException
            | :? UnauthorizedAccessException -> ()

    /// `special` are the bits beyond the list: set-user-ID, set-group-ID and sticky.
    let private setList (handle: SafeFileHandle) special (list: AccessList) =
        if AccessList.isShort list then
            // The folder may have given the file a list.
            if hasList handle then
                Owning.fremovexattr (handle, listName) |> ignore

            let mode = AccessList.mode list
            setMode handle (special ||| (if hasList handle then mode &&& ~~~0o070 else mode))
        else
            let bytes = AccessList.bytes list

            let isSet =
                Owning.fsetxattr (handle, listName, bytes, unativeint bytes.Length, 0) = 0

            setMode handle (special ||| AccessList.mode (if isSet then list else AccessList.short list))

    /// Attributes of the content, which is another one now; and the access list, which is taken care of.
    let private left =
        [ "security.capability"; "security.ima"; "security.evm"; listName ]

    let private copyAttributes (path: string) (handle: SafeFileHandle) isSameOwner =
        let names =
            match sized (fun bytes size -> Owning.llistxattr (path, bytes, size)) with
            | ValueSome names -> Encoding.UTF8.GetString(names).Split('\000', StringSplitOptions.RemoveEmptyEntries)
            | ValueNone -> [||]

        for name in names |> Array.except left do
            // Access lists of other kinds speak of the owner and the group.
            if isSameOwner || not (name.StartsWith "system.") then
                match attribute path name with
                | ValueSome value -> Owning.fsetxattr (handle, name, value, unativeint value.Length, 0) |> ignore
                | ValueNone -> ()

    let private keepOnLinux (path: string) (old: Status) (handle: SafeFileHandle) =
        let made = Status.ofHandle handle

        // Whoever may not give files away may still give them to a group of his.
        if (made.Owner, made.Group) <> (old.Owner, old.Group) && Owning.fchown (handle, old.Owner, old.Group) <> 0 then
            Owning.fchown (handle, made.Owner, old.Group) |> ignore

        let now = Status.ofHandle handle
        let isSameOwner = (now.Owner, now.Group) = (old.Owner, old.Group)
        let list = listOf path old
        copyAttributes path handle isSameOwner

        setList
            handle
            (old.Mode &&& (if isSameOwner then 0o7000 else 0o1000))
            (if now.Group = old.Group then list else AccessList.withoutGroup list)

    /// Gives a file that is about to take the place of another one what that has: owner, group, access list, permissions and
    /// extended attributes, as far as this run may. Where it may not, nobody gets rights that he had not.
    let keep (path: string) (old: Status) (handle: SafeFileHandle) =
        if OperatingSystem.IsLinux() then
            keepOnLinux path old handle
        else
            setMode handle (old.Mode &&& 0o777)

    /// The permissions that a new file gets in the folder, from the umask or from a list that the folder hands down.
    let private usualMode (folder: string) =
        let path = TempFile.pathIn folder

        use handle =
            File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None)

        File.Delete path
        (Status.ofHandle handle).Mode &&& 0o777

    /// Gives a file under a new name the permissions that are usual there, but lets nobody read it who may not read every
    /// input, as their permissions go.
    let settle (folder: string) (inputs: string list) (handle: SafeFileHandle) =
        if not (OperatingSystem.IsWindows()) then
            let made = Status.ofHandle handle
            let namesOthers = hasList handle

            let allowed =
                [ for input in inputs do
                      match Status.tryFind input with
                      | ValueSome status ->
                          let list = listOf input status

                          // Those that the folder's list names have what the group has.
                          let list =
                              if status.Group = made.Group && not namesOthers then list else AccessList.withoutGroup list

                          AccessList.mode (AccessList.short list)
                      | ValueNone -> 0 ]
                |> List.fold (&&&) 0o777

            let closed right rights =
                if allowed &&& right = 0 then rights else 0

            try
                setMode handle (usualMode folder &&& ~~~(closed 0o040 0o070) &&& ~~~(closed 0o004 0o007))
            with
            | :? IOException
            | :? UnauthorizedAccessException -> ()
