/// What a path leads to, asked before it is opened: to open a pipe is to wait for its writer.
namespace SingleSharp.Core

open System
open System.IO
open System.Runtime.InteropServices
open Microsoft.Win32.SafeHandles

/// A call of the operating system that .NET does not offer; its answer has the same layout on every processor.
module private Statx =
    [<DllImport("libc", EntryPoint = "statx", SetLastError = true)>]
    extern int statx(int folder, [<MarshalAs(UnmanagedType.LPUTF8Str)>] string path, int flags, uint32 mask, byte[] answer)

[<RequireQualifiedAccess>]
module NodeKind =
    let private current = -100
    let private typeOnly = 1u

    /// The file type bits of st_mode behind all symbolic links; none where the system does not tell.
    let private tryMode (path: string) =
        if OperatingSystem.IsLinux() then
            let answer: byte[] = Array.zeroCreate 256

            try
                if Statx.statx (current, path, 0, typeOnly, answer) = 0 then
                    Some(int (BitConverter.ToUInt16(answer, 28)) &&& 0xF000)
                else
                    None
            with :? EntryPointNotFoundException ->
                None
        else
            None

    let private pipe =
        "it is a pipe, which can be read only once and from front to back; write what comes through it to a file first, and name that"

    let private device =
        "it is a device and no file; copy what it holds to a file first, and name that"

    /// Why nothing can be read at any place of what a path leads to; none for a regular file, a folder and what is not there.
    let unreadable path =
        match tryMode path with
        | Some 0x1000 -> Some pipe
        | Some 0x2000
        | Some 0x6000 -> Some device
        | Some 0xC000 -> Some "it is a socket and no file; write what comes through it to a file first, and name that"
        | _ -> None

    /// The same for what is open already, where the system would not tell before.
    let unreadableOpen (handle: SafeFileHandle) =
        try
            RandomAccess.GetLength handle |> ignore
            None
        with :? NotSupportedException ->
            Some pipe
