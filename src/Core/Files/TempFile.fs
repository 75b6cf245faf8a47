/// Files that a run needs for a while: what they are called, who may read them, and what becomes of those whose run was killed.
namespace SingleSharp.Core.Files

open System
open System.IO
open System.Runtime.InteropServices
open Microsoft.Win32.SafeHandles

module private Unblocked =
    [<DllImport("libc", EntryPoint = "open", SetLastError = true)>]
    extern SafeFileHandle openFile([<MarshalAs(UnmanagedType.LPUTF8Str)>] string path, int flags)

    [<DllImport("libc", EntryPoint = "flock", SetLastError = true)>]
    extern int flock(SafeFileHandle handle, int operation)

    let lockAloneNow = 2 ||| 4

    /// O_RDONLY, O_NONBLOCK, O_CLOEXEC and O_NOFOLLOW of Linux: it neither waits for the other end of a pipe nor follows a link.
    let readOnly =
        match RuntimeInformation.ProcessArchitecture with
        | Architecture.Arm
        | Architecture.Arm64
        | Architecture.Ppc64le -> 0x800 ||| 0x80000 ||| 0x8000
        | _ -> 0x800 ||| 0x80000 ||| 0x20000

[<RequireQualifiedAccess>]
module internal TempFile =
    let private first = ".singlesharp-"
    let private last = ".tmp"

    /// A new name in a folder.
    let pathIn (folder: string) =
        Path.Combine(folder, $"{first}{Guid.NewGuid():N}{last}")

    /// Makes a file that this run alone holds, and that nobody else may read, whatever its folder allows.
    let create (path: string) share options =
        let how =
            FileStreamOptions(Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = share, Options = options, BufferSize = 0)

        if not (OperatingSystem.IsWindows()) then
            how.UnixCreateMode <- UnixFileMode.UserRead ||| UnixFileMode.UserWrite

        let stream = new FileStream(path, how)
        // Its handle outlives the stream, which holds nothing else.
        GC.SuppressFinalize stream
        stream.SafeFileHandle

    let private isHeldElsewhere (path: string) =
        try
            using (File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.None)) (fun (_: SafeFileHandle) -> false)
        with
        | :? FileNotFoundException
        | :? DirectoryNotFoundException -> false
        | :? IOException -> true
        | :? UnauthorizedAccessException -> true

    /// Does somebody hold the file, as every run holds its own? False as well where the file system knows no locks, and true where
    /// nobody can tell. What is no regular file is not opened, lest a pipe wait for its other end.
    let isHeld (path: string) =
        match Status.tryFindHere path with
        | ValueNone -> false
        | ValueSome { Nature = RegularFile } when OperatingSystem.IsLinux() ->
            use handle = Unblocked.openFile (path, Unblocked.readOnly)

            handle.IsInvalid
            || (Status.ofHandle handle).Nature <> RegularFile
            || Unblocked.flock (handle, Unblocked.lockAloneNow) <> 0 && Marshal.GetLastPInvokeError() = 11
        | ValueSome { Nature = RegularFile } -> isHeldElsewhere path
        | ValueSome _ -> true

    /// Only .singlesharp-, 32 hexadecimal digits and .tmp are ours.
    let private isOurs (path: string) =
        let name = Path.GetFileName path

        name.StartsWith first
        && name.EndsWith last
        && Guid.TryParseExact(name[first.Length .. name.Length - last.Length - 1], "N") |> fst

    /// A run takes moments from making its file to holding it, and from letting go of it to giving it its name.
    let private longestMoment = TimeSpan.FromMinutes 1.0

    /// Tidies up where that can be done: nothing hangs on it, and a fault that is on its way must not give place to another one.
    let private ifPossible tidy =
        try
            tidy ()
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()

    /// Removes a file, whatever has become of it or of its folder.
    let remove (path: string) = ifPossible (fun () -> File.Delete path)

    /// Removes what runs that were killed left in the folder of `own`, a file that this run holds. What another run holds stays,
    /// and everything stays where `own` cannot be told from a file that nobody holds, or where nobody may list the folder.
    let removeStale (own: string) =
        ifPossible (fun () ->
            let youngest = File.GetLastWriteTimeUtc own - longestMoment

            if isHeld own then
                for path in Directory.EnumerateFiles(Path.GetDirectoryName own, $"{first}*{last}") do
                    ifPossible (fun () ->
                        if path <> own && isOurs path && File.GetLastWriteTimeUtc path < youngest && not (isHeld path) then
                            File.Delete path))

    /// Removes what runs that were killed left in a folder where this run has no file yet.
    let tidy (folder: string) =
        ifPossible (fun () ->
            let own = pathIn folder
            using (create own FileShare.None FileOptions.DeleteOnClose) (fun _ -> removeStale own))
