/// Pages of files that the tests look at, and what holds for each of them.
module internal SingleSharp.Golden.ReportPages

open System
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Reporting
open SingleSharp.Golden.Shared
open SingleSharp.Answers

/// A page, and what its script is given.
type Page =
    { Path: string
      Html: string
      Written: WrittenReport
      Content: JsonElement }

let largest = 6_000_000L

/// The page without the script of plotly.js, which is not ours to judge.
let withoutPlotly (html: string) =
    match html.IndexOf "<script>/**" with
    | -1 -> html
    | at -> html[.. at - 1] + html[html.IndexOf("</script>", at) ..]

let content (html: string) =
    let found =
        Regex.Match(html, "<script type=\"application/json\" id=\"content\">(.*?)</script>", RegexOptions.Singleline)

    JsonDocument.Parse(found.Groups[1].Value).RootElement

let read path written =
    let html = File.ReadAllText path

    { Path = path
      Html = html
      Written = written
      Content = content html }

let page (sandbox: Sandbox) options input =
    let path = sandbox.File(Path.GetFileNameWithoutExtension(input: string) + ".html")
    read path (Report.write options Settings.standard input path |> need)

let figures page =
    [ for figure in page.Content.GetProperty("figures").EnumerateArray() -> figure.GetProperty("id").GetString(), figure ]

let figure page id = Map.find id (Map.ofList (figures page))

/// Whatever the file: the page is small, closed in itself, and each plot has one place and the numbers that it names.
let expectSound page =
    let own = withoutPlotly page.Html
    Expect.isLessThan page.Written.Bytes largest "bytes"
    Expect.equal page.Written.Bytes (FileInfo page.Path).Length "the bytes that are told"
    Expect.isFalse (Regex.IsMatch(own, "(src|href)=\"(?!data:,\")")) "nothing is fetched"
    Expect.isFalse (own.Contains "://") "no address of a network"
    Expect.equal (figures page).Length page.Written.Plots.Length "plots that are told"

    for id, figure in figures page do
        Expect.equal (Regex.Matches(own, $"id=\"plot-{id}\"").Count) 1 $"the place of {id}"

        for named in Regex.Matches(figure.ToString(), "\"\\$column\": *\"([^\"]*)\"") do
            let name = named.Groups[1].Value
            Expect.isTrue (page.Content.GetProperty("columns").TryGetProperty name |> fst) $"{id} names the column {name}"

let everything =
    [ "counts"
      "genes"
      "mt"
      "counts-genes"
      "knee"
      "losses"
      "expressed"
      "dispersion"
      "variance"
      "pc1-pc2"
      "pc3-pc4" ]

let filter =
    Filter.step
        { Filter.defaults with
            MinGenes = Some 300L
            MaxPct = [ "mt", 5.0 ]
            MinCells = Some 3L }

let finished recipe input output =
    let plan = Pipeline.plan recipe Settings.standard input |> need

    { Command = "pipeline"
      Inputs = input.Paths
      Recipe = recipe
      Plan = plan
      Report = Pipeline.run recipe Settings.standard input (NewFile output) |> need
      Seconds = [ "all", 1.5 ] }

/// The page of pbmc3k after a run with limits; several tests look at it.
let pbmc3k =
    lazy
        (let input = require "data/real/pbmc3k.h5ad"
         let output = lasting.Value.File "report-pbmc3k.h5ad"
         let run = finished (Recipe.full |> Recipe.add filter) (Input.file input) output
         output, run, page lasting.Value { Run = Some run; WithDigest = true } output)

let losses (list: seq<LimitLoss>) = [ for loss in list -> loss.Lost ]

/// Names that would break a page, or look like tags to plotly.js.
let oddGenes =
    [ "</script><b>\"A\"&'B'"
      "<img src=x onerror=alert(1)>"
      "$limit"
      "é\u2028☃" ]

let oddSamples = [ "</script>S1"; "<b>S2</b> & \"more\"" ]

/// Two samples of odd names and genes through the pipeline; one cell is empty.
let odd =
    lazy
        (let counts = Made.tissue 90 120

         let named =
             { counts with
                 GeneNames = counts.GeneNames |> Array.mapi (fun at name -> if at < oddGenes.Length then oddGenes[at] else name) }

         let empty =
             { named with
                 Indptr =
                     named.Indptr |> Array.mapi (fun cell start -> if cell = named.Indptr.Length - 1 then named.Indptr[cell - 1] else start)
                 Data = named.Data[.. named.Indptr[89] - 1]
                 Indices = named.Indices[.. named.Indptr[89] - 1] }

         let paths =
             [ for name, counts in [ "one", named; "two", empty ] do
                   // Commas also stand between inputs where these are told as one text.
                   let folder = Directory.CreateDirectory(lasting.Value.File "odd, odder").FullName
                   let path = Path.Combine(folder, $"report-{name}.h5ad")
                   NewFile.write path Unchunked counts
                   path ]

         let output = lasting.Value.File "report-odd.h5ad"

         let input =
             { Paths = paths
               Convert =
                 { Input.convert with
                     SampleNames = oddSamples
                     IndexUnique = Some "-" } }

         let run = finished Recipe.full input output
         page lasting.Value { Run = Some run; WithDigest = false } output)

let bare cells genes : Counts =
    { CellNames = Array.init cells string
      GeneNames = Array.init genes string
      Indptr = Array.zeroCreate (cells + 1)
      Indices = [||]
      Data = [||] }

let ofBare cells genes =
    let path = lasting.Value.File $"report-bare-{cells}.h5ad"

    if not (File.Exists path) then
        NewFile.write path Unchunked (bare cells genes)

    path
