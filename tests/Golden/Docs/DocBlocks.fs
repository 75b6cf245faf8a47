/// The pages for people, and the fenced blocks in them.
module internal SingleSharp.Golden.DocBlocks

open System
open System.IO
open Expecto
open SingleSharp.Golden.Shared

type Block =
    {
        Page: string
        Line: int
        Language: string
        Text: string
        /// What the page shows of its output: a block of plain text that follows it at once.
        Output: string option
    }

    member block.FirstLine = (block.Text.Split '\n')[0]
    member block.Place = $"{block.Page}, line {block.Line}"

let private fence = "```"

let private readAll page =
    let rec blocks number (lines: string list) found =
        match lines with
        | [] -> List.rev found
        | line :: rest when line.StartsWith fence ->
            let text = rest |> List.takeWhile (fun line -> line <> fence)

            if text.Length = rest.Length then
                failtest $"{page}, line {number}: the block does not end"

            let block =
                { Page = page
                  Line = number
                  Language = line.Substring fence.Length
                  Text = text |> List.map (fun line -> line + "\n") |> String.concat ""
                  Output = None }

            blocks (number + text.Length + 2) (List.skip (text.Length + 1) rest) (Choice1Of2 block :: found)
        | line :: rest ->
            // A fence that is indented would be a block that nobody runs.
            if line.TrimStart([| ' '; '\t'; '>' |]).StartsWith fence then
                failtest $"{page}, line {number}: blocks begin at the left margin"

            blocks (number + 1) rest (if line = "" then found else Choice2Of2() :: found)

    let text = File.ReadAllText(Path.Combine(root, page)).Replace("\r\n", "\n")
    blocks 1 (List.ofArray (text.Split '\n')) []

/// The blocks of a page in order, each with its output.
let blocksOf page : Block list =
    let rec joined parts =
        match parts with
        | Choice1Of2 block :: Choice1Of2 output :: rest when block.Language <> "text" && output.Language = "text" ->
            { block with Output = Some output.Text } :: joined rest
        | Choice1Of2 block :: rest -> block :: joined rest
        | Choice2Of2() :: rest -> joined rest
        | [] -> []

    joined (readAll page)

/// Every page for people, by its path in the repository.
let pages =
    let under folder =
        Directory.GetFiles(Path.Combine(root, folder), "*.md", SearchOption.AllDirectories)
        |> Array.map (fun path -> Path.GetRelativePath(root, path).Replace('\\', '/'))
        |> Array.sort
        |> List.ofArray

    "README.md" :: "python/README.md" :: under "docs"
