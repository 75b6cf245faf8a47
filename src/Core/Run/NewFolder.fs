/// The folder for files of which a run makes several.
namespace SingleSharp.Core.Run

open System
open System.IO
open SingleSharp.Core

[<RequireQualifiedAccess>]
module internal NewFolder =
    /// It and the folders that it is in, as far as they are missing, the innermost first.
    let private missing (folder: string) =
        Path.TrimEndingDirectorySeparator(Path.GetFullPath folder)
        |> List.unfold (fun folder ->
            if isNull folder || Directory.Exists folder then
                None
            else
                Some(folder, Path.GetDirectoryName folder))

    /// Makes it and the folders that it is in where they are missing, and gives those that it made, the innermost first.
    let make (folder: string) =
        try
            let made = missing folder
            Directory.CreateDirectory folder |> ignore
            made
        with
        | :? IOException when File.Exists folder -> Fault.throw (CannotWrite(folder, "it is a file"))
        | :? ArgumentException -> Fault.throw (CannotWrite(folder, "that is not the name of a folder"))
        | :? IOException
        | :? UnauthorizedAccessException as trouble -> Fault.throw (Fault.ofWrite folder trouble)

    /// Removes what was made again where nothing came of it.
    let removeEmpty (made: string list) =
        try
            made |> List.iter Directory.Delete
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()
