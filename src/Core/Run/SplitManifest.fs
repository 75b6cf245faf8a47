/// The table of the files that a split made, manifest.csv: it says which of them a later split in that folder may replace.
namespace SingleSharp.Core.Run

open System
open System.Globalization
open System.IO
open System.Text
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

[<RequireQualifiedAccess>]
module internal SplitManifest =
    let name = "manifest.csv"

    let pathIn (folder: string) = Path.Combine(folder, name)

    let private heading = [ "value"; "file"; "cells" ]

    /// No table of a split is as long.
    let private mostBytes = 16L <<< 20

    /// A field of a table with commas.
    let private field (text: string) =
        if text |> Seq.exists (fun letter -> ",\"\r\n".Contains letter) || text.Trim() <> text then
            "\"" + text.Replace("\"", "\"\"") + "\""
        else
            text

    /// The table of files, each with its value, its name and its number of cells, as bytes.
    let bytes (files: struct (string * string * int64) list) =
        let lines =
            [ String.concat "," heading
              for struct (value, file, cells) in files do
                  $"{field value},{field file},{cells}" ]

        Utf8.bytes (String.concat "\n" lines + "\n")

    /// Writes the table of files that were made of these inputs.
    let write read (path: string) files =
        let bytes = bytes files
        AtomicReplace.replaceFor (WhoReads read) path 0L (fun disk -> disk.Write(0L, ReadOnlySpan bytes))

    /// Removes a table that is no longer true.
    let remove (path: string) =
        try
            File.Delete(AtomicReplace.resolve path)
        with Fault.WriteTrouble trouble ->
            Fault.throw (Fault.ofWrite path trouble)

    /// The fields of each line; none where a quotation mark stands where none may.
    let private tryLines (text: string) =
        let lines = ResizeArray<string list>()
        let line = ResizeArray<string>()
        let field = StringBuilder()
        let mutable isSound = true
        let mutable isQuoted = false
        let mutable wasQuoted = false

        let endField () =
            line.Add(field.ToString())
            field.Clear() |> ignore
            wasQuoted <- false

        let mutable at = 0

        while at < text.Length do
            match text[at] with
            | '"' when isQuoted && at + 1 < text.Length && text[at + 1] = '"' ->
                field.Append '"' |> ignore
                at <- at + 1
            | '"' when isQuoted ->
                isQuoted <- false
                wasQuoted <- true
            | letter when isQuoted -> field.Append letter |> ignore
            | '"' when field.Length = 0 && not wasQuoted -> isQuoted <- true
            | ',' -> endField ()
            | '\r' when at + 1 < text.Length && text[at + 1] = '\n' -> ()
            | '\n' ->
                endField ()
                lines.Add(List.ofSeq line)
                line.Clear()
            | '"' -> isSound <- false
            | letter ->
                isSound <- isSound && not wasQuoted
                field.Append letter |> ignore

            at <- at + 1

        if isSound && not isQuoted && line.Count = 0 && field.Length = 0 then
            Some(List.ofSeq lines)
        else
            None

    /// The file of a line, if it is one that a split writes: a name in that folder, and a number of cells.
    let private tryFile (line: string list) =
        match line with
        | [ _; file; cells ] when
            file.EndsWith(".h5ad", StringComparison.Ordinal)
            && Path.GetFileName file = file
            && fst (Int64.TryParse(cells, NumberStyles.None, CultureInfo.InvariantCulture))
            ->
            Some file
        | _ -> None

    /// The names of the files in a table; none where it is not the table of a split.
    /// Law (manifest): the names of what `bytes` wrote, whatever the values are.
    let tryRead (bytes: byte[]) =
        match tryLines (Utf8.text (ReadOnlySpan bytes)) with
        | Some(first :: lines) when first = heading ->
            let files = lines |> List.map tryFile
            if files |> List.forall Option.isSome then Some(List.choose id files) else None
        | _ -> None

    /// The paths of what an earlier split made in a folder, by the table that it left there, which comes first; nothing where there is
    /// no such table.
    let made (folder: string) =
        let path = pathIn folder

        try
            let info = FileInfo(AtomicReplace.resolve path)

            if info.Exists && info.Length <= mostBytes && (NodeKind.unreadable path).IsNone then
                match tryRead (File.ReadAllBytes info.FullName) with
                | Some files -> path :: (files |> List.map (fun file -> Path.Combine(folder, file)))
                | None -> []
            else
                []
        with
        | :? IOException
        | :? UnauthorizedAccessException -> []

    /// Is a path one of what was made, by its name or another one of a file system without case?
    let hasMade (made: string list) (path: string) =
        List.contains path made || made |> List.exists (AtomicReplace.leadToOne path)

    /// What was made and is still there, but is none of the targets.
    let left (made: string list) (targets: string list) =
        made |> List.filter (fun path -> (Status.tryFindHere (Path.GetFullPath path)).IsSome && not (hasMade targets path))
