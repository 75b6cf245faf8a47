/// Compares an output file with what scanpy gave for the same step.
module internal SingleSharp.Golden.Agreement

open System
open System.Text.Json
open Expecto
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Tolerance
open SingleSharp.Golden.Step

/// Float32 counts every integer up to here.
let private mostExact = float (1 <<< 24)

/// Were these sums of integers?
let private areWhole (sums: Numbers) =
    sums.Values |> Array.forall (fun sum -> not (Double.IsFinite sum) || Math.Floor sum = sum)

/// Columns that are there keep their place; new ones follow in the order in which they are made.
let order (start: Results) (output: Results) frame added =
    let before = start.Strings(frame, "column-order")
    let wanted = before @ List.except before added
    Expect.equal (output.Strings(frame, "column-order")) wanted $"the order of the columns of {frame}"

/// Where a sum exceeds what float32 counts, the truth instead of scanpy's float32 sum.
let private trusted (theirs: Numbers) (truth: float[]) =
    { theirs with
        Values =
            Array.map2
                (fun (scanpy: float) (sum: float) -> if theirs.Type = "float32" && abs sum > mostExact then float (float32 sum) else scanpy)
                theirs.Values
                truth }

let private metric integral isTruth (output: Results) (expected: Results) prefix frame column =
    let name = $"{frame}/{column}"
    let theirs = expected.Numbers(prefix + name)

    let ours =
        let numbers = output.Numbers name
        // We count booleans in integers, and scanpy was given them as float32.
        if isTruth then { numbers with Type = theirs.Type } else numbers

    Expect.equal (output.Text(name, "encoding-type")) "array" $"{name}: its encoding"

    if column = "total_counts" then
        let truth = (expected.Numbers $"{prefix}exact/{name}").Values
        roundedSums name ours truth
        numbers name (ofMetric integral column ours.Type) ours (if integral then trusted theirs truth else theirs)
    elif column.StartsWith "log1p_total_" && not integral && ours.Type = "float32" then
        // scanpy takes the logarithm of its float32 sum, which is off by as much as the table allows for totals. So the two
        // units in the last place are asked of the logarithm of our own total, and the allowance for totals of scanpy's.
        let total = output.Numbers $"{frame}/{column.Substring 6}"
        values $"{name}, of the total beside it" (Ulps 2L) ours.Values (total.Values |> Array.map log1p)
        numbers name (ofMetric integral "total_counts" ours.Type) ours theirs
    else
        numbers name (ofMetric integral column ours.Type) ours theirs

/// Every column of calculate_qc_metrics: values, types and order.
let qc step (start: Results) (output: Results) (expected: Results) prefix =
    let integral =
        [ "obs"; "var" ] |> List.forall (fun frame -> areWhole (expected.Numbers $"{prefix}exact/{frame}/total_counts"))

    let isTruth =
        match start.TryNumbers(Matrices.values start "X") with
        | Some x -> x.Type = "bool"
        | None -> false

    for frame in [ "obs"; "var" ] do
        let columns = (fact $"{frame}_columns" step).Value |> strings

        for column in columns do
            metric integral isTruth output expected prefix frame column

        order start output frame columns

/// What normalize_total adds to obs.
let factors (start: Results) (output: Results) (expected: Results) prefix =
    numbers $"obs/{factor}" Exact (output.Numbers $"obs/{factor}") (expected.Numbers $"{prefix}obs/{factor}")
    order start output "obs" [ factor ]
    order start output "var" []

/// uns/log1p: an empty dict for the natural logarithm, else the base.
let note step (output: Results) =
    let basis = (fact "uns/log1p/base" step).Value
    Expect.equal (output.Text("uns/log1p", "encoding-type")) "dict" "the encoding of uns/log1p"

    if basis.ValueKind = JsonValueKind.Null then
        Expect.isFalse (output.Has "uns/log1p/base") "the natural logarithm leaves no base"
    else
        let stored = output.Numbers "uns/log1p/base"
        Expect.equal (stored.Type, stored.Values) ("float64", [| basis.GetDouble() |]) "uns/log1p/base"

/// A matrix that is written anew keeps its form, but for columns, which become rows; the numbers that say where its values are
/// keep their types.
let form path (start: Results) (output: Results) =
    let before = Matrices.encoding start path
    Expect.equal (output.Text(path, "encoding-type")) (if before = "csc_matrix" then "csr_matrix" else before) $"the encoding of {path}"

    for name in [ $"{path}/indices"; $"{path}/indptr" ] do
        match start.TryNumbers name, output.TryNumbers name with
        | Some before, Some after -> Expect.equal after.Type before.Type $"{name}: its type"
        | None, None -> ()
        | _ -> failtest $"{name} is stored in another way than before"

/// A matrix as a whole, after its values have changed.
let matrix rule path (start: Results) (output: Results) (expected: Results) prefix =
    let theirs = Matrices.readResult expected prefix
    Expect.equal (Matrices.shape output path) [ theirs.Cells; theirs.Genes ] $"the shape of {path}"
    form path start output

    // Where PureHDF cannot read the pattern, the digests say that it did not change.
    if output.IsDataset path || (output.TryNumbers $"{path}/indices").IsSome then
        let ours = Matrices.read output path
        Expect.sequenceEqual ours.Offsets theirs.Offsets $"{path}: where rows begin"
        Expect.sequenceEqual ours.Indices theirs.Indices $"{path}: the genes of the values"

    numbers
        path
        rule
        (output.Numbers(Matrices.values output path))
        { Type = theirs.Type
          Values = theirs.Values }
