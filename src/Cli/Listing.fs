/// A heading over lines of names and values, on stdout: a table where a person looks, plain text of a fixed width elsewhere.
namespace SingleSharp.Cli

open Spectre.Console
open SingleSharp.Core

type Listing =
    { Title: string
      Lines: (string * string) list }

[<RequireQualifiedAccess>]
module Listing =
    let private plainWidth = 100

    let private printPlain listing =
        let margin = listing.Lines |> List.map (fun (name, _) -> name.Length) |> List.max

        for name, value in listing.Lines do
            Paragraph.hang 2 (margin + 4) plainWidth name value |> List.iter (printfn "%s")

    let private printLively listing =
        let table = Table(Border = TableBorder.Rounded, ShowHeaders = false)

        table.AddColumn(TableColumn("", NoWrap = true)).AddColumn "" |> ignore

        for name, value in listing.Lines do
            table.AddRow(Markup $"[grey]{Markup.Escape name}[/]", Text value) |> ignore

        (Terminal.consoleOn System.Console.Out).Write table

    let print (listing: Listing) =
        let listing =
            { Title = Shown.line listing.Title
              Lines = listing.Lines |> List.map (fun (name, value) -> Shown.line name, Shown.line value) }

        // The title may be a path, which a terminal must not break in two.
        printfn "%s" listing.Title
        if Terminal.outIsLively.Value then printLively listing else printPlain listing
