/// Multivectors at right angles to each other.
namespace SingleSharp.Core.Numerics

open System
open System.Collections.Generic
open System.Runtime.Intrinsics
open SingleSharp.Core.Folds

/// Numbers between −1 and 1, by Knuth's generator (TAOCP 2, 3.3.4): no vector is likely to be at right angles to them.
[<Sealed>]
type internal Scatter() =
    let mutable random = 1UL

    member _.Fill(y: Span<float>) =
        for i in 0 .. y.Length - 1 do
            random <- random * 6364136223846793005UL + 1442695040888963407UL
            y[i] <- float (int64 random >>> 11) * 2.220446049250313e-16

/// What a multivector was: basis · Along + (the multivector now) · Rest, with four rows of Along for each multivector of the basis, and
/// Rest the four rows of a triangle.
type internal Parts =
    { Along: Vector256<float>[]
      Rest: Vector256<float>[] }

/// Block Gram–Schmidt with as many passes as it takes (Björck, Numerical Methods for Least Squares Problems, 2.4; "twice is enough" but for
/// vectors of which next to nothing is left).
module internal Orthonormal =
    /// A vector of which this share is left, or more, has lost no digits that matter.
    [<Literal>]
    let private Enough = 0.5

    /// A vector that is no longer, beside what it came of, is a rounding error: sixteen units in the last place.
    [<Literal>]
    let private Nothing = 3.5527136788005009e-15

    [<Literal>]
    let private MostPasses = 8

    /// Takes the parts along the basis from y, and gives their coefficients.
    let private project (watch: Watch) (basis: IReadOnlyList<float[]>) (y: float[]) =
        let along: Vector256<float>[] = Array.zeroCreate (Multivector.Width * basis.Count)
        let length = y.Length / Multivector.Width

        let workers = if Checked.(*) length basis.Count > 16384 then watch.Workers else 1

        Blocks.each workers basis.Count (fun q ->
            watch.Pause()
            Multivector.products basis[q] y along (Multivector.Width * q))

        let against = along |> Array.map (fun row -> -row)

        Multivector.byRows workers length (fun first next ->
            for q in 0 .. basis.Count - 1 do
                watch.Pause()
                Multivector.add basis[q] against (Multivector.Width * q) y first next)

        along

    /// Turns the four vectors into unit vectors at right angles to each other: the four rows of the triangle that makes them what they were.
    /// A vector no longer than `nothing` gives way to a random one, with a row of zeros.
    let private within (scatter: Scatter) (columns: float[][]) nothing (y: float[]) =
        columns |> Array.iteri (fun b column -> Multivector.copyColumn y b column)

        let triangle: float[] = Array.zeroCreate (Multivector.Width * Multivector.Width)

        let take a b =
            let share = Vectors.dot (Span columns[a]) (Span columns[b])
            Vectors.add -share (Span columns[a]) (Span columns[b])
            share

        for b in 0 .. Multivector.Width - 1 do
            for a in 0 .. b - 1 do
                triangle[Multivector.Width * a + b] <- take a b

            let own = Span columns[b]
            let length = sqrt (Vectors.dot own own)

            if length > nothing then
                triangle[Multivector.Width * b + b] <- length
                Vectors.scale (1.0 / length) own
            else
                scatter.Fill own

                for a in 0 .. b - 1 do
                    take a b |> ignore

                Vectors.normalize (Span columns[b])

            Multivector.setColumn y b columns[b]

        Array.init Multivector.Width (fun a -> Vector256.Create<float>(triangle, Multivector.Width * a))

    /// Four rows times four rows of four.
    let private times (left: Vector256<float>[]) at (right: Vector256<float>[]) =
        Array.init Multivector.Width (fun a ->
            let row = left[at + a]

            (Vector256.Create(row.GetElement 0) * right[0] + Vector256.Create(row.GetElement 1) * right[1])
            + (Vector256.Create(row.GetElement 2) * right[2] + Vector256.Create(row.GetElement 3) * right[3]))

    /// What `add` computes with, for multivectors of this length.
    let scratch length : float[][] =
        Array.init Multivector.Width (fun _ -> Array.zeroCreate length)

    /// Turns y into unit vectors at right angles to the basis and to each other, and says what it was. A vector that is no more than a rounding
    /// error beside `norm` gives way to a random one.
    /// Law (parts): y was basis · Along + y' · Rest, up to rounding errors of `norm`. Law (orthonormal): basisᵀ y' = 0 and y'ᵀ y' = 1.
    let add (watch: Watch) (scatter: Scatter) (columns: float[][]) (norm: float) (basis: IReadOnlyList<float[]>) (y: float[]) : Parts =
        let along = project watch basis y
        let mutable rest = within scatter columns (Nothing * norm) y
        let mutable passes = 1
        let mutable isDone = false

        while not isDone do
            let more = project watch basis y
            let triangle = within scatter columns Nothing y

            for q in 0 .. basis.Count - 1 do
                let part = times more (Multivector.Width * q) rest

                for a in 0 .. Multivector.Width - 1 do
                    along[Multivector.Width * q + a] <- along[Multivector.Width * q + a] + part[a]

            rest <- times triangle 0 rest
            passes <- passes + 1

            isDone <- passes = MostPasses || Seq.forall (fun a -> triangle[a].GetElement a > Enough) (seq { 0 .. Multivector.Width - 1 })

        { Along = along; Rest = rest }
