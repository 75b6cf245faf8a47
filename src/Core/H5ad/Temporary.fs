/// Files that a run needs for a while: what they are called, and what becomes of those whose run was killed.
namespace SingleSharp.Core

open System
open System.IO
open Microsoft.Win32.SafeHandles

[<RequireQualifiedAccess>]
module Temporary =
    let private first = ".singlesharp-"
    let private last = ".tmp"

    /// A new name in a folder.
    let pathIn (folder: string) =
        Path.Combine(folder, $"{first}{Guid.NewGuid():N}{last}")

    /// Makes a file for this run alone: nobody else may read what is in it, whatever new files usually allow.
    let create (path: string) share options =
        let how =
            FileStreamOptions(Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = share, Options = options, BufferSize = 0)

        if not (OperatingSystem.IsWindows()) then
            how.UnixCreateMode <- Nullable(UnixFileMode.UserRead ||| UnixFileMode.UserWrite)

        // The handle outlives the stream, which has nothing of its own to write.
        (new FileStream(path, how)).SafeFileHandle

    /// Does somebody hold the file, as every run holds its own? False as well where the file system knows no locks.
    let isHeld (path: string) =
        try
            using (File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.None)) (fun (_: SafeFileHandle) -> false)
        with
        | :? FileNotFoundException
        | :? DirectoryNotFoundException -> false
        | :? IOException -> true
        | :? UnauthorizedAccessException -> true

    /// Only .singlesharp-, 32 hexadecimal digits and .tmp are ours.
    let private isOurs (path: string) =
        let name = Path.GetFileName path

        name.StartsWith first
        && name.EndsWith last
        && Guid.TryParseExact(name[first.Length .. name.Length - last.Length - 1], "N") |> fst

    /// A run takes moments from making its file to holding it, and from letting go of it to giving it its name.
    let private longestMoment = TimeSpan.FromMinutes 1.0

    /// Removes what runs that were killed left in the folder of `own`, a file that this run holds. What another run holds stays,
    /// and everything stays where `own` cannot be told from a file that nobody holds.
    let removeStale (own: string) =
        let youngest = File.GetLastWriteTimeUtc own - longestMoment

        if isHeld own then
            for path in Directory.EnumerateFiles(Path.GetDirectoryName own, $"{first}*{last}") do
                try
                    if path <> own && isOurs path && File.GetLastWriteTimeUtc path < youngest && not (isHeld path) then
                        File.Delete path
                with
                | :? IOException
                | :? UnauthorizedAccessException -> ()
