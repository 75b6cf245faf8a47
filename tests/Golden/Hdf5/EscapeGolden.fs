/// Names in files and on the command line reach no terminal as they are: they are shown escaped, wherever they are shown.
module internal SingleSharp.Golden.EscapeGolden

open System
open System.IO
open System.Text
open System.Text.Json
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Golden.Shared

/// As in escapes.py, but for the slash, which no file name has.
let private steer =
    "\u001b[2J\u0007\u007f\u009b31m\r\nerror: forged \u202e\u2028\u2066"

let private steers (letter: char) =
    (Char.IsControl letter && letter <> '\n') || "\u2028\u2029\u202e\u2066".Contains letter

let private requirePlain what (output: string) =
    let found =
        output |> Seq.filter steers |> Seq.map (fun letter -> $"{int letter:x4}") |> Seq.distinct |> List.ofSeq

    Expect.isEmpty found $"{what}: {output}"
    Expect.isFalse (output.Split '\n' |> Array.exists _.StartsWith("error: forged")) $"{what}: a forged line in {output}"

let private run arguments =
    let outcome = Child.runTool arguments
    Expect.notEqual outcome.ExitCode 70 outcome.Errors
    outcome

let private withFile work =
    use sandbox = new Sandbox()
    let input = sandbox.File $"in{steer}.h5ad"
    Child.script "escapes.py" [ input ] "" |> ignore
    work sandbox input

/// The same file, its values no less than nothing.
let private commands (sandbox: Sandbox) input : string list list =
    let out = [ "--out"; sandbox.File $"out{steer}.h5ad" ]

    [ [ "info"; input ]
      [ "verify"; input ]
      [ "digest"; input ]
      [ "plan"; input ]
      [ "qc"; input ] @ out
      [ "qc"; input; "--gene-set"; $"s{steer}=prefix:{steer}" ] @ out
      [ "qc"; input; "--gene-set"; $"s=column:v{steer}" ] @ out
      [ "qc"; input; "--gene-symbols"; $"v{steer}" ] @ out
      [ "qc"; input; "--gene-set"; $"s=file:{sandbox.File steer}" ] @ out
      [ "filter"; input; "--min-genes"; "1" ] @ out
      [ "filter"; input; "--max-pct"; $"{steer}=3" ] @ out
      [ "normalize_total"; input ] @ out
      [ "normalize_total"; input; "--allow-invalid"; "--key-added"; $"k{steer}" ] @ out
      [ "log1p"; input; "--allow-invalid" ] @ out
      [ "log1p"; input; "--layer"; $"l{steer}" ] @ out
      [ "log1p"; input; "--layer"; $"other{steer}" ] @ out
      [ "hvg"; input; "--batch-key"; $"o{steer}" ] @ out
      [ "hvg"; input; "--batch-key"; $"gone{steer}" ] @ out
      [ "pca"; input; "--mask-var"; $"v{steer}" ] @ out
      [ "preprocess"; input; "--allow-invalid" ] @ out
      [ "pipeline"; input; "--allow-invalid" ] @ out
      [ "convert"; input; "--layer"; $"l{steer}" ] @ out
      [ "convert"
        input
        input
        "--sample-names"
        $"a{steer},b{steer}"
        "--make-unique" ]
      @ out
      [ "convert"; sandbox.Folder ] @ out
      [ "demo"; "--out-dir"; sandbox.File $"demo{steer}" ]
      [ "info"; input + "x" ]
      [ $"info{steer}"; input ]
      [ "info"; input; $"--option{steer}" ]
      [ "qc"; input; "--percent-top"; steer ] @ out
      [ "qc"; input; "--out"; sandbox.File $"nowhere{steer}/out.h5ad" ] ]

let all =
    testList
        "Escapes"
        [ test "every command, its faults and its mistakes" {
              withFile (fun sandbox input ->
                  for command in commands sandbox input do
                      let outcome = run command
                      let what = command |> List.map Printable.line |> String.concat " "
                      requirePlain what outcome.Output
                      requirePlain what outcome.Errors)
          }
          test "JSON escapes names by itself" {
              withFile (fun _ input ->
                  for command in [ "info"; "verify"; "digest"; "plan" ] do
                      let outcome = run [ command; input; "--json" ]

                      let raw =
                          outcome.Output |> Seq.filter (fun letter -> Char.IsControl letter && letter <> '\n') |> List.ofSeq

                      Expect.isEmpty raw command
                      let answer = JsonDocument.Parse(outcome.Output).RootElement

                      if command <> "digest" then
                          Expect.equal (answer.GetProperty("path").GetString()) input "the path")
          }
          test "faults, warnings and findings of the library" {
              withFile (fun sandbox input ->
                  let recipe =
                      { Recipe.ofSteps [ Qc.step Qc.defaults ] with
                          GeneSets = [ GeneSet.OfGenes $"s{steer}" ] }

                  match Pipeline.run recipe Settings.standard (Input.file input) (NewFile(sandbox.File "out.h5ad")) with
                  | Ok report -> report.Warnings |> Seq.iter (requirePlain "a warning")
                  | Error fault -> failtest (Fault.sentence fault)

                  match
                      Pipeline.run
                          (Recipe.ofSteps [ NormalizeTotal.step NormalizeTotal.defaults ])
                          Settings.standard
                          (Input.file input)
                          (NewFile(sandbox.File "out.h5ad"))
                  with
                  | Error fault ->
                      requirePlain "a fault" (Fault.sentence fault)
                      Expect.stringContains (Fault.sentence fault) "\\x1b[2J" "its sentence"
                  | Ok _ -> failtest "negative values are refused"

                  match Pipeline.verify Settings.standard input with
                  | Ok verification ->
                      Expect.isNonEmpty verification.Findings "findings"
                      verification.Findings |> Seq.iter (fun finding -> requirePlain "a finding" finding.Sentence)
                  | Error fault -> failtest (Fault.sentence fault))
          }
          test "what is shown" {
              for text, shown in
                  [ "MT-A ü 漢 😀", "MT-A ü 漢 😀"
                    "a\nb\tc\rd", "a\\nb\\tc\\rd"
                    "\u001b[2J\u007f\u0085", "\\x1b[2J\\x7f\\x85"
                    "\u202e\u2028", "\\u202e\\u2028"
                    // Bytes that are not UTF-8, as PEP 383 keeps them.
                    $"T{char 0xdce4}", "T\\xe4"
                    $"{char 0xd83d}", "\\ud83d" ] do
                  Expect.equal (Printable.line text) shown (Encoding.Unicode.GetBytes text |> Convert.ToHexString)
          } ]
