/// highly_variable_genes by variance against a fitted trend, the flavours seurat_v3 and seurat_v3_paper (scanpy-semantics, 5.3).
namespace SingleSharp.Core.Steps

open System
open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics

/// How much each gene is expected to vary in a batch, given its mean; without values for a batch without cells.
type internal VarianceTrend =
    {
        Cells: int64
        Means: float[]
        /// The expected standard deviation, 1 for genes that do not vary.
        Deviations: float[]
        /// What is above this is taken as this: deviation · √cells + mean.
        Limits: float[]
    }

[<RequireQualifiedAccess>]
module internal SeuratV3 =
    let private ln10 = Elementary.log 10.0
    let private log10 value = Elementary.log value / ln10
    let private power10 value = Elementary.exp (value * ln10)

    let private ofNoCells =
        { Cells = 0L
          Means = Array.Empty()
          Deviations = Array.Empty()
          Limits = Array.Empty() }

    let private ofCells options fit place (genes: IReadOnlyList<string>) moments =
        let means = Moments.means moments
        let variances = Moments.variances moments

        let varying =
            [| 0 .. genes.Count - 1 |] |> Array.filter (fun gene -> variances[gene] > 0.0)

        if varying.Length = 0 then
            GeneRanking.refuse
                options
                (if moments.Cells = 1L then
                     $"{place} has one cell, so no gene varies there; use more cells"
                 else
                     $"no gene varies in {place}; use genes whose counts vary")

        let logarithm (values: float[]) gene =
            let log = log10 values[gene]

            if not (Double.IsFinite log) then
                GeneRanking.refuse
                    options
                    $"gene {genes[gene]} varies in {place}, but has no positive, finite mean and variance; use counts"

            log

        let expected = Array.zeroCreate genes.Count

        match fit options.Span (varying |> Array.map (logarithm means)) (varying |> Array.map (logarithm variances)) with
        | Ok fitted -> fitted |> Array.iteri (fun i value -> expected[varying[i]] <- value)
        | Error why ->
            GeneRanking.refuse
                options
                $"no trend can be fitted to means and variances in {place}, because {why}; filter genes with ⟨min_cells⟩, or raise ⟨span⟩"

        let deviations = expected |> Array.map (power10 >> sqrt)
        let root = sqrt (float moments.Cells)

        { Cells = moments.Cells
          Means = means
          Deviations = deviations
          Limits = Array.map2 (fun deviation mean -> deviation * root + mean) deviations means }

    /// The trend of each batch (of all cells without batches), from the moments of the values as read: log10 of the variance over
    /// log10 of the mean, of genes that vary. `fit` is Loess.fit: span, x and y give the fitted y, or why there are none.
    /// Refuses a batch with cells in which no gene varies or no trend can be fitted, and data without cells.
    let trends (options: HvgOptions) fit (batches: string[] option) (genes: IReadOnlyList<string>) (moments: GroupedMoments) =
        if moments.Groups |> Array.forall (fun group -> group.Cells = 0L) then
            GeneRanking.refuse
                options
                (if batches.IsSome then
                     "no cell belongs to a batch; check the column of batches"
                 else
                     "the data has no cells; leave out what is empty")

        moments.Groups
        |> Array.mapi (fun batch group ->
            Memory.tidy ()

            if group.Cells = 0L then
                ofNoCells
            else
                ofCells options fit (GeneRanking.place batches batch) genes group)

    /// Sums and sums of squares of the values as read, none taken as more than the limit of its gene and batch.
    let clipped genes ofMatrix (trends: VarianceTrend[]) : Fold<RowBatch, GroupedMoments> =
        Moments.perGene genes trends.Length Precision.Double (Quantity.Clipped(trends |> Array.map _.Limits, ofMatrix))

    /// The variance of clipped values around the mean, in units of the expected variance; denominator n − 1.
    /// (n · mean² + S₂ − 2 · S₁ · mean) / ((n − 1) · deviation²), with scanpy's roundings; Σ (x − mean)² of genes where these leave little.
    let private normalized (trend: VarianceTrend) (clipped: GeneMoments) =
        let n = float trend.Cells

        let inUnits gene squares =
            let deviation = trend.Deviations[gene]
            1.0 / ((n - 1.0) * (deviation * deviation)) * squares

        let variances =
            trend.Means
            |> Array.mapi (fun gene mean -> inUnits gene (n * (mean * mean) + clipped.Squares[gene] - 2.0 * clipped.Sums[gene] * mean))

        let distances = clipped.Distances

        for at in 0 .. distances.Count - 1 do
            if distances.IsNeeded(at, trend.Cells) then
                let gene = distances.Gene at
                variances[gene] <- inUnits gene (distances.Around(at, trend.Cells, trend.Means[gene]))

        variances

    /// The place of each gene when the largest comes first, NaN where that is not among the first n.
    let private ranks n (variances: float[]) =
        let ranks = Array.create variances.Length nan

        GeneRanking.order variances.Length [ GeneRanking.descending variances ]
        |> Array.truncate n
        |> Array.iteri (fun rank gene -> ranks[gene] <- float rank)

        ranks

    /// The median of the ranks that a gene has; ranks and their halves are exact in float32.
    let private medianRank (ranks: float[]) =
        let known = ranks |> Array.filter (Double.IsNaN >> not) |> Array.sort
        let middle = known.Length / 2

        if known.Length = 0 then nan
        elif known.Length % 2 = 1 then known[middle]
        else (known[middle - 1] + known[middle]) / 2.0

    /// The table of var. Exactly n genes are chosen (all, where there are fewer), ties by position: by their median rank over the
    /// batches that rank them among the first n, then by the number of these (seurat_v3); or the other way round (seurat_v3_paper).
    /// Laws (empty): a batch without cells changes nothing; (positions) of genes with equal counts the first has the lower rank.
    let table
        (options: HvgOptions)
        (batches: string[] option)
        (moments: GroupedMoments)
        (trends: VarianceTrend[])
        (clipped: GroupedMoments)
        =
        let n = defaultArg options.NTopGenes 2000
        let all = Moments.ofAll moments

        let variances =
            Array.zip trends clipped.Groups
            |> Array.filter (fun (trend, _) -> trend.Cells > 0L)
            |> Array.map (fun (trend, clipped) -> normalized trend clipped)

        let ranks = variances |> Array.map (ranks n)

        let ofGene (values: float[][]) gene =
            values |> Array.map (fun batch -> batch[gene])

        let perGene describe = Array.init all.Sums.Length describe
        let medians = perGene (ofGene ranks >> medianRank)

        let counts =
            perGene (ofGene ranks >> Array.sumBy (fun rank -> if Double.IsNaN rank then 0.0 else 1.0))

        let byRank = GeneRanking.ascending medians
        let byCount = GeneRanking.descending counts

        let order =
            GeneRanking.order medians.Length (if options.Flavor = HvgFlavor.SeuratV3Paper then [ byCount; byRank ] else [ byRank; byCount ])

        GeneRanking.table
            (GeneRanking.first n order)
            [ "highly_variable_rank", DType.Float32, medians
              "means", DType.Float64, Moments.means all
              "variances", DType.Float64, Moments.variances all
              "variances_norm", DType.Float64, perGene (ofGene variances >> fun values -> Array.fold (+) 0.0 values / float values.Length)
              if batches.IsSome then
                  "highly_variable_nbatches", DType.Int64, counts ]
            []
