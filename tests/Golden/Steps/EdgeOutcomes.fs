/// What comes of the edge steps that scanpy refuses, or whose results nobody would want: which of the two is ours, and in which words.
/// They stand in edge/outcomes.txt; SINGLESHARP_EDGE=write writes them anew.
module internal SingleSharp.Golden.EdgeOutcomes

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Answers
open SingleSharp.Golden.EdgeFiles
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Step

let private path = here "edge/outcomes.txt"

let private result = "a result, "
let private asScanpyHasIt = ", invalid values allowed"

/// The whole file's hash tells of a change of bits as well where there is no result of scanpy to compare with.
let private outcome (start: string) recipe (output: string) =
    match run recipe start output with
    | Ok _ -> result + (whole output).Substring(0, 16)
    | Error fault -> (Fault.sentence fault).Replace(start, "FILE")

let private stored =
    lazy
        (Map
            [ for line in File.ReadAllLines path do
                  let at = line.IndexOf ": "
                  line[.. at - 1], line[at + 2 ..] ])

/// Is a step refused where values that are not counts are allowed?
let isRefused case step =
    let outcomes = stored.Value
    let name = $"{case}/{step.Name}"

    match Map.tryFind (name + asScanpyHasIt) outcomes |> Option.orElse (Map.tryFind name outcomes) with
    | Some outcome -> not (outcome.StartsWith result)
    | None -> failtest $"edge/outcomes.txt has no line for {name}; SINGLESHARP_EDGE=write writes it"

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
                      $"{case}/{step.Name}{asScanpyHasIt}: {asScanpy}" ]

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
