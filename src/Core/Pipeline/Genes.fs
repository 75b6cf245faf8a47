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

    /// The table of a flavor for the genes that stay; none where it is not asked for.
    let table (job: Job) (moments: GroupedMoments option) =
        match job.Plan.Recipe.Hvg, moments with
        | Some hvg, Some moments ->
            let batches = job.Batches |> Option.map (fun batches -> batches.Names)
            let names = Schema.geneNames job.File |> GeneSets.valuesAmong job.Genes

            Some(
                if Recipe.fitsTrend hvg then
                    let trends = SeuratV3.trends (options hvg) Loess.fit batches names moments
                    SeuratV3.table (options hvg) batches moments trends (Pass.clipped job trends)
                else
                    Dispersion.table (options hvg) batches names moments.Groups
            )
        | _ -> None
