/// Five real data sets against the results of scanpy.
module internal SingleSharp.Golden.RealGolden

open System
open System.Security.Cryptography
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Expected
open SingleSharp.Golden.RealFiles
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Step
open SingleSharp.Golden.Tolerance
open SingleSharp.Answers

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
    Expect.sequenceEqual report.ObsColumns ((fact "obs_columns" step).Value |> strings) "the columns of obs in the report"
    Expect.sequenceEqual report.VarColumns ((fact "var_columns" step).Value |> strings) "the columns of var in the report"

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
    let basis = (log1pOptions step).Base
    let rule = ofLogarithm basis.IsSome "float32"

    if basis.IsSome then requireRoundedSomehow data step else requireRoundedOnce start data step

    if expected.Has "X/data" then
        Tolerance.values "X/data" rule data (expected.Numbers "X/data").Values

    // One ulp of float32 is at most 2^-23 of the value.
    let ulps = if basis.IsSome then 4.0 else 2.0
    requireSums (ulps / 8388608.0) output expected data

/// The genes that scanpy was given are those that our filter left.
let private requireGenes dataset (start: Results) (expected: Results) =
    if expected.Has "gene_mask" then
        use whole = new Results(input dataset)
        let mask = (expected.Numbers "gene_mask").Values

        let given =
            whole.Texts "var/_index" |> Array.zip mask |> Array.filter (fun (given, _) -> given <> 0.0) |> Array.map snd

        Expect.sequenceEqual (start.Texts "var/_index") given "the genes"

/// Steps whose result others start from, or are compared with.
let private shared =
    set [ "normalize_1e4"; "log1p"; "hvg_seurat_top2000"; "pca_50" ]

let private follow dataset name =
    use sandbox = new Sandbox()
    let step = step dataset name
    let begin' = start sandbox dataset step

    let end', report =
        if shared.Contains name then
            outcome dataset name
        else
            let output = sandbox.File "output.h5ad"
            output, ran (recipe step) begin' output

    use before = new Results(begin')
    use after = new Results(end')
    use expected = new Results(result dataset $"{name}.h5")

    match step.Op with
    | "filter_cells"
    | "filter_genes" -> FilterAgreement.check step before after expected "/"
    | "calculate_qc_metrics" -> qc before after expected report step
    | "normalize_total" -> normalize before after expected report step
    | "log1p" -> logarithm before after expected step
    | "highly_variable_genes" ->
        requireGenes dataset before expected
        HvgAgreement.check step true [] before after expected "/"
    | _ -> PcaAgreement.check step before after expected "/"

/// Several steps at once give what the same steps give one by one, to the last bit of every object.
let private fused dataset names oneByOne =
    use sandbox = new Sandbox()
    let together = sandbox.File "together.h5ad"
    let recipe = names |> List.map (step dataset >> recipe) |> fuse
    ran recipe (input dataset) together |> ignore

    /// One run has one note, and several have several.
    let results path =
        (digest path).Elements |> Seq.filter (fun element -> element.Path <> "uns/singlesharp")

    Expect.sequenceEqual (results together) (results (oneByOne sandbox)) "every object"

/// The last file of a chain of steps.
let private chain dataset names (sandbox: Sandbox) =
    (input dataset, List.indexed names)
    ||> List.fold (fun file (number, name) ->
        let next = sandbox.File $"{number}.h5ad"
        ran (recipe (step dataset name)) file next |> ignore
        next)

/// The steps that scanpy took over a data set.
let private names dataset =
    [ "qc"
      if dataset = "worm_l2" then "filter_cells_min_genes_50" else "filter_cells_min_genes_200"
      "filter_genes_min_cells_3"
      "normalize_1e4"
      "normalize_median"
      "normalize_1e4_exclude_highly_expressed"
      "log1p"
      "log1p_base2"
      "hvg_seurat_top2000"
      "hvg_seurat_thresholds"
      "hvg_cell_ranger_top2000"
      "hvg_seurat_v3_top2000"
      if dataset = "pbmc_facs_4k" then
          yield!
              [ "hvg_seurat_batch_top2000"
                "hvg_seurat_batch_thresholds"
                "hvg_seurat_v3_batch_top2000" ]
      "pca_50" ]

let private preprocess = [ "qc"; "normalize_1e4"; "log1p" ]

let private pipeline = [ "normalize_1e4"; "log1p"; "hvg_seurat_top2000"; "pca_50" ]

let all =
    testList
        "Real"
        [ for dataset in datasets do
              testList
                  dataset
                  [ for name in names dataset do
                        test name { follow dataset name }
                    test "no step is left out" {
                        require "golden" |> ignore

                        Expect.equal
                            (list $"golden/real/{dataset}" "*.json" |> List.map (fun name -> name[.. name.Length - 6]))
                            (names dataset |> List.sort)
                            "the steps of golden/real"
                    }
                    test "preprocess is the three steps in one" { fused dataset preprocess (chain dataset preprocess) }
                    test "pipeline is the four steps in one" { fused dataset pipeline (fun _ -> fst (outcome dataset "pca_50")) } ] ]
