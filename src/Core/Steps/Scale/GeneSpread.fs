/// Means and deviations of genes, and rows scaled by them (scanpy-semantics, section 11).
namespace SingleSharp.Core.Steps

open System
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Reading

/// Mean and standard deviation of each gene over some cells, zeros included: n − 1 in the denominator, and 1 in the place of 0.
type internal GeneSpread = { Means: float[]; Deviations: float[] }

[<RequireQualifiedAccess>]
module internal GeneSpread =
    let ofMoments (moments: GroupedMoments) =
        let all = Moments.ofAll moments

        { Means = Moments.means all
          Deviations =
            Moments.variances all
            |> Array.map (fun variance ->
                match sqrt variance with
                | deviation when deviation > 0.0 -> deviation
                | deviation when Double.IsNaN deviation && not (variance < 0.0) -> nan
                | _ -> 1.0) }

    let moments (context: PlanContext) (job: Job) =
        Moments.perGene (int job.Genes.Count) context.Spread.Batches Precision.Double Quantity.Written

    /// What the moments take, and then what comes of them.
    let need (context: PlanContext) =
        let sums = HvgMemory.sums context

        { sums with
            After = Memory.plus sums.After (32L * int64 context.File.X.Genes) }

    /// The rows of the mask alone, of those that a pass sees.
    let masked (mask: RowMask option) (job: Job) =
        match mask, job.Scope with
        | None, _ -> job
        | Some mask, Judged judge ->
            let both () =
                let judge = judge ()

                fun (rowBatch: RowBatch) (stays: bool[]) ->
                    judge rowBatch stays

                    for row in 0 .. rowBatch.Cells - 1 do
                        stays[row] <- stays[row] && mask.Has(rowBatch.CellOf row)

            { job with Scope = Judged both }
        | Some mask, Whole ->
            { job with
                Scope = Chosen { Cells = mask; Genes = job.Genes } }
        | Some mask, Chosen selection ->
            let both = RowMask selection.Cells.Length

            for cell in 0L .. selection.Cells.Length - 1L do
                both.Add(selection.Cells.Has cell && mask.Has cell)

            { job with
                Scope = Chosen { selection with Cells = both } }

    /// Reads X for them, over the cells of the mask.
    let read context mask (job: Job) pass before =
        let job = masked mask job

        moments context job
        |> Passes.run job pass (Passes.rows job pass |> Reader.through (fun () -> Normalize.start before)) Sink.none
        |> ofMoments

    let private clip least most value =
        if value > most then most
        elif value < least then least
        else value

    /// z(x) = clip((x − mean) / deviation) of a gene.
    let private centred most spread gene value =
        clip -most most ((value - spread.Means[gene]) / spread.Deviations[gene])

    /// What a zero of each gene becomes.
    let private ofZero most spread =
        spread.Means |> Array.mapi (fun gene _ -> centred most spread gene 0.0)

    let private isScaled (mask: RowMask option) (rowBatch: RowBatch) row =
        match mask with
        | Some mask -> mask.Has(rowBatch.CellOf row)
        | None -> true

    /// Changes Output of the cells of the mask.
    let private onScaled mask (change: int -> float -> float) (rowBatch: RowBatch) =
        let genes, output = rowBatch.Genes, rowBatch.Output

        for row in 0 .. rowBatch.Cells - 1 do
            if isScaled mask rowBatch row then
                for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                    output[i] <- change genes[i] output[i]

    /// Divides by the deviations, and rounds once to the type of X.
    let dividing precision mask most spread () =
        onScaled mask (fun gene value -> Precision.round precision (clip -infinity most (value / spread.Deviations[gene])))

    /// Centres, less what a zero becomes, so that zeros stay zeros: z(x) − z(0).
    let centring most spread =
        let ofZero = ofZero most spread
        fun () -> onScaled None (fun gene value -> centred most spread gene value - ofZero[gene])

    /// Centres; and what a row has of the genes that are not stored.
    let dense mask most spread =
        let ofZero = ofZero most spread
        let zeros: float[] = Array.zeroCreate ofZero.Length

        let absent rowBatch row =
            if isScaled mask rowBatch row then ofZero else zeros

        struct ((fun () -> onScaled mask (centred most spread)), absent)
