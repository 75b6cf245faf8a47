/// Why nothing can be read at any place of what a path leads to, asked before it is opened: to open a pipe is to wait for its writer.
namespace SingleSharp.Core.Files

open System
open System.IO
open Microsoft.Win32.SafeHandles

[<RequireQualifiedAccess>]
module internal NodeKind =
    let private pipe =
        "it is a pipe, which can be read only once and from front to back; write what comes through it to a file first, and name that"

    /// None for a regular file, a folder and what is not there.
    let unreadable path =
        match Status.tryFind path with
        | ValueSome { Nature = SomethingElse "a pipe" } -> Some pipe
        | ValueSome { Nature = SomethingElse what } -> Some $"it is {what} and no file; copy what it holds to a file first, and name that"
        | _ -> None

    /// The same for what is open already, where the system would not tell before.
    let unreadableOpen (handle: SafeFileHandle) =
        try
            RandomAccess.GetLength handle |> ignore
            None
        with :? NotSupportedException ->
            Some pipe
