/// --memory bounds what a command takes beside the runtime, whatever in a file is wide, and refuses the rest with the number.
module internal SingleSharp.Golden.MemoryGolden

open Expecto
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared

let private run = Peaks.ofTool

type private Bound =
    /// It runs, and takes so many MiB at most.
    | Fits of int
    /// So many MiB are refused, with the number that is needed, before much of it is taken.
    | Refused of int

/// What is wide, and what is done with it.
let private sweep =
    [ "batches",
      [ Fits 200,
        [ "hvg"
          "FILE"
          "--batch-key"
          "batch"
          "--n-top-genes"
          "500"
          "--out"
          "OUT" ]
        Fits 300,
        [ "hvg"
          "FILE"
          "--flavor"
          "seurat_v3"
          "--batch-key"
          "batch"
          "--n-top-genes"
          "500"
          "--out"
          "OUT" ]
        Refused 60,
        [ "hvg"
          "FILE"
          "--batch-key"
          "batch"
          "--n-top-genes"
          "500"
          "--out"
          "OUT" ]
        // Of fewer cells than genes, it multiplies cells.
        Fits 128, [ "pca"; "FILE"; "--mask-var"; "none"; "--out"; "OUT" ] ]
      "peaks",
      [ Fits 64, [ "qc"; "FILE"; "--out"; "OUT" ]
        Fits 64, [ "filter"; "FILE"; "--min-cells"; "1"; "--out"; "OUT" ]
        Refused 36, [ "hvg"; "FILE"; "--out"; "OUT" ]
        Refused 100, [ "convert"; "FILE"; "TINY"; "--join"; "outer"; "--out"; "OUT" ] ]
      "cells",
      [ Fits 32, [ "verify"; "FILE" ]
        Fits 32, [ "digest"; "FILE" ]
        Fits 32, [ "export"; "FILE"; "obs"; "--out"; "OUT"; "--to"; "csv" ]
        Fits 96, [ "export"; "FILE"; "obs"; "--out"; "OUT"; "--to"; "parquet" ]
        Fits 64, [ "filter"; "FILE"; "--min-genes"; "1"; "--out"; "OUT" ] ]
      "tall",
      [ Fits 64, [ "verify"; "FILE" ]
        Fits 64, [ "digest"; "FILE" ]
        Fits 64, [ "info"; "FILE" ]
        Fits 64, [ "qc"; "FILE"; "--out"; "OUT" ]
        Refused 10, [ "digest"; "FILE" ] ]
      "chunk",
      [ Refused 64, [ "verify"; "FILE" ]
        Refused 64, [ "digest"; "FILE" ]
        Fits 180, [ "digest"; "FILE" ]
        Fits 64, [ "filter"; "FILE"; "--min-genes"; "1"; "--out"; "OUT" ] ]
      "string", [ Refused 64, [ "verify"; "FILE" ]; Fits 256, [ "digest"; "FILE" ] ]
      "attribute",
      [ Refused 64, [ "verify"; "FILE" ]
        Refused 64, [ "digest"; "FILE" ]
        Fits 64, [ "info"; "FILE" ] ] ]

let private mebibyte = 1L <<< 20

let private bounds =
    [ for kind, commands in sweep ->
          test $"{kind}" {
              Child.requirePython ()
              use sandbox = new Sandbox()

              let file, tiny, out =
                  Peaks.wide sandbox kind, Peaks.wide sandbox "tiny", sandbox.File "out.h5ad"

              let _, _, runtime = run [ "info"; tiny; "--quiet" ]

              for bound, command in commands do
                  let words =
                      command
                      |> List.map (function
                          | "FILE" -> file
                          | "TINY" -> tiny
                          | "OUT" -> out
                          | word -> word)

                  let what = String.concat " " command

                  let within memory =
                      let errors, code, peak = run (words @ [ "--quiet"; "--memory"; $"{memory}M" ])

                      Expect.isLessThanOrEqual
                          ((peak - runtime) / mebibyte)
                          (int64 memory * 115L / 100L)
                          $"MiB that {what} takes of {memory}"

                      errors, code

                  match bound with
                  | Fits memory ->
                      let errors, code = within memory
                      Expect.equal (code, errors) (0, "") what
                  | Refused memory ->
                      let errors, code = within memory
                      Expect.equal code 1 what
                      Expect.stringContains errors "needs at least" what
                      Expect.stringContains errors $"{memory} MiB are allowed" what
          } ]

let private processors count arguments =
    Child.run "dotnet" (Child.tool :: arguments) [ "DOTNET_PROCESSOR_COUNT", string count ] ""

/// Three blocks of cells.
let private written (sandbox: Sandbox) =
    let path = sandbox.File "counts.h5ad"
    NewFile.write path Unchunked (Made.tissue 9000 60)
    path

let private workers =
    [ test "many processors stand in nobody's way, and change nothing" {
          use sandbox = new Sandbox()
          let file = written sandbox

          let digest count =
              let out = sandbox.File $"{count}.h5ad"

              let outcome =
                  processors
                      count
                      [ "pipeline"
                        file
                        "--out"
                        out
                        "--n-top-genes"
                        "30"
                        "--quiet"
                        "--memory"
                        "64M" ]

              Expect.equal (outcome.ExitCode, outcome.Errors) (0, "") $"{count} processors"
              (processors count [ "digest"; out; "--quiet"; "--memory"; "64M" ]).Output

          Expect.equal (digest 160) (digest 1) "the digest"
          Expect.equal (processors 160 [ "info"; file; "--quiet"; "--memory"; "64M" ]).ExitCode 0 "info"
      }
      test "workers that were asked for are honoured or refused" {
          use sandbox = new Sandbox()
          let file = written sandbox

          let plan workers memory =
              processors 160 [ "plan"; "qc"; file; "--workers"; workers; "--memory"; memory; "--quiet" ]

          // Half a MiB of columns waits to leave of each block.
          Expect.equal (plan "3" "64M").ExitCode 0 "enough for three"
          let refused = plan "3" "1M"
          Expect.equal refused.ExitCode 1 "too little for three"
          Expect.stringContains refused.Errors "lower --workers" "what to do"
          Expect.equal (plan "1" "1M").ExitCode 0 "enough for one"
      } ]

let all = testList "Memory" (bounds @ workers)
