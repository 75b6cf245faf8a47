/// Highly variable genes: what the sums of the main pass, and of one more where a trend is fitted, make of the genes.
namespace SingleSharp.Core.Steps

open System
open System.Collections
open System.Collections.Generic
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing

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
module internal HvgRun =
    let private batchNames (job: Job) =
        job.Batches |> Option.map (fun batches -> batches.Names)

    /// The names of the genes that stay: all of them where batches are merged by them, else one by one as sentences ask for them.
    let private geneNames (job: Job) options : IReadOnlyList<string> =
        if job.Batches.IsSome && not (GeneRanking.fitsTrend options) then
            AnnDataFile.geneNames job.File.Store job.File.Var |> GeneSetMasks.valuesAmong job.Genes :> IReadOnlyList<string>
        else
            NamesOnDemand(int job.Genes.Count, (fun gene -> DataFrame.nameOf job.File.Store job.File.Var (job.Genes.At(int64 gene))))

    /// Names and moments of the batches; those of which a filter leaves no cell are no batches any more.
    let private occupied (job: Job) (moments: GroupedMoments) =
        match batchNames job, job.Scope with
        | Some batches, Chosen _ ->
            let batches, groups =
                Array.zip batches moments.Groups |> Array.filter (fun (_, group) -> group.Cells > 0L) |> Array.unzip

            Some batches, groups
        | batches, _ -> batches, moments.Groups

    /// Where float32 counts leave nothing but rounding of a variance, somebody should know.
    let private lostVariances (moments: GroupedMoments) =
        let lost = moments.Groups |> Seq.collect Moments.lost |> Seq.distinct |> Seq.length

        [ if lost > 0 then
              $"""hvg: {Plural.say lost "gene has a mean" "genes have means"} so large beside the spread that the variance of float32 counts is rounding, as in scanpy; store X as float64""" ]

    let clippedPass = PassKind.After "hvg"

    /// Sums of counts that are clipped at their trend.
    let private clipped (job: Job) trends =
        SeuratV3.clipped (int job.Genes.Count) (Precision.ofDType job.File.X.Type) trends
        |> Passes.run job clippedPass (Passes.rows job clippedPass) Sink.none

    let private table (job: Job) options (moments: GroupedMoments) =
        let genes = geneNames job options

        if GeneRanking.fitsTrend options then
            let trends = SeuratV3.trends options Loess.fit (batchNames job) genes moments
            SeuratV3.table options (batchNames job) moments trends (clipped job trends)
        else
            let batches, groups = occupied job moments
            Dispersion.table options batches genes groups

    let finish options moments (turn: StepTurn) =
        let table = table turn.Job options moments

        { Outcome.nothing with
            GeneColumns = table.Columns |> List.map (fun (column, values) -> column, (fun () -> values))
            Members = [ "uns", [ "hvg", NewElement.Dict [ "flavor", NewElement.Text(GeneRanking.flavorName options.Flavor) ] ] ]
            Warnings = table.Warnings @ lostVariances moments
            Report =
                fun report ->
                    { report with
                        HighlyVariableGenes = Nullable(GeneSetMasks.size table.IsHighlyVariable) } }
