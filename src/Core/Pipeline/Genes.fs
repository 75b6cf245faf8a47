/// Highly variable genes: what the sums of the steps' read, and of one more read where a trend is fitted, make of the genes.
namespace SingleSharp.Core

open System.Collections
open System.Collections.Generic

/// Names that are read when somebody asks for one.
[<Sealed>]
type private NamesOnDemand(count: int, nameOf: int -> string) =
    let all = Seq.init count nameOf

    interface IReadOnlyList<string> with
        member _.Count = count

        member _.Item
            with get gene = nameOf gene

        member _.GetEnumerator() : IEnumerator<string> = all.GetEnumerator()
        member _.GetEnumerator() : IEnumerator = (all :> IEnumerable).GetEnumerator()

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

    /// The names of the genes that stay: all of them where batches are merged by them, else one by one as sentences ask for them.
    let private geneNames (job: Job) : IReadOnlyList<string> =
        if job.Batches.IsSome && not (Option.exists Recipe.fitsTrend job.Plan.Recipe.Hvg) then
            Schema.geneNames job.File |> GeneSets.valuesAmong job.Genes :> IReadOnlyList<string>
        else
            NamesOnDemand(int job.Genes.Count, (fun gene -> Frame.nameOf job.File.Store job.File.Var (job.Genes.At(int64 gene))))

    /// Names and moments of the batches; those of which a filter leaves no cell are no batches any more.
    let private occupied (job: Job) (moments: GroupedMoments) =
        match names job with
        | Some batches when job.Plan.Recipe.Filter.IsSome ->
            let batches, groups =
                Array.zip batches moments.Groups |> Array.filter (fun (_, group) -> group.Cells > 0L) |> Array.unzip

            Some batches, groups
        | batches -> batches, moments.Groups

    /// Where float32 counts leave nothing but rounding of a variance, somebody should know.
    let private warnings (moments: GroupedMoments) =
        let lost = moments.Groups |> Seq.collect Moments.lost |> Seq.distinct |> Seq.length

        [ if lost > 0 then
              $"""hvg: {Counted.say lost "gene has a mean" "genes have means"} so large beside the spread that the variance of float32 counts is rounding, as in scanpy; store X as float64""" ]

    /// The table of a flavor for the genes that stay; none where it is not asked for.
    let table (job: Job) (moments: GroupedMoments option) =
        match job.Plan.Recipe.Hvg, moments with
        | Some hvg, Some moments ->
            let genes = geneNames job

            if Recipe.fitsTrend hvg then
                let trends = SeuratV3.trends (options hvg) Loess.fit (names job) genes moments
                SeuratV3.table (options hvg) (names job) moments trends (Pass.clipped job trends)
            else
                let batches, groups = occupied job moments
                Dispersion.table (options hvg) batches genes groups
            |> fun table ->
                Some
                    { table with
                        Warnings = table.Warnings @ warnings moments }
        | _ -> None
