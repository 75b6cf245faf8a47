/// What inputs are called in the column that says which one a cell is from, unless somebody names them.
namespace SingleSharp.Core.Concat

open System.IO
open SingleSharp.Core.Inputs

[<RequireQualifiedAccess>]
module internal SampleNames =
    let private own (path: string) =
        if Directory.Exists path then Path.GetFileName path else Path.GetFileNameWithoutExtension path

    /// The folders that a path is in, the nearest one first.
    let private folders (path: string) =
        path
        |> List.unfold (fun inner ->
            match Path.GetDirectoryName inner with
            | null
            | "" -> None
            | folder -> Some(Path.GetFileName folder, folder))

    let private areDistinct names =
        List.length (List.distinct names) = List.length names

    /// Names for paths that share one: those of the nearest folders that are all different, or of several folders together. None where
    /// no folder tells them apart.
    let private byFolders (paths: string list) =
        let folders = paths |> List.map folders
        let depth = folders |> List.map List.length |> List.max

        let levels =
            [ for level in 0 .. depth - 1 -> folders |> List.map (List.tryItem level >> Option.defaultValue "") ]

        let together count =
            levels
            |> List.filter (fun names -> List.length (List.distinct names) > 1)
            |> List.truncate count
            |> List.rev
            |> List.transpose
            |> List.map (String.concat "_")

        match levels |> List.tryFind areDistinct with
        | Some names -> Some names
        | None -> Seq.init (depth + 1) together |> Seq.tryFind (fun names -> names.Length = paths.Length && areDistinct names)

    /// The names of the files without their endings, or of the folders that tell files of one name apart.
    let ofInputs (inputs: string list) =
        let paths =
            inputs
            |> List.map (fun input ->
                MatrixFolder.tryFolder input |> Option.defaultValue input |> Path.GetFullPath |> Path.TrimEndingDirectorySeparator)

        let told =
            paths
            |> List.indexed
            |> List.groupBy (snd >> own)
            |> List.collect (fun (name, group) ->
                let names =
                    match group with
                    | [ _ ] -> None
                    | several -> byFolders (List.map snd several)

                names |> Option.defaultValue (List.replicate group.Length name) |> List.zip (List.map fst group))

        told |> List.sortBy fst |> List.map snd
