/// The leading eigenpairs of a symmetric tridiagonal matrix.
namespace SingleSharp.Core.Numerics

open System

/// Eigenvalues by bisection (Parlett, The Symmetric Eigenvalue Problem, 3.3), eigenvectors by inverse iteration (the same, 4.2; Wilkinson,
/// The Algebraic Eigenvalue Problem, chapter 5), block by block: an entry beside the diagonal that is nothing cuts the matrix in two.
module internal Tridiagonal =
    /// Half of what separates 1 from the next float.
    [<Literal>]
    let private Roundoff = 1.1102230246251565e-16

    /// The greatest sum of absolute values in a row, which no eigenvalue exceeds.
    let private norm (diagonal: float[]) (beside: float[]) =
        let size = diagonal.Length
        let mutable greatest = 0.0

        for i in 0 .. size - 1 do
            let left = if i > 0 then abs beside[i - 1] else 0.0
            let right = if i < size - 1 then abs beside[i] else 0.0
            greatest <- max greatest (left + abs diagonal[i] + right)

        greatest

    /// T − x as row exchanges, a lower and an upper triangle.
    type private Factors =
        { Exchanged: bool[]
          Lower: float[]
          Pivots: float[]
          Next: float[]
          AfterNext: float[] }

    /// Gaussian elimination with partial pivoting, for two rows or more. No entry beside the diagonal is zero.
    let private factor (diagonal: Span<float>) (beside: Span<float>) (x: float) =
        let count = diagonal.Length
        let exchanged: bool[] = Array.zeroCreate count
        let lower: float[] = Array.zeroCreate count
        let pivots: float[] = Array.zeroCreate count
        let next: float[] = Array.zeroCreate count
        let afterNext: float[] = Array.zeroCreate count
        let mutable a = diagonal[0] - x
        let mutable b = beside[0]

        for i in 0 .. count - 2 do
            let c = beside[i]
            let d = diagonal[i + 1] - x
            let e = if i < count - 2 then beside[i + 1] else 0.0
            exchanged[i] <- abs c > abs a

            if exchanged[i] then
                lower[i] <- a / c
                pivots[i] <- c
                next[i] <- d
                afterNext[i] <- e
                a <- b - lower[i] * d
                b <- -lower[i] * e
            else
                lower[i] <- c / a
                pivots[i] <- a
                next[i] <- b
                a <- d - lower[i] * b
                b <- e

        pivots[count - 1] <- a

        { Exchanged = exchanged
          Lower = lower
          Pivots = pivots
          Next = next
          AfterNext = afterNext }

    /// y ← (T − x)⁻¹ y.
    let private solve (factors: Factors) (y: Span<float>) =
        for i in 0 .. y.Length - 2 do
            let above = y[i]

            if factors.Exchanged[i] then
                y[i] <- y[i + 1]
                y[i + 1] <- above - factors.Lower[i] * y[i]
            else
                y[i + 1] <- y[i + 1] - factors.Lower[i] * above

        let mutable next = 0.0
        let mutable afterNext = 0.0

        for i in y.Length - 1 .. -1 .. 0 do
            y[i] <- (y[i] - factors.Next[i] * next - factors.AfterNext[i] * afterNext) / factors.Pivots[i]
            afterNext <- next
            next <- y[i]

    /// Rows of a matrix, from `first` on, that no entry which is nothing cuts in two, and the eigenvectors found for them so far.
    [<Sealed>]
    type private Block(watch: Watch, diagonal: float[], beside: float[], norm: float, first: int, count: int) =
        let found = ResizeArray<float[]>()
        let mutable random = 1UL

        /// How many eigenvalues are greater than x: as many as T − x has positive pivots (Sylvester's law of inertia).
        let above (x: float) =
            let mutable pivot = diagonal[first] - x
            let mutable positive = if pivot > 0.0 then 1 else 0

            for i in first + 1 .. first + count - 1 do
                // A pivot that is nothing counts as just below it.
                let divisor = if abs pivot < 1e-290 then -1e-290 else pivot
                pivot <- diagonal[i] - x - beside[i - 1] * beside[i - 1] / divisor

                if pivot > 0.0 then
                    positive <- positive + 1

            positive

        /// Numbers between −1 and 1, by Knuth's generator (TAOCP 2, 3.3.4): no eigenvector is likely to be at right angles to them.
        let scatter (y: Span<float>) =
            for i in 0 .. y.Length - 1 do
                random <- random * 6364136223846793005UL + 1442695040888963407UL
                y[i] <- float (int64 random >>> 11) * 2.0 * Roundoff

        /// Modified Gram–Schmidt, against the eigenvectors found before.
        let orthonormalize (y: Span<float>) =
            for vector in found do
                watch.Pause()
                let x = Span(vector, first, count)
                Vectors.add -(Vectors.dot x y) x y

            Vectors.normalize y

        /// ‖T y − x y‖.
        let residual (x: float) (y: Span<float>) =
            let mutable squares = 0.0

            for i in 0 .. count - 1 do
                let left = if i > 0 then beside[first + i - 1] * y[i - 1] else 0.0
                let right = if i < count - 1 then beside[first + i] * y[i + 1] else 0.0
                let difference = left + (diagonal[first + i] - x) * y[i] + right
                squares <- squares + difference * difference

            sqrt squares

        /// Inverse iteration at x, among what is orthogonal to the eigenvectors found before.
        let iterate (x: float) (y: Span<float>) =
            let factors =
                factor (Span(diagonal, first, count)) (Span(beside, first, count - 1)) x

            scatter y

            // Twice does where eigenvalues stand apart; those that agree in most of their digits take more to tell apart.
            for _ in 1..5 do
                orthonormalize y
                solve factors y

            // Orthogonal after one pass up to the cancellation in it, after two to the last digit (Parlett, 6.9).
            orthonormalize y
            orthonormalize y

        /// The greatest eigenvalues in descending order, as many as asked for or as there are.
        member _.Values asked : float[] =
            let values = Array.create (min asked count) diagonal[first]

            if count > 1 then
                let mutable high = norm

                for i in 0 .. values.Length - 1 do
                    let mutable low = -norm

                    // After sixty halvings the rounding errors in `above` are what remains.
                    for _ in 1..60 do
                        watch.Pause()
                        let middle = low + 0.5 * (high - low)

                        if above middle > i then low <- middle else high <- middle

                    values[i] <- high

            values

        /// The eigenvector of the next of the values.
        member _.Vector(value: float) : float[] =
            let vector = Array.zeroCreate diagonal.Length
            let y = Span(vector, first, count)

            if count = 1 then
                y[0] <- 1.0
            else
                // A little above a cluster of eigenvalues the inverse treats them all alike. In their midst, where x may agree with one to far
                // more digits than either has, it may bring up that one and bury the rest, so that nothing is left if it was found before.
                // Should x come so close to another all the same, or hit it, it moves on.
                let mutable x = value + 16.0 * Roundoff * norm
                let mutable accepted = 32.0 * Roundoff * norm
                iterate x y

                while not (residual value y <= accepted) do
                    if not (accepted < 1e-10 * norm) then
                        raise (ArithmeticException "no eigenvector came out of inverse iteration")

                    x <- x + 5.0 * Roundoff * norm
                    accepted <- 2.0 * accepted
                    iterate x y

            found.Add vector
            vector

    let private blocks watch (diagonal: float[]) (beside: float[]) =
        let norm = norm diagonal beside

        let cuts =
            [ 0
              for i in 1 .. beside.Length do
                  if abs beside[i - 1] <= Roundoff * norm then
                      i
              diagonal.Length ]

        [ for first, next in List.pairwise cuts -> Block(watch, diagonal, beside, norm, first, next - first) ]

    /// The `count` greatest eigenvalues in descending order, each with its unit eigenvector. Squares of entries must not overflow.
    let leading (watch: Watch) count (diagonal: float[]) (beside: float[]) : struct (float * float[]) array =
        blocks watch diagonal beside
        |> List.collect (fun block -> [ for value in block.Values count -> value, block ])
        |> List.sortBy (fun (value, _) -> -value)
        |> List.truncate count
        |> List.mapi (fun i (value, block) ->
            watch.Tell(float i / float count)
            struct (value, block.Vector value))
        |> Array.ofList
