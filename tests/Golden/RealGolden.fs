/// Five real data sets against the results of scanpy.
module SingleSharp.Golden.RealGolden

open System
open System.Security.Cryptography
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Step
open SingleSharp.Golden.Tolerance

let private datasets =
    [ "pbmc3k"; "pbmc_facs_4k"; "heart_1k_v2"; "worm_l2"; "hsmm_fpkm" ]

let private input dataset = require $"data/real/{dataset}.h5ad"

let private result dataset name = require $"golden/real/{dataset}/{name}"

let private step dataset name = ofFile (result dataset $"{name}.json")

let private run recipe (input: string) (output: string) : Report =
    match Pipeline.run recipe Settings.standard input (NewFile output) with
    | Ok report -> report
    | Error fault -> failtest (Fault.sentence fault)

/// The file that a step starts from, made by the steps before it.
let rec private start (sandbox: Sandbox) dataset from =
    if from = "input" then
        input dataset
    else
        let before = step dataset from
        let output = sandbox.File $"{from}.h5ad"
        run (recipe before) (start sandbox dataset before.From) output |> ignore
        output

let private sha256 (values: float[]) =
    let bytes = values |> Array.map float32 |> Array.collect BitConverter.GetBytes
    Convert.ToHexStringLower(SHA256.HashData bytes)

let private text (path: string) step =
    (step.Json, path.Split '/') ||> Array.fold (fun json name -> json.GetProperty name) |> _.GetString()

/// The pattern of X must be the input's, and its values float32.
let private values (start: Results) (output: Results) =
    for name in [ "X/indices"; "X/indptr" ] do
        numbers name Exact (output.Numbers name) (start.Numbers name)

    let data = output.Numbers "X/data"
    Expect.equal data.Type "float32" "the type of X"
    data.Values

let private perRow (file: Results) (each: int -> float -> unit) (data: float[]) =
    let offsets = (file.Numbers "X/indptr").Values

    for row in 0 .. offsets.Length - 2 do
        for i in int offsets[row] .. int offsets[row + 1] - 1 do
            each row data[i]

let private perColumn (file: Results) (each: int -> float -> unit) (data: float[]) =
    Array.iter2 (fun column value -> each (int column) value) (file.Numbers "X/indices").Values data

/// Sums of rows and columns differ from scanpy's by no more than single values do.
let private requireSums share (output: Results) (expected: Results) data =
    let sums name visit =
        let theirs = (expected.Numbers name).Values
        let ours = Array.zeroCreate theirs.Length
        data |> visit output (fun at value -> ours[at] <- ours[at] + value)
        Tolerance.values name (Relative share) ours theirs

    sums "X/row_sums" perRow
    sums "X/column_sums" perColumn

let private qc (start: Results) (output: Results) (expected: Results) (report: Report) step =
    Agreement.qc step start output expected "/"
    Expect.equal report.ObsColumns ((fact "obs_columns" step).Value |> strings) "the columns of obs in the report"
    Expect.equal report.VarColumns ((fact "var_columns" step).Value |> strings) "the columns of var in the report"

let private normalize (start: Results) (output: Results) (expected: Results) (report: Report) step =
    Agreement.factors start output expected "/"
    Expect.equal (sha256 (values start output)) (text "X/sha256_data_float32_le" step) "the digest of X/data"

    if expected.Has "var/excluded" then
        let excluded = (expected.Numbers "var/excluded").Values |> Array.sum
        Expect.equal report.ExcludedGenes (int excluded) "the number of highly expressed genes"

/// The natural logarithm of float64 rounded once: the very bits, or one ulp beside them in at most a millionth of the values.
let private requireRoundedOnce (start: Results) (data: float[]) step =
    if sha256 data <> text "log1p_rounding/sha256_float64_rounded_once" step then
        let once =
            (start.Numbers "X/data").Values |> Array.map (fun x -> float (float32 (log1p x)))

        Tolerance.values "X/data against float64" (Ulps 1L) data once
        Expect.isLessThanOrEqual (float (count Exact data once)) (1e-6 * float data.Length) "values that are not rounded once"

/// A logarithm to a base is rounded in one of the ways that NumPy 1, NumPy 2 and float64 throughout have.
let private requireRoundedSomehow (data: float[]) step =
    let ways =
        [ "sha256_float64_rounded_once"
          "log1p_rounded_then_divided_in_float64/sha256"
          "log1p_rounded_then_divided_in_float32/sha256" ]
        |> List.map (fun way -> text $"log1p_rounding/{way}" step)

    Expect.contains ways (sha256 data) "the digest of X/data"

let private logarithm (start: Results) (output: Results) (expected: Results) step =
    Agreement.note step output
    let data = values start output
    let basis = (recipe step).Log1p.Value.Base
    let rule = ofLogarithm basis.IsSome "float32"

    if basis.IsSome then requireRoundedSomehow data step else requireRoundedOnce start data step

    if expected.Has "X/data" then
        Tolerance.values "X/data" rule data (expected.Numbers "X/data").Values

    // One ulp of float32 is at most 2^-23 of the value.
    let ulps = if basis.IsSome then 4.0 else 2.0
    requireSums (ulps / 8388608.0) output expected data

let private follow dataset name =
    use sandbox = new Sandbox()
    let step = step dataset name
    let begin' = start sandbox dataset step.From
    let end' = sandbox.File "output.h5ad"
    let report = run (recipe step) begin' end'
    use before = new Results(begin')
    use after = new Results(end')
    use expected = new Results(result dataset $"{name}.h5")

    match step.Op with
    | "calculate_qc_metrics" -> qc before after expected report step
    | "normalize_total" -> normalize before after expected report step
    | _ -> logarithm before after expected step

let private digest path =
    match Pipeline.digest Settings.standard path with
    | Ok digest -> digest
    | Error fault -> failtest (Fault.sentence fault)

/// Three steps in one read give what the same steps give one by one, to the last bit of every object.
let private fused dataset =
    use sandbox = new Sandbox()

    let recipes =
        [ "qc"; "normalize_1e4"; "log1p" ] |> List.map (step dataset >> recipe)

    let together = sandbox.File "together.h5ad"
    run (fuse recipes) (input dataset) together |> ignore

    let last =
        (input dataset, List.indexed recipes)
        ||> List.fold (fun file (number, recipe) ->
            let next = sandbox.File $"{number}.h5ad"
            run recipe file next |> ignore
            next)

    let left = digest together
    let right = digest last
    Expect.sequenceEqual left.Elements right.Elements "every object"
    Expect.equal left.Whole right.Whole "the whole"

let all =
    testList
        "Real"
        [ for dataset in datasets do
              testList
                  dataset
                  [ for name in
                        [ "qc"
                          "normalize_1e4"
                          "normalize_median"
                          "normalize_1e4_exclude_highly_expressed"
                          "log1p"
                          "log1p_base2" ] do
                        test name { follow dataset name }
                    test "preprocess is the three steps in one" { fused dataset } ] ]
