/// Products of XᵀX with vectors, without XᵀX.
namespace SingleSharp.Core.Steps

open System
open System.Collections.Concurrent
open System.Runtime.Intrinsics
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics

/// 32 vectors of one number for each gene are multiplied at once; eight fours of numbers stand side by side for each gene.
[<RequireQualifiedAccess>]
module internal RowProducts =
    /// Multivectors that are multiplied at once. Part of the meaning of every result: never change it.
    [<Literal>]
    let Together = 8

    /// Bytes of 32 numbers for each gene.
    let bytes (genes: int64) = Checked.(*) 256L genes

    /// y ← y + x (xᵀ p) for one row x. Both sums are in the order in which values are stored.
    let private addRow (genes: ReadOnlySpan<int>) (values: ReadOnlySpan<float>) (ps: Vector256<float>[]) (ys: Vector256<float>[]) =
        let mutable t0 = Vector256<float>.Zero
        let mutable t1 = Vector256<float>.Zero
        let mutable t2 = Vector256<float>.Zero
        let mutable t3 = Vector256<float>.Zero
        let mutable t4 = Vector256<float>.Zero
        let mutable t5 = Vector256<float>.Zero
        let mutable t6 = Vector256<float>.Zero
        let mutable t7 = Vector256<float>.Zero

        for k in 0 .. min genes.Length values.Length - 1 do
            let p = ReadOnlySpan(ps, Together * genes[k], Together)
            let value = Vector256.Create values[k]
            t0 <- t0 + value * p[0]
            t1 <- t1 + value * p[1]
            t2 <- t2 + value * p[2]
            t3 <- t3 + value * p[3]
            t4 <- t4 + value * p[4]
            t5 <- t5 + value * p[5]
            t6 <- t6 + value * p[6]
            t7 <- t7 + value * p[7]

        for k in 0 .. min genes.Length values.Length - 1 do
            let y = Span(ys, Together * genes[k], Together)
            let value = Vector256.Create values[k]
            y[0] <- y[0] + value * t0
            y[1] <- y[1] + value * t1
            y[2] <- y[2] + value * t2
            y[3] <- y[3] + value * t3
            y[4] <- y[4] + value * t4
            y[5] <- y[5] + value * t5
            y[6] <- y[6] + value * t6
            y[7] <- y[7] + value * t7

    /// The same for each row of a row batch. Rows gene by gene, which fetch less, took as long.
    let add (rowBatch: RowBatch) (ps: Vector256<float>[]) (ys: Vector256<float>[]) =
        let genes, values = rowBatch.Genes, rowBatch.Values

        for row in 0 .. rowBatch.Cells - 1 do
            let start = rowBatch.Offsets[row]
            let count = rowBatch.Offsets[row + 1] - start
            addRow (ReadOnlySpan(genes, start, count)) (ReadOnlySpan(values, start, count)) ps ys

    /// Σ x (xᵀ p) over all rows x, for 32 vectors p at once. States are vectors of genes; `spare` keeps those that are done with.
    /// Law (row products): it is XᵀX p, and runs that cut the rows at the same blocks give the same bits.
    let fold (spare: ConcurrentBag<Vector256<float>[]>) (ps: Vector256<float>[]) : Fold<RowBatch, Vector256<float>[]> =
        let fresh () =
            match spare.TryTake() with
            | true, state ->
                Array.Clear state
                state
            | _ -> Array.zeroCreate ps.Length

        Fold.ofSteps
            { Fresh = fresh
              Step =
                fun ys rowBatch ->
                    add rowBatch ps ys
                    ys
              Merge =
                fun ys more ->
                    for i in 0 .. ys.Length - 1 do
                        ys[i] <- ys[i] + more[i]

                    spare.Add more
                    ys
              Finish = id }

    /// Fills ps with multivectors side by side, gene by gene.
    let interleave (xs: float[][]) (ps: Vector256<float>[]) =
        for panel in 0 .. xs.Length - 1 do
            let rows = Multivector.rows xs[panel]

            for gene in 0 .. rows.Length - 1 do
                ps[Together * gene + panel] <- rows[gene]
