/// From a symmetric matrix to a tridiagonal one with the same eigenvalues, by reflections, and back with its eigenvectors.
namespace SingleSharp.Core.Numerics

open System

/// T = QᵀAQ for Q = H₀ H₁ …, Hⱼ = I − vⱼvⱼᵀ with ‖vⱼ‖² = 2 or vⱼ = 0 (Golub & Van Loan, Matrix Computations, 8.3.1). The products with A
/// are one half of the work; the other half, A ← Hⱼ A Hⱼ = A − vⱼwⱼᵀ − wⱼvⱼᵀ, is put off and done for many reflections at once
/// (Dongarra, Sorensen & Hammarling, J. Comput. Appl. Math. 27 (1989) 215).
module internal Householder =
    /// Reflections put off: enough to make good use of what is loaded, few enough to stay in cache.
    [<Literal>]
    let private Panel = 32

    /// A reduction under way: vⱼ is in row j of the triangle, right of the diagonal, and its partner wⱼ in a row of its own.
    type private Reduction =
        { Watch: Watch
          Size: int
          Triangle: float[]
          Partners: float[]
          Pairs: float[] }

    /// The entries of vⱼ from i > j on.
    let private v reduction j i =
        Triangle.rightOf reduction.Size reduction.Triangle j i

    /// The entries of wⱼ from i > j on.
    let private w reduction j i =
        Span(reduction.Partners, j % Panel * reduction.Size + i, reduction.Size - i)

    /// Does to one row what the reflections first … last have put off.
    let private catchUp reduction first last row =
        let entries = Triangle.rightOf reduction.Size reduction.Triangle row row

        for j in first..last do
            let vs = v reduction j row
            let ws = w reduction j row
            Vectors.subtract vs[0] ws ws[0] vs entries

    /// Does to all rows that follow what the reflections first … last have put off.
    let private catchUpAll reduction first last =
        let size = reduction.Size
        let count = last - first + 1
        let fours = Triangle.firstFour size (last + 1)

        for row in last + 1 .. fours - 1 do
            catchUp reduction first last row

        for row in fours..4 .. size - 1 do
            for j in first..last do
                let at = 2 * count * (row - fours) + 8 * (j - first)
                (v reduction j row).Slice(0, 4).CopyTo(Span(reduction.Pairs, at, 4))
                (w reduction j row).Slice(0, 4).CopyTo(Span(reduction.Pairs, at + 4, 4))

        Triangle.subtract reduction.Watch size reduction.Triangle fours reduction.Pairs count

    /// Turns x into the v of the reflection that leaves nothing of x but its first entry, and gives what becomes of that.
    let private reflect (x: Span<float>) =
        let head = x[0]
        let rest = x.Slice 1
        let squares = Vectors.dot rest rest

        // Beside entries near 1 these are nothing, and their squares have lost their digits.
        if squares < 1e-270 then
            x.Clear()
            head
        else
            let length = sqrt (head * head + squares)
            let reflected = if head > 0.0 then -length else length
            x[0] <- head - reflected
            Vectors.scale (1.0 / sqrt (length * (length + abs head))) x
            reflected

    /// w = p − ½ (pᵀv) v with p = A v, where A is what it would be had nothing been put off since `first`.
    let private findPartner reduction first row =
        let below = row + 1
        let own = v reduction row below
        let p = w reduction row below
        Triangle.multiply reduction.Watch reduction.Size reduction.Triangle below own p

        for j in first .. row - 1 do
            let vs = v reduction j below
            let ws = w reduction j below
            Vectors.subtract (Vectors.dot ws own) vs (Vectors.dot vs own) ws p

        Vectors.add (-0.5 * Vectors.dot p own) own p

    /// The diagonal of T and the entries beside it. The triangle, whose entries must be no larger than 2, gives way to the vⱼ.
    let reduce (watch: Watch) size (triangle: float[]) =
        let reduction =
            { Watch = watch
              Size = size
              Triangle = triangle
              Partners = Array.zeroCreate (Panel * size)
              Pairs = Array.zeroCreate (2 * Panel * size) }

        let diagonal: float[] = Array.zeroCreate size
        let beside: float[] = Array.zeroCreate (size - 1)

        for first in 0..Panel .. size - 2 do
            let last = min (first + Panel - 1) (size - 2)

            for row in first..last do
                catchUp reduction first (row - 1) row
                diagonal[row] <- (Triangle.rightOf size triangle row row)[0]
                beside[row] <- reflect (v reduction row (row + 1))
                findPartner reduction first row

            catchUpAll reduction first last
            // What is left is a triangle of size − last − 1, and takes its third power in time.
            watch.Tell(1.0 - (float (size - last - 1) / float size) ** 3.0)

        diagonal[size - 1] <- (Triangle.rightOf size triangle (size - 1) (size - 1))[0]
        struct (diagonal, beside)

    /// y ← Q y for each of the vectors: from eigenvectors of T to those of A. The triangle is what `reduce` has left.
    let restore (watch: Watch) size (triangle: float[]) (vectors: float[][]) =
        for j in size - 2 .. -1 .. 0 do
            let v = Triangle.rightOf size triangle j (j + 1)
            watch.Tell(1.0 - (float (j + 1) / float size) ** 2.0)

            for vector in vectors do
                watch.Pause()
                let y = Span(vector, j + 1, size - j - 1)
                Vectors.add -(Vectors.dot v y) v y
