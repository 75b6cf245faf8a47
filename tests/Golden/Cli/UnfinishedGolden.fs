/// What goes wrong after the result was written: it is named, and so is what is missing beside it.
module internal SingleSharp.Golden.UnfinishedGolden

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Threading
open Expecto
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private errorOf (output: string) (field: string) =
    JsonDocument.Parse(output).RootElement.GetProperty("error").GetProperty(field).GetString()

/// A limit of 2 MiB for each file lets the result through, and not the page, which holds plotly.js.
let private limited (words: string list) =
    let quoted = words |> List.map (fun word -> $"'{word}'") |> String.concat " "

    Child.run
        "/bin/bash"
        [ "-c"
          $"ulimit -f 2048; DOTNET_EnableWriteXorExecute=0 dotnet {tool} {quoted}" ]
        []
        ""

let private requireBash () =
    if not (OperatingSystem.IsLinux() && File.Exists "/bin/bash") then
        skiptest "skipped: no bash of Linux"

let private pages =
    [ for place in [ "--out"; "--in-place" ] do
          test $"{place}, and a page that cannot be written" {
              requireBash ()
              use sandbox = new Sandbox()
              let input, page = sandbox.Copy(sample, "in.h5ad"), sandbox.File "page.html"
              let output = if place = "--out" then sandbox.File "out.h5ad" else input
              let place = if place = "--out" then [ "--out"; output ] else [ place ]

              let outcome =
                  limited ([ "qc"; input; "--report"; page; "--json"; "--quiet" ] @ place)

              Expect.equal outcome.ExitCode 1 outcome.Errors
              Expect.stringContains outcome.Errors "File too large" "what went wrong"
              Expect.stringEnds outcome.Errors $"note: {output} was written, but not {page}.\n" "what is there"
              Expect.equal (errorOf outcome.Output "output") output "and in JSON"
              Expect.stringEnds (errorOf outcome.Output "message") $"{output} was written, but not {page}." "the sentences"
              Expect.isOk (SingleSharp.Core.Pipeline.digest SingleSharp.Core.Settings.standard output) "it is whole"
              Expect.isFalse (File.Exists page) "the page"
          } ]

let private stdout' =
    test "stdout that takes nothing" {
        if not (File.Exists "/dev/full") then
            skiptest "skipped: no /dev/full"

        use sandbox = new Sandbox()
        let output = sandbox.File "out.h5ad"

        let outcome =
            Child.run "/bin/bash" [ "-c"; $"dotnet {tool} qc {sample} --out {output} --quiet --json > /dev/full" ] [] ""

        Expect.equal outcome.ExitCode 1 outcome.Errors
        Expect.stringEnds outcome.Errors $"note: {output} was written.\n" "what is there"
    }

/// Waits for a file, and fails where the program ends without it.
let private awaitFile (child: Process) path =
    while not (File.Exists path) do
        if child.HasExited then
            failtest $"it ended with {child.ExitCode}"

        Thread.Sleep 1

let private cancelled =
    test "a signal once the result is there" {
        if not (OperatingSystem.IsLinux()) then
            skiptest "skipped: signals of Unix"

        use sandbox = new Sandbox()

        let input, output, page =
            sandbox.File "in.h5ad", sandbox.File "out.h5ad", sandbox.File "page.html"

        NewFile.write input (Gzipped 1000) (Made.counts 30000 30)

        let words =
            [ "qc"
              input
              "--out"
              output
              "--report"
              page
              "--digest"
              "--json"
              "--quiet" ]

        use child = Process.Start(Child.prepare "dotnet" (tool :: words) [])

        let said, errors =
            child.StandardOutput.ReadToEndAsync(), child.StandardError.ReadToEndAsync()

        awaitFile child output
        SignalGolden.send (child.Id, 15) |> ignore
        child.WaitForExit()

        Expect.equal child.ExitCode 143 errors.Result
        Expect.equal errors.Result $"cancelled: {output} was written, but not {page}.\n" "the sentence"
        Expect.equal (errorOf said.Result "kind", errorOf said.Result "output") ("cancelled", output) "the document"
        Expect.isFalse (File.Exists page) "the page"
    }

let all = testSequenced (testList "Unfinished" [ yield! pages; stdout'; cancelled ])
