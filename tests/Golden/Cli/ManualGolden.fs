/// The manual is made from the code: docs/cli.md and docs/singlesharp.1 say what the commands say, and programs that read manuals have
/// nothing against it.
module internal SingleSharp.Golden.ManualGolden

open System
open System.IO
open Expecto
open SingleSharp.Cli
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private isWriting =
    Environment.GetEnvironmentVariable "SINGLESHARP_WRITE_DOCS" = "1"

let private current (name: string) (text: unit -> string) =
    test $"docs/{name} is as the code has it" {
        let path = Path.Combine(root, "docs", name)

        if isWriting then
            File.WriteAllText(path, text ())

        Expect.equal
            (File.ReadAllText(path).Replace("\r\n", "\n"))
            (text ())
            "write it anew: SINGLESHARP_WRITE_DOCS=1 dotnet SingleSharp.Golden.dll --filter-test-list Manual"
    }

let private page = Path.Combine(root, "docs", "singlesharp.1")

let private readers =
    [ test "groff has nothing against the page" {
          must "/usr/bin/groff" [ "-man"; "-Tutf8"; "-ww"; "-rLL=80n"; page ] |> ignore
          Expect.equal (Child.run "/usr/bin/groff" [ "-man"; "-Tutf8"; "-ww"; "-rLL=80n"; page ] [] "").Errors "" "warnings"
      }
      test "mandoc has nothing against the page but that it has no date" {
          if not (File.Exists "/usr/bin/mandoc") then
              skiptest "skipped: no /usr/bin/mandoc"

          let outcome =
              Child.run "/usr/bin/mandoc" [ "-T"; "lint"; "-W"; "warning"; page ] [] ""

          let found =
              outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
              // A date would change the page where nothing else does.
              |> Array.filter (fun line -> not (line.Contains "missing date"))

          Expect.isEmpty found outcome.Errors
      } ]

let private complete =
    test "every command and every option is in the manual" {
        let page = Manual.markdown ()

        for command in Command.all do
            Expect.stringContains page $"\n### {command.Name}\n" command.Name

            for option in CompletionWords.options command do
                if option.Spelling <> "--help" then
                    Expect.stringContains page $"\n- `{option.Spelling}" $"{command.Name} {option.Spelling}"
    }

let private printed =
    test "the tool prints it" {
        let outcome = Child.run "dotnet" [ tool; "man" ] [] ""
        Expect.equal (outcome.ExitCode, outcome.Output, outcome.Errors) (0, Manual.man (), "") "code and streams"
    }

let all =
    testList
        "Manual"
        [ current "cli.md" Manual.markdown
          current "singlesharp.1" Manual.man
          complete
          printed
          yield! readers ]
