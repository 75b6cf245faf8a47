/// highly_variable_genes as scanpy-semantics tells it, taken down over lists; what the laws of its flavours have in common.
module internal SingleSharp.Properties.HvgInWords

open System
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

/// scanpy's defaults.
let standard flavor : HvgOptions =
    { Flavor = flavor
      NTopGenes = None
      MinMean = 0.0125
      MaxMean = 3.0
      MinDisp = 0.5
      MaxDisp = infinity
      NBins = 20
      Span = 0.3
      BatchKey = None
      ExactN = false
      Subset = false
      KeepRaw = false }

let names genes =
    Array.init genes (fun gene -> $"g{gene}")

let batchNames batches =
    Array.init batches (fun batch -> $"b{batch}")

/// The values of a column.
let column name (table: HvgTable) =
    table.Columns |> List.find (fun ((column: OutputColumn), _) -> column.Name = name) |> snd

/// One gene's value in a column.
let entry name (table: HvgTable) gene = (column name table)[gene]

/// Column for column the same bits, and the same flags.
let sameTable (left: HvgTable) (right: HvgTable) =
    left.IsHighlyVariable = right.IsHighlyVariable
    && List.forall2
        (fun (column, values) (column', values') -> column = column' && Array.forall2 sameBits values values')
        left.Columns
        right.Columns

/// The sentence of the fault that a computation ends with, or nothing.
let refusal compute =
    try
        compute () |> ignore
        ""
    with FaultException(Unsuitable _ as fault) ->
        Fault.sentence fault

/// Every gene followed by its twin.
let twins (matrix: Rows) =
    { Genes = 2 * matrix.Genes
      Rows = matrix.Rows |> List.map (List.collect (fun (gene, value) -> [ 2 * gene, value; 2 * gene + 1, value ])) }

/// Moments of rows whose values are logarithms that float32 holds.
let momentsOf (options: HvgOptions) genes (rows: (int * float) list list) =
    let rowBatch = RowBatches.ofRows 0L 0L rows
    Array.Copy(rowBatch.Values, rowBatch.Output, rowBatch.Count)
    (Fold.run (Moments.perGene genes 1 Precision.Single (Dispersion.quantity options.Flavor ValueNone)) [ rowBatch ]).Groups[0]

/// Logarithms of counts up to 999.
let logs (matrix: Rows) =
    { matrix with
        Rows = matrix.Rows |> List.map (List.map (fun (gene, value) -> gene, logged (float (int64 value % 1000L)))) }

/// Sums and squares of one gene in four cells with this mean and this variance.
let moments (genes: (float * float) list) : GeneMoments =
    { Cells = 4L
      Sums = [| for mean, _ in genes -> 4.0 * mean |]
      Squares = [| for mean, variance in genes -> 3.0 * variance + 4.0 * mean * mean |]
      IsExpressed = [| for mean, _ in genes -> mean > 0.0 |]
      Distances = Distances() }

/// The same, but for rounding errors.
let near (left: float) (right: float) =
    Double.IsNaN left && Double.IsNaN right || abs (left - right) <= 1e-6 * (1.0 + abs left + abs right)

/// Means and dispersions, gene by gene. Variances have laws of their own (Moments, Distances): where cells hardly differ, the
/// difference of squares that scanpy-semantics says is mere rounding, and they are not that.
let summaries (options: HvgOptions) (moments: GeneMoments) =
    let n = float moments.Cells

    List.zip (List.ofArray moments.Sums) (List.ofArray (Moments.variances moments))
    |> List.map (fun (sum, variance) ->
        let mean = if sum / n = 0.0 then 1e-12 else sum / n
        let dispersion = variance / mean

        if options.Flavor = HvgFlavor.CellRanger then mean, dispersion
        elif dispersion > 0.0 then Elementary.log1p mean, Elementary.log dispersion
        else Elementary.log1p mean, nan)

let private middle (values: float list) =
    let sorted = List.sort values
    (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2.0

/// Centre, unit, and whether the unit is more than rounding errors, of the dispersions in one bin.
let private spread (options: HvgOptions) dispersions =
    let known = dispersions |> List.filter (Double.IsNaN >> not)
    let n = float known.Length

    if options.Flavor = HvgFlavor.CellRanger then
        let centre = if known.IsEmpty then nan else middle known

        let unit =
            if known.Length < dispersions.Length || known.IsEmpty then
                nan
            else
                middle (known |> List.map (fun value -> abs (value - centre))) / 0.6744897501960817

        centre, unit, not (unit <= 1e-9 * abs centre)
    elif known.Length = 1 then
        0.0, known.Head, true
    else
        let centre = List.sum known / n

        let unit =
            sqrt (List.sum (known |> List.map (fun value -> (value - centre) ** 2.0)) / (n - 1.0))

        centre, unit, not (unit <= 1e-9 * (1.0 + abs centre))

let private binsOf (options: HvgOptions) means =
    let edges =
        if options.Flavor = HvgFlavor.CellRanger then
            List.ofArray (Bins.percentiles (Array.ofList means))
        else
            let low, high = List.min means, List.max means
            let width = (high - low) / float options.NBins
            // The margin only has to bring the lowest mean into the first bin.
            (low - 1.0) :: [ for k in 1 .. options.NBins - 1 -> low + float k * width ] @ [ high ]

    means
    |> List.map (fun mean ->
        List.pairwise edges
        |> List.findIndex (fun (lower, upper) -> (if lower = upper then lower <= mean else lower < mean) && mean <= upper))

/// Mean, dispersion and normalized dispersion of each gene; none where only rounding decides.
let dispersions options moments =
    let summaries = summaries options moments
    let bins = binsOf options (List.map fst summaries)

    let ofBin bin =
        List.zip bins summaries |> List.filter (fst >> (=) bin) |> List.map (snd >> snd)

    List.zip bins summaries
    |> List.map (fun (bin, (mean, dispersion)) ->
        let centre, unit, isFirm = spread options (ofBin bin)
        mean, dispersion, (if isFirm then Some((dispersion - centre) / unit) else None))

/// Normalized variances of some cells, gene by gene; none where no gene varies.
let variances fit genes (rows: (int * float) list list) =
    let n = float rows.Length

    let valuesOf gene =
        rows |> List.map (fun row -> row |> List.filter (fun (g, _) -> g = gene) |> sum)

    let mean gene = List.sum (valuesOf gene) / n

    let variance gene =
        if rows.Length = 1 then
            0.0
        else
            (valuesOf gene |> List.sumBy (fun value -> (value - mean gene) ** 2.0)) / (n - 1.0)

    let varying = [ 0 .. genes - 1 ] |> List.filter (fun gene -> variance gene > 0.0)

    if varying.IsEmpty then
        None
    else
        let logs compute =
            varying |> List.map (compute >> log10) |> Array.ofList

        match fit 0.3 (logs mean) (logs variance) with
        | Error _ -> None
        | Ok(fitted: float[]) ->
            let trend = List.zip varying (List.ofArray fitted) |> Map.ofList

            [ for gene in 0 .. genes - 1 do
                  let deviation =
                      match Map.tryFind gene trend with
                      | Some log -> sqrt (10.0 ** log)
                      | None -> 1.0

                  let limit = deviation * sqrt n + mean gene

                  List.sum (valuesOf gene |> List.map (fun value -> (min value limit - mean gene) ** 2.0))
                  / ((n - 1.0) * deviation * deviation) ]
            |> Some

/// Ranks, their medians, their numbers and the genes chosen, from normalized variances.
let chosen paper n (variances: float list list) =
    let ranks =
        variances
        |> List.map (fun ofBatch ->
            ofBatch
            |> List.indexed
            |> List.sortBy (fun (gene, value) -> -value, gene)
            |> List.truncate n
            |> List.mapi (fun rank (gene, _) -> gene, rank)
            |> Map.ofList)

    let genes = variances.Head.Length

    let median gene =
        match ranks |> List.choose (Map.tryFind gene) |> List.sort with
        | [] -> nan
        | known -> float (known[(known.Length - 1) / 2] + known[known.Length / 2]) / 2.0

    let count gene =
        ranks |> List.filter (Map.containsKey gene) |> List.length

    let key gene =
        let rank = if Double.IsNaN(median gene) then infinity else median gene
        if paper then -(float (count gene)), rank else rank, -(float (count gene))

    let best =
        [ 0 .. genes - 1 ] |> List.sortBy (fun gene -> key gene, gene) |> List.truncate n |> Set.ofList

    Array.init genes median, Array.init genes (count >> float), Array.init genes best.Contains
