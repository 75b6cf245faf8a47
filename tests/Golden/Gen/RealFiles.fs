/// Five real data sets, and the files that scanpy's steps over them start from.
module internal SingleSharp.Golden.RealFiles

open System
open System.Collections.Concurrent
open System.Text.RegularExpressions
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Step
open SingleSharp.Answers

let datasets = [ "pbmc3k"; "pbmc_facs_4k"; "heart_1k_v2"; "worm_l2"; "hsmm_fpkm" ]

let input dataset = require $"data/real/{dataset}.h5ad"

/// A file of scanpy's results.
let result dataset name = require $"golden/real/{dataset}/{name}"

let step dataset name = ofFile (result dataset $"{name}.json")

/// What several tests start from is made once.
let private made = ConcurrentDictionary<string * string, Lazy<string * Report>>()

/// What a step over all genes makes of the file that it starts from, and its report.
let rec outcome dataset name =
    let make _ =
        lazy
            (let step = step dataset name
             let output = lasting.Value.File $"{dataset}.{name}.h5ad"
             output, ran (recipe step) (startOfAll dataset step) output)

    made.GetOrAdd((dataset, name), make).Value

/// The file that a step starts from, or that its start is made of.
and private startOfAll dataset step =
    if step.From = "input" then input dataset else fst (outcome dataset step.From)

let private withBatches (sandbox: Sandbox) step (file: string) =
    match batchKey step with
    | Some "batch" ->
        let output = sandbox.File "batches.h5ad"
        Child.script "batches.py" [ file; output ] "" |> ignore
        output
    | Some other -> failwith $"{step.Name}: the batch key {other} is not known to these tests"
    | None -> file

/// In how many cells a gene must have been seen, where scanpy was given a part of the genes.
let private leastCells step =
    match step.Json.TryGetProperty "gene_mask" with
    | true, text -> Some(int64 (Regex.Match(text.GetString(), "at least ([0-9]+) cells").Groups[1].Value))
    | _ -> None

let private withGenes (sandbox: Sandbox) step (file: string) =
    match leastCells step with
    | Some cells ->
        let output = sandbox.File "genes.h5ad"

        let genes =
            { Filter.defaults with
                MinCells = Some cells }

        ran (Recipe.ofSteps [ Filter.step genes ]) file output |> ignore

        output
    | None -> file

/// The file that a step starts from, made by the steps before it; with batches and without rare genes where the step had it so.
let start (sandbox: Sandbox) dataset step =
    startOfAll dataset step |> withBatches sandbox step |> withGenes sandbox step
