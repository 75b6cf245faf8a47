/// Sums and sums of squares per gene and group of cells: after one read every mean and variance is known.
namespace SingleSharp.Core.Steps

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps

/// Which number is summed for a stored value.
[<RequireQualifiedAccess>]
type internal Quantity =
    /// The value as it was read.
    | Raw
    /// The value as it will be written.
    | Written
    /// What a value that will be written is the logarithm of: b^x − 1, rounded as the matrix is; no base for e.
    | Unlogged of basis: float voption
    /// The value as it was read, or the limit of its group and gene where that is smaller; cells of no group have no limit.
    /// `ofMatrix` is the type of the matrix.
    | Clipped of limits: float[][] * ofMatrix: Precision

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

/// What is added for each count of a row, by its code.
[<Sealed>]
type private CountTable() =
    /// A number and its square, side by side.
    member val Pairs: float[] = Array.zeroCreate (2 * RowCounts.Places)

    /// Is what the count became above zero?
    member val IsPositive: bool[] = Array.zeroCreate RowCounts.Places

[<RequireQualifiedAccess>]
module internal Moments =
    /// Adds to each gene's pair of sums what the table has of its code.
    let private addCodes (pairs: float[]) (table: CountTable) (genes: ReadOnlySpan<int>) (codes: ReadOnlySpan<int>) (expressed: bool[]) =
        let isPositive = table.IsPositive
        let sums = MemoryMarshal.Cast<float, Vector128<float>>(Span pairs)
        let table = MemoryMarshal.Cast<float, Vector128<float>>(ReadOnlySpan table.Pairs)

        for i in 0 .. min genes.Length codes.Length - 1 do
            let gene = genes[i]
            let code = codes[i]
            sums[gene] <- sums[gene] + table[code]

            if isPositive[code] then
                expressed[gene] <- true

    /// What follows a row that was added: `value` gives the number of its i-th value.
    let inline private follow (sums: GroupSums) group (genes: int[]) first stop ([<InlineIfLambda>] value: int -> float) =
        if sums.Cells[group] = 1L then
            sums.Begin(group, ReadOnlySpan(genes, first, stop - first))
        elif not (isNull sums.Distances[group]) then
            let ofCell = sums.Row

            for i in first .. stop - 1 do
                ofCell[genes[i]] <- value i

            sums.AddRow(group, ReadOnlySpan(genes, first, stop - first))

    let inline private groupOf (rowBatch: RowBatch) groups row =
        let grouped = rowBatch.Groups

        if grouped.Length = 0 then 0
        elif grouped[row] < 0 then groups
        else grouped[row]

    /// Adds every value of a row: `number` of its gene and itself.
    let inline private addValues
        ([<InlineIfLambda>] number: int -> float -> float)
        ([<InlineIfLambda>] square: float -> float)
        (values: float[])
        (sums: GroupSums)
        group
        (rowBatch: RowBatch)
        row
        =
        let genes = rowBatch.Genes
        let pairs = sums.Pairs[group]
        let expressed = sums.Expressed[group]
        let first, stop = rowBatch.Offsets[row], rowBatch.Offsets[row + 1]

        for i in first .. stop - 1 do
            let gene = genes[i]
            let value = number gene values[i]
            pairs[2 * gene] <- pairs[2 * gene] + value
            pairs[2 * gene + 1] <- pairs[2 * gene + 1] + square value

            if values[i] > 0.0 then
                expressed[gene] <- true

        follow sums group genes first stop (fun i -> number genes[i] values[i])

    /// The same of a row of counts: each number is computed once, of what a count became.
    let inline private addCounts
        ([<InlineIfLambda>] number: float -> float)
        ([<InlineIfLambda>] square: float -> float)
        (table: CountTable)
        (sums: GroupSums)
        group
        (rowBatch: RowBatch)
        row
        =
        let counts = rowBatch.Counts
        let genes, codes = rowBatch.Genes, counts.CodesOf
        let first, stop = rowBatch.Offsets[row], rowBatch.Offsets[row + 1]

        for pair in counts.Pair row .. counts.Pair(row + 1) - 1 do
            let code, result = counts.PairCodes[pair], counts.Results[pair]
            let value = number result
            table.Pairs[2 * code] <- value
            table.Pairs[2 * code + 1] <- square value
            table.IsPositive[code] <- result > 0.0

        addCodes
            sums.Pairs[group]
            table
            (ReadOnlySpan(genes, first, stop - first))
            (ReadOnlySpan(codes, first, stop - first))
            sums.Expressed[group]

        follow sums group genes first stop (fun i -> table.Pairs[2 * codes[i]])

    /// Adds every row of a row batch to the sums of its group.
    let inline private addBatch groups (sums: GroupSums) (rowBatch: RowBatch) ([<InlineIfLambda>] addRow: int -> int -> unit) =
        for row in 0 .. rowBatch.Cells - 1 do
            let group = groupOf rowBatch groups row
            sums.Enter group
            addRow group row

        sums.Leave()

    let inline private square (value: float) = value * value

    /// A square as float32 holds it: scanpy squares in the matrix's type.
    let inline private squareSingle (value: float) = float (float32 value * float32 value)

    // One loop for each quantity and type, so that nothing is decided per value.
    let inline private addRaw ([<InlineIfLambda>] square: float -> float) groups sums (rowBatch: RowBatch) =
        let values = rowBatch.Values
        addBatch groups sums rowBatch (fun group row -> addValues (fun _ value -> value) square values sums group rowBatch row)

    let private addRawDouble groups sums rowBatch = addRaw square groups sums rowBatch

    let private addRawSingle groups sums rowBatch =
        addRaw squareSingle groups sums rowBatch

    /// Numbers of Output.
    let inline private addOutput
        ([<InlineIfLambda>] number: float -> float)
        ([<InlineIfLambda>] square: float -> float)
        table
        groups
        sums
        (rowBatch: RowBatch)
        =
        let isOfPairs = rowBatch.IsOfPairs

        let output =
            if isOfPairs && rowBatch.Counts.HasAll then null else rowBatch.OutputToRead

        addBatch groups sums rowBatch (fun group row ->
            if isOfPairs && rowBatch.Counts.Has row then
                addCounts number square table sums group rowBatch row
            else
                addValues (fun _ value -> number value) square output sums group rowBatch row)

    let private addWritten table groups sums rowBatch =
        addOutput id square table groups sums rowBatch

    let private addWrittenSingle table groups sums rowBatch =
        addOutput id squareSingle table groups sums rowBatch

    let private addUnlogged (unlogger: Unlogger) table groups sums rowBatch =
        addOutput unlogger.Of square table groups sums rowBatch

    let private addUnloggedSingle (unlogger: Unlogger) table groups sums rowBatch =
        addOutput unlogger.Of squareSingle table groups sums rowBatch

    let private addClipped (limits: float[][]) groups sums (rowBatch: RowBatch) =
        let values = rowBatch.Values

        addBatch groups sums rowBatch (fun group row ->
            let limits = limits[group]
            addValues (fun gene value -> if limits[gene] < value then limits[gene] else value) square values sums group rowBatch row)

    /// A loop with a memory of its own, for one part of the cells.
    let private start groups precision quantity =
        match quantity, precision with
        | Quantity.Raw, Precision.Single -> addRawSingle groups
        | Quantity.Raw, Precision.Double -> addRawDouble groups
        | Quantity.Written, Precision.Single -> addWrittenSingle (CountTable()) groups
        | Quantity.Written, Precision.Double -> addWritten (CountTable()) groups
        | Quantity.Unlogged basis, Precision.Single -> addUnloggedSingle (Unlogger(basis, precision)) (CountTable()) groups
        | Quantity.Unlogged basis, Precision.Double -> addUnlogged (Unlogger(basis, precision)) (CountTable()) groups
        | Quantity.Clipped(limits, _), _ -> addClipped limits groups

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

        Fold.ofSteps
            { Fresh = fun () -> struct (GroupSums(genes, places, keepCounts, stock), start groups precision quantity)
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
