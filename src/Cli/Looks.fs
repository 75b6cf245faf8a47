/// Prints what is asked of files that nothing is written to.
namespace SingleSharp.Cli

open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Looks =
    /// The parts that people look at where they name none: those that are there.
    let private usualParts settings path =
        let has part =
            match
                Pipeline.head
                    { Part = part
                      Rows = 1
                      Columns = []
                      Most = 1 }
                    settings
                    path
            with
            | Error(InvalidOption("part", _)) -> false
            | _ -> true

        match [ "obs"; "var"; "X" ] |> List.filter has with
        | [] ->
            Stopped.orStop (Error(NotAnnData(path, "it has neither obs nor var nor X; convert makes an .h5ad file of the output of 10x")))
        | parts -> parts

    /// The first rows of parts of a file.
    let head (request: Request) settings path parts rows columns =
        let parts = if List.isEmpty parts then usualParts settings path else parts

        let heads =
            [ for part in parts ->
                  Pipeline.head
                      { Part = part
                        Rows = rows
                        Columns = columns
                        Most = 100 }
                      settings
                      path
                  |> Stopped.orStop ]

        if request.Json then
            Json.ofHeads path heads
        else
            heads |> List.map HeadTable.lines |> String.concat "\n\n" |> printfn "%s"

    /// What is in a file, and what preprocess would do to it.
    let info log request settings input =
        let warn = Stopped.warn log request

        let info =
            Pipeline.info Recipe.standard { settings with Warn = warn } input |> Stopped.orStop

        info.Plan.Warnings |> Seq.iter warn

        if request.Json then
            Json.ofInfo info
        else
            Summary.ofInfo info |> Table.print
            printfn ""
            Summary.ofPlan "What singlesharp preprocess would do" info.Plan |> Table.print

    let digest (request: Request) settings path =
        let digest = Pipeline.digest settings path |> Stopped.orStop

        if request.Json then
            Json.ofDigest digest
        elif request.Quiet then
            printfn "%s" digest.Whole
        else
            digest.Elements |> Seq.iter (fun element -> Stopped.say $"{element.Sha256}  {element.Path}")
            printfn "%s  (the whole file)" digest.Whole

    /// Says whether the file is sound.
    let verify (request: Request) settings path =
        let verification = Pipeline.verify settings path |> Stopped.orStop

        if request.Json then
            Json.ofVerification verification
        else
            Summary.ofVerification request.Quiet verification |> List.iter Stopped.say

        verification.IsSound

    let history (request: Request) settings path =
        let runs = Pipeline.history settings path |> Stopped.orStop

        if request.Json then
            Json.ofHistory path runs
        else
            Summary.ofHistory path runs |> List.iter Table.print
