/// Small files under new names: of all machines that ask at once, one gets the name.
namespace SingleSharp.Core.Files

open System
open System.IO
open System.Runtime.InteropServices
open SingleSharp.Core

module private NameCalls =
    [<DllImport("libc", EntryPoint = "link", SetLastError = true)>]
    extern int link([<MarshalAs(UnmanagedType.LPUTF8Str)>] string path, [<MarshalAs(UnmanagedType.LPUTF8Str)>] string another)

    /// EEXIST.
    let exists = 17

[<RequireQualifiedAccess>]
module internal NewName =
    /// Gives a file its name unless that is taken, of all machines that ask at once to one. .NET looks first and renames then, between which
    /// another machine may come; where a file system has no hard links, there is nothing better.
    let private tryName (temporary: string) (path: string) =
        let isLinked, error =
            if OperatingSystem.IsWindows() then
                false, 0
            else
                NameCalls.link (temporary, path) = 0, Marshal.GetLastPInvokeError()

        if isLinked then
            true
        elif error = NameCalls.exists then
            false
        else
            try
                File.Move(temporary, path, false)
                true
            with :? IOException when File.Exists path ->
                false

    /// Writes a small text under a name that nobody has; false where somebody has it.
    let publish (path: string) (text: string) =
        let temporary = $"{path}.{Guid.NewGuid():N}.tmp"

        try
            try
                using (new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1)) (fun file ->
                    file.Write(Text.Encoding.UTF8.GetBytes text)
                    file.Flush true)

                let isNew = tryName temporary path
                FolderSync.flush (Path.GetDirectoryName path)
                isNew
            with Fault.WriteTrouble trouble ->
                Fault.throw (Fault.ofWrite path trouble)
        finally
            TempFile.remove temporary
