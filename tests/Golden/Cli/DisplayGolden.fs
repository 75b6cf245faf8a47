/// Pages as wide as the terminal, the time that is left of a run, and bars without colours.
module internal SingleSharp.Golden.DisplayGolden

open System
open Expecto
open SingleSharp
open SingleSharp.Cli
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private progress pass passes done' task : Progress =
    { Pass = pass
      Passes = passes
      CellsDone = done'
      Cells = 100L
      Bytes = 0L
      Task = task }

let private seconds (numbers: float list) =
    numbers |> List.map TimeSpan.FromSeconds

let private timing =
    [ for name, pass, passes, share, stage, ended, left in
          [ "the only pass", 1, 1, 0.5, 10.0, [], 10.0
            "the first of three", 1, 3, 0.25, 5.0, [], 15.0 + 2.0 * 20.0
            "the second of three", 2, 3, 0.5, 10.0, [ 40.0 ], 10.0 + 30.0
            "the last one", 3, 3, 0.75, 6.0, [ 40.0; 20.0 ], 2.0 ] do
          test $"what is left: {name}" {
              let elapsed =
                  { Stage = TimeSpan.FromSeconds stage
                    Passes = seconds ended }

              let told =
                  Elapsed.left (progress pass passes (int64 (100.0 * share)) (Nullable())) share elapsed

              Expect.floatClose Accuracy.high told.TotalSeconds left "seconds"
          }
      test "what is left of a task is its own" {
          let task = Nullable { Name = "pca: scores"; Done = 0.5 }

          let elapsed =
              { Stage = TimeSpan.FromSeconds 3.0
                Passes = seconds [ 40.0 ] }

          Expect.floatClose Accuracy.high (Elapsed.left (progress 1 2 100L task) 0.5 elapsed).TotalSeconds 3.0 "seconds"
      }
      test "passes that have ended are kept, tasks are not" {
          let told = ResizeArray()

          let show =
              Elapsed.timed
                  (fun progress -> if progress.Task.HasValue then progress.Task.Value.Name else string progress.Pass)
                  (fun _ elapsed -> told.Add elapsed.Passes.Length)

          show (progress 1 2 50L (Nullable()))
          show (progress 1 2 100L (Nullable()))
          show (progress 1 2 100L (Nullable { Name = "a task"; Done = 1.0 }))
          show (progress 2 2 10L (Nullable()))
          Expect.equal (List.ofSeq told) [ 0; 0; 1; 1 ] "passes"
      } ]

/// Command lines are not broken.
let private isText (line: string) =
    not (line.StartsWith "USAGE" || line.TrimStart().StartsWith "singlesharp " || line.Contains "source <(")

let private widths =
    [ for width in [ 60; 80; 100 ] do
          test $"pages of {width} columns" {
              for command in None :: List.map Some Command.all do
                  let lines = (Help.pageWithin width command).Split '\n' |> Array.filter isText
                  Expect.isLessThanOrEqual (lines |> Array.map _.Length |> Array.max) width $"{command |> Option.map _.Name}"

              let longest =
                  (Help.pageWithin width None).Split '\n' |> Array.filter isText |> Array.map _.Length |> Array.max

              Expect.isGreaterThan longest (width - 12) "the width is used"
          }
      for columns, width in [ "60", 60; "72", 72; "20", 60; "1000", 100; "", 80; "many", 80 ] do
          test $"COLUMNS={columns}" {
              let outcome = Child.run "dotnet" [ tool; "pca"; "--help" ] [ "COLUMNS", columns ] ""
              Expect.equal outcome.Output (Help.pageWithin width (Command.tryFind "pca")) "the page"
          } ]

/// What a run shows on a terminal.
let private onTerminal environment =
    use sandbox = new Sandbox()
    let output = sandbox.File "out.h5ad"

    if not (IO.File.Exists "/usr/bin/script") then
        skiptest "skipped: no /usr/bin/script"

    let outcome =
        Child.run
            "/usr/bin/script"
            [ "-qec"; $"dotnet {tool} pipeline {sample} --out {output}"; "/dev/null" ]
            ([ "TERM", "xterm-256color" ] @ environment)
            ""

    Expect.equal outcome.ExitCode 0 outcome.Output
    outcome.Output

/// A bar moves by escape codes; colours are m with numbers from 30 up.
let private bars =
    let movesCursor (text: string) = text.Contains "\x1b[?25l"

    let colours (text: string) =
        Text.RegularExpressions.Regex.Count(text, "\x1b\\[[0-9;]*(3[0-7]|38;5;[0-9]+|9[0-7])m")

    [ test "NO_COLOR keeps the bar and takes its colours" {
          let plain = onTerminal [ "NO_COLOR", "1" ]
          Expect.isTrue (movesCursor plain) "a bar"
          Expect.equal (colours plain) 0 "no colours"
      }
      test "without NO_COLOR the bar has colours" {
          let lively = onTerminal []
          Expect.isTrue (movesCursor lively) "a bar"
          Expect.isGreaterThan (colours lively) 0 "colours"
      } ]

let all =
    testList "Display" [ testList "time" timing; testList "width" widths; testList "bars" bars ]
