/// The product of a symmetric matrix, kept as its upper triangle, with a multivector.
namespace SingleSharp.Core.Numerics

open System
open System.Runtime.Intrinsics
open SingleSharp.Core.Folds

/// Rows are cut into stripes of about as many entries each, the same whoever computes. Each stripe has sums of its own, which are added in the
/// order of stripes.
module internal TriangleProduct =
    /// Part of the meaning of every product: never change it.
    [<Literal>]
    let private Stripes = 8

    /// Bytes of sums for each row of the matrix, at most.
    [<Literal>]
    let BytesPerRow = 256L

    /// Where each stripe begins, and where the last one ends.
    let cuts size =
        let entries = int64 size * int64 (size + 1) / 2L
        let cuts = Array.create (Stripes + 1) size
        cuts[0] <- 0
        let mutable stripe = 1

        for row in 0 .. size - 1 do
            let before = entries - int64 (size - row) * int64 (size - row + 1) / 2L

            while stripe < Stripes && before >= entries * int64 stripe / int64 Stripes do
                cuts[stripe] <- row
                stripe <- stripe + 1

        cuts

    /// Adds to y what the rows [first, next) of the triangle, and the columns that mirror them, make of x; y begins at row `first`.
    let private multiplyStripe (watch: Watch) size (triangle: float[]) first next (x: float[]) (y: float[]) =
        let fours = first + (next - first) / 4 * 4
        let xs = Multivector.rows x
        let ys = Multivector.rows y

        for row in first..4 .. fours - 1 do
            watch.Pause()

            for i in row .. row + 3 do
                let entries = Triangle.rightOf size triangle i i
                ys[i - first] <- ys[i - first] + Vector256.Create entries[0] * xs[i]

                for j in i + 1 .. row + 3 do
                    let entry = Vector256.Create entries[j - i]
                    ys[i - first] <- ys[i - first] + entry * xs[j]
                    ys[j - first] <- ys[j - first] + entry * xs[i]

            let right = row + 4
            let row0 = Triangle.rightOf size triangle row right
            let row1 = Triangle.rightOf size triangle (row + 1) right
            let row2 = Triangle.rightOf size triangle (row + 2) right
            let row3 = Triangle.rightOf size triangle (row + 3) right
            let xRight = xs.Slice right
            let yRight = ys.Slice(right - first)
            let x0 = xs[row]
            let x1 = xs[row + 1]
            let x2 = xs[row + 2]
            let x3 = xs[row + 3]
            let mutable sum0 = Vector256<float>.Zero
            let mutable sum1 = Vector256<float>.Zero
            let mutable sum2 = Vector256<float>.Zero
            let mutable sum3 = Vector256<float>.Zero

            for j in 0 .. xRight.Length - 1 do
                let here = xRight[j]
                let a0 = Vector256.Create row0[j]
                let a1 = Vector256.Create row1[j]
                let a2 = Vector256.Create row2[j]
                let a3 = Vector256.Create row3[j]
                sum0 <- sum0 + a0 * here
                sum1 <- sum1 + a1 * here
                sum2 <- sum2 + a2 * here
                sum3 <- sum3 + a3 * here
                yRight[j] <- yRight[j] + ((a0 * x0 + a1 * x1) + (a2 * x2 + a3 * x3))

            ys[row - first] <- ys[row - first] + sum0
            ys[row + 1 - first] <- ys[row + 1 - first] + sum1
            ys[row + 2 - first] <- ys[row + 2 - first] + sum2
            ys[row + 3 - first] <- ys[row + 3 - first] + sum3

        for row in fours .. next - 1 do
            let entries = Triangle.rightOf size triangle row row
            let own = xs[row]
            let mutable sum = Vector256.Create entries[0] * own

            for j in 1 .. entries.Length - 1 do
                let entry = Vector256.Create entries[j]
                sum <- sum + entry * xs[row + j]
                ys[row + j - first] <- ys[row + j - first] + entry * own

            ys[row - first] <- ys[row - first] + sum

    /// y ← A x, again and again with the same scratch memory.
    let multiplier (watch: Watch) size (triangle: float[]) : float[] -> float[] -> unit =
        let cuts = cuts size

        let sums: float[][] =
            Array.init Stripes (fun stripe -> Array.zeroCreate (Multivector.Width * (size - cuts[stripe])))

        fun x y ->
            Blocks.each watch.Workers Stripes (fun stripe ->
                Array.Clear sums[stripe]
                multiplyStripe watch size triangle cuts[stripe] cuts[stripe + 1] x sums[stripe])

            Array.Copy(sums[0], y, y.Length)

            for stripe in 1 .. Stripes - 1 do
                let more = Multivector.rows sums[stripe]
                let target = (Multivector.rows y).Slice cuts[stripe]

                for i in 0 .. more.Length - 1 do
                    target[i] <- target[i] + more[i]
