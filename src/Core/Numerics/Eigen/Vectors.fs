/// Sums of products and updates of vectors, in an order of operations that no processor changes.
namespace SingleSharp.Core.Numerics

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

/// Vectors are equally long spans. The four lanes belong to what is computed: a processor without them computes the same four, one
/// after the other, and no product is ever fused with the sum that takes it.
module internal Vectors =
    /// The part of a span that fills lanes.
    let inline quads (x: Span<float>) =
        MemoryMarshal.Cast<float, Vector256<float>> x

    /// The sum of the four lanes.
    let inline total (lanes: Vector256<float>) =
        (lanes.GetElement 0 + lanes.GetElement 1) + (lanes.GetElement 2 + lanes.GetElement 3)

    /// xᵀy.
    let dot (x: Span<float>) (y: Span<float>) =
        let xs = quads x
        let ys = quads y
        // Four sums at a time, because each addition waits for the one before it.
        let mutable sum0 = Vector256<float>.Zero
        let mutable sum1 = Vector256<float>.Zero
        let mutable sum2 = Vector256<float>.Zero
        let mutable sum3 = Vector256<float>.Zero
        let mutable i = 0

        while i + 3 < xs.Length do
            sum0 <- sum0 + xs[i] * ys[i]
            sum1 <- sum1 + xs[i + 1] * ys[i + 1]
            sum2 <- sum2 + xs[i + 2] * ys[i + 2]
            sum3 <- sum3 + xs[i + 3] * ys[i + 3]
            i <- i + 4

        while i < xs.Length do
            sum0 <- sum0 + xs[i] * ys[i]
            i <- i + 1

        let mutable sum = total ((sum0 + sum1) + (sum2 + sum3))

        for k in 4 * xs.Length .. x.Length - 1 do
            sum <- sum + x[k] * y[k]

        sum

    /// y ← y + a x.
    let add (a: float) (x: Span<float>) (y: Span<float>) =
        let xs = quads x
        let ys = quads y
        let factor = Vector256.Create a

        for i in 0 .. xs.Length - 1 do
            ys[i] <- ys[i] + factor * xs[i]

        for k in 4 * xs.Length .. x.Length - 1 do
            y[k] <- y[k] + a * x[k]

    /// z ← z − (a x + b y).
    let subtract (a: float) (x: Span<float>) (b: float) (y: Span<float>) (z: Span<float>) =
        let xs = quads x
        let ys = quads y
        let zs = quads z
        let left = Vector256.Create a
        let right = Vector256.Create b

        for i in 0 .. xs.Length - 1 do
            zs[i] <- zs[i] - (left * xs[i] + right * ys[i])

        for k in 4 * xs.Length .. x.Length - 1 do
            z[k] <- z[k] - (a * x[k] + b * y[k])

    /// x ← a x.
    let scale (a: float) (x: Span<float>) =
        for i in 0 .. x.Length - 1 do
            x[i] <- a * x[i]

    /// x ← x/‖x‖, for an x whose squares neither overflow nor vanish.
    let normalize (x: Span<float>) = scale (1.0 / sqrt (dot x x)) x
