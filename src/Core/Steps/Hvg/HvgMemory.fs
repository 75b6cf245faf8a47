/// What highly_variable_genes keeps in memory, in bytes.
namespace SingleSharp.Core.Steps

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading

[<RequireQualifiedAccess>]
module internal HvgMemory =
    /// Sums and flags that a block keeps per gene and batch.
    let private moments = 17L

    /// What a block keeps of a gene and batch by distances from a value of the gene's own.
    let private distances = 29L

    /// Per gene of the row that a worker takes them from.
    let private row = 8L

    /// The trend of a batch per gene.
    let private trend = 24L

    /// Per gene while the genes of one batch are judged, and for the columns that come of it.
    let private judging = 62L

    /// Per gene and batch, of the variances and ranks that genes are chosen by.
    let private ranking = 16L

    /// What becomes of names while batches are merged by them: bytes to compare, and a table of those that were seen.
    let private merging = 3L

    /// What loops let go of before it is collected, at most.
    let private garbage bytes = min bytes Memory.worthwhile

    /// Bytes per batch of sums and flags, and of distances: these all genes of its first cell need, of which it may have twice as many as
    /// usual.
    let private momentsOf (matrix: Matrix) =
        let genes = int64 matrix.Genes
        let usual = min genes (1L + matrix.Stored / max 1L matrix.Cells)
        Memory.plus (Memory.times genes moments) (Memory.times distances (min genes (2L * usual)))

    /// Bytes for each batch that occurs.
    let private folding (context: PlanContext) bytes =
        let state batches = Memory.times (int64 batches) bytes

        { Budget.nothing with
            State = state context.Spread.InBlock
            Segment = state context.Spread.InSegment
            Result = state context.Spread.InAll }

    let private ofBatches (context: PlanContext) bytes =
        Memory.times (int64 (context.Spread.Batches + 1)) bytes

    /// While sums of each gene and batch are taken, and while one number of each gene comes of them.
    let sums (context: PlanContext) =
        let genes = int64 context.File.X.Genes

        { folding context (momentsOf context.File.X) with
            Worker = row * genes
            After = Memory.plus (ofBatches context (momentsOf context.File.X)) (ranking * genes) }

    /// In the main pass.
    let main (context: PlanContext) (options: HvgOptions) =
        let genes = int64 context.File.X.Genes
        let ofMoments = momentsOf context.File.X

        let after =
            if GeneRanking.fitsTrend options then
                Memory.plus (ofBatches context (Memory.plus ofMoments (trend * genes))) (judging * genes)
            else
                let names =
                    if options.BatchKey.IsSome then merging * AnnDataFile.geneNameBytes context.File else 0L

                ofBatches context ofMoments
                |> Memory.plus (judging * genes + garbage (Memory.times (judging * genes) (int64 context.Spread.Batches)) + names)

        { folding context ofMoments with
            Worker = row * genes
            After = after }

    /// In the pass that clips counts at their trend.
    let clipped (context: PlanContext) =
        let genes = int64 context.File.X.Genes
        let ofMoments = momentsOf context.File.X

        { folding context ofMoments with
            Worker = row * genes
            Once = ofBatches context (Memory.plus ofMoments (trend * genes))
            After = Memory.plus (ofBatches context (Memory.plus ofMoments (ranking * genes))) (judging * genes) }
