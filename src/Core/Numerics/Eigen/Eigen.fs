/// The leading eigenpairs of a symmetric matrix, the same to the last bit on every machine.
namespace SingleSharp.Core.Numerics

open System

/// The leading pairs, largest value first; Vectors[i] is the unit eigenvector of Values[i].
type internal Eigenpairs = { Values: float[]; Vectors: float[][] }

[<RequireQualifiedAccess>]
module internal Eigen =
    /// Entries that are gone through between two pauses.
    let private piece = 1 <<< 20

    /// The exponent of the largest absolute value.
    let private exponentOf (watch: Watch) (entries: Span<float>) =
        let mutable largest = 0.0

        for i in 0 .. entries.Length - 1 do
            if i % piece = 0 then
                watch.Pause()

            largest <- max largest (abs entries[i])

        if not (Double.IsFinite largest) then
            invalidArg "upper" "an entry is NaN or infinite"

        if largest = 0.0 then 0 else Math.ILogB largest

    /// The steps' shares of the work: to tridiagonal form, its eigenpairs, and back. Only their sizes matter, to whom it is told.
    let private shares (size: int) (count: int) =
        let n, k = float size, float count

        let work =
            [| 4.0 / 3.0 * n * n * n; 300.0 * n * k + 12.0 * n * k * k; 2.0 * n * n * k |]

        let all = Array.sum work
        work |> Array.map (fun part -> part / all)

    /// The `count` algebraically largest eigenvalues of a symmetric matrix A, in the unit of its entries, and their eigenvectors; time grows
    /// with size³. `upper` holds the upper triangle row by row: row i has its size − i entries (i, i) … (i, size − 1). It may be longer, as
    /// pooled arrays are, and is used up as scratch memory. Errors are relative to ‖A‖ and around 1e-15, so that the eigenvalues of a
    /// covariance that should be zero may come out slightly negative. A vector's sign means nothing; a value beyond the floats is infinite.
    /// ArgumentException unless 1 ≤ count ≤ size, `upper` is long enough and its entries are finite.
    /// Source: tridiagonal form, bisection, inverse iteration (Golub & Van Loan, Matrix Computations, 4th edition, 8.2–8.4).
    /// Law (residual): A vᵢ = λᵢ vᵢ. Law (orthonormal): vᵢᵀ vⱼ = 1 if i = j, else 0. Law (order): λᵢ ≥ λᵢ₊₁.
    /// Somebody watches, and ends it by what he throws.
    /// Law (scale): 2ᵐ A has the values 2ᵐ λᵢ and the same vectors, bit by bit. Law (prefix): of j < k leading pairs, both give the same j.
    let leading (watch: Watch) (size: int) (count: int) (upper: float[]) : Eigenpairs =
        if count < 1 || count > size then
            invalidArg (nameof count) $"there are 1 to {size} eigenpairs, not {count}"

        let entries = int64 size * (int64 size + 1L) / 2L

        if int64 upper.Length < entries then
            invalidArg (nameof upper) $"the upper triangle has {entries} entries, not {upper.Length}"

        let triangle = Span(upper, 0, int entries)
        let exponent = exponentOf watch triangle

        // Entries near 1, by an exact factor: squares neither overflow nor vanish, and a matrix has the same vectors in every unit.
        for i in 0 .. triangle.Length - 1 do
            if i % piece = 0 then
                watch.Pause()

            triangle[i] <- Math.ScaleB(triangle[i], -exponent)

        let shares = shares size count

        let part before share =
            { watch with
                Tell = fun done' -> watch.Tell(before + share * done') }

        let struct (diagonal, beside) = Householder.reduce (part 0.0 shares[0]) size upper
        let pairs = Tridiagonal.leading (part shares[0] shares[1]) count diagonal beside
        let vectors = pairs |> Array.map (fun (struct (_, vector)) -> vector)
        Householder.restore (part (shares[0] + shares[1]) shares[2]) size upper vectors
        watch.Tell 1.0

        { Values = pairs |> Array.map (fun (struct (value, _)) -> Math.ScaleB(value, exponent))
          Vectors = vectors }
