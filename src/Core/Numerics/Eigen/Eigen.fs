/// The leading eigenpairs of a symmetric matrix, the same to the last bit on every machine.
namespace SingleSharp.Core.Numerics

open System

[<RequireQualifiedAccess>]
module internal Eigen =
    /// Of a matrix this many times larger than their basis, few pairs come sooner from products with vectors.
    [<Literal>]
    let private TimesBasis = 12

    /// Are the pairs looked for by products with vectors? It depends on how many there are alone.
    let isIterative size count =
        int64 size >= int64 TimesBasis * int64 (Lanczos.sizes count 1).Most

    /// When products have cost as much as the tridiagonal form, 4/3 · size³ operations, something is odd about the matrix.
    let private mostProducts size = int64 size * 2L / 3L

    /// Bytes that the vectors of a matrix of N rows take, beside its triangle.
    let bytes (size: int64) (count: int64) =
        let work =
            if size <= int64 Int32.MaxValue && isIterative (int size) (int count) then
                Checked.(+) (Lanczos.bytes size (int count) 1) (Checked.(*) size TriangleProduct.BytesPerRow)
            else
                Checked.(*) size (8L * (3L * 32L + 8L))

        Checked.(+) work (Checked.(*) size (Checked.(*) 8L count))

    /// The `count` algebraically largest eigenvalues of a symmetric matrix A, in the unit of its entries, and their eigenvectors. Of a large
    /// matrix few pairs are found by block Lanczos, in a hundred to three hundred products with four vectors; otherwise time grows with size³.
    /// `upper` holds the upper triangle row by row: row i has its size − i entries (i, i) … (i, size − 1). It may be longer, as
    /// pooled arrays are, and is used up as scratch memory. Errors are relative to ‖A‖, around 1e-15 and 1e-14 at worst, so that the eigenvalues of a
    /// covariance that should be zero may come out slightly negative. A vector's sign means nothing; a value beyond the floats is infinite.
    /// ArgumentException unless 1 ≤ count ≤ size, `upper` is long enough and its entries are finite.
    /// Law (residual): A vᵢ = λᵢ vᵢ. Law (orthonormal): vᵢᵀ vⱼ = 1 if i = j, else 0. Law (order): λᵢ ≥ λᵢ₊₁.
    /// Somebody watches, and ends it by what he throws.
    /// Law (scale): 2ᵐ A has the values 2ᵐ λᵢ and the same vectors, bit by bit.
    let leading (watch: Watch) (size: int) (count: int) (upper: float[]) : Eigenpairs =
        if count < 1 || count > size then
            invalidArg (nameof count) $"there are 1 to {size} eigenpairs, not {count}"

        let entries = int64 size * (int64 size + 1L) / 2L

        if int64 upper.Length < entries then
            invalidArg (nameof upper) $"the upper triangle has {entries} entries, not {upper.Length}"

        let exponent = Direct.scale watch (Span(upper, 0, int entries))

        let iterate () =
            let multiply = TriangleProduct.multiplier watch size upper

            let operator =
                { Size = size
                  Together = 1
                  Multiply = fun xs ys -> multiply xs[0] ys[0] }

            Lanczos.leading
                { watch with
                    Tell = fun done' -> watch.Tell(0.5 * done') }
                operator
                count
                (mostProducts size)

        let pairs =
            match (if isIterative size count then iterate () else ValueNone) with
            | ValueSome pairs ->
                watch.Tell 1.0
                pairs
            | ValueNone ->
                let before = if isIterative size count then 0.5 else 0.0

                Direct.leading
                    { watch with
                        Tell = fun done' -> watch.Tell(before + (1.0 - before) * done') }
                    size
                    count
                    upper

        Direct.unscale exponent pairs
