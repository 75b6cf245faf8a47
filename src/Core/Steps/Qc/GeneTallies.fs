/// Sums over cells for every gene.
namespace SingleSharp.Core.Steps

open System
open System.IO
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows

/// Sums over cells for every gene. Sums of integers are exact up to 2^53; explicit zeros are not detections.
type internal GeneTallies =
    {
        Cells: int64
        /// In how many cells a gene is not zero.
        CellsByCounts: int64[]
        Totals: float[]
    }

/// Arrays that the sums of one fold hand to one another.
[<Sealed>]
type private TalliesStock(genes) =
    member val Numbers = ArrayStock<int64> genes
    member val Totals = ArrayStock<float> genes

    member stock.Drain() =
        stock.Numbers.Drain()
        stock.Totals.Drain()

/// The sums of some cells. As long as all values are counts, one integer has both sums of a gene: its detections in the upper bits, its
/// total in the lower ones. Totals of counts are exact in float64 as well, so the two ways agree in every bit.
[<Sealed>]
type private Tallies(genes, stock: TalliesStock) =
    /// So many detections fit into the upper bits, and the total of as many counts below 2²⁴ into the lower ones.
    static let totalBits = 44
    static let oneDetection = 1L <<< totalBits
    static let mostDetections = (1L <<< 19) - 1L

    let mutable packed: int64[] = null
    let mutable detected: int64[] = null
    let mutable totals: float[] = null
    /// No gene has more detections in the packed sums.
    let mutable bound = 0L
    let mutable isPlain = false
    let mutable large: int[] = null

    let packedSums () =
        if isNull packed then
            packed <- stock.Numbers.Rent()

        packed

    let plainSums () =
        if isNull detected then
            detected <- stock.Numbers.Rent()
            totals <- stock.Totals.Rent()

    /// Moves what is packed to the plain sums.
    let unpack () =
        if not (isNull packed) then
            let isFirst = isNull detected

            if isNull totals then
                totals <- stock.Totals.Rent()

            // The array itself becomes that of the detections where there is none.
            let into = if isFirst then packed else detected

            for gene in 0 .. genes - 1 do
                let both = packed[gene]
                totals[gene] <- totals[gene] + float (both &&& (oneDetection - 1L))
                into[gene] <- (if isFirst then 0L else detected[gene]) + (both >>> totalBits)

            if not isFirst then
                stock.Numbers.Return packed

            detected <- into
            packed <- null
            bound <- 0L

        plainSums ()

    let addSmall (sums: int64[]) (genes: ReadOnlySpan<int>) (counts: ReadOnlySpan<int>) =
        for i in 0 .. min genes.Length counts.Length - 1 do
            let gene = genes[i]
            let count = int64 counts[i]
            // Minus the count has a sign wherever the count is not zero.
            sums[gene] <- sums[gene] + count + ((-count >>> 63) &&& oneDetection)

    /// How often a row may have one gene.
    let mostOfGene (rowBatch: RowBatch) row =
        if rowBatch.Ascends row then 1L else int64 (rowBatch.Offsets[row + 1] - rowBatch.Offsets[row])

    let addCounts (rowBatch: RowBatch) (counts: RowCounts) row most =
        let start, stop = rowBatch.Offsets[row], rowBatch.Offsets[row + 1]

        if bound + most > mostDetections then
            unpack ()

        bound <- bound + most
        let sums = packedSums ()

        if counts.AreCodes row then
            addSmall sums (ReadOnlySpan(rowBatch.Genes, start, stop - start)) (ReadOnlySpan(counts.CodesOf, start, stop - start))
        else
            if isNull large then
                large <- Array.zeroCreate RowCounts.Places

            for pair in counts.Pair row .. counts.Pair(row + 1) - 1 do
                large[counts.PairCodes[pair]] <- counts.Counts[pair]

            for i in start .. stop - 1 do
                let gene = rowBatch.Genes[i]
                let count = large[counts.CodesOf[i]]
                sums[gene] <- sums[gene] + int64 count + (if count > 0 then oneDetection else 0L)

    let addValues (rowBatch: RowBatch) row =
        let genes, values = rowBatch.Genes, rowBatch.Values

        for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
            let gene = genes[i]
            totals[gene] <- totals[gene] + values[i]

            if values[i] <> 0.0 then
                detected[gene] <- detected[gene] + 1L

    member val Cells = 0L with get, set
    member _.Packed = packed
    member _.Bound = bound
    member _.Detected = detected
    member _.Totals = totals

    /// Adds rows. Behind the first one that is not of counts the order of additions matters, so all are added one by one from there on.
    member sums.Add(rowBatch: RowBatch) =
        let counts = rowBatch.Counts.Tally()

        for row in 0 .. rowBatch.Cells - 1 do
            let most = mostOfGene rowBatch row

            if not isPlain && not (counts.Has row && most <= mostDetections) then
                unpack ()
                isPlain <- true

            if isPlain then addValues rowBatch row else addCounts rowBatch counts row most

        sums.Cells <- sums.Cells + int64 rowBatch.Cells

    /// Adds the sums of cells that follow.
    member sums.Merge(more: Tallies) =
        if isNull detected && isNull more.Detected && bound + more.Bound <= mostDetections then
            if not (isNull more.Packed) then
                let sums = packedSums ()

                for gene in 0 .. genes - 1 do
                    sums[gene] <- sums[gene] + more.Packed[gene]

                bound <- bound + more.Bound
        else
            unpack ()
            more.Unpack()

            for gene in 0 .. genes - 1 do
                detected[gene] <- detected[gene] + more.Detected[gene]
                totals[gene] <- totals[gene] + more.Totals[gene]

        sums.Cells <- sums.Cells + more.Cells
        more.Return()

    member _.Unpack() = unpack ()

    member sums.Write(writer: BinaryWriter) =
        unpack ()
        writer.Write sums.Cells
        Saved.write writer detected genes
        Saved.write writer totals genes

    /// Takes the place of sums of no cells.
    member sums.Read(reader: BinaryReader) =
        plainSums ()
        sums.Cells <- reader.ReadInt64()
        Saved.readInto reader detected genes
        Saved.readInto reader totals genes

    member _.Return() =
        for numbers in [| packed; detected |] do
            if not (isNull numbers) then
                stock.Numbers.Return numbers

        if not (isNull totals) then
            stock.Totals.Return totals

        packed <- null
        detected <- null
        totals <- null

[<RequireQualifiedAccess>]
module internal GeneTallies =
    /// Sums of every gene over the cells. The state is 8 bytes per gene of counts and 16 of other values, pooled.
    /// Law (tallies): tallies of two parts, merged in order, are the tallies of the whole.
    let perGene genes : Fold<RowBatch, GeneTallies> =
        let stock = TalliesStock genes

        let form =
            { Write = fun writer (sums: Tallies) -> sums.Write writer
              Read =
                fun reader ->
                    let sums = Tallies(genes, stock)
                    sums.Read reader
                    sums }

        Fold.saved
            form
            { Fresh = fun () -> Tallies(genes, stock)
              Step =
                fun sums rowBatch ->
                    sums.Add rowBatch
                    sums
              Merge =
                fun sums more ->
                    sums.Merge more
                    sums
              Finish =
                fun sums ->
                    sums.Unpack()
                    stock.Drain()

                    { Cells = sums.Cells
                      CellsByCounts = sums.Detected
                      Totals = sums.Totals } }
