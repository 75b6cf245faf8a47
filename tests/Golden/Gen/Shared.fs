/// Where the repository is, where the material beside it is, and a folder of its own for every test that writes.
module internal SingleSharp.Golden.Shared

open System
open System.IO
open Expecto

let private ancestors folder =
    DirectoryInfo folder |> Seq.unfold (fun folder -> if isNull folder then None else Some(folder, folder.Parent))

/// The folder of SingleSharp.sln.
let root =
    match
        ancestors AppContext.BaseDirectory
        |> Seq.tryFind (fun folder -> File.Exists(Path.Combine(folder.FullName, "SingleSharp.sln")))
    with
    | Some folder -> folder.FullName
    | None -> failwith $"no folder above {AppContext.BaseDirectory} holds SingleSharp.sln"

/// A file or folder beside these tests.
let here name =
    Path.Combine(root, "tests", "Golden", name)

/// Data and results that are too large for the repository; they lie beside it, or where SINGLESHARP_SHARED says.
let private shared =
    let folder =
        match Environment.GetEnvironmentVariable "SINGLESHARP_SHARED" with
        | null
        | "" -> Path.Combine(Path.GetDirectoryName root, "shared")
        | folder -> folder

    if Directory.Exists folder then Some folder else None

let hasShared = shared.IsSome

/// A file or folder of ../shared; the test is skipped where there is none.
let require path =
    match shared with
    | Some folder -> Path.Combine(folder, path)
    | None -> skiptest "skipped: no ../shared"

/// The files of a folder of ../shared; the test is skipped where there is none.
let list folder pattern =
    Directory.GetFiles(require folder, pattern) |> Array.map Path.GetFileName |> Array.sort |> List.ofArray

/// A new folder that vanishes with its test.
[<Sealed>]
type Sandbox() =
    let folder = Directory.CreateTempSubdirectory "singlesharp-golden-"
    member _.Folder = folder.FullName
    member _.File name = Path.Combine(folder.FullName, name)

    /// A copy of a file, under its own name or another.
    member sandbox.Copy(source: string, ?name) =
        let copy = sandbox.File(defaultArg name (Path.GetFileName source))
        File.Copy(source, copy)
        File.SetUnixFileMode(copy, UnixFileMode.UserRead ||| UnixFileMode.UserWrite)
        copy

    /// Everything that is in it, hidden files too.
    member _.Names =
        folder.EnumerateFileSystemInfos() |> Seq.map _.Name |> Seq.sort |> List.ofSeq

    interface IDisposable with
        member _.Dispose() = folder.Delete true

/// A folder for what several tests need; it vanishes with the program.
let lasting =
    lazy
        (let sandbox = new Sandbox()
         AppDomain.CurrentDomain.ProcessExit.Add(fun _ -> (sandbox :> IDisposable).Dispose())
         sandbox)
