/// What comes of the edge steps that scanpy refuses, or whose results nobody would want: which of the two is ours, and in which words.
/// They stand in edge/outcomes.txt; SINGLESHARP_EDGE=write writes them anew.
module internal SingleSharp.Golden.EdgeOutcomes

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.EdgeFiles
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Step

let private path = here "edge/outcomes.txt"

/// The whole file's hash, so that a change of bits that no result of scanpy is there for shows as well.
let private digest output =
    match Pipeline.digest Settings.standard output with
    | Ok digest -> digest.Whole.Substring(0, 16)
    | Error fault -> failtest (Fault.sentence fault)

let private outcome (start: string) recipe (output: string) =
    match run recipe start output with
    | Ok _ -> $"a result, {digest output}"
    | Error fault -> (Fault.sentence fault).Replace(start, "FILE")

let private outcomes () =
    [ for case in cases |> List.except [ ambiguous ] do
          for step in steps case do
              if step.Expect.Contains "error" then
                  use sandbox = new Sandbox()
                  let start = start sandbox case step
                  let asGiven = outcome start (recipe step) (sandbox.File "given.h5ad")
                  let asScanpy = outcome start (asScanpy step) (sandbox.File "output.h5ad")
                  $"{case}/{step.Name}: {asGiven}"

                  if asScanpy <> asGiven then
                      $"{case}/{step.Name}, invalid values allowed: {asScanpy}" ]

let tests =
    test "outcomes" {
        let lines = outcomes ()

        match Environment.GetEnvironmentVariable "SINGLESHARP_EDGE" with
        | "write" -> File.WriteAllLines(path, lines)
        | _ ->
            let said = List.ofArray (File.ReadAllLines path)

            for found, said in List.zip (List.truncate said.Length lines) (List.truncate lines.Length said) do
                Expect.equal found said "edge/outcomes.txt"

            Expect.equal lines.Length said.Length "how many outcomes there are"
    }
