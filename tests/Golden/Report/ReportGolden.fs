/// Pages of files: what is on them, that no name breaks out of its place, and that a browser draws them.
module internal SingleSharp.Golden.ReportGolden

open System
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open Expecto
open SingleSharp.Core
open SingleSharp.Reporting
open SingleSharp.Golden.Shared
open SingleSharp.Golden.ReportPages
open SingleSharp.Answers

let private contents =
    [ test "pbmc3k after a run with limits has every plot" {
          let output, run, page = pbmc3k.Value
          expectSound page
          Expect.equal (figures page |> List.map fst) everything "plots"
          let dropped = run.Report.Dropped
          let traces = (figure page "losses").GetProperty "traces"

          Expect.equal
              [ for trace in traces.EnumerateArray() do
                    for bar in trace.GetProperty("x").EnumerateArray() -> bar.GetInt64() ]
              (losses dropped.OfCells @ losses dropped.OfGenes)
              "what the limits dropped"

          let lines = (figure page "mt").GetProperty("layout").GetProperty "shapes"
          Expect.equal [ for line in lines.EnumerateArray() -> line.GetProperty("y0").GetDouble() ] [ 5.0 ] "the limit is drawn"
          Expect.stringContains page.Html (Pipeline.digest Settings.standard output |> need).Whole "the digest"
          Expect.stringContains page.Html "Noted in the file: run 1" "provenance"
          Expect.stringContains page.Html "1.50 s" "the time"
      }
      test "columns hold the numbers of the file" {
          let output, _, page = pbmc3k.Value
          let packed = page.Content.GetProperty("columns").GetProperty "total_counts"
          let bytes = packed.GetProperty("data").GetBytesFromBase64()
          let first = float (BitConverter.ToUInt16(bytes, 0))

          let cells =
              (Pipeline.info (Recipe.ofSteps [ Log1p.step Log1p.defaults ]) Settings.standard (Input.file output) |> need).Cells

          Expect.equal bytes.LongLength (2L * cells) "two bytes a cell"
          // AAACATACAACCAC-1 has 2,419 counts, of the genes that are kept in this file.
          Expect.equal (packed.GetProperty("offset").GetDouble() + packed.GetProperty("step").GetDouble() * first) 2419.0 "the first cell"
      }
      test "the page of a file has the same bytes each time" {
          use sandbox = new Sandbox()
          let output, _, _ = pbmc3k.Value
          let first = page sandbox Report.defaults output
          Expect.equal (page sandbox Report.defaults output).Html first.Html "again"
      }
      test "hsmm_fpkm as it is has no columns for a plot, and says which would do" {
          use sandbox = new Sandbox()
          let page = page sandbox Report.defaults (require "data/real/hsmm_fpkm.h5ad")
          expectSound page
          Expect.isEmpty page.Written.Plots "plots"
          Expect.stringContains page.Html "it needs obs/total_counts, which singlesharp qc writes" "what would make it"
      }
      for cells in [ 0; 7 ] do
          test $"{cells} cells and nothing but X" {
              use sandbox = new Sandbox()
              let page = page sandbox Report.defaults (ofBare cells 5)
              expectSound page
              Expect.isEmpty page.Written.Plots "plots"
              Expect.isNonEmpty page.Written.Missing "what is not drawn"
          }
      test "no name breaks out of its place" {
          let page = odd.Value
          expectSound page
          let own = withoutPlotly page.Html
          Expect.equal (Regex.Matches(own, "</script>").Count) 3 "only our scripts end"
          Expect.isFalse (own.Contains "<img") "no element of a name"
          let columns = page.Content.GetProperty "columns"

          let names =
              [ for prefix in [ "others"; "chosen" ] do
                    for name in columns.GetProperty($"{prefix}-names").EnumerateArray() -> name.GetString() ]

          for name in oddGenes do
              Expect.contains names name "the name of a gene is as it is in the file"

          Expect.stringContains own "<td>report-one.h5ad, report-two.h5ad</td>" "both inputs"
          let labels = columns.GetProperty("group").GetProperty "labels"
          Expect.equal [ for label in labels.EnumerateArray() -> label.GetString() ] oddSamples "samples"
      }
      test "of many cells every k-th is drawn" {
          use sandbox = new Sandbox()
          let input = ofBare 130_000 3
          let output = sandbox.File "many.h5ad"

          Pipeline.run (Recipe.ofSteps [ Qc.step Qc.defaults ]) Settings.standard (Input.file input) (NewFile output)
          |> need
          |> ignore

          let page = page sandbox Report.defaults output
          expectSound page
          Expect.equal page.Written.CellsDrawn 43_334L "every third"
          Expect.stringContains page.Html "One of every 3 cells is drawn" "it is said"
      }
      test "a page does not take the place of the file" {
          use sandbox = new Sandbox()
          let input = sandbox.Copy(ofBare 7 5, "own.h5ad")
          let before = File.ReadAllBytes input

          Expect.isError (Report.write Report.defaults Settings.standard input input) "the input"
          Expect.isError (Pipeline.requireApart input [ sandbox.File "other"; input ]) "what a run reads"
          Expect.isOk (Pipeline.requireApart (sandbox.File "page.html") [ input ]) "another name"
          Expect.equal (File.ReadAllBytes input) before "it is as it was"

          let fault =
              Expect.throwsC (fun () -> HtmlReport.Write(sandbox.File "nowhere", sandbox.File "p.html", false) |> ignore) id

          Expect.equal (fault :?> HtmlReportException).Kind FaultKind.NotFound "C# has an exception"
      } ]

let private tool = Child.runTool

let private commands =
    [ test "a run writes its page beside its result, and never over a file of the run" {
          use sandbox = new Sandbox()
          let input = sandbox.Copy(here "edge/plain_csr_f32/input.h5ad", "input.h5ad")
          let output, target = sandbox.File "out.h5ad", sandbox.File "page.html"

          let outcome =
              tool
                  [ "qc"
                    input
                    "--out"
                    output
                    "--report"
                    target
                    "--digest"
                    "--json"
                    "--quiet" ]

          Expect.equal (outcome.ExitCode, outcome.Errors) (0, "") "code and stderr"
          Expect.equal (JsonDocument.Parse(outcome.Output).RootElement.GetProperty("report").GetString()) target "it is told"
          Expect.stringContains (File.ReadAllText target) "<th scope=\"row\">command</th><td>qc</td>" "the run is on it"

          for place in [ input; output ] do
              let refused = tool [ "qc"; input; "--out"; output; "--report"; place ]
              Expect.equal refused.ExitCode 1 "refused"
              Expect.stringContains refused.Errors "choose another name" "the way out"
      }
      test "report tells what it wrote" {
          use sandbox = new Sandbox()
          let target = sandbox.File "page.html"
          let outcome = tool [ "report"; ofBare 7 5; "--out"; target; "--json" ]
          Expect.equal outcome.ExitCode 0 outcome.Errors
          let told = JsonDocument.Parse(outcome.Output).RootElement
          Expect.equal (told.GetProperty("bytes").GetInt64()) (FileInfo target).Length "bytes"
          Expect.equal (told.GetProperty("plots").GetArrayLength()) 0 "plots"
      } ]

let private drawn name (page: unit -> Page) count =
    test $"a browser draws {name}" {
        Browser.require ()
        use sandbox = new Sandbox()
        let page = page ()
        let drawn = Browser.draw sandbox page.Path
        Expect.equal (drawn.Console, drawn.Trouble) ([], None) "nothing goes wrong, and nothing is asked of a network"
        Expect.equal (drawn.Plots, drawn.Drawn) (count, count) "plots, and those that are drawn"

        for width in [ 1280; 400 ] do
            Expect.isTrue (File.Exists(Browser.keepPicture sandbox page.Path name width)) "a picture"
    }

/// Without it, a page that asks a network would go unnoticed.
let private watched =
    test "a browser tells of a page that asks a network" {
        Browser.require ()
        use sandbox = new Sandbox()
        let asking = sandbox.File "asking.html"
        let html = (page lasting.Value Report.defaults (ofBare 7 5)).Html
        File.WriteAllText(asking, html.Replace("</main>", "<img src=\"https://nowhere.invalid/a.png\"></main>"))
        let told = (Browser.draw sandbox asking).Console
        Expect.hasLength told 1 "one line"
        Expect.stringContains told.Head "Content Security Policy" "the page's own rule"
    }

let all =
    testList
        "Report"
        [ testList "contents" contents
          testList "commands" commands
          testList "columns" ReportColumns.all
          testList
              "browser"
              [ watched
                drawn "pbmc3k" (fun () -> let _, _, page = pbmc3k.Value in page) 11
                drawn "odd-names" (fun () -> odd.Value) 10
                drawn "bare" (fun () -> page lasting.Value Report.defaults (ofBare 7 5)) 0 ] ]
