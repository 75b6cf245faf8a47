/// docs/compatibility.md says what happens. SINGLESHARP_COMPATIBILITY=write writes it anew.
module internal SingleSharp.Golden.CompatibilityGolden

open System
open System.IO
open Expecto
open SingleSharp.Golden.Shared

let private path = Path.Combine(root, "docs", "compatibility.md")

/// The first line that differs says more than two whole documents.
let private same (document: string) =
    let lines (text: string) = text.Split '\n' |> List.ofArray
    let said = if File.Exists path then lines (File.ReadAllText path) else []
    let found = lines document

    for i in 0 .. min said.Length found.Length - 1 do
        Expect.equal found[i] said[i] $"line {i + 1} of docs/compatibility.md"

    Expect.equal found.Length said.Length "how many lines docs/compatibility.md has"

let tests =
    testList
        "Compatibility"
        [ test "docs/compatibility.md says what happens" {
              Child.requirePython ()
              let document, problems = Compatibility.document ()

              if not problems.IsEmpty then
                  let all = problems |> List.map (fun problem -> $"\n- {problem}") |> String.concat ""
                  failtest $"{problems.Length} problems:{all}"

              match Environment.GetEnvironmentVariable "SINGLESHARP_COMPATIBILITY" with
              | "write" -> File.WriteAllText(path, document)
              | _ -> same document
          } ]
