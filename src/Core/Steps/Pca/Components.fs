/// Exact principal components from sums of products: scanpy's pca without its iterations (scanpy-semantics, section 6).
namespace SingleSharp.Core.Steps

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Writing
open SingleSharp.Core.Steps

/// Principal components, the most important first.
type internal Components =
    {
        Count: int
        /// Genes × components, row by row: what each gene adds to each score, as in varm/PCs.
        Loadings: float[]
        /// What is taken away from each gene before it is projected; zeros where nothing is.
        Means: float[]
        /// Variance of each component's scores: over n − 1 where centred, as scikit-learn's PCA has it; over n where not, as TruncatedSVD.
        Variances: float[]
        /// Each variance as a share of TotalVariance.
        Ratios: float[]
        /// Sum of all genes' variances, with the same denominator.
        TotalVariance: float
    }

[<RequireQualifiedAccess>]
module internal Components =
    /// scanpy's settings.N_PCS.
    let usual = 50

    let private refuse why = Fault.throw (Unsuitable("pca", why))

    /// How many components there will be; fewer than cells and fewer than genes, as in scanpy.
    let count (options: PcaOptions) (cells: int64) (genes: int) =
        let least = min cells (int64 genes)

        if least < 2L then
            refuse $"it takes at least two cells and two genes, and there are {cells} and {genes}"

        match options.NComps with
        | None -> int (min (int64 usual) (least - 1L))
        | Some comps when comps >= 1 && int64 comps < least -> comps
        | Some comps -> refuse $"{comps} components are wanted of {cells} cells and {genes} genes; ask for 1 to {least - 1L}"

    /// A value that is not finite makes the sum of its gene so; squares that float64 cannot hold show in their sum.
    let internal requireFinite nameOf (sums: float[]) (squaresOf: int -> float) =
        for gene in 0 .. sums.Length - 1 do
            if not (Double.IsFinite sums[gene] && Double.IsFinite(squaresOf gene)) then
                refuse $"gene {nameOf gene} has a value that is NaN, infinite or too large; repair it, or leave out its cell or its gene"

    let internal requireVaried (total: float) genes (cells: int64) =
        if not (total > 0.0 && Double.IsFinite total) then
            refuse $"the total variance of the {genes} selected genes over {cells} cells is 0 or overflows float64; choose other genes"

    /// The sum of all genes' variances.
    let internal total options (sums: GeneSums) =
        let n = float sums.OfCells

        let term sum square =
            if options.ZeroCenter then
                (square - sum * (sum / n)) / (n - 1.0)
            else
                square / n - (sum / n) * (sum / n)

        Array.fold2 (fun all sum square -> all + term sum square) 0.0 sums.OfValues sums.OfSquares

    /// What is taken away from each gene before it is projected.
    let internal meansOf options (sums: GeneSums) =
        if options.ZeroCenter then
            sums.OfValues |> Array.map (fun sum -> sum / float sums.OfCells)
        else
            Array.zeroCreate sums.OfValues.Length

    /// Refuses genes that have no components, before anything is multiplied.
    let internal requireSums options (nameOf: int -> string) (sums: GeneSums) =
        requireFinite nameOf sums.OfValues (fun gene -> sums.OfSquares[gene])
        requireVaried (total options sums) sums.OfValues.Length sums.OfCells

    /// Each variance as a share of all; rounding may not make it more than all.
    let internal ratios (variances: float[]) total =
        variances |> Array.map (fun variance -> min 1.0 (variance / total))

    /// The sum of a gene's squares.
    let private squareOf (gram: Gram) gene =
        gram.Upper[Packed.row gram.Size gene + gene]

    /// C = (XᵀX − n μμᵀ) / (n − 1), in the place of XᵀX.
    let private centre (watch: Watch) gram (means: float[]) =
        let others = float (gram.Cells - 1L)
        let mutable at = 0

        for i in 0 .. gram.Size - 1 do
            watch.Pause()

            for j in i .. gram.Size - 1 do
                gram.Upper[at] <- (gram.Upper[at] - gram.Sums[i] * means[j]) / others
                at <- at + 1

    /// One term after the other, whatever the processor.
    let internal sumOver genes (term: int -> float) =
        let mutable sum = 0.0

        for gene in 0 .. genes - 1 do
            sum <- sum + term gene

        sum

    /// The components with these loadings (one vector of genes for each), what is taken away from genes, and how scores vary.
    let internal ofVectors (vectors: float[][]) (means: float[]) (variances: float[]) total =
        let count = vectors.Length

        { Count = count
          Loadings = Array.init (Checked.(*) means.Length count) (fun i -> vectors[i % count][i / count])
          Means = means
          Variances = variances
          Ratios = ratios variances total
          TotalVariance = total }

    /// Turns a vector so that its largest entry is positive, of equally large ones the first: scikit-learn's svd_flip.
    let internal turn (vector: float[]) =
        let mutable largest = 0

        for i in 1 .. vector.Length - 1 do
            if abs vector[i] > abs vector[largest] then
                largest <- i

        if vector[largest] < 0.0 then
            for i in 0 .. vector.Length - 1 do
                vector[i] <- -vector[i]

    /// The components of the cells behind a Gram matrix (`nameOf` names a gene for messages), whose Upper is used up: eigenvectors of the covariance matrix
    /// C = (XᵀX − n μμᵀ) / (n − 1), each with its largest loading positive, and its eigenvalues, 0 where rounding made them negative;
    /// without centring, eigenvectors v of XᵀX by descending eigenvalue λ, with the variances of their scores λ/n − (μᵀv)².
    /// Law (components): the scores are uncorrelated, component i's have the variance Variances[i], and Σ Variances ≤ TotalVariance.
    let componentsUnder (watch: Watch) options (nameOf: int -> string) gram =
        let count = count options gram.Cells gram.Size
        requireFinite nameOf gram.Sums (squareOf gram)
        let n = float gram.Cells
        let size = gram.Size
        let means = gram.Sums |> Array.map (fun sum -> sum / n)
        let diagonal = squareOf gram

        if options.ZeroCenter then
            centre watch gram means

        let total =
            if options.ZeroCenter then
                sumOver size diagonal
            else
                sumOver size (fun gene -> diagonal gene / n - means[gene] * means[gene])

        requireVaried total size gram.Cells
        let pairs = Eigen.leading watch size count gram.Upper
        Array.iter turn pairs.Vectors

        let variance value (vector: float[]) =
            if options.ZeroCenter then
                max 0.0 value
            else
                let mean = sumOver size (fun gene -> means[gene] * vector[gene])
                max 0.0 (value / n - mean * mean)

        let variances = Array.map2 variance pairs.Values pairs.Vectors

        ofVectors pairs.Vectors (if options.ZeroCenter then means else Array.zeroCreate size) variances total

    /// The same, with nobody looking on.
    let components options nameOf gram =
        componentsUnder Watch.none options nameOf gram

    /// The eigenvectors of XᵀX, whose Upper is used up.
    let uncentred (watch: Watch) options (nameOf: int -> string) gram =
        let count = count options gram.Cells gram.Size
        requireFinite nameOf gram.Sums (squareOf gram)
        let pairs = Eigen.leading watch gram.Size count gram.Upper
        Array.iter turn pairs.Vectors
        pairs

    /// vᵀ A v.
    let private form (gram: Gram) (v: float[]) =
        let mutable sum = 0.0

        for i in 0 .. gram.Size - 1 do
            let row = Span(gram.Upper, Packed.row gram.Size i + i, gram.Size - i)
            sum <- sum + v[i] * (2.0 * Vectors.dot row (Span(v, i, v.Length - i)) - row[0] * v[i])

        sum

    /// The components without centring that these eigenvectors make, with the variances that rows about a shift have: for genes whose means
    /// are so large that λ/n − (μᵀv)² would be what rounding leaves of it.
    let ofShifted (pairs: Eigenpairs) (about: Gram) : Components =
        let n = float about.Cells
        let size = about.Size
        let means = about.Sums |> Array.map (fun sum -> sum / n)

        let total =
            sumOver size (fun gene -> squareOf about gene / n - means[gene] * means[gene])

        requireVaried total size about.Cells

        let variance (vector: float[]) =
            let mean = sumOver size (fun gene -> means[gene] * vector[gene])
            max 0.0 (form about vector / n - mean * mean)

        let variances = pairs.Vectors |> Array.map variance

        ofVectors pairs.Vectors (Array.zeroCreate size) variances total

    let private lanes = Vector256<float>.Count

    /// The rows of a matrix with `count` columns, each filled up with zeros to whole vectors.
    let internal vectors count (matrix: float[]) =
        let width = (count + lanes - 1) / lanes
        let padded: Vector256<float>[] = Array.zeroCreate (matrix.Length / count * width)
        let numbers = MemoryMarshal.Cast<Vector256<float>, float>(Span padded)

        for row in 0 .. matrix.Length / count - 1 do
            ReadOnlySpan(matrix, row * count, count).CopyTo(numbers.Slice(row * width * lanes))

        padded

    /// sums ← sums + value · loadings
    let internal add (value: float) (loadings: ReadOnlySpan<Vector256<float>>) (sums: Span<Vector256<float>>) =
        let value = Vector256.Create value

        for lane in 0 .. min loadings.Length sums.Length - 1 do
            sums[lane] <- sums[lane] + value * loadings[lane]

    /// scores = (x − μ) Vᵀ as Σ x_g V_g over the stored values of a row, in stored order, less Σ μ_g V_g, which all rows share.
    let scores (components: Components) : CellScores =
        let count = components.Count
        let loadings = vectors count components.Loadings
        let width = (count + lanes - 1) / lanes

        let shift: Vector256<float>[] = Array.zeroCreate width
        components.Means |> Array.iteri (fun gene mean -> add mean (ReadOnlySpan(loadings, gene * width, width)) (Span shift))

        let start () =
            let sums: Vector256<float>[] = Array.zeroCreate width

            fun (rowBatch: RowBatch) (target: float32[]) first ->
                let genes, values = rowBatch.Genes, rowBatch.Values

                for row in 0 .. rowBatch.Cells - 1 do
                    Array.Clear sums

                    for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                        add values[i] (ReadOnlySpan(loadings, genes[i] * width, width)) (Span sums)

                    for lane in 0 .. width - 1 do
                        sums[lane] <- sums[lane] - shift[lane]

                    let numbers = MemoryMarshal.Cast<Vector256<float>, float>(Span sums)

                    for k in 0 .. count - 1 do
                        target[(first + row) * count + k] <- Precision.toFloat32 numbers[k]

        { Count = count; Start = start }
