/// Puts what a folder lists on the device, for which .NET has no call.
namespace SingleSharp.Core.Files

open System
open System.Runtime.InteropServices

module private FolderCalls =
    [<DllImport("libc", EntryPoint = "open", SetLastError = true)>]
    extern int openRead([<MarshalAs(UnmanagedType.LPUTF8Str)>] string path, int flags)

    [<DllImport("libc", EntryPoint = "fsync", SetLastError = true)>]
    extern int fsync(int descriptor)

    [<DllImport("libc", EntryPoint = "close", SetLastError = true)>]
    extern int close(int descriptor)

[<RequireQualifiedAccess>]
module internal FolderSync =
    /// A rename is only safe once its folder is on the device too.
    let flush (folder: string) =
        if not (OperatingSystem.IsWindows()) then
            let descriptor = FolderCalls.openRead (folder, 0)

            if descriptor >= 0 then
                FolderCalls.fsync descriptor |> ignore
                FolderCalls.close descriptor |> ignore
