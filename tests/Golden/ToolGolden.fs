/// The tool as a program: what it prints where, its exit codes, and files that it makes.
module SingleSharp.Golden.ToolGolden

open System
open System.IO
open System.Text.Json
open Expecto
open SingleSharp.Cli
open SingleSharp.Core
open SingleSharp.Golden.Shared

let private run (arguments: string list) =
    let tool = Path.Combine(AppContext.BaseDirectory, "singlesharp.dll")
    Child.run "dotnet" (tool :: arguments) [] ""

let private sample = here "edge/plain_csr_f32/input.h5ad"

let private streams =
    [ test "mistakes go to stderr, with the code 2" {
          let outcome = run [ "pipeline"; sample; "--n-comps"; "many" ]
          Expect.equal (outcome.ExitCode, outcome.Output) (2, "") "code and stdout"
          Expect.stringContains outcome.Errors "singlesharp pipeline: --n-comps must be a whole number" "stderr"
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
      } ]

/// The fields of `--json`, against docs/json.md.
let private fields (arguments: string list) =
    let outcome = run arguments
    Expect.equal outcome.ExitCode 0 outcome.Errors
    [ for field in JsonDocument.Parse(outcome.Output).RootElement.EnumerateObject() -> field.Name ]

let private documented =
    lazy
        (let text = File.ReadAllText(Path.Combine(root, "docs", "json.md"))

         text.Split '`' |> Array.indexed |> Array.filter (fun (i, _) -> i % 2 = 1) |> Array.map snd |> Set.ofArray)

let private json =
    [ test "docs/json.md has every field" {
          use sandbox = new Sandbox()

          for arguments in
              [ [ "plan"; sample ]
                [ "info"; sample ]
                [ "digest"; sample ]
                [ "preprocess"; sample; "--out"; sandbox.File "out.h5ad" ] ] do
              let unknown =
                  fields (arguments @ [ "--json"; "--quiet" ]) |> List.filter (fun field -> not (documented.Value.Contains field))

              Expect.isEmpty unknown $"fields of {arguments.Head} that are not in docs/json.md"
      } ]

let all = testList "Tool" [ testList "streams" streams; testList "json" json ]
