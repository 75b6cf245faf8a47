/// What a plan says of memory is what a run takes of it.
module internal SingleSharp.Golden.PlannedGolden

open System.Text.Json
open Expecto
open SingleSharp.Golden.Shared

let private mebibyte = 1L <<< 20

/// What is planned, by what is wide.
let private plans =
    [ "batches", "hvg", [ "--batch-key"; "batch"; "--n-top-genes"; "500" ]
      "batches", "hvg", [ "--flavor"; "seurat_v3"; "--batch-key"; "batch"; "--n-top-genes"; "500" ]
      "batches", "pca", [ "--mask-var"; "none" ]
      "peaks", "qc", []
      "genes", "qc", []
      "genes", "scale", []
      "genes", "scale", [ "--no-zero-center" ]
      "genes", "filter", [ "--min-cells"; "1" ]
      "genes", "hvg", [ "--n-top-genes"; "500" ]
      "cells", "qc", []
      "cells", "filter", [ "--min-genes"; "1" ]
      "products", "preprocess", []
      "products", "filter", [ "--min-genes"; "1" ]
      "products", "pca", [ "--mask-var"; "none" ]
      "products", "pipeline", [ "--n-top-genes"; "1000" ]
      "products", "pipeline", [ "--n-top-genes"; "1000"; "--with"; "scale"; "--max-value"; "1" ]
      "products", "pipeline", [ "--n-top-genes"; "1000"; "--with"; "scale"; "--no-scale-zero-center" ] ]

/// The number of a plan, in bytes.
let private planned (command: string list) =
    let outcome =
        Child.runTool ([ "plan" ] @ command @ [ "--json"; "--quiet"; "--memory"; "4G" ])

    Expect.equal (outcome.ExitCode, outcome.Errors) (0, "") (String.concat " " command)
    (JsonDocument.Parse outcome.Output).RootElement.GetProperty("memory_bytes").GetInt64()

/// Where little is planned, what the runtime compiles and has not collected yet counts for more.
let private noise = 20L * mebibyte

/// Is what a run takes what was planned?
let private isAsPlanned what plan taken =
    let allowance = max noise (plan * 15L / 100L)

    Expect.isLessThanOrEqual (abs (taken - plan)) allowance $"{what} takes {taken / mebibyte} MiB, and {plan / mebibyte} MiB were planned"

/// Where outputs go, and what a command takes of next to nothing.
let private runtime (sandbox: Sandbox) =
    let out = sandbox.File "out.h5ad"

    let _, _, peak =
        Peaks.ofTool [ "preprocess"; Peaks.wide sandbox "tiny"; "--out"; out; "--quiet" ]

    out, peak

let all =
    testList
        "Planned"
        [ for kind, rows in plans |> List.groupBy (fun (kind, _, _) -> kind) do
              test $"{kind} as planned" {
                  Child.requirePython ()
                  use sandbox = new Sandbox()

                  let file = Peaks.wide sandbox kind
                  let out, runtime = runtime sandbox

                  for _, command, options in rows do
                      let words = command :: file :: options
                      let plan = planned words

                      let errors, code, peak =
                          Peaks.ofTool (words @ [ "--out"; out; "--quiet"; "--memory"; "4G" ])

                      let what = String.concat " " (command :: kind :: options)
                      Expect.equal (code, errors) (0, "") what
                      isAsPlanned what plan (peak - runtime)
              }

          test "labels of two inputs as planned" {
              Child.requirePython ()
              use sandbox = new Sandbox()

              let inputs = [ Peaks.wide sandbox "labels"; Peaks.wide sandbox "others" ]
              let out, runtime = runtime sandbox
              let plan = planned ("qc" :: inputs @ [ "--index-unique"; "-" ])

              let convert memory =
                  Peaks.ofTool ("convert" :: inputs @ [ "--index-unique"; "-"; "--out"; out; "--quiet"; "--memory"; memory ])

              let errors, code, peak = convert "4G"
              Expect.equal (code, errors) (0, "") "convert"
              isAsPlanned "convert" plan (peak - runtime)
              let errors, code, peak = convert "100M"
              Expect.equal code 1 "with too little"
              Expect.stringContains errors "needs at least" "the number"
              Expect.isLessThanOrEqual (peak - runtime) (115L * mebibyte) "what it took before"
          } ]
