/// The table of tolerances of ../shared/golden/README.md, as named comparisons of columns of numbers.
module internal SingleSharp.Golden.Tolerance

open System
open System.Globalization
open Expecto

/// A dataset of numbers: the name of its type as NumPy says it, and its values, which float64 holds exactly.
type Numbers = { Type: string; Values: float[] }

/// How far apart two numbers may be. NaN equals NaN everywhere, and infinities only themselves.
type Rule =
    /// The same bits.
    | Exact
    /// So many units in the last place of float32.
    | Ulps of int64
    /// This much of the expected value.
    | Relative of float
    /// This much.
    | Absolute of float
    /// This much of the expected value, or of 1 where that is more.
    | Scaled of float

let private number (value: float) =
    value.ToString("R", CultureInfo.InvariantCulture)

let private describe rule =
    match rule with
    | Exact -> "the same bits"
    | Ulps count -> $"{count} ulp of float32"
    | Relative share -> $"{number share} of the value"
    | Absolute most -> number most
    | Scaled share -> $"{number share} of the value or of 1"

/// The place of a float32 in the order of all of them; both zeros are 0.
let private place (value: float) =
    let bits = BitConverter.SingleToInt32Bits(float32 value)
    if bits < 0 then -int64(bits &&& Int32.MaxValue) else int64 bits

let private sameBits (left: float) (right: float) =
    BitConverter.DoubleToInt64Bits left = BitConverter.DoubleToInt64Bits right

/// Are two numbers close enough?
let agree rule (ours: float) (theirs: float) =
    if Double.IsNaN theirs || Double.IsNaN ours then
        Double.IsNaN theirs && Double.IsNaN ours
    elif rule = Exact || Double.IsInfinity theirs || Double.IsInfinity ours then
        sameBits ours theirs
    else
        match rule with
        | Exact -> sameBits ours theirs
        | Ulps most -> abs (place ours - place theirs) <= most
        | Relative share -> abs (ours - theirs) <= share * abs theirs
        | Absolute most -> abs (ours - theirs) <= most
        | Scaled share -> abs (ours - theirs) <= share * max 1.0 (abs theirs)

/// How many values are too far apart.
let count rule (ours: float[]) (theirs: float[]) =
    Array.fold2 (fun total left right -> if agree rule left right then total else total + 1) 0 ours theirs

/// Fails with the first value that is too far from the expected one.
let values what rule (ours: float[]) (theirs: float[]) =
    Expect.equal ours.Length theirs.Length $"{what}: how many values"

    match Seq.zip ours theirs |> Seq.tryFindIndex (fun (left, right) -> not (agree rule left right)) with
    | Some index ->
        failtest
            $"{what}: {number ours[index]} instead of {number theirs[index]} at position {index}; {count rule ours theirs} of {ours.Length} values differ by more than {describe rule}"
    | None -> ()

/// The same type, and values that are close enough.
let numbers what rule (ours: Numbers) (theirs: Numbers) =
    Expect.equal ours.Type theirs.Type $"{what}: its type"
    values what rule ours.Values theirs.Values

/// Sums as they must be stored, given the sums of float64: rounded once, whichever way a sum within 1e-12 rounds.
let roundedSums what (ours: Numbers) (sums: float[]) =
    let around slack (sum: float) =
        let sum = if Double.IsFinite sum then sum + slack * abs sum else sum
        if ours.Type = "float32" then float (float32 sum) else sum

    let low = sums |> Array.map (around -1e-12)
    let high = sums |> Array.map (around 1e-12)
    Expect.equal ours.Values.Length sums.Length $"{what}: how many values"

    for i in 0 .. sums.Length - 1 do
        let value = ours.Values[i]

        if not (value >= low[i] && value <= high[i] || Double.IsNaN value && Double.IsNaN sums[i]) then
            failtest $"{what}: {number value} is not {number sums[i]} rounded once, at position {i}"

/// ln(1 + x) that is good to the last digits of float64, without the library under test: log(u)·x/(u − 1) with u = 1 + x.
let log1p (x: float) =
    let u = 1.0 + x
    if u = 1.0 then x else Math.Log u * x / (u - 1.0)

/// The row of the table for a column of calculate_qc_metrics, over integers or others.
let ofMetric integral (column: string) storedAs =
    let either whole fractional =
        Relative(if integral then whole else fractional)

    if column.StartsWith "log1p_" then
        if storedAs = "float32" then Ulps 2L else Relative 1e-14
    elif column.StartsWith "n_" then
        Exact
    elif column.StartsWith "total_counts" then
        if integral then Exact else Relative 2e-6
    elif column.StartsWith "pct_counts_in_top_" then
        either 1e-12 1e-5
    elif column = "mean_counts" || column = "pct_dropout_by_counts" then
        either 1e-14 1e-12
    elif column.StartsWith "pct_counts_" then
        either 3e-7 2e-6
    else
        failwith $"{column} has no row in the table of tolerances"

/// The row of the table for normalize_total of these values, stored densely: NumPy adds up rows in pairs, in their own type.
let ofDenseQuotients (values: float[]) =
    if values |> Array.forall (fun value -> not (Double.IsFinite value) || Math.Floor value = value) then
        Exact
    else
        Relative 1e-6

/// The row of the table for the values of log1p, to a base or none.
let ofLogarithm hasBase storedAs =
    if storedAs <> "float32" then Relative 1e-14
    elif hasBase then Ulps 4L
    else Ulps 2L

/// What the results of scanpy that genes are compared with were computed from.
type Logarithms =
    /// NumPy's float32 functions.
    | OfNumPy
    /// Logarithms and exponentials in float64, each rounded once, as ours are.
    | RoundedOnce

/// The row of the table for a column of highly_variable_genes; squares of large counts are not exact in float32.
let ofGenes logarithms hasLargeCounts (column: string) =
    let either numPy once =
        match logarithms with
        | OfNumPy -> numPy
        | RoundedOnce -> once

    match column with
    | "highly_variable"
    | "highly_variable_rank"
    | "highly_variable_nbatches"
    | "highly_variable_intersection" -> Exact
    | "means" -> Relative(either 1e-6 1e-13)
    | "dispersions" -> Absolute(either 2e-6 1e-12)
    | "dispersions_norm" -> Scaled(either 1e-5 1e-6)
    | "variances" -> Relative(if hasLargeCounts then 1e-7 else 1e-12)
    | "variances_norm" -> Relative 1e-8
    | other -> failwith $"{other} has no row in the table of tolerances"
