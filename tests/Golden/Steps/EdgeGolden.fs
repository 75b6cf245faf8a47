/// Small inputs, one for each peculiarity, against the results of scanpy.
module internal SingleSharp.Golden.EdgeGolden

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Answers
open SingleSharp.Golden.EdgeFiles
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Step

let private requireNothing (sandbox: Sandbox) before =
    Expect.equal sandbox.Names before "a refusal writes nothing"

/// Does the input hold values that are not counts?
let private holdsInvalid case =
    use input = new Results(here $"edge/{case}/input.h5ad")

    input.Has "X"
    && match input.TryNumbers(Matrices.values input "X") with
       | Some data -> data.Values |> Array.exists (fun value -> not (value >= 0.0 && Double.IsFinite value))
       | None -> false

/// What scanpy gives by accident, so that ours need not equal it: columns of a step, or all of them where none is named.
let private accidents =
    Map
        [ // The sum of booleans is the truth that there are some.
          ("x_bool", "norm"), []
          // Genes are chosen by name, and with one all that share it.
          ("duplicate_var_names", "hvg_v3"), [ "highly_variable" ] ]

let private isInColumns case =
    use input = new Results(here $"edge/{case}/input.h5ad")
    Matrices.encoding input "X" = "csc_matrix"

/// Does a step start from values that are exactly those from which scanpy's results with logarithms rounded once were computed,
/// and does scanpy square them as we do? A logarithm of columns stays in columns, of which scanpy has the squares in float64.
let private isRounded case step =
    match steps case |> List.tryFind (fun before -> before.Name = step.From) with
    | None -> true
    | Some before -> before.Op = "log1p" && (log1pOptions before).Base.IsNone && not (before.From = "input" && isInColumns case)

let private agree case step (start: string) (output: string) =
    use before = new Results(start)
    use after = new Results(output)
    use expected = new Results(here $"edge/{case}/expected.h5")
    let prefix = $"/{step.Name}/"

    match step.Op with
    | "filter_cells"
    | "filter_genes" -> FilterAgreement.check step before after expected prefix
    | "calculate_qc_metrics" -> Agreement.qc step before after expected prefix
    | "normalize_total" ->
        Agreement.factors before after expected prefix
        let path = matrix step

        let rule =
            if before.IsDataset path then
                Tolerance.ofDenseQuotients (before.Numbers path).Values
            else
                Tolerance.Exact

        Agreement.matrix rule path before after expected prefix
    | "log1p" ->
        Agreement.note step after
        let hasBase = step.Args |> List.exists (fun (name, _) -> name = "base")
        let storedAs = (after.Numbers(Matrices.values after "X")).Type
        Agreement.matrix (Tolerance.ofLogarithm hasBase storedAs) "X" before after expected prefix
    | "highly_variable_genes" ->
        let accidental = accidents.TryFind(case, step.Name) |> Option.defaultValue []
        HvgAgreement.check step (isRounded case step) accidental before after expected prefix
    | "pca" -> PcaAgreement.check step before after expected prefix
    | other -> failwith $"{other} is not known to these tests"

let private digests path =
    (digest path).Elements |> Seq.map (fun element -> element.Path, element.Sha256) |> Map

/// What a step leaves alone of the matrix that it looks at.
let private sameOfMatrix step start =
    use file = new Results(start)
    let path = matrix step

    match step.Op, Matrices.encoding file path with
    | ("filter_cells" | "filter_genes"), _ -> []
    | ("normalize_total" | "log1p"), "csr_matrix" -> [ $"{path}/indices"; $"{path}/indptr" ]
    | ("normalize_total" | "log1p"), _ -> []
    | _, "array" -> [ path ]
    | _ -> [ $"{path}/data"; $"{path}/indices"; $"{path}/indptr" ]

/// Values, types and attributes of what the step must leave alone.
let private unchanged step start output =
    let before = digests start
    let after = digests output

    for path in sameOfMatrix step start @ step.Unchanged do
        Expect.equal (Map.tryFind path after) (Some before[path]) $"{path} is left as it is"

/// A result, if this step may have one, is scanpy's.
let private requireAgreement case step start output (report: Report) =
    let isAccident = accidents.TryFind(case, step.Name) = Some []

    if step.Expect.StartsWith "equal" && not isAccident then
        agree case step start output
        unchanged step start output
    else
        // scanpy has no result to compare with; the least that can be asked is a file of the same shape.
        use file = new Results(output)
        Expect.equal (Matrices.shape file "X") [ int report.CellsKept; report.GenesKept ] "the shape of X"

/// Runs one step as scanpy would and holds it against its result. Where scanpy's may be an error as well, outcomes.txt says what ours is.
let private follow case step =
    use sandbox = new Sandbox()
    let start = start sandbox case step
    let before = sandbox.Names
    let output = sandbox.File "output.h5ad"
    let isRefused = step.Expect.Contains "error" && EdgeOutcomes.isRefused case step

    match run (asScanpy step) start output with
    | Ok _ when isRefused -> failtest "a refusal is expected, as edge/outcomes.txt has it"
    | Ok report -> requireAgreement case step start output report
    | Error _ when isRefused -> requireNothing sandbox before
    | Error fault -> failtest (Fault.sentence fault)

/// By default a value that is not a count is named instead of transformed.
let private guarded case step =
    use sandbox = new Sandbox()

    match run (recipe step) (here $"edge/{case}/input.h5ad") (sandbox.File "output.h5ad") with
    | Error(InvalidValue _) -> requireNothing sandbox []
    | other -> failtest $"a refusal is expected, not {other}"

/// scanpy fails here, and so must we, in a sentence, even where values that are not counts are allowed; only their logarithm
/// may then be what IEEE 754 says.
let private failing case step =
    use sandbox = new Sandbox()
    let start = start sandbox case step
    let before = sandbox.Names

    for recipe in
        [ recipe step
          if step.Op <> "log1p" then
              asScanpy step ] do
        match run recipe start (sandbox.File "output.h5ad") with
        | Ok _ -> failtest "an error is expected"
        | Error fault ->
            Expect.stringEnds (Fault.sentence fault) "." "a sentence"
            requireNothing sandbox before

/// The median of the cells that have counts, as scanpy has it outside 1.11, is the target that this step was given.
let private medianOfPositive case step =
    use sandbox = new Sandbox()
    let input = start sandbox case step
    let output = sandbox.File "output.h5ad"

    let median =
        { NormalizeTotal.defaults with
            TargetSum = TargetSum.MedianOfPositive
            KeyAdded = Some factor }

    match run (Recipe.ofSteps [ NormalizeTotal.step median ]) input output with
    | Ok _ -> agree case step input output
    | Error fault -> failtest (Fault.sentence fault)

/// Limits that genes meet exactly are in a dense case; they mean the same in compressed rows.
let private boundaries =
    let case = "thresholds_at_boundary"

    [ for step in steps case do
          test $"{step.Name}, in compressed rows" {
              use sandbox = new Sandbox()
              let start = inRows sandbox case
              let output = sandbox.File "output.h5ad"

              match run (recipe step) start output with
              | Ok _ -> agree case step start output
              | Error fault -> failtest (Fault.sentence fault)
          } ]

let private ofStep case step =
    [ if step.Expect = "error" then
          test $"{step.Name} fails" { failing case step }
      else
          test step.Name { follow case step }

          if (recipe step).Steps.Head.Info.ChangesValues && step.From = "input" && holdsInvalid case then
              test $"{step.Name} takes counts only" { guarded case step }

          if step.Name.EndsWith "_median_positive" then
              test $"{step.Name} by its own median" { medianOfPositive case step } ]

let all =
    testList
        "Edge"
        [ for case in cases |> List.except [ ambiguous ] do
              testList case (steps case |> List.collect (ofStep case))
          testList ambiguous DuplicateGolden.tests
          EdgeOutcomes.tests
          testList "boundaries" boundaries ]
