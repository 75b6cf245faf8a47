/// Squared distances from the mean, of genes whose mean is large beside their spread.
namespace SingleSharp.Core.Steps

open System
open System.Collections.Concurrent
open System.IO
open SingleSharp.Core.Folds

/// Σ (x − c) and Σ (x − c)² of some genes over all cells of a group, about a value c that the gene has in one of them. Then n·(mean − c)²
/// is at most n times the sum of squared distances from the mean, which loses log₂ n bits at most, however large the mean is (Chan,
/// Golub & LeVeque 1983, "Algorithms for computing the sample variance", shifted data). Genes ascend.
[<Sealed; AllowNullLiteral>]
type internal Distances() =
    let mutable count = 0
    let mutable genes: int[] = Array.Empty()
    let mutable centres: float[] = Array.Empty()
    let mutable sums: float[] = Array.Empty()
    let mutable squares: float[] = Array.Empty()

    // Genes of which all values so far are counts, if these keep scanpy's formula.
    let mutable counts: bool[] = Array.Empty()

    /// Is a value a count? Beyond 2^24 float32 has integers only, whatever they stand for.
    let isCount (value: float) =
        value = Math.Floor value && abs value < 16777216.0

    /// Σ x² − n·mean² loses log₂ of n·mean² over it of its 53 bits. Up to 20 are lost without a word: counts and their logarithms lose
    /// far fewer, and what is left is more than a result shows.
    static member internal Most = 1048576.0

    /// Makes room for N genes, which are none at first.
    member internal _.Clear room =
        count <- 0

        if genes.Length < room then
            genes <- Array.zeroCreate room
            centres <- Array.zeroCreate room
            sums <- Array.zeroCreate room
            squares <- Array.zeroCreate room
            counts <- Array.zeroCreate room

    member private _.Append(gene, struct (centre: float, sum: float, square: float), ofCounts) =
        genes[count] <- gene
        centres[count] <- centre
        sums[count] <- sum
        squares[count] <- square
        counts[count] <- ofCounts
        count <- count + 1

    member _.Count = count
    member _.Gene at = genes[at]
    member private _.Centre at = centres[at]

    /// Σ (x − centre)² over all cells of the group.
    member internal _.Around(at, cells: int64, centre) =
        let step = centres[at] - centre
        squares[at] + step * (2.0 * sums[at] + float cells * step)

    member internal _.Mean(at, cells: int64) = centres[at] + sums[at] / float cells

    /// The sum of squared distances from the mean.
    member _.Squares(at, cells: int64) =
        max 0.0 (squares[at] - sums[at] * (sums[at] / float cells))

    /// Begins with the genes of the first cell, about its values: the sum of gene g is at 2g. Genes that it does not hold need no
    /// distances: one zero among n values leaves no more than log₂ n bits to be lost. `keepCounts` says that genes of counts keep
    /// scanpy's formula, whatever it loses.
    member internal d.Begin(ofCell: ReadOnlySpan<int>, pairs: float[], keepCounts) =
        d.Clear ofCell.Length
        let mutable ascend = true

        for gene in ofCell do
            let value = pairs[2 * gene]

            if value <> 0.0 && Double.IsFinite value then
                ascend <- ascend && (count = 0 || genes[count - 1] < gene)
                d.Append(gene, struct (value, 0.0, 0.0), keepCounts && isCount value)

        if not ascend then
            Array.Sort(genes, centres, 0, count)

            for at in 0 .. count - 1 do
                counts[at] <- keepCounts && isCount centres[at]

    /// Adds the next cell: a row with a place for each gene, zeros among them.
    member internal _.Add(row: float[]) =
        for at in 0 .. count - 1 do
            let value = row[genes[at]]
            let distance = value - centres[at]
            sums[at] <- sums[at] + distance
            squares[at] <- squares[at] + distance * distance

            if counts[at] && not (isCount value) then
                counts[at] <- false

    member private d.Loses(at, cells: int64) =
        let mean = d.Mean(at, cells)
        float cells * mean * mean > Distances.Most * d.Squares(at, cells)

    /// Do the squares of a gene lose too much, and is it none that keeps scanpy's formula?
    member internal d.IsNeeded(at, cells) = not counts[at] && d.Loses(at, cells)

    /// Do the squares of a gene lose too much although it keeps scanpy's formula? Those of counts below 2^12 are exact in float32.
    member internal d.IsLost(at, cells) =
        counts[at] && d.Mean(at, cells) > 4096.0 && d.Loses(at, cells)

    /// Keeps the genes whose squares might lose too much once there are `ofAll` cells like these; what is not finite has no distances.
    /// Four bits less may be lost, because what plain sums say of these cells may be added to distances of others.
    member internal d.Keep(cells: int64, ofAll: int64) =
        let all = count
        let loss = Distances.Most / 16.0
        count <- 0

        for at in 0 .. all - 1 do
            let mean = d.Mean(at, cells)

            if float ofAll * mean * mean > loss * d.Squares(at, cells) then
                d.Append(genes[at], struct (centres[at], sums[at], squares[at]), counts[at])

    member private _.Has(at, gene) = at < count && genes[at] = gene

    /// Has a gene no values but counts, as far as is known of some cells?
    member private d.IsOfCounts(at, gene, cells: int64) =
        if d.Has(at, gene) then counts[at] else cells = 0L

    /// The sums of a gene about this centre; where they are not known, its plain sums lose little.
    member private d.About(centre: float, at, gene, cells: int64, plain: int -> struct (float * float)) =
        let n = float cells

        let struct (other, sum, square) =
            if d.Has(at, gene) then
                struct (centres[at], sums[at], squares[at])
            elif cells = 0L then
                struct (centre, 0.0, 0.0)
            else
                let struct (sum, square) = plain gene
                let mean = sum / n
                struct (mean, 0.0, max 0.0 (square - sum * mean))

        // Values of a gene that needs this are close to each other, so that the difference is exact.
        let step = other - centre
        struct (sum + n * step, square + step * (2.0 * sum + n * step))

    /// Calls `visit` with the places of each gene that one of two has at least; a place where it is not is that of the next gene.
    static member private EachOf(left: Distances, right: Distances, visit: int -> int -> int -> unit) =
        let mutable i = 0
        let mutable j = 0

        while i < left.Count || j < right.Count do
            let gene =
                if j >= right.Count || i < left.Count && left.Gene i < right.Gene j then
                    left.Gene i
                else
                    right.Gene j

            visit gene i j

            if left.Has(i, gene) then
                i <- i + 1

            if right.Has(j, gene) then
                j <- j + 1

    /// Becomes what some cells and some more say together. `leftPlain` and `rightPlain` give the plain sums of a gene.
    /// Law (distances): whatever the cuts, the variance is that of the values about their mean.
    member internal d.Merge(left: Distances, leftCells, leftPlain, right: Distances, rightCells: int64, rightPlain) =
        let room = ref 0
        Distances.EachOf(left, right, (fun _ _ _ -> room.Value <- room.Value + 1))
        d.Clear room.Value

        Distances.EachOf(
            left,
            right,
            fun gene i j ->
                let centre = if left.Has(i, gene) then left.Centre i else right.Centre j
                let struct (sum, square) = left.About(centre, i, gene, leftCells, leftPlain)
                let struct (more, moreSquare) = right.About(centre, j, gene, rightCells, rightPlain)

                let ofCounts =
                    left.IsOfCounts(i, gene, leftCells) && right.IsOfCounts(j, gene, rightCells)

                d.Append(gene, struct (centre, sum + more, square + moreSquare), ofCounts)
        )

        d.Keep(leftCells + rightCells, leftCells + rightCells)

    member internal _.Write(writer: BinaryWriter) =
        writer.Write count
        Saved.write writer genes count
        Saved.write writer centres count
        Saved.write writer sums count
        Saved.write writer squares count
        Saved.write writer counts count

    member internal d.Read(reader: BinaryReader) =
        let found = reader.ReadInt32()
        d.Clear found
        count <- found
        Saved.readInto reader genes count
        Saved.readInto reader centres count
        Saved.readInto reader sums count
        Saved.readInto reader squares count
        Saved.readInto reader counts count

    /// The same of some genes, in ascending order, which are counted anew.
    member internal d.Among(chosen: int[]) =
        let result = Distances()
        result.Clear count
        let mutable at = 0

        for number in 0 .. chosen.Length - 1 do
            while at < count && genes[at] < chosen[number] do
                at <- at + 1

            if at < count && genes[at] = chosen[number] then
                result.Append(number, struct (centres[at], sums[at], squares[at]), counts[at])

        result

/// Distances that the states of a fold hand to one another; Drain gives up those that nobody has.
[<Sealed>]
type internal DistancesStock() =
    let spare = ConcurrentBag<Distances>()

    member _.Rent() =
        match spare.TryTake() with
        | true, distances -> distances
        | _ -> Distances()

    member _.Return(distances: Distances) = spare.Add distances
    member _.Drain() = spare.Clear()
