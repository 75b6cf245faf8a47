/// What the operating system says of a file: what it is, whose it is, and when it was changed.
namespace SingleSharp.Core.Files

open System
open System.IO
open System.Runtime.InteropServices
open Microsoft.Win32.SafeHandles

/// What a name may lead to. Only the content of a regular file can be read anywhere and replaced.
type internal Nature =
    | RegularFile
    | Folder
    | SymbolicLink
    /// In the words of a sentence.
    | SomethingElse of string

/// As statx of Linux tells it. Where there is no statx, only the nature, the length and the time of the last write are known.
type internal Status =
    {
        Nature: Nature
        /// The twelve bits of permissions.
        Mode: int
        Owner: uint32
        Group: uint32
        /// The file system and the number in it: the same for all hard links, different for every two files. None where unknown.
        Node: struct (uint64 * uint64) voption
        Length: int64
        /// When the content was last written, which anybody may set, and when anything was last changed, which nobody can.
        Written: int64
        Changed: int64
    }

/// Two stamps of one file differ when it was changed in between.
[<Struct>]
type internal Stamp =
    { Length: int64
      Written: int64
      Changed: int64 }

module private Statx =
    [<DllImport("libc", EntryPoint = "statx", SetLastError = true)>]
    extern int ofPath(int folder, [<MarshalAs(UnmanagedType.LPUTF8Str)>] string path, int flags, uint32 mask, byte[] answer)

    [<DllImport("libc", EntryPoint = "statx", SetLastError = true)>]
    extern int ofHandle(SafeFileHandle handle, [<MarshalAs(UnmanagedType.LPUTF8Str)>] string path, int flags, uint32 mask, byte[] answer)

    let currentFolder = -100
    let noFollow = 0x100
    let emptyPath = 0x1000
    let basicStats = 0x7ffu
    let nameTooLong = 36

    let read (answer: byte[]) : Status =
        let u32 at = BitConverter.ToUInt32(answer, at)

        let nanoseconds at =
            BitConverter.ToInt64(answer, at) * 1_000_000_000L + int64 (u32 (at + 8))

        let mode = int (BitConverter.ToUInt16(answer, 28))

        { Nature =
            match mode &&& 0o170000 with
            | 0o100000 -> RegularFile
            | 0o040000 -> Folder
            | 0o120000 -> SymbolicLink
            | 0o010000 -> SomethingElse "a pipe"
            | 0o140000 -> SomethingElse "a socket"
            | _ -> SomethingElse "a device"
          Mode = mode &&& 0o7777
          Owner = u32 20
          Group = u32 24
          Node = ValueSome(struct ((uint64 (u32 136) <<< 32) ||| uint64 (u32 140), BitConverter.ToUInt64(answer, 32)))
          Length = BitConverter.ToInt64(answer, 40)
          Changed = nanoseconds 96
          Written = nanoseconds 112 }

    /// None where the call fails; the inner one is none where the C library does not know it.
    let call (request: byte[] -> int) =
        if not (OperatingSystem.IsLinux()) then
            ValueNone
        else
            let answer = Array.zeroCreate 256

            try
                ValueSome(if request answer = 0 then ValueSome(read answer) else ValueNone)
            with :? EntryPointNotFoundException ->
                ValueNone

[<RequireQualifiedAccess>]
module internal Status =
    let private withoutStatx nature mode length (written: DateTime) : Status =
        { Nature = nature
          Mode = mode
          Owner = 0u
          Group = 0u
          Node = ValueNone
          Length = length
          Written = written.Ticks
          Changed = 0L }

    let private managed (path: string) isFollowing =
        let own = FileInfo path

        let info: FileSystemInfo =
            match own.LinkTarget with
            | null -> own
            | _ when isFollowing -> own.ResolveLinkTarget true
            | _ -> own

        match info with
        | info when isNull info -> ValueNone
        | info when not isFollowing && not (isNull info.LinkTarget) -> ValueSome(withoutStatx SymbolicLink 0 0L info.LastWriteTimeUtc)
        | info when Directory.Exists info.FullName ->
            ValueSome(withoutStatx Folder (int (DirectoryInfo(info.FullName).UnixFileMode)) 0L info.LastWriteTimeUtc)
        | info when File.Exists info.FullName ->
            let file = FileInfo info.FullName
            ValueSome(withoutStatx RegularFile (int file.UnixFileMode) file.Length file.LastWriteTimeUtc)
        | _ -> ValueNone

    let private ofPath flags (path: string) =
        match Statx.call (fun answer -> Statx.ofPath (Statx.currentFolder, path, flags, Statx.basicStats, answer)) with
        | ValueSome status -> status
        | ValueNone ->
            try
                managed path (flags = 0)
            with
            | :? IOException
            | :? UnauthorizedAccessException -> ValueNone

    /// What the name leads to in the end, if there is anything.
    let tryFind path = ofPath 0 path

    /// What stands under the name itself, which may be a symbolic link.
    let tryFindHere path = ofPath Statx.noFollow path

    /// Does the file system refuse so long a name? Linux says so when asked what has it.
    let isTooLong (path: string) =
        match Statx.call (fun answer -> Statx.ofPath (Statx.currentFolder, path, Statx.noFollow, Statx.basicStats, answer)) with
        | ValueSome ValueNone -> Marshal.GetLastPInvokeError() = Statx.nameTooLong
        | _ -> false

    let ofHandle (handle: SafeFileHandle) =
        match Statx.call (fun answer -> Statx.ofHandle (handle, "", Statx.emptyPath, Statx.basicStats, answer)) with
        | ValueSome(ValueSome status) -> status
        | _ ->
            let mode =
                if OperatingSystem.IsWindows() then 0 else int (File.GetUnixFileMode handle)

            withoutStatx RegularFile mode (RandomAccess.GetLength handle) (File.GetLastWriteTimeUtc handle)

    let stamp (status: Status) =
        { Length = status.Length
          Written = status.Written
          Changed = status.Changed }
