/// Four vectors side by side, which make good use of every entry of a matrix that is loaded for them.
namespace SingleSharp.Core.Numerics

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open SingleSharp.Core.Folds

/// A multivector of length n has 4 n numbers, row by row: entry i of vector b is number 4 i + b. Coefficients of one multivector in
/// another are four rows of four. All sums are over rows in ascending order, but for the even and the odd rows, which are summed apart.
module internal Multivector =
    [<Literal>]
    let Width = 4

    /// Rows that are worth a thread.
    let private piece = 2048

    let inline rows (x: float[]) =
        MemoryMarshal.Cast<float, Vector256<float>>(Span x)

    /// Calls `work` for pieces of the rows [0, length), which workers share.
    let byRows workers length (work: int -> int -> unit) =
        let pieces = (length + piece - 1) / piece
        Blocks.each (if pieces > 1 then workers else 1) pieces (fun i -> work (i * piece) (min length ((i + 1) * piece)))

    /// xᵀ y in four rows of coefficients, from `at` on.
    let products (x: float[]) (y: float[]) (coefficients: Vector256<float>[]) at =
        let ys = rows y
        let mutable even0 = Vector256<float>.Zero
        let mutable even1 = Vector256<float>.Zero
        let mutable even2 = Vector256<float>.Zero
        let mutable even3 = Vector256<float>.Zero
        let mutable odd0 = Vector256<float>.Zero
        let mutable odd1 = Vector256<float>.Zero
        let mutable odd2 = Vector256<float>.Zero
        let mutable odd3 = Vector256<float>.Zero
        let mutable i = 0

        while i + 1 < ys.Length do
            let even = ys[i]
            let odd = ys[i + 1]
            let four = Span(x, 4 * i, 8)
            even0 <- even0 + Vector256.Create four[0] * even
            even1 <- even1 + Vector256.Create four[1] * even
            even2 <- even2 + Vector256.Create four[2] * even
            even3 <- even3 + Vector256.Create four[3] * even
            odd0 <- odd0 + Vector256.Create four[4] * odd
            odd1 <- odd1 + Vector256.Create four[5] * odd
            odd2 <- odd2 + Vector256.Create four[6] * odd
            odd3 <- odd3 + Vector256.Create four[7] * odd
            i <- i + 2

        if i < ys.Length then
            let even = ys[i]
            let four = Span(x, 4 * i, 4)
            even0 <- even0 + Vector256.Create four[0] * even
            even1 <- even1 + Vector256.Create four[1] * even
            even2 <- even2 + Vector256.Create four[2] * even
            even3 <- even3 + Vector256.Create four[3] * even

        coefficients[at] <- even0 + odd0
        coefficients[at + 1] <- even1 + odd1
        coefficients[at + 2] <- even2 + odd2
        coefficients[at + 3] <- even3 + odd3

    /// y ← y + x C in the rows [first, next), where C are the four rows of coefficients from `at` on.
    let add (x: float[]) (coefficients: Vector256<float>[]) at (y: float[]) first next =
        let xs = Span(x, 4 * first, 4 * (next - first))
        let ys = (rows y).Slice(first, next - first)
        let c0 = coefficients[at]
        let c1 = coefficients[at + 1]
        let c2 = coefficients[at + 2]
        let c3 = coefficients[at + 3]

        for i in 0 .. ys.Length - 1 do
            let four = xs.Slice(4 * i, 4)

            ys[i] <-
                ys[i]
                + ((Vector256.Create four[0] * c0 + Vector256.Create four[1] * c1)
                   + (Vector256.Create four[2] * c2 + Vector256.Create four[3] * c3))

    let copyColumn (x: float[]) b (column: float[]) =
        for i in 0 .. column.Length - 1 do
            column[i] <- x[Width * i + b]

    /// Vector b, on its own.
    let column (x: float[]) b =
        Array.init (x.Length / Width) (fun i -> x[Width * i + b])

    let setColumn (x: float[]) b (column: float[]) =
        for i in 0 .. column.Length - 1 do
            x[Width * i + b] <- column[i]
