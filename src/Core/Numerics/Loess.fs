/// The smooth trend through scattered points that scanpy's seurat_v3 flavour takes for the variance due at a mean.
namespace SingleSharp.Core.Numerics

open System
open System.Globalization

/// Local regression as W. S. Cleveland, E. Grosse and M.-J. Shyu's dloess (netlib, 1992) computes it in one dimension, which is what
/// scikit-misc runs: quadratics by weighted least squares at a few vertices, cubics between them. Only + − × ÷ and √ in one order, so
/// that every machine computes the same bits. Source: scanpy-semantics, section 5.4.
[<RequireQualifiedAccess>]
module internal Loess =
    /// A cell is cut while it holds more than this part of the span's points: dloess' default.
    let private cell = 0.2

    /// A singular value below this part of the largest is noise: dloess' bound, a hundred units in the last place of 1.
    let private noise = 100.0 / 4503599627370496.0

    /// Points in the order of x, those of equal x gathered in one place: least squares does not tell some points from as many copies of
    /// their mean. Genes of few counts share few means, so the fits become short and their rounding errors small.
    type private Places =
        { Sorted: float[]
          At: float[]
          Count: float[]
          Mean: float[] }

    let private gather (x: float[]) (y: float[]) =
        // Adding 0 turns −0 into +0: no other numbers are equal and yet not the same.
        let xs = Array.map ((+) 0.0) x
        let ys = Array.copy y
        Array.Sort(xs, ys)
        let isFirst i = i = 0 || xs[i] <> xs[i - 1]
        let starts = Array.filter isFirst [| 0 .. xs.Length - 1 |]

        let counts =
            Array.map2 (-) (Array.append (Array.tail starts) [| xs.Length |]) starts

        // In ascending order, so that the sum does not depend on the order in which the points came.
        let mean start count =
            (Array.sub ys start count |> Array.sort |> Array.fold (+) 0.0) / float count

        { Sorted = xs
          At = Array.map (Array.get xs) starts
          Count = Array.map float counts
          Mean = Array.map2 mean starts counts }

    /// Where to cut the sorted points l .. u: after the middle one, or, where that parts equal x, after the nearest that does not, looking
    /// right first; but after the middle all the same as soon as the search leaves the cell.
    let rec private cutAfter (xs: float[]) l u offset =
        let middle = (l + u) / 2
        let last = middle + offset

        if last < l || last >= u then middle
        elif xs[last] <> xs[last + 1] then last
        else cutAfter xs l u (if offset > 0 then -offset else 1 - offset)

    /// Where the cuts fall in the cell from low to high, which holds the sorted points l .. u. A cut is the x of a point.
    let rec private cuts (xs: float[]) most low high l u =
        if u - l + 1 <= most then
            []
        else
            let last = cutAfter xs l u 0
            let cut = xs[last]

            if cut = low || cut = high then
                []
            else
                cuts xs most low cut l last @ cut :: cuts xs most cut high (last + 1) u

    /// The ends of the cells in ascending order, for at least one x, sorted. The outer ends lie 0.5 % of the range beyond the points.
    let vertices (span: float) (xs: float[]) : float[] =
        let low, high = xs[0], xs[xs.Length - 1]
        let margin = 0.005 * max (high - low) (1e-10 * max (abs low) (abs high) + 1e-30)
        let low, high = low - margin, high + margin
        let most = int (min (floor (float xs.Length * (span * cell))) (float xs.Length))
        [| low; yield! cuts xs most low high 0 (xs.Length - 1); high |]

    /// The distance from v to the q-th nearest of the sorted points, which lie in a row.
    let private reachOf (xs: float[]) q v =
        let mutable first = 0
        let mutable last = xs.Length - q

        while first < last do
            let middle = (first + last) / 2

            if v - xs[middle] > xs[middle + q] - v then first <- middle + 1 else last <- middle

        max (v - xs[first]) (xs[first + q - 1] - v)

    /// The sum of products in the rows first .. stop − 1.
    let private dot first stop (left: float[]) (right: float[]) =
        let mutable sum = 0.0

        for row in first .. stop - 1 do
            sum <- sum + left[row] * right[row]

        sum

    /// Householder's reflection that leaves nothing of a column below its diagonal, applied to that column and those after it.
    let private reflect (columns: float[][]) rows diagonal =
        let axis = columns[diagonal]
        let square = dot diagonal rows axis axis

        if square > 0.0 then
            let length = if axis[diagonal] > 0.0 then -(sqrt square) else sqrt square
            axis[diagonal] <- axis[diagonal] - length

            for j in diagonal + 1 .. columns.Length - 1 do
                let column = columns[j]
                let share = dot diagonal rows axis column / (length * axis[diagonal])

                for row in diagonal .. rows - 1 do
                    column[row] <- column[row] + share * axis[row]

            axis[diagonal] <- length
            Array.Clear(axis, diagonal + 1, rows - diagonal - 1)

    let private square3 (column: float[]) = dot 0 3 column column

    /// Divides what is left of a column by its 2-norm, which no reflection has changed, and tells the norm.
    let private normalize column =
        let norm = if square3 column > 0.0 then sqrt (square3 column) else 1.0

        for i in 0..2 do
            column[i] <- column[i] / norm

        norm

    let private turn cosine sine (left: float[]) (right: float[]) =
        for i in 0..2 do
            let was = left[i]
            left[i] <- cosine * was - sine * right[i]
            right[i] <- sine * was + cosine * right[i]

    /// Turns three columns until they stand at right angles, then they are U·Σ; the columns of the unit matrix, turned alike, are V.
    /// One-sided Jacobi rotations (Golub & Van Loan, 8.6.3). Five or six rounds do for three columns; ten are certain.
    let private orthogonalize (columns: float[][]) (turned: float[][]) =
        for _ in 1..10 do
            for p, q in [ 0, 1; 0, 2; 1, 2 ] do
                let shared = dot 0 3 columns[p] columns[q]

                if shared <> 0.0 then
                    let zeta = (square3 columns[q] - square3 columns[p]) / (2.0 * shared)
                    let size = 1.0 / (abs zeta + sqrt (1.0 + zeta * zeta))
                    let tangent = if zeta < 0.0 then -size else size
                    let cosine = 1.0 / sqrt (1.0 + tangent * tangent)
                    turn cosine (cosine * tangent) columns[p] columns[q]
                    turn cosine (cosine * tangent) turned[p] turned[q]

    /// A row for every place that has weight: 1, t, t² and the mean of y, times the root of its points' tricube weights; and how many rows.
    let private design places reach stretch v (columns: float[][]) =
        let mutable rows = 0

        for place in 0 .. places.At.Length - 1 do
            let away = places.At[place] - v

            if abs away < reach * stretch then
                // In units of the reach no power of the distance overflows or vanishes.
                let t = away / reach
                let r = abs t / stretch
                let near = 1.0 - r * r * r
                let weight = sqrt (places.Count[place] * near * near * near)
                columns[0][rows] <- weight
                columns[1][rows] <- weight * t
                columns[2][rows] <- weight * t * t
                columns[3][rows] <- weight * places.Mean[place]
                rows <- rows + 1

        rows

    /// The value and the slope at v of the quadratic fitted to the q nearest points, NaN where they leave it open: where fewer than three
    /// places have weight, nothing settles the slope, and only a place at v itself the value.
    let private quadratic places span q (columns: float[][]) v : struct (float * float) =
        let reach = reachOf places.Sorted q v
        let rows = design places reach (sqrt (max 1.0 span)) v columns

        for column in columns do
            Array.Clear(column, rows, max 0 (3 - rows))

        for diagonal in 0..2 do
            reflect columns (max 3 rows) diagonal

        let norms = Array.init 3 (fun j -> normalize columns[j])

        let turned =
            Array.init 3 (fun j -> Array.init 3 (fun i -> if i = j then 1.0 else 0.0))

        orthogonalize columns turned
        let squares = Array.init 3 (fun j -> square3 columns[j])
        let least = noise * noise * Array.max squares

        let part i j =
            if squares[j] > least then turned[j][i] * (dot 0 3 columns[j] columns[3] / squares[j]) else 0.0

        let coefficient i =
            (part i 0 + part i 1 + part i 2) / norms[i]

        let settled = Array.min squares > least
        let touched = rows > 0 && Array.BinarySearch(places.At, v) >= 0
        struct ((if settled || touched then coefficient 0 else nan), (if settled then coefficient 1 / reach else nan))

    /// The vertices on either side of x, twice the same where x is a vertex.
    let private around (vertices: float[]) x : struct (int * int) =
        let found = Array.BinarySearch(vertices, x)
        if found >= 0 then struct (found, found) else struct (~~~found - 1, ~~~found)

    /// Hermite's cubic between two vertices: the values and slopes there and no others.
    let private blend (vertices: float[]) (fits: struct (float * float)[]) x =
        let struct (left, right) = around vertices x
        let struct (leftValue, leftSlope) = fits[left]
        let struct (rightValue, rightSlope) = fits[right]

        if left = right then
            leftValue
        else
            let width = vertices[right] - vertices[left]
            let h = (x - vertices[left]) / width
            let rest = 1.0 - h

            let values =
                rest * rest * (1.0 + 2.0 * h) * leftValue + h * h * (3.0 - 2.0 * h) * rightValue

            values + h * rest * (rest * leftSlope - h * rightSlope) * width

    let private smooth span q x y =
        let places = gather x y
        let vertices = vertices span places.Sorted
        let columns = Array.init 4 (fun _ -> Array.zeroCreate (max 3 places.At.Length))
        let fits = Array.map (quadratic places span q columns) vertices
        let trend = Array.map (blend vertices fits) places.At

        match Array.tryFindIndex (Double.IsFinite >> not) trend with
        | None -> Ok(x |> Array.map (fun at -> trend[Array.BinarySearch(places.At, at)]))
        | Some place ->
            let struct (left, right) = around vertices places.At[place]
            let struct (_, slope) = fits[left]
            let culprit = if Double.IsNaN slope then left else right
            let where = vertices[culprit].ToString("G6", CultureInfo.InvariantCulture)
            Error $"the {q} of {x.Length} points nearest to x = {where} have too few distinct x for a quadratic"

    /// The trend at every x, or why there is none, as a clause. Points come in any order and may share x. To a vertex belongs the part
    /// `span` of the points, its nearest, more than three; a span above 1 takes all and gives the distant more weight.
    /// Where a vertex does not settle its quadratic scikit-misc refuses the whole fit. Here only a point that needs what is open refuses:
    /// small counts have so few means that each is a vertex, which needs no slope.
    /// Source: scanpy-semantics, section 5.4. Laws, "permutation" and "units" to the bit:
    /// Law (quadratic): fit span x (a + b·x + c·x²) = Ok (a + b·x + c·x²).
    /// Law (permutation): fit span (permute x) (permute y) = permute (fit span x y).
    /// Law (affine): fit span x (a·y + b) = a·(fit span x y) + b.
    /// Law (units): fit span (2^j·x) (2^k·y) = 2^k·(fit span x y), where x ranges over more than 1e-20.
    let fit (span: float) (x: float[]) (y: float[]) : Result<float[], string> =
        if x.Length <> y.Length then
            invalidArg (nameof y) $"{y.Length} y for {x.Length} x"

        let count = float x.Length
        let isUsable = Array.forall (fun value -> abs value <= 1e100)

        if not (span > 0.0 && Double.IsFinite span) then
            Error "the span is not a number above 0"
        elif not (isUsable x && isUsable y) then
            Error "a point is not a number, or beyond 1e100"
        else
            let q = int (min (floor (count * span + 1e-5)) count)

            if q > 3 then
                smooth span q x y
            else
                Error $"the span takes in {q} of {x.Length} points, and a quadratic needs more than 3"
