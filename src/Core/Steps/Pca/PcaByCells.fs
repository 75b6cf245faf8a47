/// Exact principal components of fewer cells than genes, from products of cells instead of products of genes.
namespace SingleSharp.Core.Steps

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Steps

// With X as it is projected (centred or not), X Xᵀ u = λ u makes Xᵀu an eigenvector of XᵀX with the same λ: cells³ of work, not genes³.

/// The leading eigenpairs of the products of cells.
type internal CellPairs =
    {
        Pairs: Eigenpairs
        /// Of the genes, as they are projected.
        Sums: GeneSums
    }

[<RequireQualifiedAccess>]
module internal PcaByCells =
    /// Are there fewer cells than genes?
    let isShorter (cells: int64) (genes: int) = cells < int64 genes

    /// (I − 1/n 11ᵀ) K (I − 1/n 11ᵀ), in the place of K: the products of cells after the mean of each gene is taken away.
    let private centre (watch: Watch) (products: Gram) =
        let size = products.Size
        let upper = products.Upper
        let means: float[] = Array.zeroCreate size
        let mutable at = 0

        for i in 0 .. size - 1 do
            watch.Pause()
            means[i] <- means[i] + upper[at]
            at <- at + 1

            for j in i + 1 .. size - 1 do
                means[i] <- means[i] + upper[at]
                means[j] <- means[j] + upper[at]
                at <- at + 1

        for i in 0 .. size - 1 do
            means[i] <- means[i] / float size

        let overall = Components.sumOver size (fun i -> means[i]) / float size
        at <- 0

        for i in 0 .. size - 1 do
            watch.Pause()

            for j in i .. size - 1 do
                upper[at] <- (upper[at] - means[i]) - (means[j] - overall)
                at <- at + 1

    /// The leading eigenpairs of the products of cells, whose Upper is used up. `products` are sums over genes of what cells hold.
    let pairs watch options (sums: GeneSums) (products: Gram) =
        if options.ZeroCenter then
            centre watch products

        let count = Components.count options sums.OfCells sums.OfValues.Length

        { Pairs = Eigen.leading watch products.Size count products.Upper
          Sums = sums }

    let private lanes = Vector256<float>.Count

    /// What each gene adds to each component, as yet of any length: Σ x_i u_i over the cells that store it, less its mean times Σ u_i. Given a
    /// row batch of genes with what cells hold of them, fills in rows of numbers.
    /// Law (scores): cutting a row batch in two changes nothing.
    let loadings options (pairs: CellPairs) : unit -> RowBatch -> float[] -> int -> unit =
        let count = pairs.Pairs.Vectors.Length
        let cells = pairs.Pairs.Vectors[0].Length
        let width = (count + lanes - 1) / lanes

        let vectors =
            Components.vectors count (Array.init (Checked.(*) cells count) (fun i -> pairs.Pairs.Vectors[i % count][i / count]))

        let totals =
            pairs.Pairs.Vectors |> Array.map (fun vector -> Components.sumOver cells (fun i -> vector[i]))

        let n = float pairs.Sums.OfCells

        fun () ->
            let sums: Vector256<float>[] = Array.zeroCreate width

            fun (rowBatch: RowBatch) (target: float[]) first ->
                let genes, values = rowBatch.Genes, rowBatch.Values

                for row in 0 .. rowBatch.Cells - 1 do
                    Array.Clear sums

                    for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                        Components.add values[i] (ReadOnlySpan(vectors, genes[i] * width, width)) (Span sums)

                    let mean =
                        if options.ZeroCenter then pairs.Sums.OfValues[int rowBatch.FirstCell + row] / n else 0.0

                    let numbers = MemoryMarshal.Cast<Vector256<float>, float>(Span sums)

                    for k in 0 .. count - 1 do
                        target[(first + row) * count + k] <- numbers[k] - mean * totals[k]

    /// An eigenvalue that is no larger, as a share of the greatest, is a rounding error of zero.
    let private isNothing (values: float[]) size value =
        not (value > float size * 8.8817841970012523e-16 * values[0])

    /// Vectors of length 1 at right angles to each other. Where nothing is left to find, anything at right angles to the others does:
    /// Knuth's numbers, as in Tridiagonal.
    let private orthonormalize (watch: Watch) (vectors: float[][]) isNothing =
        let mutable random = 1UL

        for k in 0 .. vectors.Length - 1 do
            watch.Tell(float k / float vectors.Length)
            let own = Span vectors[k]

            if isNothing k then
                for i in 0 .. own.Length - 1 do
                    random <- random * 6364136223846793005UL + 1442695040888963407UL
                    own[i] <- float (int64 random >>> 11) * 2.220446049250313e-16

            Vectors.normalize own

            // Orthogonal after one pass up to the cancellation in it, after two to the last digit.
            for _ in 1..2 do
                for j in 0 .. k - 1 do
                    watch.Pause()
                    let other = Span vectors[j]
                    Vectors.add -(Vectors.dot other own) other own

            Vectors.normalize own

    /// The components that the eigenpairs and the loadings (one array of genes for each component, used up) make. `spread` are the sums by
    /// which genes vary: those of rows about a shift, where there is one.
    /// Laws (components), and (transposed): those that products of genes give, up to rounding.
    let components watch options (spread: GeneSums) (pairs: CellPairs) (loadings: float[][]) : Components =
        let sums = pairs.Sums
        let values = pairs.Pairs.Values
        let genes = sums.OfValues.Length
        let n = float sums.OfCells
        orthonormalize watch loadings (fun k -> isNothing values genes values[k])
        loadings |> Array.iter Components.turn

        /// Of scores √λ u: about their mean, without which a truncated SVD leaves them.
        let variance value (vector: float[]) =
            if options.ZeroCenter then
                max 0.0 (value / (n - 1.0))
            else
                let mean = Components.sumOver vector.Length (fun i -> vector[i]) / n

                let spread =
                    Components.sumOver vector.Length (fun i -> (vector[i] - mean) * (vector[i] - mean))

                max 0.0 (value * (spread / n))

        let total = Components.total options spread
        let variances = Array.map2 variance values pairs.Pairs.Vectors

        Components.ofVectors loadings (Components.meansOf options sums) variances total
