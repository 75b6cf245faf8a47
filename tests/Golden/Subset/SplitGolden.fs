/// A file for each value of a column is what anndata's slicing makes of it (split.py).
module internal SingleSharp.Golden.SplitGolden

open System
open System.IO
open System.Text.Json
open System.Threading
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Golden.SplitSamples
open SingleSharp.Answers

/// Columns, and the cells that have no value of them.
let private columns =
    [ "kind", 5L
      "stage", 5L
      "cluster", 0L
      "number", 0L
      "truth", 0L
      "text", 0L
      "whole", 0L
      "flag", 0L
      "some", 6L
      "maybe", 7L
      "total counts", 0L
      "and", 0L
      "odd", 0L
      "unused", 0L
      "level", 0L ]

let private ofColumn (column, missing) =
    test $"by {column}" {
        use sandbox = new Sandbox()
        let file = input "every.h5ad"
        let split = split column file (sandbox.File "parts") |> need
        judged column file split
        Expect.equal split.CellsWithoutValue missing "cells without a value"
        Expect.equal (split.Files |> Seq.sumBy _.Cells) (split.Cells - missing) "every other cell is in one file"

        Expect.equal
            (split.Warnings |> Seq.exists (fun warning -> warning.Contains "no value"))
            (missing > 0L)
            "they are told, where there are some"

        Expect.equal (names (sandbox.File "parts")).Length (split.Files.Count + 1) "nothing else is there"
    }

/// What is refused, and in which words.
let private refusals =
    [ "real", "holds float64 values, which do not name samples"
      "nothing", "obs has no column nothing"
      "lone", "no cell has a value of the column lone" ]

let private refusal (column, why) =
    test $"refused: {column}" {
        use sandbox = new Sandbox()
        split column (input "every.h5ad") (sandbox.File "parts") |> refused [ "by: "; why ]
        Expect.isEmpty sandbox.Names "no folder is left behind"
    }

let private noted =
    test "its note tells how subset makes the same" {
        use sandbox = new Sandbox()
        let file = input "every.h5ad"

        for column in [ "kind"; "some"; "maybe"; "total counts"; "odd"; "level" ] do
            let split =
                Pipeline.split column true Settings.standard (Input.file file) (sandbox.File column) |> need

            for part in split.Files do
                let run = Pipeline.history Settings.standard part.Path |> need |> List.last
                let again = sandbox.File "again.h5ad"
                let recipe = Recipe.ofJson run.Recipe |> need
                Pipeline.run recipe Settings.standard (Input.file file) (NewFile again) |> need |> ignore
                Expect.equal (whole part.Path) (whole again) $"{column}: {part.Value}"
    }

let private several =
    test "several inputs and 10x inputs are split as one" {
        use sandbox = new Sandbox()
        let a, b = sandbox.File "a.h5ad", sandbox.File "b.h5ad"
        NewFile.write a Unchunked (Made.counts 30 10)
        NewFile.write b Unchunked (Made.counts 20 10)

        let split =
            Pipeline.split "sample" true withoutNote (Input.files [ a; b ]) (sandbox.File "parts") |> need

        Expect.equal [ for file in split.Files -> file.Value, file.Cells ] [ "a", 30L; "b", 20L ] "the files"
        Expect.equal (names (sandbox.File "parts")) [ "a.h5ad"; "b.h5ad"; "manifest.csv" ] "no temporary file is left"

        let x path =
            [ for element in (digest path).Elements do
                  if element.Path.StartsWith "X/" then
                      element.Sha256 ]

        Expect.equal (x (Seq.head split.Files).Path) (x a) "what was joined is apart again"
    }

let private many =
    test "too many values are refused" {
        use sandbox = new Sandbox()

        split "id" (input "many.h5ad") (sandbox.File "parts")
        |> refused [ "by: the column id of obs has more than 1000 different values, so it does not name samples" ]
    }

let private spoken =
    test "the command, and its JSON" {
        use sandbox = new Sandbox()
        let folder = sandbox.File "parts"

        let outcome =
            Child.runTool
                [ "split"
                  input "every.h5ad"
                  "--by"
                  "kind"
                  "--out-dir"
                  folder
                  "--json"
                  "--progress"
                  "json" ]

        Expect.equal outcome.ExitCode 0 outcome.Errors
        let told = JsonDocument.Parse(outcome.Output).RootElement
        Expect.equal (told.GetProperty("n_obs_without_value").GetInt64()) 5L "cells without a value"

        let files =
            [ for file in told.GetProperty("files").EnumerateArray() -> file.GetProperty("path").GetString() ]

        Expect.all files File.Exists "every file is there"
        Expect.stringContains outcome.Errors "\"passes\":5" "a pass for each file"

        let again =
            Child.runTool
                [ "split"
                  input "every.h5ad"
                  "--by"
                  "kind"
                  "--out-dir"
                  folder
                  "--no-clobber" ]

        Expect.equal again.ExitCode 1 "the second time"
        Expect.stringContains again.Errors "--no-clobber" "why"
    }

let all =
    testList
        "Split"
        [ testList "columns" (List.map ofColumn columns)
          test "X in columns" {
              use sandbox = new Sandbox()
              let file = input "columns.h5ad"
              split "stage" file (sandbox.File "parts") |> need |> judged "stage" file
          }
          testList "refusals" (List.map refusal refusals)
          noted
          several
          many
          spoken ]
