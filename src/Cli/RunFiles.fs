/// Files beside the result: which must not be there yet, and the log.
namespace SingleSharp.Cli

open System
open System.IO
open System.Text.RegularExpressions

[<RequireQualifiedAccess>]
module RunFiles =
    /// What the options name that is made new.
    let private made args =
        [ Argument.Out; Argument.Report; Argument.Save_Recipe ]
        |> List.collect (fun option -> ParsedArgs.values option args)
        |> List.filter ((<>) "-")

    /// The files that --no-clobber keeps as they are.
    let kept args =
        if ParsedArgs.has Argument.No_Clobber args then made args else []

    /// Something that it keeps.
    let requireMade args : Validated<unit> =
        if ParsedArgs.has Argument.No_Clobber args && (made args).IsEmpty then
            Validated.mistake "--no-clobber has no effect: no new file is named; leave it out."
        else
            Ok()

    let private full (path: string) =
        if path = "" then path else Path.GetFullPath path

    /// Lines of a log begin with the time.
    let private line = Regex @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ "

    /// Is there something else than a log?
    let private isOther (file: string) =
        let info = FileInfo file

        info.Exists
        && info.Length > 0L
        && not (File.ReadLines file |> Seq.head |> Seq.truncate 40 |> String.Concat |> line.IsMatch)

    /// A file to append to: a new one or an older log. Nobody means to lose anything else.
    let log args : Validated<string option> =
        match ParsedArgs.tryValue Argument.Log args with
        | None -> Ok None
        | Some _ when ParsedArgs.has Argument.Dry_Run args ->
            Validated.mistake "--log has no effect: --dry-run writes nothing; leave one of them out."
        | Some file ->
            let named = made args @ ParsedArgs.values Argument.File args |> List.map full

            match Values.name "--log" file with
            | Error mistakes -> Error mistakes
            | Ok _ when List.contains (full file) named ->
                Validated.mistake $"--log {file}: the command line names this file for something else too; choose another name."
            | Ok _ when not (Directory.Exists(Path.GetDirectoryName(full file))) ->
                Validated.mistake $"--log {file}: its folder is not there; make it first, or choose another."
            | Ok _ ->
                try
                    if isOther file then
                        Validated.mistake $"--log {file}: there is a file that is no log; choose another name."
                    else
                        Ok(Some file)
                with
                | :? IOException
                | :? UnauthorizedAccessException as trouble ->
                    Validated.mistake $"""--log {file}: {(trouble.Message.Split " : '" |> Array.head).TrimEnd '.'}."""
