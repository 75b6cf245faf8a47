/// The tool as a program: what it prints where, its exit codes, and files that it makes.
module internal SingleSharp.Golden.ToolGolden

open System
open System.IO
open System.Text.Json
open Expecto
open SingleSharp.Core
open SingleSharp.Cli
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private run = Child.runTool

let private sample = here "edge/plain_csr_f32/input.h5ad"

let private streams =
    [ test "mistakes go to stderr, with the code 2" {
          let outcome = run [ "pipeline"; sample; "--n-comps"; "many" ]
          Expect.equal (outcome.ExitCode, outcome.Output) (2, "") "code and stdout"
          Expect.stringContains outcome.Errors "singlesharp pipeline: --n-comps must be an integer" "stderr"
          Expect.stringContains outcome.Errors "Try 'singlesharp pipeline --help'." "stderr"
      }
      test "faults go to stderr, with the code 1" {
          let outcome = run [ "plan"; "nowhere.h5ad" ]
          Expect.equal (outcome.ExitCode, outcome.Output) (1, "") "code and stdout"
          Expect.equal outcome.Errors "error: nowhere.h5ad does not exist; check the name.\n" "stderr"
      }
      test "pages go to stdout, with the code 0" {
          let outcome = run [ "pipeline"; "--help" ]
          Expect.equal (outcome.ExitCode, outcome.Errors) (0, "") "code and stderr"
          Expect.equal outcome.Output (Help.page (Command.tryFind "pipeline")) "stdout"
      }
      for where, code, words in
          [ ">&-", 1, "Bad file descriptor"
            "> /dev/full", 1, "No space left on device"
            "| true", 0, "" ] do
          for command in [ "digest"; "digest --json"; "verify"; "info --quiet"; "info --json --quiet" ] do
              test $"stdout cannot be written to: {command} {where}" {
                  let outcome =
                      Child.run "/bin/bash" [ "-c"; $"set -o pipefail; dotnet {Child.tool} {command} {sample} {where}" ] [] ""

                  Expect.equal outcome.ExitCode code outcome.Errors
                  Expect.equal outcome.Errors (if words = "" then "" else $"error: {words}\n") "one sentence"
              }
      for where in [ "2>&-"; "2> /dev/full"; "2> >(true)" ] do
          test $"stderr cannot be written to: {where}" {
              use sandbox = new Sandbox()
              let output = sandbox.File "out.h5ad"

              let outcome =
                  Child.run
                      "/bin/bash"
                      [ "-c"
                        $"dotnet {Child.tool} preprocess {sample} --out {output} --json {where}" ]
                      []
                      ""

              Expect.equal outcome.ExitCode 0 "the work is done all the same"
              Expect.isTrue (File.Exists output) "the output"

              let mistaken =
                  Child.run "/bin/bash" [ "-c"; $"dotnet {Child.tool} digest nowhere.h5ad {where}" ] [] ""

              Expect.equal mistaken.ExitCode 1 "a fault"
          } ]

/// What a command prints with --json.
let private answer (arguments: string list) =
    let outcome = run (arguments @ [ "--json"; "--quiet" ])
    Expect.equal (outcome.ExitCode, outcome.Errors) (0, "") "code and stderr"
    JsonDocument.Parse(outcome.Output).RootElement

let private strings (element: JsonElement) (name: string) =
    [ for item in element.GetProperty(name).EnumerateArray() -> item.GetString() ]

/// The names between `` ` `` in docs/json.md.
let private documented =
    lazy
        (File.ReadAllText(Path.Combine(root, "docs", "json.md")).Split '`'
         |> Array.indexed
         |> Array.filter (fun (i, _) -> i % 2 = 1)
         |> Array.map snd
         |> Set.ofArray)

let private json =
    [ test "docs/json.md has every field" {
          use sandbox = new Sandbox()

          for arguments in
              [ [ "plan"; sample ]
                [ "info"; sample ]
                [ "digest"; sample ]
                [ "report"; sample; "--out"; sandbox.File "page.html" ]
                [ "history"; sample ]
                [ "pipeline"; sample; "--out"; sandbox.File "out.h5ad" ] ] do
              let fields = [ for field in (answer arguments).EnumerateObject() -> field.Name ]

              Expect.isEmpty
                  (fields |> List.filter (fun field -> not (documented.Value.Contains field)))
                  $"fields of {arguments.Head} without a word"
      }
      test "what is said to be written is there" {
          use sandbox = new Sandbox()
          let output = sandbox.File "out.h5ad"

          let told =
              answer
                  [ "pipeline"
                    sample
                    "--out"
                    output
                    "--n-comps"
                    "7"
                    "--n-top-genes"
                    "30"
                    "--min-genes"
                    "20" ]

          let digest = digest output
          let there = digest.Elements |> Seq.map _.Path |> Set

          for field, place in
              [ "obs_columns", "obs"
                "var_columns", "var"
                "obsm_keys", "obsm"
                "varm_keys", "varm"
                "uns_keys", "uns" ] do
              let names = strings told field
              Expect.isNonEmpty names field
              Expect.isEmpty (names |> List.filter (fun name -> not (there.Contains $"{place}/{name}"))) $"{field} that are not there"

          Expect.equal (strings told "steps") [ "filter"; "qc"; "normalize_total"; "log1p"; "hvg"; "pca" ] "steps"
          Expect.equal (told.GetProperty("highly_variable_genes").GetInt32()) 30 "highly variable genes"
          Expect.equal (told.GetProperty("variance_ratio").GetArrayLength()) 7 "components"

          let info =
              Pipeline.info Recipe.standard Settings.standard (Input.file output) |> need

          Expect.equal (told.GetProperty("n_obs_after").GetInt64()) info.Cells "cells"
          Expect.equal (told.GetProperty("n_vars_after").GetInt32()) info.Genes "genes"
          Expect.isLessThan info.Cells (told.GetProperty("n_obs").GetInt64()) "some cells are gone"
      }
      for command in
          [ "pipeline"
            "pipeline --min-cells 3 --target-sum median --exclude-highly-expressed"
            "pipeline --flavor seurat_v3 --n-top-genes 30"
            "pipeline --max-pct mt=20"
            "preprocess"
            "qc"
            "pca" ] do
          test $"the plan of {command} comes true" {
              use sandbox = new Sandbox()

              let words =
                  CommandGolden.words command @ [ sample; "--out"; sandbox.File "out.h5ad" ]

              let planned = answer ("plan" :: words)
              let told = answer words

              for field in [ "command"; "reads_of_x"; "dtype_after" ] do
                  Expect.equal (string (planned.GetProperty field)) (string (told.GetProperty field)) field

              Expect.equal (strings planned "steps") (strings told "steps") "steps"
          } ]

/// Commands one after another, each on what the one before made; the digest of the last.
let private chain (sandbox: Sandbox) commands =
    let file = sandbox.Copy(sample, "chained.h5ad")

    for command in commands do
        // One run has one note and several have several.
        answer (CommandGolden.words command @ [ file; "--in-place"; "--no-provenance" ]) |> ignore

    let made = whole file
    File.Delete file
    made

let private chains =
    [ test "the pipeline is its steps" {
          use sandbox = new Sandbox()
          let whole = chain sandbox [ "pipeline --n-top-genes 30" ]

          for commands in
              [ [ "preprocess"; "pipeline --n-top-genes 30 --skip qc,normalize_total,log1p" ]
                [ "qc"; "normalize_total"; "log1p"; "hvg --n-top-genes 30"; "pca" ]
                [ "pipeline --n-top-genes 30 --skip pca"; "pca --mask-var highly_variable" ] ] do
              Expect.equal (chain sandbox commands) whole $"{commands}"
      }
      test "the pipeline is what the core makes of its recipe" {
          use sandbox = new Sandbox()
          let expected = sandbox.File "expected.h5ad"

          let settings =
              { Settings.standard with
                  Provenance = false }

          Pipeline.run Recipe.full settings (Input.file sample) (NewFile expected) |> need |> ignore
          Expect.equal (chain sandbox [ "pipeline" ]) (whole expected) "the digest"
      }
      test "a filter goes before the steps" {
          use sandbox = new Sandbox()
          let apart = chain sandbox [ "filter --min-genes 30 --min-cells 5"; "preprocess" ]
          Expect.equal (chain sandbox [ "preprocess --min-genes 30 --min-cells 5" ]) apart "the digest"
      } ]

let all =
    testList "Tool" [ testList "streams" streams; testList "json" json; testList "chains" chains ]
