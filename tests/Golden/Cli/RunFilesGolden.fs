/// Runs that write nothing, runs that replace nothing, and what a log tells of a run.
module internal SingleSharp.Golden.RunFilesGolden

open System
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open Expecto
open SingleSharp.Cli
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private run (arguments: string list) =
    Child.run "dotnet" (tool :: arguments) [] ""

let private dryRuns =
    [ for command in
          [ "filter --min-genes 3"
            "qc"
            "preprocess"
            "pipeline --n-comps 7 --n-top-genes 30"
            "hvg --n-top-genes 9" ] do
          test $"--dry-run of {command} is its plan, and nothing is written" {
              use sandbox = new Sandbox()
              let input = sandbox.Copy sample

              let words =
                  CommandGolden.words command @ [ input; "--out"; sandbox.File "out.h5ad"; "--json" ]

              let planned = run ("plan" :: words)
              let dry = run (words @ [ "--dry-run"; "--save-recipe"; sandbox.File "recipe.json" ])
              Expect.equal (dry.ExitCode, dry.Output) (0, planned.Output) "code and plan"
              Expect.equal sandbox.Names [ "input.h5ad" ] "nothing else"

              let told = JsonDocument.Parse(dry.Output).RootElement
              Expect.equal (told.GetProperty("command").GetString()) (CommandGolden.words command).Head "the command"
          }
      test "--dry-run in place changes nothing" {
          use sandbox = new Sandbox()
          let input = sandbox.Copy sample
          let outcome = run [ "qc"; input; "--in-place"; "--dry-run" ]
          Expect.equal outcome.ExitCode 0 outcome.Errors
          Expect.stringContains outcome.Output $"What singlesharp qc would do with {input}" "the plan"
          Expect.equal (File.ReadAllBytes input) (File.ReadAllBytes sample) "the input"
      } ]

let private keeping =
    [ for words, isThere in
          [ [ "qc"; "INPUT"; "--out"; "THERE" ], "a result"
            [ "qc"; "INPUT"; "--out"; "new.h5ad"; "--report"; "THERE" ], "a page"
            [ "convert"; "INPUT"; "INPUT"; "--sample-names"; "a,b"; "--out"; "THERE" ], "a conversion"
            [ "report"; "INPUT"; "--out"; "THERE" ], "the page of a file" ] do
          test $"--no-clobber keeps {isThere}" {
              use sandbox = new Sandbox()
              let input = sandbox.Copy sample
              let there = sandbox.File "there"
              File.WriteAllText(there, "old")

              let words =
                  words
                  |> List.map (fun word ->
                      if word = "INPUT" then input
                      elif word = "THERE" then there
                      elif word = "new.h5ad" then sandbox.File word
                      else word)

              let outcome = run (words @ [ "--no-clobber"; "--json" ])
              let error = JsonDocument.Parse(outcome.Output).RootElement.GetProperty "error"
              Expect.equal (outcome.ExitCode, error.GetProperty("kind").GetString()) (1, "cannot_write") outcome.Errors

              Expect.equal
                  outcome.Errors
                  $"error: {there} cannot be written: there is such a file already, and --no-clobber keeps it; choose another name, or leave --no-clobber out to replace it.\n"
                  "one sentence"

              Expect.equal (File.ReadAllText there) "old" "the old file"
              Expect.equal sandbox.Names [ "input.h5ad"; "there" ] "nothing else"
          }
      test "--no-clobber writes a new file" {
          use sandbox = new Sandbox()
          let output = sandbox.File "out.h5ad"
          Expect.equal (run [ "qc"; sample; "--out"; output; "--no-clobber" ]).ExitCode 0 "the code"
          Expect.isTrue (File.Exists output) "the output"
      } ]

let private refused =
    [ for line, part in
          [ "qc a.h5ad --in-place --no-clobber", "--no-clobber has no effect: no new file is named"
            "digest a.h5ad --no-clobber", "digest has no option --no-clobber"
            "convert a.h5 --out b --dry-run", "convert has no option --dry-run"
            "qc a.h5ad --in-place --dry-run --log l", "--log has no effect: --dry-run writes nothing"
            "qc a.h5ad --out b.h5ad --log ./b.h5ad", "--log ./b.h5ad: the command line names this file for something else"
            "qc a.h5ad --in-place --log a.h5ad", "--log a.h5ad: the command line names this file for something else"
            "qc a.h5ad --in-place --log no/where.log", "--log no/where.log: its folder is not there" ] do
          test line {
              match Requests.ofWords (CommandGolden.words line) with
              | Ok request -> failtest $"{request.Task}"
              | Error mistakes ->
                  Expect.equal mistakes.Length 1 $"{mistakes}"
                  Expect.stringContains mistakes.Head part "the mistake"
          } ]

/// What a log says, without times; each line has to have one.
let private said path =
    [ for line in File.ReadAllLines path do
          let time = Regex.Match(line, @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ")
          Expect.isTrue time.Success line
          let age = DateTime.UtcNow - DateTime.Parse(time.Value.Trim()).ToUniversalTime()
          Expect.isTrue (age > TimeSpan.FromMinutes -1.0 && age < TimeSpan.FromHours 1.0) "the time is now, in UTC"
          Regex.Replace(line.Substring time.Length, @", after [0-9.]+ s$", "") ]

let private logs =
    [ test "a log tells of a run from its start to its end" {
          use sandbox = new Sandbox()
          let log, output = sandbox.File "run.log", sandbox.File "out.h5ad"

          let words =
              [ "pipeline"
                sample
                "--out"
                output
                "--n-top-genes"
                "30"
                "--n-comps"
                "7"
                "--log"
                log ]

          let outcome = run (words @ [ "--quiet" ])
          Expect.equal (outcome.ExitCode, outcome.Errors) (0, "") "the run"
          let told = said log
          Expect.stringStarts told.Head "start: singlesharp " "the version"
          Expect.stringContains told.Head $"command: singlesharp pipeline {sample} --out {output}" "the command line"
          Expect.equal (List.last told) "end: exit code 0" "the end"

          for line in
              [ "begun: pass 1 of 2 over 60 cells"
                "ended: pass 1 of 2 over 60 cells"
                "begun: pass 2 of 2 over 60 cells"
                "ended: pca: scores"
                $"result: {output}, with 60 cells and 120 genes, after 2 reads of X" ] do
              Expect.contains told line "the log"

          Expect.isNonEmpty (told |> List.filter _.StartsWith("warning: the share of the top 200")) "warnings"
          Expect.equal (run [ "digest"; output; "--quiet"; "--log"; log ]).ExitCode 0 "another run"
          Expect.equal (said log |> List.truncate told.Length) told "what was there"
          Expect.equal (said log |> List.filter _.StartsWith("start: ") |> List.length) 2 "the other run behind it"
      }
      test "a log tells why there is no result" {
          use sandbox = new Sandbox()
          let log = sandbox.File "run.log"
          let outcome = run [ "digest"; "nowhere.h5ad"; "--log"; log ]
          Expect.equal outcome.ExitCode 1 outcome.Errors

          Expect.equal
              (said log).Tail
              [ "not_found: nowhere.h5ad does not exist; check the name."
                "end: exit code 1" ]
              "the log"
      }
      test "a log has no part in the result" {
          use sandbox = new Sandbox()
          let one, other = sandbox.File "one.h5ad", sandbox.File "other.h5ad"
          Expect.equal (run [ "qc"; sample; "--out"; one ]).ExitCode 0 "without"
          Expect.equal (run [ "qc"; sample; "--out"; other; "--log"; sandbox.File "run.log" ]).ExitCode 0 "with"
          Expect.equal (File.ReadAllBytes other) (File.ReadAllBytes one) "the bytes"
      }
      test "nothing else than a log is appended to" {
          use sandbox = new Sandbox()
          let file = sandbox.Copy sample
          let outcome = run [ "info"; sample; "--log"; file ]
          Expect.equal outcome.ExitCode 2 outcome.Errors
          Expect.stringContains outcome.Errors $"--log {file}: there is a file that is no log" "the sentence"
          Expect.equal (File.ReadAllBytes file) (File.ReadAllBytes sample) "the file"
      } ]

let all =
    testList
        "RunFiles"
        [ testList "dry runs" dryRuns
          testList "no clobber" keeping
          testList "mistakes" refused
          testList "logs" logs ]
