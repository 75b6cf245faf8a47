/// What programs that drive the tool rely on: errors as JSON, progress line by line, and exit codes.
module internal SingleSharp.Golden.ProtocolGolden

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Cli
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private run = Child.runTool

let private lines (text: string) =
    text.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

let private orNone (element: JsonElement) =
    if element.ValueKind = JsonValueKind.Null then None else Some(element.GetString())

/// Kind, path and option of the one document on stdout.
let errorOf (outcome: Child.Outcome) =
    let error = JsonDocument.Parse(outcome.Output).RootElement.GetProperty "error"
    let field (name: string) = orNone (error.GetProperty name)
    Expect.isTrue ((field "message").Value.EndsWith '.') "a sentence"
    (field "kind").Value, field "path", field "option"

let private duplicates = here "edge/duplicate_indices/input.h5ad"

/// What is said on stderr is the same with --json and without.
let private failing =
    [ [ "digest"; "nowhere.h5ad" ], 1, ("not_found", Some "nowhere.h5ad", None)
      [ "info"; here "Main.fs" ], 1, ("not_anndata", Some(here "Main.fs"), None)
      [ "preprocess"; duplicates; "--out"; "out.h5ad" ], 1, ("duplicate_entry", Some duplicates, Some "sum_duplicates")
      [ "hvg"; sample; "--out"; "out.h5ad"; "--batch-key"; "nobody" ], 1, ("invalid_option", None, Some "batch_key")
      [ "qc"; sample; "--out"; "out.h5ad"; "--memory"; "1K" ], 1, ("insufficient_memory", None, Some "memory")
      [ "qc"; sample; "--out"; "no/where.h5ad" ], 1, ("cannot_write", Some "no/where.h5ad", None)
      [ "qc"; sample; "--n-comps"; "3" ], 2, ("usage", None, None)
      [ "nonsense" ], 2, ("usage", None, None) ]

let private errors =
    [ for arguments, code, expected in failing do
          test $"""the error of {String.concat " " arguments |> _.Replace(root, "")}""" {
              let plain = run arguments
              let outcome = run (arguments @ [ "--json" ])
              Expect.equal (plain.ExitCode, plain.Output) (code, "") "without --json"
              Expect.equal (outcome.ExitCode, outcome.Errors) (code, plain.Errors) "with it"
              Expect.equal (errorOf outcome) expected "kind, path and option"
          }
      test "every fault has a kind of its own" {
          let faults =
              [ NotFound ""
                Unreadable("", "")
                NotAnnData("", "")
                Damaged("", "", "")
                Unsupported("", "", "")
                InvalidValue("", "", "", 0.0)
                DuplicateEntry("", "", "")
                InvalidOption("n_comps", "")
                InvalidStep("", "")
                Unsuitable("", "")
                CannotWrite("", "")
                InsufficientMemory("", 0L, 0L, "")
                OutOfMemory
                InputChanged ""
                NotYet("", "") ]

          let cases = Microsoft.FSharp.Reflection.FSharpType.GetUnionCases typeof<Fault>
          let kinds = faults |> List.map (CommandError.ofFault >> _.Kind)
          Expect.equal faults.Length cases.Length "all faults"

          Expect.equal
              (kinds |> List.map _.Replace("_", ""))
              (cases |> Array.map _.Name.ToLowerInvariant() |> List.ofArray)
              "kinds are the names of the cases"
      }
      test "a message names options as scanpy does" {
          let error = CommandError.ofFault (DuplicateEntry("a", "b", "c"))
          Expect.stringContains error.Message "pass sum_duplicates to" "the sentence"
      } ]

let private events =
    [ test "progress and warnings, one object a line" {
          use sandbox = new Sandbox()
          let output = sandbox.File "out.h5ad"

          let outcome =
              run [ "pipeline"; sample; "--out"; output; "--json"; "--progress"; "json" ]

          Expect.equal outcome.ExitCode 0 outcome.Errors

          let told =
              lines outcome.Errors |> List.map (fun line -> JsonDocument.Parse(line).RootElement)

          let names =
              told |> List.map (fun line -> [ for field in line.EnumerateObject() -> field.Name ])

          Expect.allEqual (names |> List.filter (fun names -> names <> [ "warning" ])) [ "progress" ] "kinds of lines"

          let progress =
              told |> List.filter (fun line -> line.TryGetProperty("progress") |> fst) |> List.map _.GetProperty("progress")

          let reads =
              [ for line in progress do
                    if line.GetProperty("task").ValueKind = JsonValueKind.Null then
                        line.GetProperty("pass").GetInt32(), line.GetProperty("cells_done").GetInt64() ]

          Expect.equal (List.last reads) (2, 60L) "the end of the last read"

          let tasks = progress |> List.choose (fun line -> orNone (line.GetProperty "task"))
          Expect.contains tasks "pca: scores" "the tasks"
          let share = (List.last progress).GetProperty("task_done").GetDouble()
          Expect.equal share 1.0 "the end of the last task"

          let warnings =
              [ for line in told do
                    if fst (line.TryGetProperty "warning") then
                        line.GetProperty("warning").GetString() ]

          let reported =
              [ for warning in JsonDocument.Parse(outcome.Output).RootElement.GetProperty("warnings").EnumerateArray() ->
                    warning.GetString() ]

          Expect.isNonEmpty warnings "warnings"
          Expect.equal (List.sort warnings) (List.sort reported) "as in the report"
          Expect.stringContains (String.concat "" warnings) "n_top_genes" "scanpy's names"
      }
      test "no more than ten lines a second" {
          let lines = ResizeArray()
          let before = Console.Error
          let clock = Stopwatch.StartNew()

          try
              use writer = new StringWriter()
              Console.SetError writer

              EventLines.during (fun show _ ->
                  for cells in 0L .. 999L do
                      show
                          { Pass = 1
                            Passes = 1
                            CellsDone = cells
                            Cells = 1000L
                            Bytes = 0L
                            Task = Nullable() })

              lines.AddRange(writer.ToString().Split '\n')
          finally
              Console.SetError before

          Expect.isLessThanOrEqual lines.Count (2 + int (clock.Elapsed.TotalSeconds * 10.0) + 1) "lines"
          Expect.isGreaterThan lines.Count 1 "the first one"
      }
      for words, part in
          [ "qc a --in-place --progress bar", "--progress must be json, not 'bar'"
            "qc a --in-place --progress json --quiet", "--progress and --quiet exclude each other" ] do
          test words {
              match Requests.ofWords (CommandGolden.words words) with
              | Ok request -> failtest $"{request.Task}"
              | Error mistakes -> Expect.stringContains (String.concat " " mistakes) part "the mistake"
          } ]

let private documented =
    test "docs/json.md tells of errors and events, and docs/reference.md of every exit code" {
        let json = File.ReadAllText(Path.Combine(root, "docs", "json.md"))

        for word in
            [ "error"
              "kind"
              "message"
              "path"
              "option"
              "output"
              "progress"
              "cells_done"
              "task_done"
              "warning" ] do
            Expect.stringContains json $"`{word}`" "docs/json.md"

        let runs =
            [ for command in Command.all |> List.filter Command.runs -> $"`{command.Name}`" ]

        let heading =
            json.Split '\n' |> Array.find (fun line -> line.StartsWith "## `subset`")

        Expect.containsAll (heading.Substring(3).Split ", ") runs "the commands whose fields it tells"

        let reference = File.ReadAllText(Path.Combine(root, "docs", "reference.md"))

        for code in [ "0 done"; "70 a bug"; "130 by Ctrl-C"; "143 by SIGTERM"; "129 by SIGHUP" ] do
            Expect.stringContains reference code "docs/reference.md"
    }

let all =
    testList
        "Protocol"
        [ testList "errors" errors
          testSequenced (testList "events" events)
          documented ]
