/// The leading eigenpairs of a symmetric matrix, the same to the last bit on every machine.
namespace SingleSharp.Core

open System

/// The leading pairs, largest value first; Vectors[i] is the unit eigenvector of Values[i].
type Eigenpairs = { Values: float[]; Vectors: float[][] }

[<RequireQualifiedAccess>]
module Eigen =
    /// The exponent of the largest absolute value.
    let private exponentOf (entries: Span<float>) =
        let mutable largest = 0.0

        for i in 0 .. entries.Length - 1 do
            largest <- max largest (abs entries[i])

        if not (Double.IsFinite largest) then
            invalidArg "upper" "an entry is NaN or infinite"

        if largest = 0.0 then 0 else Math.ILogB largest

    /// The `count` algebraically largest eigenvalues of a symmetric matrix A, in the unit of its entries, and their eigenvectors; time grows
    /// with size³. `upper` holds the upper triangle row by row: row i has its size − i entries (i, i) … (i, size − 1). It may be longer, as
    /// pooled arrays are, and is used up as scratch memory. Errors are relative to ‖A‖ and around 1e-15, so that the eigenvalues of a
    /// covariance that should be zero may come out slightly negative. A vector's sign means nothing; a value beyond the floats is infinite.
    /// ArgumentException unless 1 ≤ count ≤ size, `upper` is long enough and its entries are finite.
    /// Source: tridiagonal form, bisection, inverse iteration (Golub & Van Loan, Matrix Computations, 4th edition, 8.2–8.4).
    /// Law (residual): A vᵢ = λᵢ vᵢ. Law (orthonormal): vᵢᵀ vⱼ = 1 if i = j, else 0. Law (order): λᵢ ≥ λᵢ₊₁.
    /// Law (scale): 2ᵐ A has the values 2ᵐ λᵢ and the same vectors, bit by bit. Law (prefix): of j < k leading pairs, both give the same j.
    let leading (size: int) (count: int) (upper: float[]) : Eigenpairs =
        if count < 1 || count > size then
            invalidArg (nameof count) $"there are 1 to {size} eigenpairs, not {count}"

        let entries = int64 size * (int64 size + 1L) / 2L

        if int64 upper.Length < entries then
            invalidArg (nameof upper) $"the upper triangle has {entries} entries, not {upper.Length}"

        let triangle = Span(upper, 0, int entries)
        let exponent = exponentOf triangle

        // Entries near 1, by an exact factor: squares neither overflow nor vanish, and a matrix has the same vectors in every unit.
        for i in 0 .. triangle.Length - 1 do
            triangle[i] <- Math.ScaleB(triangle[i], -exponent)

        let struct (diagonal, beside) = Householder.reduce size upper
        let pairs = Tridiagonal.leading count diagonal beside
        let vectors = pairs |> Array.map (fun (struct (_, vector)) -> vector)
        Householder.restore size upper vectors

        { Values = pairs |> Array.map (fun (struct (value, _)) -> Math.ScaleB(value, exponent))
          Vectors = vectors }
