/// What pca keeps in memory, in bytes.
namespace SingleSharp.Core.Steps

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing

[<RequireQualifiedAccess>]
module internal PcaMemory =
    /// Bytes of half a matrix of N rows and columns.
    let private half side =
        Memory.times (Memory.times side (side + 1L) / 2L) 8L

    /// What multiplies rows: one half of the matrix of products for each block in flight, and what each worker multiplies with.
    let productNeed side =
        { Budget.folding (Memory.plus (half side) (side * 8L)) with
            Worker = 3L * 1024L * 1024L + 16L * side }

    /// The vectors, and what they are computed from; then the loadings.
    let private vectorNeed side genes components =
        let ofVectors = Eigen.bytes side components
        let ofLoadings = Memory.times (24L * genes) components

        { Budget.nothing with
            After = Memory.plus ofVectors (max (half side) ofLoadings) }

    /// Scores on their way out, and the loadings that they come of.
    let private scoreNeed genes components isLong =
        { Budget.nothing with
            Buffer = Memory.times SinkMemory.block (components * (if isLong then 8L else 4L))
            Once = Memory.times (16L * genes) components }

    /// What the pass for the components keeps, one time after the other: while it multiplies, finds the vectors, and makes scores of them.
    /// By cells, genes are summed first, and rows are turned before they are multiplied.
    let needs (context: PlanContext) (pca: PcaOptions) (cells: int64) (genes: int) =
        let matrix = context.Rows

        let components =
            min (int64 (defaultArg pca.NComps Components.usual)) (min cells (int64 genes))

        let way = PcaByRows.way cells genes (int components)
        let genes = int64 genes
        let side = min cells genes

        let spilling need =
            { need with
                Buffer = SinkMemory.spill matrix (Precision.ofDType context.State.SeenAs) genes
                Once = matrix.Cells / 4L }

        let summing = spilling (Budget.folding (genes * 16L))

        [ scoreNeed genes components false

          match way with
          | PcaWay.ByGenes ->
              vectorNeed side genes components
              spilling (productNeed side)
          | PcaWay.ByCells ->
              vectorNeed side genes components
              summing

              { Budget.nothing with
                  After = CscToCsr.turnedMemory side genes }

              { productNeed side with
                  Rows = ValueSome genes }

              { scoreNeed genes components true with
                  Rows = ValueSome genes }
          | PcaWay.ByRows ->
              summing

              { Budget.folding (RowProducts.bytes genes) with
                  Once = PcaByRows.bytes genes components }

              { Budget.nothing with
                  After = Memory.plus (PcaByRows.bytes genes components) (Memory.times (24L * genes) components) } ]
