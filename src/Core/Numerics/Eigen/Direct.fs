/// The leading eigenpairs of a symmetric matrix by way of a tridiagonal one.
namespace SingleSharp.Core.Numerics

open System

/// The leading pairs, largest value first; Vectors[i] is the unit eigenvector of Values[i].
type internal Eigenpairs = { Values: float[]; Vectors: float[][] }

module internal Direct =
    /// The steps' shares of the work: to tridiagonal form, its eigenpairs, and back. Only their sizes matter, to whom it is told.
    let private shares (size: int) (count: int) =
        let n, k = float size, float count

        let work =
            [| 4.0 / 3.0 * n * n * n; 300.0 * n * k + 12.0 * n * k * k; 2.0 * n * n * k |]

        let all = Array.sum work
        work |> Array.map (fun part -> part / all)

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

    /// Brings the largest entry near 1 by an exact factor, whose exponent it gives: squares neither overflow nor vanish, and a matrix has the same
    /// vectors in every unit.
    let scale (watch: Watch) (entries: Span<float>) =
        let exponent = exponentOf watch entries

        for i in 0 .. entries.Length - 1 do
            if i % piece = 0 then
                watch.Pause()

            entries[i] <- Math.ScaleB(entries[i], -exponent)

        exponent

    /// The values of a matrix that was scaled, in its own unit.
    let unscale exponent (pairs: Eigenpairs) =
        { pairs with
            Values = pairs.Values |> Array.map (fun value -> Math.ScaleB(value, exponent)) }

    /// The leading pairs of a matrix whose entries are no larger than 2; `upper` is its upper triangle row by row, and is used up. Time grows
    /// with size³.
    /// Source: tridiagonal form, bisection, inverse iteration (Golub & Van Loan, Matrix Computations, 4th edition, 8.2–8.4).
    /// Law (prefix): of j < k leading pairs, both give the same j.
    let leading (watch: Watch) size count (upper: float[]) : Eigenpairs =
        let shares = shares size count

        let part before share =
            { watch with
                Tell = fun done' -> watch.Tell(before + share * done') }

        let struct (diagonal, beside) = Householder.reduce (part 0.0 shares[0]) size upper
        let pairs = Tridiagonal.leading (part shares[0] shares[1]) count diagonal beside
        let vectors = pairs |> Array.map (fun (struct (_, vector)) -> vector)
        Householder.restore (part (shares[0] + shares[1]) shares[2]) size upper vectors
        watch.Tell 1.0

        { Values = pairs |> Array.map (fun (struct (value, _)) -> value)
          Vectors = vectors }
