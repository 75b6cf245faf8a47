/// Exact principal components of many genes over many cells: neither products of genes nor of cells fit in memory, but some vectors do.
namespace SingleSharp.Core.Steps

open System
open System.Collections.Concurrent
open System.Runtime.Intrinsics
open SingleSharp.Core
open SingleSharp.Core.Numerics

/// The way to the components.
[<RequireQualifiedAccess>]
type internal PcaWay =
    | ByGenes
    | ByCells
    | ByRows

[<RequireQualifiedAccess>]
module internal PcaByRows =
    /// Smaller matrices of products are made in any case: it takes one read.
    [<Literal>]
    let SmallSide = 8192

    /// Reads of the rows after which something is odd about them.
    [<Literal>]
    let MostReads = 500

    /// Bytes of vectors for N components of N genes, and of one product.
    let bytes (genes: int64) (components: int64) =
        Checked.(+) (Lanczos.bytes genes (int components) RowProducts.Together) (Checked.(*) 2L (RowProducts.bytes genes))

    /// Matrices of products that the other ways keep at once: of blocks in flight, of a segment, of all.
    [<Literal>]
    let private Triangles = 5.0

    let private isLarger (side: float) genes components =
        Triangles * 4.0 * side * side > float (bytes genes components)

    /// The largest side of a matrix of products that is made.
    let largestSide (genes: int64) (components: int64) =
        max SmallSide (int (min (sqrt (float (bytes genes components) / (Triangles * 4.0))) (float Packed.mostSide)))

    /// Which way is taken depends on how many cells, genes and components there are alone, so that results do not depend on memory: by rows where
    /// the smaller matrix of products is large, and all of them are larger than the vectors.
    let way (cells: int64) (genes: int) (components: int) =
        let side = min cells (int64 genes)

        let hasRoom =
            int64 genes >= Lanczos.leastRows components RowProducts.Together + int64 (4 * Multivector.Width * RowProducts.Together)

        let isTooLarge = side > int64 Packed.mostSide

        if isTooLarge && not hasRoom then
            Fault.throw (Unsuitable("pca", $"{components} components of {genes} genes are too many; ask for fewer components"))

        if hasRoom && side > int64 SmallSide && (isTooLarge || isLarger (float side) (int64 genes) (int64 components)) then
            PcaWay.ByRows
        elif PcaByCells.isShorter cells genes then
            PcaWay.ByCells
        else
            PcaWay.ByGenes

    /// 2^−exponent C, with C = (XᵀX − n μμᵀ) / (n − 1) where centred, else XᵀX, as an operator; `multiply` gives XᵀX p for 32 vectors p side
    /// by side.
    let private operator
        isCentred
        exponent
        (sums: GeneSums)
        (multiply: Vector256<float>[] -> Vector256<float>[])
        (release: Vector256<float>[] -> unit)
        =
        let genes = sums.OfValues.Length
        let n = float sums.OfCells

        let centre (ps: Vector256<float>[]) (ys: Vector256<float>[]) =
            for panel in 0 .. RowProducts.Together - 1 do
                let mutable alongMeans = Vector256<float>.Zero

                for gene in 0 .. genes - 1 do
                    alongMeans <- alongMeans + Vector256.Create(sums.OfValues[gene] / n) * ps[RowProducts.Together * gene + panel]

                let others = Vector256.Create(n - 1.0)

                for gene in 0 .. genes - 1 do
                    let at = RowProducts.Together * gene + panel
                    ys[at] <- (ys[at] - Vector256.Create sums.OfValues[gene] * alongMeans) / others

        let ps: Vector256<float>[] =
            Array.zeroCreate (Checked.(*) RowProducts.Together genes)

        { Size = genes
          Together = RowProducts.Together
          Multiply =
            fun xs targets ->
                RowProducts.interleave xs ps
                let ys = multiply ps

                if isCentred then
                    centre ps ys

                for panel in 0 .. xs.Length - 1 do
                    let rows = Multivector.rows targets[panel]

                    for gene in 0 .. genes - 1 do
                        rows[gene] <- ys[RowProducts.Together * gene + panel]

                    for i in 0 .. targets[panel].Length - 1 do
                        targets[panel][i] <- Math.ScaleB(targets[panel][i], -exponent)

                release ys }

    /// vᵀ A v for each vector.
    let private forms (operator: Operator) (vectors: float[][]) =
        let width = Multivector.Width * operator.Together

        vectors
        |> Array.chunkBySize width
        |> Array.collect (fun some ->
            let xs =
                Array.init operator.Together (fun _ -> Array.zeroCreate<float>(Multivector.Width * operator.Size))

            let ys = xs |> Array.map (fun x -> Array.zeroCreate<float> x.Length)
            some |> Array.iteri (fun k vector -> Multivector.setColumn xs[k / Multivector.Width] (k % Multivector.Width) vector)
            operator.Multiply xs ys

            some
            |> Array.mapi (fun k vector ->
                let product = Multivector.column ys[k / Multivector.Width] (k % Multivector.Width)
                Vectors.dot (Span vector) (Span product)))

    /// Rows, read as often as one likes: what sums of genes they have, and XᵀX p for 32 vectors p.
    type Rows =
        { Sums: GeneSums
          Multiply: ConcurrentBag<Vector256<float>[]> -> Vector256<float>[] -> Vector256<float>[] }

    /// The components of `rows`, and their eigenvalues; `about` are the same rows about a shift, or the same: by them genes vary.
    /// Laws (components): those that products of genes give, up to rounding.
    let components (watch: Watch) options (nameOf: int -> string) (rows: Rows) (about: Rows) : struct (Components * float[]) =
        let sums = rows.Sums
        let genes = sums.OfValues.Length
        let count = Components.count options sums.OfCells genes
        let n = float sums.OfCells
        let spare = ConcurrentBag<Vector256<float>[]>()

        Components.requireSums options nameOf sums
        Components.requireSums options nameOf about.Sums

        // Squares of numbers near 1 neither overflow nor vanish.
        let exponent =
            if options.ZeroCenter then
                Math.ILogB(Components.total options sums)
            else
                Math.ILogB(Array.sum sums.OfSquares)

        let operatorOf isCentred (rows: Rows) =
            operator isCentred exponent rows.Sums (rows.Multiply spare) spare.Add

        let mostProducts =
            int64 MostReads * int64 (Multivector.Width * RowProducts.Together)

        let pairs =
            match Lanczos.leading watch (operatorOf options.ZeroCenter rows) count mostProducts with
            | ValueSome pairs -> Direct.unscale exponent pairs
            | ValueNone ->
                Fault.throw (
                    Unsuitable(
                        "pca",
                        $"the components of {genes} genes are too close to each other to be found in {MostReads} reads; ask for more or fewer components, or choose fewer genes, such as the highly variable ones"
                    )
                )

        Array.iter Components.turn pairs.Vectors

        let variances =
            if options.ZeroCenter then
                pairs.Values |> Array.map (max 0.0)
            else
                forms (operatorOf true about) pairs.Vectors
                |> Array.map (fun form -> max 0.0 (Math.ScaleB(form, exponent) * (n - 1.0) / n))

        let total = Components.total options about.Sums

        let components =
            Components.ofVectors pairs.Vectors (Components.meansOf options sums) variances total

        struct (components, pairs.Values)
