/// Compares the columns of highly_variable_genes with scanpy's.
module SingleSharp.Golden.HvgAgreement

open Expecto
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Tolerance
open SingleSharp.Golden.Step

/// The columns of var in scanpy's order.
let private columns step =
    let flavor = (fact "uns/hvg/flavor" step).Value.GetString()
    let isBatched = (batchKey step).IsSome

    [ "highly_variable"
      if flavor.StartsWith "seurat_v3" then
          yield! [ "highly_variable_rank"; "means"; "variances"; "variances_norm" ]
      else
          yield! [ "means"; "dispersions"; "dispersions_norm" ]
      if isBatched then
          "highly_variable_nbatches"
      if isBatched && not (flavor.StartsWith "seurat_v3") then
          "highly_variable_intersection" ]

/// Float32 holds the squares of whole numbers up to here.
let private mostSquared = 4096.0

/// The genes whose value in a column depends on what ought not to matter, such as the order of the genes.
let private ambiguous column =
    match column with
    | "highly_variable" -> Some "var/ambiguous"
    | "highly_variable_rank" -> Some "var/rank_ambiguous"
    | _ -> None

/// Numbers, with scanpy's own where there is nothing to compare.
let private except (mask: Numbers option) theirs ours =
    match mask with
    | Some mask ->
        { ours with
            Values = Array.map3 (fun spared (their: float) our -> if spared <> 0.0 then their else our) mask.Values theirs.Values ours.Values }
    | None -> ours

let private column hasLargeCounts (output: Results) (expected: Results) prefix name =
    let ours = output.Numbers $"var/{name}"
    Expect.equal (output.Text($"var/{name}", "encoding-type")) "array" $"var/{name}: its encoding"
    let mask = ambiguous name |> Option.map (fun mask -> expected.Numbers(prefix + mask))

    for logarithms, place in [ OfNumPy, $"{prefix}var/{name}"; RoundedOnce, $"{prefix}rounded/var/{name}" ] do
        if logarithms = OfNumPy || expected.Has place then
            let theirs = expected.Numbers place
            Expect.equal ours.Values.Length theirs.Values.Length $"var/{name}: how many genes"
            numbers $"var/{name}, {logarithms}" (ofGenes logarithms hasLargeCounts name) (except mask theirs ours) theirs

/// All that highly_variable_genes leaves.
let check step (start: Results) (output: Results) (expected: Results) prefix =
    let columns = columns step
    let hasLargeCounts = (start.Numbers "X/data").Values |> Array.exists (fun value -> value > mostSquared)

    for name in columns do
        column hasLargeCounts output expected prefix name

    let chosen = (output.Numbers "var/highly_variable").Values |> Array.sum
    Expect.equal (int chosen) ((fact "n_highly_variable" step).Value.GetInt32()) "how many genes are highly variable"
    Agreement.order start output "obs" []
    Agreement.order start output "var" columns
    Expect.equal (output.Text("uns/hvg", "encoding-type")) "dict" "the encoding of uns/hvg"
    Expect.equal (output.Members "uns/hvg") [ "flavor" ] "the members of uns/hvg"
    Expect.equal (output.Text "uns/hvg/flavor") ((fact "uns/hvg/flavor" step).Value.GetString()) "uns/hvg/flavor"
