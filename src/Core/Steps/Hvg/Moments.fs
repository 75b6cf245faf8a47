/// Sums and sums of squares per gene and group of cells: after one read every mean and variance is known.
namespace SingleSharp.Core.Steps

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics

[<RequireQualifiedAccess>]
module internal Moments =
    /// Sums over the cells of each of the row batches' groups, which are numbered from 0. `precision` is the type of the matrix, in which
    /// squares are formed; squares of clipped values are float64 always. The state takes 17 bytes per gene and group that occurs, and 29
    /// more for each gene that needs distances, as all genes of a group's first cell may.
    /// Laws (moments): splitting the cells and merging changes no exact sum; (group) the moments of a group are those of its cells alone.
    let perGene genes groups precision quantity : Fold<RowBatch, GroupedMoments> =
        let places = groups + 1
        let stock = MomentsStock genes

        let quantity =
            match quantity with
            | Quantity.Clipped(limits, ofMatrix) -> Quantity.Clipped(Array.append limits [| Array.create genes infinity |], ofMatrix)
            | other -> other

        // Variances of float32 counts are scanpy's, which are sums of float32 squares; other values have the variance that they have.
        let keepCounts =
            match quantity, precision with
            | Quantity.Clipped(_, Precision.Single), _
            | (Quantity.Raw | Quantity.Written | Quantity.Unlogged _), Precision.Single -> true
            | _ -> false

        let fresh () =
            struct (GroupSums(genes, places, keepCounts, stock), MomentLoops.start groups precision quantity)

        let form =
            { Write = fun writer (struct (sums: GroupSums, _)) -> sums.Write writer
              Read =
                fun reader ->
                    let struct (sums, _) as state = fresh ()
                    sums.Read reader
                    state }

        Fold.saved
            form
            { Fresh = fresh
              Step =
                fun (struct (sums, add) as state) rowBatch ->
                    add sums rowBatch
                    state
              Merge =
                fun (struct (sums, _) as state) (struct (more, _)) ->
                    sums.Merge more
                    state
              Finish =
                fun (struct (sums, _)) ->
                    stock.Drain()
                    Memory.release (17L * int64 genes * int64 places)

                    { Groups =
                        Array.init groups (fun group ->
                            Memory.tidy ()
                            sums.Take group)
                      Others = sums.Take groups } }

    /// The moments of all cells, whatever group they belong to: those of the groups and of the others, added in this order.
    let ofAll (moments: GroupedMoments) =
        let parts = Array.append moments.Groups [| moments.Others |]
        let sums = Array.copy parts[0].Sums
        let squares = Array.copy parts[0].Squares
        let expressed = Array.copy parts[0].IsExpressed
        // Each of the two is merged from the other.
        let merged = [| Distances(); Distances() |]
        let mutable cells = parts[0].Cells
        let mutable distances = parts[0].Distances

        for i in 1 .. parts.Length - 1 do
            let part = parts[i]

            merged[i % 2]
                .Merge(
                    distances,
                    cells,
                    (fun gene -> struct (sums[gene], squares[gene])),
                    part.Distances,
                    part.Cells,
                    (fun gene -> struct (part.Sums[gene], part.Squares[gene]))
                )

            distances <- merged[i % 2]
            cells <- cells + part.Cells

            for gene in 0 .. sums.Length - 1 do
                sums[gene] <- sums[gene] + part.Sums[gene]
                squares[gene] <- squares[gene] + part.Squares[gene]
                expressed[gene] <- expressed[gene] || part.IsExpressed[gene]

        { Cells = cells
          Sums = sums
          Squares = squares
          IsExpressed = expressed
          Distances = distances }

    /// The same of some genes, in ascending order.
    let ofGenes (genes: int[]) moments =
        let pick (values: 'v[]) =
            genes |> Array.map (fun gene -> values[gene])

        { Cells = moments.Cells
          Sums = pick moments.Sums
          Squares = pick moments.Squares
          IsExpressed = pick moments.IsExpressed
          Distances = moments.Distances.Among genes }

    /// Means over all cells, NaN where there are none.
    let means moments =
        moments.Sums |> Array.map (fun sum -> sum / float moments.Cells)

    /// Variances with denominator n − 1, as fast_array_utils.stats.mean_var. Cancellation can leave them slightly below zero. Where it
    /// would leave little of them, they are Σ (x − mean)²/(n − 1) of the stored values instead, in float64 whatever the type (Distances);
    /// float32 counts alone keep scanpy's formula.
    /// One cell varies by nothing, although the square of its value was rounded and that of its mean is not.
    let variances moments =
        let means = means moments
        let n = float moments.Cells

        if moments.Cells = 1L then
            Array.map2 (-) means means
        else
            let variances =
                Array.map2 (fun square mean -> (square / n - mean * mean) * (n / (n - 1.0))) moments.Squares means

            let distances = moments.Distances

            for at in 0 .. distances.Count - 1 do
                if distances.IsNeeded(at, moments.Cells) then
                    variances[distances.Gene at] <- distances.Squares(at, moments.Cells) / (n - 1.0)

            variances

    /// The genes of float32 counts whose variance is mere rounding, as scanpy's is.
    let lost moments =
        seq { 0 .. moments.Distances.Count - 1 }
        |> Seq.filter (fun at -> moments.Distances.IsLost(at, moments.Cells))
        |> Seq.map moments.Distances.Gene
