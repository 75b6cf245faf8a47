/// One page that holds everything it needs: text, figures, script and colours. Nothing in it leads to a network.
namespace SingleSharp.Reporting

open System
open System.IO
open System.Net
open System.Reflection
open System.Text
open System.Text.Json
open System.Text.Json.Nodes
open SingleSharp.Core

/// Names and values below a heading.
type internal PageTable =
    { Heading: string
      Rows: (string * string) list }

type internal PageContent =
    { Title: string
      Subtitle: string
      Before: PageTable list
      Sections: Section list
      Columns: JsonNode
      After: PageTable list }

[<RequireQualifiedAccess>]
module internal Page =
    let private text (value: string) =
        WebUtility.HtmlEncode(Escaped.whole value)

    let private own name =
        use stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name: string)
        use reader = new StreamReader(stream)
        reader.ReadToEnd()

    let private table (out: StringBuilder) (table: PageTable) =
        out.Append($"<h2>{text table.Heading}</h2>\n<table>\n") |> ignore

        for name, value in Shortened.rows table.Rows do
            out.Append($"<tr><th scope=\"row\">{text name}</th><td>{text value}</td></tr>\n") |> ignore

        out.Append "</table>\n" |> ignore

    let private card (out: StringBuilder) (figure: Figure) =
        let wide = if figure.IsWide then " wide" else ""

        out.Append($"<section class=\"card{wide}\">\n<h3>{text figure.Title}</h3>\n<div class=\"plot\" id=\"plot-{figure.Id}\"></div>\n")
        |> ignore

        for note in figure.Notes do
            out.Append($"<p class=\"quiet\">{text note}</p>\n") |> ignore

        out.Append "</section>\n" |> ignore

    /// The encoder of .NET escapes <, > and &, so that no name can end the script element around it.
    let private json (content: PageContent) (figures: Figure list) =
        let described =
            Numbers.object'
                [ "figures",
                  Numbers.list
                      [ for figure in figures do
                            Numbers.object'
                                [ "id", Numbers.text figure.Id
                                  "traces", Numbers.list figure.Traces
                                  "layout", figure.Layout ] ]
                  "columns", content.Columns ]

        described.ToJsonString JsonSerializerOptions.Default

    let html (content: PageContent) =
        let out = StringBuilder()
        let add (line: string) = out.Append(line).Append('\n') |> ignore

        let figures =
            content.Sections
            |> List.choose (fun section ->
                match section with
                | Section.Drawn figure -> Some figure
                | Section.Missing _ -> None)

        let css, script, plotly = own "page.css", own "page.js", lazy (own "plotly.js")

        add "<!DOCTYPE html>"
        add $"<html lang=\"en\" data-plots=\"{figures.Length}\">"
        add "<head>"
        add "<meta charset=\"utf-8\">"
        add "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        // No browser asks a network for anything on behalf of the page; plotly.js makes functions of text where it draws with WebGL.
        add
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:\">"

        add "<link rel=\"icon\" href=\"data:,\">"
        add $"<title>{text content.Title}</title>"
        add $"<style>\n{css}</style>"
        add "</head>"
        add "<body>"
        add "<main>"
        add $"<h1>{text content.Title}</h1>"
        add $"<p class=\"quiet\">{text content.Subtitle}</p>"
        content.Before |> List.iter (table out)

        if not figures.IsEmpty then
            add "<h2>Plots</h2>"
            add "<div class=\"plots\">"
            figures |> List.iter (card out)
            add "</div>"

        let missing =
            content.Sections
            |> List.choose (fun section ->
                match section with
                | Section.Missing(title, why) -> Some(title, why)
                | Section.Drawn _ -> None)

        if not missing.IsEmpty then
            add "<h2>Not drawn</h2>"
            add "<ul>"

            for title, why in missing do
                add $"<li>{text title}: it needs {text why}.</li>"

            add "</ul>"

        content.After |> List.iter (table out)
        add "</main>"
        add $"<script type=\"application/json\" id=\"content\">{json content figures}</script>"
        // A page without plots is small.
        if not figures.IsEmpty then
            add $"<script>{plotly.Value}</script>"

        add $"<script>\n{script}</script>"
        add "</body>"
        add "</html>"
        out.ToString()
