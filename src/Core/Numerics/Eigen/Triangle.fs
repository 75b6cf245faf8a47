/// A symmetric matrix kept as its upper triangle: its products with vectors, and products of vectors taken from it.
namespace SingleSharp.Core.Numerics

open System
open System.Runtime.Intrinsics
open SingleSharp.Core.Folds

/// Row i of a triangle is its entries (i, i) … (i, size − 1), and rows follow one another. Rows are worked on four at a time, so that
/// what stands beside them is loaded once for four, counted from the last row back, so that what is right of four rows fills lanes.
module internal Triangle =
    // The work on four rows is inlined into the loop over all rows: the runtime exchanges the slow first version of a function for a fast
    // one in the midst of a single long loop, but not soon in many short ones, and most processes do all this only once.

    /// Where the entry (row, 0) would be: (row, column) is `column` further on.
    let inline origin size row =
        int (int64 row * (2L * int64 size - int64 row - 1L) / 2L)

    /// The entries (row, column) … (row, size − 1), of which column ≥ row exist.
    let inline rightOf size (triangle: float[]) row column =
        Span(triangle, origin size row + column, size - column)

    /// The first row, from `first` on, of those that make up fours.
    let firstFour size first = first + (size - first) % 4

    /// y ← y + A x, of which four rows of the triangle from `row` on, and the same columns, take part; x and y begin at `row`.
    let inline private multiplyFour size (triangle: float[]) row (x: Span<float>) (y: Span<float>) =
        for i in 0..3 do
            let entries = rightOf size triangle (row + i) (row + i)
            y[i] <- y[i] + entries[0] * x[i]

            for j in i + 1 .. 3 do
                y[i] <- y[i] + entries[j - i] * x[j]
                y[j] <- y[j] + entries[j - i] * x[i]

        let row0 = Vectors.quads (rightOf size triangle row (row + 4))
        let row1 = Vectors.quads (rightOf size triangle (row + 1) (row + 4))
        let row2 = Vectors.quads (rightOf size triangle (row + 2) (row + 4))
        let row3 = Vectors.quads (rightOf size triangle (row + 3) (row + 4))
        let xs = Vectors.quads (x.Slice 4)
        let ys = Vectors.quads (y.Slice 4)
        let x0 = Vector256.Create x[0]
        let x1 = Vector256.Create x[1]
        let x2 = Vector256.Create x[2]
        let x3 = Vector256.Create x[3]
        let mutable sum0 = Vector256<float>.Zero
        let mutable sum1 = Vector256<float>.Zero
        let mutable sum2 = Vector256<float>.Zero
        let mutable sum3 = Vector256<float>.Zero

        for k in 0 .. xs.Length - 1 do
            let here = xs[k]
            let a0 = row0[k]
            let a1 = row1[k]
            let a2 = row2[k]
            let a3 = row3[k]
            sum0 <- sum0 + a0 * here
            sum1 <- sum1 + a1 * here
            sum2 <- sum2 + a2 * here
            sum3 <- sum3 + a3 * here
            ys[k] <- ys[k] + ((a0 * x0 + a1 * x1) + (a2 * x2 + a3 * x3))

        y[0] <- y[0] + Vectors.total sum0
        y[1] <- y[1] + Vectors.total sum1
        y[2] <- y[2] + Vectors.total sum2
        y[3] <- y[3] + Vectors.total sum3

    /// y ← A x for the rows and columns from `first` on, with which x and y begin. Each entry of the triangle is read once.
    let multiply (watch: Watch) size (triangle: float[]) first (x: Span<float>) (y: Span<float>) =
        let fours = firstFour size first
        y.Clear()

        for row in first .. fours - 1 do
            let entries = rightOf size triangle row row
            let right = entries.Slice 1
            let i = row - first
            y[i] <- y[i] + (entries[0] * x[i] + Vectors.dot right (x.Slice(i + 1)))
            Vectors.add x[i] right (y.Slice(i + 1))

        for row in fours..4 .. size - 1 do
            watch.Pause()
            multiplyFour size triangle row (x.Slice(row - first)) (y.Slice(row - first))

    /// Takes four sums over the columns `column` … `column` + 3 from four rows.
    let inline private takeFrom size (triangle: float[]) row column (sum: Vector256<float>) =
        let entries = Vectors.quads (rightOf size triangle row column)
        entries[0] <- entries[0] - sum

    /// A ← A − Σ (v wᵀ + w vᵀ) in four rows and four columns to their right, for which `left` and `above` hold v and w.
    let inline private subtractBeside size (triangle: float[]) row (left: Span<float>) column (above: Span<float>) =
        let pairs = Vectors.quads above
        let mutable sum0 = Vector256<float>.Zero
        let mutable sum1 = Vector256<float>.Zero
        let mutable sum2 = Vector256<float>.Zero
        let mutable sum3 = Vector256<float>.Zero
        let mutable k = 0

        while k < pairs.Length do
            let v = pairs[k]
            let w = pairs[k + 1]
            let i = 4 * k
            sum0 <- sum0 + (Vector256.Create left[i] * w + Vector256.Create left[i + 4] * v)
            sum1 <- sum1 + (Vector256.Create left[i + 1] * w + Vector256.Create left[i + 5] * v)
            sum2 <- sum2 + (Vector256.Create left[i + 2] * w + Vector256.Create left[i + 6] * v)
            sum3 <- sum3 + (Vector256.Create left[i + 3] * w + Vector256.Create left[i + 7] * v)
            k <- k + 2

        takeFrom size triangle row column sum0
        takeFrom size triangle (row + 1) column sum1
        takeFrom size triangle (row + 2) column sum2
        takeFrom size triangle (row + 3) column sum3

    /// The same on the diagonal, where half of the sixteen are not kept.
    let inline private subtractWithin size (triangle: float[]) row (pairs: Span<float>) =
        for i in 0..3 do
            let entries = rightOf size triangle (row + i) (row + i)

            for j in i..3 do
                let mutable sum = 0.0
                let mutable k = 0

                while k < pairs.Length do
                    sum <- sum + (pairs[k + i] * pairs[k + 4 + j] + pairs[k + 4 + i] * pairs[k + j])
                    k <- k + 8

                entries[j - i] <- entries[j - i] - sum

    /// To start a thread takes as long as some of these rows.
    let private worthSharing = 64

    /// A ← A − Σ (v wᵀ + w vᵀ) over `count` pairs of vectors for the rows and columns from `first` on, a multiple of four. `pairs` has,
    /// for each four rows, four entries of v and four of w for one pair of vectors after the other.
    let subtract (watch: Watch) size (triangle: float[]) first (pairs: float[]) count =
        let length = 8 * count

        let fours = (size - first) / 4
        let workers = if fours >= worthSharing then watch.Workers else 1

        // Rows become shorter, so each of n threads takes every nth four of them.
        Blocks.each workers workers (fun turn ->
            for four in turn..workers .. fours - 1 do
                let row = first + 4 * four
                let left = Span(pairs, four * length, length)
                watch.Pause()
                subtractWithin size triangle row left

                for other in four + 1 .. fours - 1 do
                    subtractBeside size triangle row left (first + 4 * other) (Span(pairs, other * length, length)))
