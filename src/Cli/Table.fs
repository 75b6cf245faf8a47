/// A heading over lines of names and values, on stdout: a table where a person looks, plain text of a fixed width elsewhere.
namespace SingleSharp.Cli

open Spectre.Console
open SingleSharp.Core

type Table =
    { Title: string
      Lines: (string * string) list }

[<RequireQualifiedAccess>]
module Table =
    let private plainWidth = 100

    let private printPlain (table: Table) =
        let margin = table.Lines |> List.map (fun (name, _) -> name.Length) |> List.max

        for name, value in table.Lines do
            WordWrap.hang 2 (margin + 4) plainWidth name value |> List.iter (printfn "%s")

    let private printLively (table: Table) =
        let grid = Spectre.Console.Table(Border = TableBorder.Rounded, ShowHeaders = false)

        grid.AddColumn(TableColumn("", NoWrap = true)).AddColumn "" |> ignore

        for name, value in table.Lines do
            grid.AddRow(Markup $"[grey]{Markup.Escape name}[/]", Text value) |> ignore

        (Terminal.consoleOn System.Console.Out).Write grid

    let print (table: Table) =
        let table =
            { Title = Escaped.line table.Title
              Lines = table.Lines |> List.map (fun (name, value) -> Escaped.line name, Escaped.line value) }

        // The title may be a path, which a terminal must not break in two.
        printfn "%s" table.Title
        if Terminal.outIsLively.Value then printLively table else printPlain table
