/// The step of docs/extending.md: a column of var with the largest count of each gene.
module internal SingleSharp.Properties.ExtendingStep

open SingleSharp.Core
open SingleSharp.Core.Rows
open SingleSharp.Core.Reading
open SingleSharp.Core.Steps

type GeneMaxOptions = { KeyAdded: string option }

let defaults = { KeyAdded = None }

let private keyAdded =
    StepOption.textOrNone
        "key_added"
        "NAME"
        defaults
        _.KeyAdded
        (fun value _ -> { KeyAdded = value })
        "the column of var. Default: max_counts."

/// The largest count of each gene; the state is one number per gene.
let largest genes : Fold<RowBatch, float[]> =
    Fold.ofSteps
        { Fresh = fun () -> Array.zeroCreate genes
          Step =
            fun most batch ->
                for i in 0 .. batch.Count - 1 do
                    let gene = batch.Genes[i]
                    most[gene] <- max most[gene] batch.Values[i]

                most
          Merge = Array.map2 max
          Finish = id }

let private plan (context: PlanContext) options =
    let column: OutputColumn =
        { Name = defaultArg options.KeyAdded "max_counts"
          Type = DType.Float64 }

    let give most _ =
        { Outcome.nothing with
            GeneColumns = [ column, (fun () -> most) ] }

    { StepPlan.nothing "gene_max" context with
        Main = Some(Budget.folding (8L * int64 context.File.X.Genes))
        GeneColumns = [ column ]
        Start =
            fun job before ->
                { MainPart.nothing before with
                    Fold = largest (int job.Genes.Count) |> Fold.map give } }

let kind: StepKind<GeneMaxOptions> =
    { StepKind.make "gene_max" defaults [ keyAdded ] plan with
        Line = "the largest count of each gene; X does not change."
        About = "Writes the largest count of each gene to a column of var."
        Examples = [ "singlesharp gene_max counts.h5ad ⟨in_place⟩" ]
        IsOptional = true }

/// The step with these options.
let step options = Step(StepBody.make kind options)
