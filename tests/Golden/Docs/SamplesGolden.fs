/// The programs of samples/ run, and do what their README says.
module internal SingleSharp.Golden.SamplesGolden

open System
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Packages
open SingleSharp.Answers

let private sample name = Path.Combine(root, "samples", name)

let private withDemo (work: Sandbox -> unit) =
    use sandbox = new Sandbox()
    Pipeline.demo Settings.standard (sandbox.File "pbmc_like.h5ad") |> need
    work sandbox

let private lines (text: string) =
    text.Split('\n', StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries) |> List.ofArray

/// Each line that is printed is like one of these patterns, in order.
let private printed (patterns: string list) (said: string) =
    let lines = lines said
    Expect.hasLength lines patterns.Length said

    for pattern, line in List.zip patterns lines do
        Expect.isTrue (Regex.IsMatch(line, $"^{pattern}$")) $"{line} is {pattern}"

let private script (sandbox: Sandbox) text arguments =
    File.WriteAllText(sandbox.File "sample.fsx", feed.Value.Script text)
    Command.run sandbox.Folder [] "dotnet" ([ "fsi"; "--warnaserror"; "sample.fsx" ] @ arguments)

let private ofScript name arguments patterns (after: Sandbox -> unit) =
    test name {
        withDemo (fun sandbox ->
            script sandbox (File.ReadAllText(sample name)) arguments |> printed patterns
            after sandbox)
    }

/// The cells of code, as a kernel runs them.
let private codeOf notebook =
    use document = JsonDocument.Parse(File.ReadAllText notebook)

    [ for cell in document.RootElement.GetProperty("cells").EnumerateArray() do
          if cell.GetProperty("cell_type").GetString() = "code" then
              String.Join("", [ for line in cell.GetProperty("source").EnumerateArray() -> line.GetString() ]) ]
    |> String.concat "\n\n"

let private exists name (sandbox: Sandbox) =
    Expect.isTrue (File.Exists(sandbox.File name)) name

let tests =
    testList
        "samples"
        [ ofScript
              "explore.fsx"
              [ "pbmc_like.h5ad" ]
              [ "3000 cells × 20000 genes"
                "X: csr_matrix of Single, [0-9]+ values"
                "obs: .* …"
                "var: .* …" ]
              ignore
          ofScript
              "one_read.fsx"
              [ "pbmc_like.h5ad" ]
              [ "one_read.h5ad: X was read 1 time"
                "stored counts: mean [0-9.]+, standard deviation [0-9.]+"
                "new columns of obs: largest_count" ]
              (exists "one_read.h5ad")
          ofScript "charts.fsx" [ "pbmc_like.h5ad" ] [ "3 plots in charts.html" ] (exists "charts.html")
          test "explore.ipynb" {
              withDemo (fun sandbox ->
                  let said = script sandbox (codeOf (sample "explore.ipynb")) []
                  Expect.stringContains said "cells stay" said
                  exists "explored.html" sandbox)
          }
          test "Clusters" {
              withDemo (fun sandbox ->
                  let program =
                      Path.Combine(root, "artifacts", "bin", "Clusters", "release", "Clusters.dll")

                  Command.run sandbox.Folder [] "dotnet" [ program; "pbmc_like.h5ad" ]
                  |> printed (
                      "3000 cells, 1000 highly variable genes"
                      :: [ for cluster in 0..3 -> $"cluster {cluster}: [0-9]+ cells, [0-9]+ counts on the average" ]
                  ))
          } ]
