/// Compares the columns of highly_variable_genes with scanpy's.
module internal SingleSharp.Golden.HvgAgreement

open Expecto
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Tolerance
open SingleSharp.Golden.Step

let private fitsTrend step =
    (fact "uns/hvg/flavor" step).Value.GetString().StartsWith "seurat_v3"

/// The columns of var in scanpy's order.
let private columns step =
    let isBatched = (batchKey step).IsSome

    [ "highly_variable"
      if fitsTrend step then
          yield! [ "highly_variable_rank"; "means"; "variances"; "variances_norm" ]
      else
          yield! [ "means"; "dispersions"; "dispersions_norm" ]
      if isBatched then
          "highly_variable_nbatches"
      if isBatched && not (fitsTrend step) then
          "highly_variable_intersection" ]

/// What a batch holds of each gene.
type private Batch =
    { Cells: int
      Sums: float[]
      Squares: float[] }

/// The number of each cell's batch, negative where it has none.
let private batchOf step (start: Results) cells =
    match batchKey step with
    | Some key -> (start.Numbers $"obs/{key}/codes").Values |> Array.map int
    | None -> Array.create cells 0

/// The batches that have cells.
let private batches step (start: Results) =
    let x = Matrices.read start (matrix step)
    let batchOf = batchOf step start x.Cells

    [ for batch in batchOf |> Array.filter (fun batch -> batch >= 0) |> Array.distinct do
          let sums: float[] = Array.zeroCreate x.Genes
          let squares: float[] = Array.zeroCreate x.Genes

          for cell in 0 .. x.Cells - 1 do
              if batchOf[cell] = batch then
                  for i in x.Offsets[cell] .. x.Offsets[cell + 1] - 1 do
                      let gene = x.Indices[i]
                      sums[gene] <- sums[gene] + x.Values[i]
                      squares[gene] <- squares[gene] + x.Values[i] * x.Values[i]

          { Cells = batchOf |> Array.filter ((=) batch) |> Array.length
            Sums = sums
            Squares = squares } ]

/// Genes that a batch cannot tell apart: their counts have the same sum and the same sum of squares. Which of them scanpy ranks
/// first is up to an unstable sort.
let private ties batch =
    Array.indexed batch.Sums
    |> Array.groupBy (fun (gene, sum) -> sum, batch.Squares[gene])
    |> Array.map (fun (_, genes) -> Array.map fst genes)
    |> Array.filter (fun genes -> genes.Length > 1)

/// By how many places ties can move each gene in the ranking of a batch.
let private slack genes batches =
    let most = Array.create genes 0.0

    for tied in batches |> Seq.collect ties do
        for gene in tied do
            most[gene] <- max most[gene] (float (tied.Length - 1))

    most

/// Our values, those of tied genes in the order in which scanpy has theirs: the same ones must be there.
let private rearranged ties (theirs: float[]) (ours: float[]) =
    let result = Array.copy ours

    for genes in ties do
        let places = genes |> Array.sortBy (fun gene -> theirs[gene])
        let values = genes |> Array.map (fun gene -> ours[gene]) |> Array.sort
        Array.iter2 (fun place value -> result[place] <- value) places values

    result

/// Our values, but scanpy's own where there is nothing to compare.
let private except isSpared (theirs: float[]) (ours: float[]) =
    Array.mapi2 (fun gene their our -> if isSpared gene then their else our) theirs ours

let private same left right = agree Exact left right

/// What is to be compared of a column by dispersion. In a batch of one cell scanpy takes for a variance what the rounding of a square
/// leaves; genes that are expressed there are spared.
let private byDispersion batches column theirs ours =
    let alone = batches |> List.filter (fun batch -> batch.Cells = 1)

    match column with
    | "highly_variable"
    | "means" -> ours
    | _ -> ours |> except (fun gene -> alone |> List.exists (fun batch -> batch.Sums[gene] > 0.0)) theirs

/// What is to be compared of a column by trend: of genes that a batch cannot tell apart some have to be there, and of genes that many
/// batches rank no more can be said than how far ties move them.
let private byTrend batches (output: Results) (expected: Results) prefix column (theirs: float[]) ours =
    let both name =
        (output.Numbers $"var/{name}").Values, (expected.Numbers $"{prefix}var/{name}").Values

    match column, batches with
    | ("highly_variable" | "highly_variable_rank"), [ batch ] -> ours |> rearranged (ties batch) theirs
    | ("highly_variable" | "highly_variable_rank" | "highly_variable_nbatches"), _ ->
        let slack = slack theirs.Length batches
        let ourRanks, theirRanks = both "highly_variable_rank"
        let ourCounts, theirCounts = both "highly_variable_nbatches"

        let isMoved gene =
            slack[gene] > 0.0 && not (same ourRanks[gene] theirRanks[gene])

        let isExplained gene =
            isMoved gene && (ourCounts[gene] <> theirCounts[gene] || abs (ourRanks[gene] - theirRanks[gene]) <= slack[gene])

        ours |> except (if column = "highly_variable" then isMoved else isExplained) theirs
    | _ -> ours

/// Float32 holds the squares of integers up to here.
let private mostSquared = 4096.0

/// Where scanpy itself moves further than it may from ours once its logarithms are rounded as ours are, only the latter is compared.
let private steady rule (theirs: float[]) (rounded: float[] option) (ours: float[]) =
    match rounded with
    | Some rounded -> ours |> except (fun gene -> not (agree rule rounded[gene] theirs[gene])) theirs
    | None -> ours

let private column hasLargeCounts isRounded comparable (output: Results) (expected: Results) prefix name =
    let what = $"var/{name}"
    let ours = output.Numbers what
    let theirs = expected.Numbers $"{prefix}{what}"
    let place = $"{prefix}rounded/{what}"
    Expect.equal (output.Text(what, "encoding-type")) "array" $"{what}: its encoding"
    Expect.equal ours.Type theirs.Type $"{what}: its type"
    Expect.equal ours.Values.Length theirs.Values.Length $"{what}: how many genes"

    let rounded =
        if isRounded && expected.Has place then Some (expected.Numbers place).Values else None

    let rule = ofGenes OfNumPy hasLargeCounts name

    comparable name theirs.Values ours.Values
    |> steady rule theirs.Values rounded
    |> fun ours -> values $"{what} against scanpy" rule ours theirs.Values

    match rounded with
    | Some rounded ->
        values
            $"{what} against scanpy with logarithms rounded once"
            (ofGenes RoundedOnce hasLargeCounts name)
            (comparable name rounded ours.Values)
            rounded
    | None -> ()

/// All that highly_variable_genes leaves, but for columns that scanpy fills by accident. `isRounded` says whether the stored results
/// with logarithms rounded once were computed from the very values of our start.
let check step isRounded accidental (start: Results) (output: Results) (expected: Results) prefix =
    let columns = columns step

    let hasLargeCounts =
        (start.Numbers(Matrices.values start (matrix step))).Values |> Array.exists (fun value -> value > mostSquared)

    let batches = batches step start

    let comparable =
        if fitsTrend step then byTrend batches output expected prefix else byDispersion batches

    for name in columns |> List.except accidental do
        column hasLargeCounts isRounded comparable output expected prefix name

    if not (List.contains "highly_variable" accidental) then
        let chosen = (output.Numbers "var/highly_variable").Values |> Array.sum
        Expect.equal (int chosen) ((fact "n_highly_variable" step).Value.GetInt32()) "how many genes are highly variable"

    Agreement.order start output "obs" []
    Agreement.order start output "var" columns
    Expect.equal (output.Text("uns/hvg", "encoding-type")) "dict" "the encoding of uns/hvg"
    Expect.equal (output.Members "uns/hvg") [ "flavor" ] "the members of uns/hvg"
    Expect.equal (output.Text "uns/hvg/flavor") ((fact "uns/hvg/flavor" step).Value.GetString()) "uns/hvg/flavor"
