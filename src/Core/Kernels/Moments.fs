/// Sums and sums of squares per gene and group of cells: after one read every mean and variance is known.
namespace SingleSharp.Core

open System

/// What some cells hold of each gene, zeros that are not stored among them.
type GeneMoments =
    {
        Cells: int64
        Sums: float[]
        /// Sums of the squares.
        Squares: float[]
        /// Does any cell hold more than zero?
        IsExpressed: bool[]
    }

/// Moments of each group of cells, and of the cells that belong to none.
type GroupedMoments =
    { Groups: GeneMoments[]
      Others: GeneMoments }

/// Which number is summed for a stored value.
[<RequireQualifiedAccess>]
type Quantity =
    /// The value as it was read.
    | Raw
    /// The value as it will be written.
    | Written
    /// What a value that will be written is the logarithm of: b^x − 1, rounded as the matrix is; no base for e.
    | Unlogged of basis: float voption
    /// The value as it was read, or the limit of its group and gene where that is smaller; cells of no group have no limit.
    | Clipped of limits: float[][]

/// The sums of some cells. A group's arrays are rented when its first cell comes: of many groups a block meets few.
[<Sealed>]
type private GroupSums(genes, groups, pairStock: ArrayStock<float>, flagStock: ArrayStock<bool>) =
    let cells: int64[] = Array.zeroCreate groups

    // The sum of gene g is at 2g, that of its squares at 2g + 1, so that a value touches one cache line.
    let pairs: float[][] = Array.zeroCreate groups
    let expressed: bool[][] = Array.zeroCreate groups

    let release group =
        if not (isNull pairs[group]) then
            pairStock.Return pairs[group]
            flagStock.Return expressed[group]

    /// Says that a cell of the group follows.
    member _.Enter group =
        if isNull pairs[group] then
            pairs[group] <- pairStock.Rent()
            expressed[group] <- flagStock.Rent()

        cells[group] <- cells[group] + 1L

    member _.Cells = cells
    member _.Pairs = pairs
    member _.Expressed = expressed

    member _.Merge(more: GroupSums) =
        for group in 0 .. groups - 1 do
            cells[group] <- cells[group] + more.Cells[group]

            if isNull pairs[group] then
                pairs[group] <- more.Pairs[group]
                expressed[group] <- more.Expressed[group]
            elif not (isNull more.Pairs[group]) then
                let sums, others = pairs[group], more.Pairs[group]
                let flags, otherFlags = expressed[group], more.Expressed[group]

                for i in 0 .. 2 * genes - 1 do
                    sums[i] <- sums[i] + others[i]

                for gene in 0 .. genes - 1 do
                    flags[gene] <- flags[gene] || otherFlags[gene]

                more.Release group

    member _.Release group = release group

    /// The sums of a group; the arrays they were in are given up.
    member _.Take group =
        let known = not (isNull pairs[group])

        let moments =
            { Cells = cells[group]
              Sums = Array.init genes (fun gene -> if known then pairs[group][2 * gene] else 0.0)
              Squares = Array.init genes (fun gene -> if known then pairs[group][2 * gene + 1] else 0.0)
              IsExpressed = if known then expressed[group] else Array.zeroCreate genes }

        pairs[group] <- null
        expressed[group] <- null
        moments

/// b^x − 1, which takes ten times as long as a sum. Values of one cell repeat a lot, so each result is kept in the one place that its
/// value's bits choose, until another value needs the place.
[<Sealed>]
type private Unlogger(basis: float voption, precision) =
    // In the beginning every place holds the bits of zero and its result, which is zero.
    let known: int64[] = Array.zeroCreate 1024
    let results: float[] = Array.zeroCreate 1024

    let scaled: float -> float =
        match basis, precision with
        | ValueNone, _ -> id
        | ValueSome basis, Precision.Double ->
            let factor = Elementary.log basis
            fun value -> value * factor
        | ValueSome basis, Precision.Single ->
            // As NumPy 1 multiplies float32 values by a number: in float32.
            let factor = float32 (Elementary.log basis)
            fun value -> float (float32 value * factor)

    member _.Of(value: float) =
        let bits = BitConverter.DoubleToInt64Bits value
        let place = int ((uint64 bits * 0x9E3779B97F4A7C15UL) >>> 54)

        if known[place] <> bits then
            known[place] <- bits
            results[place] <- Precision.round precision (Elementary.expm1 (scaled value))

        results[place]

[<RequireQualifiedAccess>]
module Moments =
    /// Adds every value of a slice: `number` of what `ofGroup` says of its row's group, its gene and itself.
    let inline private addSlice
        ([<InlineIfLambda>] ofGroup: int -> 'g)
        ([<InlineIfLambda>] number: 'g -> int -> float -> float)
        ([<InlineIfLambda>] square: float -> float)
        (values: float[])
        groups
        (sums: GroupSums)
        (slice: Slice)
        =
        let genes = slice.Genes
        let grouped = slice.Groups

        for row in 0 .. slice.Cells - 1 do
            let group =
                if grouped.Length = 0 then 0
                elif grouped[row] < 0 then groups
                else grouped[row]

            sums.Enter group
            let pairs = sums.Pairs[group]
            let expressed = sums.Expressed[group]
            let known = ofGroup group

            for i in slice.Offsets[row] .. slice.Offsets[row + 1] - 1 do
                let gene = genes[i]
                let value = number known gene values[i]
                pairs[2 * gene] <- pairs[2 * gene] + value
                pairs[2 * gene + 1] <- pairs[2 * gene + 1] + square value

                if values[i] > 0.0 then
                    expressed[gene] <- true

    let inline private asIs () _ value : float = value
    let inline private square (value: float) = value * value

    /// A square as float32 holds it: scanpy squares in the matrix's type.
    let inline private squareSingle (value: float) = float (float32 value * float32 value)

    // One loop for each quantity and type, so that nothing is decided per value.
    let private addDouble values groups (sums: GroupSums) slice =
        addSlice ignore asIs square values groups sums slice

    let private addSingle values groups (sums: GroupSums) slice =
        addSlice ignore asIs squareSingle values groups sums slice

    let private addUnlogged (unlogger: Unlogger) groups (sums: GroupSums) (slice: Slice) =
        addSlice ignore (fun () _ value -> unlogger.Of value) square slice.Output groups sums slice

    let private addUnloggedSingle (unlogger: Unlogger) groups (sums: GroupSums) (slice: Slice) =
        addSlice ignore (fun () _ value -> unlogger.Of value) squareSingle slice.Output groups sums slice

    let private addClipped (limits: float[][]) groups (sums: GroupSums) (slice: Slice) =
        addSlice
            (fun group -> limits[group])
            (fun (limits: float[]) gene value -> if limits[gene] < value then limits[gene] else value)
            square
            slice.Values
            groups
            sums
            slice

    /// A loop with a memory of its own, for one part of the cells.
    let private start groups precision quantity =
        match quantity, precision with
        | Quantity.Raw, Precision.Single -> fun sums (slice: Slice) -> addSingle slice.Values groups sums slice
        | Quantity.Raw, Precision.Double -> fun sums (slice: Slice) -> addDouble slice.Values groups sums slice
        | Quantity.Written, Precision.Single -> fun sums (slice: Slice) -> addSingle slice.Output groups sums slice
        | Quantity.Written, Precision.Double -> fun sums (slice: Slice) -> addDouble slice.Output groups sums slice
        | Quantity.Unlogged basis, Precision.Single -> addUnloggedSingle (Unlogger(basis, precision)) groups
        | Quantity.Unlogged basis, Precision.Double -> addUnlogged (Unlogger(basis, precision)) groups
        | Quantity.Clipped limits, _ -> addClipped limits groups

    /// Sums over the cells of each of the slices' groups, which are numbered from 0. `precision` is the type of the matrix, in which
    /// squares are formed; squares of clipped values are float64 always. The state takes 17 bytes per gene and group that occurs.
    /// Laws (moments): splitting the cells and merging changes no exact sum; (group) the moments of a group are those of its cells alone.
    let perGene genes groups precision quantity : Fold<Slice, GroupedMoments> =
        let places = groups + 1
        let pairs = ArrayStock<float>(2 * genes)
        let flags = ArrayStock<bool> genes

        let quantity =
            match quantity with
            | Quantity.Clipped limits -> Quantity.Clipped(Array.append limits [| Array.create genes infinity |])
            | other -> other

        Fold.ofSteps
            { Fresh = fun () -> struct (GroupSums(genes, places, pairs, flags), start groups precision quantity)
              Step =
                fun (struct (sums, add) as state) slice ->
                    add sums slice
                    state
              Merge =
                fun (struct (sums, _) as state) (struct (more, _)) ->
                    sums.Merge more
                    state
              Finish =
                fun (struct (sums, _)) ->
                    pairs.Drain()
                    flags.Drain()
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

        for part in Array.tail parts do
            for gene in 0 .. sums.Length - 1 do
                sums[gene] <- sums[gene] + part.Sums[gene]
                squares[gene] <- squares[gene] + part.Squares[gene]
                expressed[gene] <- expressed[gene] || part.IsExpressed[gene]

        { Cells = parts |> Array.sumBy _.Cells
          Sums = sums
          Squares = squares
          IsExpressed = expressed }

    /// Means over all cells, NaN where there are none.
    let means moments =
        moments.Sums |> Array.map (fun sum -> sum / float moments.Cells)

    /// Variances with denominator n − 1, as fast_array_utils.stats.mean_var: (S₂/n − mean²) · n/(n − 1). Cancellation can leave them
    /// slightly below zero. One cell varies by nothing, although the square of its value was rounded and that of its mean is not.
    let variances moments =
        let means = means moments
        let n = float moments.Cells

        if moments.Cells = 1L then
            Array.map2 (-) means means
        else
            Array.map2 (fun square mean -> (square / n - mean * mean) * (n / (n - 1.0))) moments.Squares means

    /// How many bits a variance may lose: some ten of those that squares have are left then.
    let private mostLost precision =
        match precision with
        | Precision.Single -> 4194304.0
        | Precision.Double -> 1099511627776.0

    /// Is a gene's variance mere rounding? Σ x² − n·mean² loses log₂ of n·mean² over it of the bits that squares have; one that is
    /// exactly 0 is that of a gene that does not vary.
    let isLost precision (moments: GeneMoments) gene =
        let ofMean = moments.Sums[gene] * (moments.Sums[gene] / float moments.Cells)

        let rest = moments.Squares[gene] - ofMean
        rest <> 0.0 && ofMean > mostLost precision * abs rest
