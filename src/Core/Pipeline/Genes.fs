/// Highly variable genes: what the sums of the steps' read, and of one more read where a trend is fitted, make of the genes.
namespace SingleSharp.Core

[<RequireQualifiedAccess>]
module Genes =
    let private options (hvg: HvgRecipe) : HvgOptions =
        { Flavor = hvg.Flavor
          NTopGenes = hvg.NTopGenes
          MinMean = hvg.MinMean
          MaxMean = hvg.MaxMean
          MinDisp = hvg.MinDisp
          MaxDisp = hvg.MaxDisp
          NBins = hvg.NBins
          Span = hvg.Span
          ExactN = hvg.ExactN }

    let private names (job: Job) =
        job.Batches |> Option.map (fun batches -> batches.Names)

    /// Names and moments of the batches; those of which a filter leaves no cell are no batches any more.
    let private occupied (job: Job) (moments: GroupedMoments) =
        match names job with
        | Some batches when job.Plan.Recipe.Filter.IsSome ->
            let batches, groups =
                Array.zip batches moments.Groups |> Array.filter (fun (_, group) -> group.Cells > 0L) |> Array.unzip

            Some batches, groups
        | batches -> batches, moments.Groups

    /// The table of a flavor for the genes that stay; none where it is not asked for.
    let table (job: Job) (moments: GroupedMoments option) =
        match job.Plan.Recipe.Hvg, moments with
        | Some hvg, Some moments ->
            let genes = Schema.geneNames job.File |> GeneSets.valuesAmong job.Genes

            Some(
                if Recipe.fitsTrend hvg then
                    let trends = SeuratV3.trends (options hvg) Loess.fit (names job) genes moments
                    SeuratV3.table (options hvg) (names job) moments trends (Pass.clipped job trends)
                else
                    let batches, groups = occupied job moments
                    Dispersion.table (options hvg) batches genes groups
            )
        | _ -> None
