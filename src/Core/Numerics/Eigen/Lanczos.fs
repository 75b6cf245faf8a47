/// The leading eigenpairs of a symmetric matrix of which only products with vectors are known.
namespace SingleSharp.Core.Numerics

open System
open System.Collections.Generic
open System.Runtime.Intrinsics
open SingleSharp.Core.Folds

/// A symmetric matrix: its size, how many multivectors it is multiplied with at once, and ys ← A xs.
type internal Operator =
    { Size: int
      Together: int
      Multiply: float[][] -> float[][] -> unit }

/// How many vectors there are of each kind; multiples of the width of a multivector.
type internal LanczosSizes =
    {
        /// Pairs that must converge: those asked for, and what fills up a multivector.
        Wanted: int
        /// Vectors that the next cycle begins with.
        Kept: int
        /// Vectors that end a cycle.
        Most: int
    }

/// Block Lanczos with thick restarts (Wu & Simon, SIAM J. Matrix Anal. Appl. 22 (2000) 602) and full orthogonalisation. A basis V of unit
/// vectors at right angles grows by what A makes of its newest vectors; the eigenpairs (θ, s) of H = VᵀAV give the pairs (θ, V s) of A, and
/// what is left of A V s − θ V s is known without a product. When the basis is full, the best of these pairs are its beginning.
module internal Lanczos =
    [<Literal>]
    let private Width = Multivector.Width

    /// What may be left of A v − λ v, beside the norm of A: sixteen units in the last place, since the pairs of H have no more digits.
    [<Literal>]
    let private Tolerance = 3.5527136788005009e-15

    let private upToWidth count = (count + Width - 1) / Width * Width

    /// The sizes for N pairs. With wider blocks the basis has to hold more of them.
    let sizes count together =
        let wanted = upToWidth count
        let kept = wanted + max 12 (upToWidth (wanted / 8)) + 4 * Width * (together - 1)

        { Wanted = wanted
          Kept = kept
          Most = max (2 * kept) (kept + 8 * Width * together) }

    /// Rows that a matrix has, at least.
    let leastRows count together =
        int64 (sizes count together).Most + int64 (2 * Width * together)

    /// Bytes for N rows of the matrix: the basis, the beginning of the next one, four blocks and what they are computed from; H, its
    /// upper triangle and its eigenvectors.
    let bytes (rows: int64) count together =
        let sizes = sizes count together
        let most = int64 sizes.Most
        let vectors = most + int64 sizes.Kept + int64 (4 * Width * together + Width)
        8L * Checked.(+) (Checked.(*) rows vectors) (Checked.(*) most (2L * most + int64 sizes.Kept))

    /// The basis and H = VᵀAV in the columns of the basis, row after row of its upper triangle.
    [<Sealed>]
    type private Subspace(sizes: LanczosSizes) =
        let products: float[] = Array.zeroCreate (Checked.(*) sizes.Most sizes.Most)
        member val Basis = List<float[]>()
        member subspace.Columns = Width * subspace.Basis.Count

        /// H(i, j) for i ≤ j.
        member _.Item
            with get (i, j) = products[i * sizes.Most + j]
            and set (i, j) value = products[i * sizes.Most + j] <- value

        member _.Clear() = Array.Clear products

        /// The upper triangle, row by row.
        member subspace.Upper() =
            let size = subspace.Columns
            let upper: float[] = Array.zeroCreate (size * (size + 1) / 2)
            let mutable at = 0

            for i in 0 .. size - 1 do
                Array.Copy(products, i * sizes.Most + i, upper, at, size - i)
                at <- at + size - i

            upper

    /// Vectors that are not in the basis yet, and how A's products with the newest of the basis reach into them (row by row; none where they
    /// are random).
    type private Next =
        { Block: float[][]; Coupling: float[,] }

    let private randomBlock watch (scatter: Scatter) columns (operator: Operator) (basis: List<float[]>) =
        let all = List<float[]> basis

        let block =
            Array.init operator.Together (fun _ ->
                let y: float[] = Array.zeroCreate (Width * operator.Size)
                scatter.Fill(Span y)
                Orthonormal.add watch scatter columns 1.0 all y |> ignore
                all.Add y
                y)

        { Block = block
          Coupling = Array2D.zeroCreate (Width * operator.Together) (Width * operator.Together) }

    /// Takes the next block into the basis: what A makes of it gives a part of H and the block after it. `norm` is the greatest length of a
    /// product so far.
    let private grow watch (scatter: Scatter) columns (operator: Operator) (subspace: Subspace) (norm: float ref) (next: Next) =
        let before = subspace.Basis.Count
        let ys = next.Block |> Array.map (fun x -> Array.zeroCreate x.Length)
        operator.Multiply next.Block ys
        subspace.Basis.AddRange next.Block
        let all = List<float[]> subspace.Basis
        let known = all.Count
        let width = Width * operator.Together
        let coupling = Array2D.zeroCreate width width
        let squares: Vector256<float>[] = Array.zeroCreate Width

        for y in ys do
            Multivector.products y y squares 0

            for b in 0 .. Width - 1 do
                norm.Value <- max norm.Value (sqrt (squares[b].GetElement b))

        if not (Double.IsFinite norm.Value) then
            raise (ArithmeticException "a product overflows")

        for t in 0 .. ys.Length - 1 do
            let parts = Orthonormal.add watch scatter columns norm.Value all ys[t]
            let first = Width * (before + t)

            for row in 0 .. first + Width - 1 do
                for b in 0 .. Width - 1 do
                    if row <= first + b then
                        subspace[row, first + b] <- parts.Along[row].GetElement b

            for row in Width * known .. parts.Along.Length - 1 do
                for b in 0 .. Width - 1 do
                    coupling[row - Width * known, Width * t + b] <- parts.Along[row].GetElement b

            for a in 0 .. Width - 1 do
                for b in 0 .. Width - 1 do
                    coupling[Width * t + a, Width * t + b] <- parts.Rest[a].GetElement b

            all.Add ys[t]

        { Block = ys; Coupling = coupling }

    /// What is left of A v − λ v for the pair whose coefficients in the basis these are.
    let private residual (next: Next) (coefficients: float[]) =
        let columns = Array2D.length2 next.Coupling
        let newest = coefficients.Length - columns
        let mutable squares = 0.0

        for row in 0 .. columns - 1 do
            let mutable sum = 0.0

            for column in 0 .. columns - 1 do
                sum <- sum + next.Coupling[row, column] * coefficients[newest + column]

            squares <- squares + sum * sum

        sqrt squares

    /// The vectors of the first `count` pairs, from their coefficients in the basis.
    let private combine (watch: Watch) (operator: Operator) (subspace: Subspace) (pairs: Eigenpairs) count =
        Array.init (count / Width) (fun panel ->
            let target: float[] = Array.zeroCreate (Width * operator.Size)

            let coefficients =
                Array.init subspace.Columns (fun row ->
                    Vector256.Create(
                        pairs.Vectors[Width * panel][row],
                        pairs.Vectors[Width * panel + 1][row],
                        pairs.Vectors[Width * panel + 2][row],
                        pairs.Vectors[Width * panel + 3][row]
                    ))

            Multivector.byRows watch.Workers operator.Size (fun first next ->
                for q in 0 .. subspace.Basis.Count - 1 do
                    watch.Pause()
                    Multivector.add subspace.Basis[q] coefficients (Width * q) target first next)

            target)

    /// The `count` algebraically largest eigenvalues and their vectors; none where they have not converged after `mostProducts` products with a vector.
    /// Residuals that are known are at most 3.6e-15 ‖A‖; rounding adds about 1e-14 ‖A‖ at worst. When all have converged, the basis grows by random vectors once more, which find
    /// pairs of a repeated eigenvalue that no vector so far had a part in.
    /// ArgumentException unless the matrix has more rows than the basis vectors, and some more; ArithmeticException where products overflow.
    /// Entries should be near 1: squares of what is nothing beside it vanish.
    /// Law (residual): A vᵢ = λᵢ vᵢ. Law (orthonormal): vᵢᵀ vⱼ = 1 if i = j, else 0. Law (order): λᵢ ≥ λᵢ₊₁. Nothing depends on workers.
    /// Law (scale): 2ᵐ A has the values 2ᵐ λᵢ and the same vectors, bit by bit, for moderate m.
    let leading (watch: Watch) (operator: Operator) count (mostProducts: int64) : Eigenpairs voption =
        let sizes = sizes count operator.Together

        if int64 operator.Size < leastRows count operator.Together then
            invalidArg (nameof operator) $"{operator.Size} rows are too few for {sizes.Most} basis vectors"

        let quiet = { Watch.none with Pause = watch.Pause }
        let scatter = Scatter()
        let columns = Orthonormal.scratch operator.Size
        let subspace = Subspace sizes
        let norm = ref 0.0
        let mutable products = 0L
        let mutable told = 0.0

        let rec cycle next last isChecked =
            let mutable next = next

            while subspace.Columns + Width * operator.Together <= last do
                next <- grow watch scatter columns operator subspace norm next
                products <- products + int64 (Width * operator.Together)

            let upper = subspace.Upper()
            let exponent = Direct.scale quiet (Span upper)

            let pairs =
                Direct.leading quiet subspace.Columns sizes.Kept upper |> Direct.unscale exponent

            let bound = Tolerance * max norm.Value (abs pairs.Values[0])

            let converged =
                Seq.init sizes.Wanted (fun i -> pairs.Vectors[i])
                |> Seq.filter (fun vector -> residual next vector <= bound)
                |> Seq.length

            told <- max told (float converged / float sizes.Wanted)
            watch.Tell told

            if converged = sizes.Wanted && isChecked then
                let vectors = combine watch operator subspace pairs sizes.Wanted

                ValueSome
                    { Values = Array.truncate count pairs.Values
                      Vectors = Array.init count (fun i -> Multivector.column vectors[i / Width] (i % Width)) }
            elif products >= mostProducts then
                ValueNone
            else
                let isComplete = converged = sizes.Wanted
                let count = if isComplete then sizes.Wanted else sizes.Kept
                let vectors = combine watch operator subspace pairs count
                subspace.Basis.Clear()
                subspace.Basis.AddRange vectors
                subspace.Clear()

                for i in 0 .. count - 1 do
                    subspace[i, i] <- pairs.Values[i]

                let next =
                    if isComplete then randomBlock watch scatter columns operator subspace.Basis else next

                cycle next (if isComplete then min sizes.Most (count + sizes.Kept) else sizes.Most) isComplete

        let pairs =
            cycle (randomBlock watch scatter columns operator subspace.Basis) sizes.Most false

        watch.Tell 1.0
        pairs
