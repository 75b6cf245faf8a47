/// The folder for files of which a run makes several.
namespace SingleSharp.Core.Run

open System
open System.IO
open SingleSharp.Core

[<RequireQualifiedAccess>]
module internal NewFolder =
    /// Makes it where it is missing, and says whether it was.
    let make (folder: string) =
        try
            let isMissing = not (Directory.Exists folder)
            Directory.CreateDirectory folder |> ignore
            isMissing
        with
        | :? IOException when File.Exists folder -> Fault.throw (CannotWrite(folder, "it is a file"))
        | :? ArgumentException -> Fault.throw (CannotWrite(folder, "that is not the name of a folder"))
        | :? IOException
        | :? UnauthorizedAccessException as trouble -> Fault.throw (Fault.ofWrite folder trouble)

    /// Removes it again where nothing came of it.
    let removeEmpty (folder: string) =
        try
            Directory.Delete folder
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()
