/// The leading eigenpairs of a symmetric matrix, the same to the last bit on every machine.
namespace SingleSharp.Core

open System

/// The leading pairs, largest value first; Vectors[i] is the unit eigenvector of Values[i].
type Eigenpairs =
    { Values: float[]; Vectors: float[][] }

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

    /// The `count` algebraically largest eigenvalues of a symmetric matrix, in the unit of its entries, and their eigenvectors, in a time
    /// that grows with size³. `upper` holds the upper triangle row by row: row i has its size − i entries (i, i) … (i, size − 1); it may be
    /// longer, and is used up as scratch memory. 1 ≤ count ≤ size, all entries finite, size (size + 1)/2 of them in one array, else
    /// ArgumentException. ‖A v − λ v‖ is of the order of 1e-15 ‖A‖, and so is vᵢᵀvⱼ; which sign a vector has means nothing. A value
    /// beyond the largest float is infinite.
    /// Source: reduction to tridiagonal form, bisection, inverse iteration (Golub & Van Loan, Matrix Computations, 8.3–8.4).
    /// Law (residual): A v = λ v. Law (orthonormal): vᵢᵀvⱼ = 1 if i = j, else 0. Law (order): λᵢ ≥ λᵢ₊₁.
    /// Law (scale): leading n k (2ᵐ a) = values times 2ᵐ, the same vectors. Law (prefix): leading n j a = the first j of leading n k a.
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
