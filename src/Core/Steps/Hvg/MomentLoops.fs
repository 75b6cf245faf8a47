/// What is added up per gene of each row: numbers and their squares, value by value or once per count.
namespace SingleSharp.Core.Steps

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows

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
module internal MomentLoops =
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
    let start groups precision quantity =
        match quantity, precision with
        | Quantity.Raw, Precision.Single -> addRawSingle groups
        | Quantity.Raw, Precision.Double -> addRawDouble groups
        | Quantity.Written, Precision.Single -> addWrittenSingle (CountTable()) groups
        | Quantity.Written, Precision.Double -> addWritten (CountTable()) groups
        | Quantity.Unlogged basis, Precision.Single -> addUnloggedSingle (Unlogger(basis, precision)) (CountTable()) groups
        | Quantity.Unlogged basis, Precision.Double -> addUnlogged (Unlogger(basis, precision)) (CountTable()) groups
        | Quantity.Clipped(limits, _), _ -> addClipped limits groups
