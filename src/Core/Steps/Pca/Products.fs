/// The products of genes over some rows, by two ways that give the same bits.
namespace SingleSharp.Core.Steps

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open SingleSharp.Core
open SingleSharp.Core.Folds

/// Some rows that are multiplied together, so that a row of the triangle is fetched once for all of them.
[<Sealed>]
type internal Batch(size: int) =
    /// N entries stay close to the processor and outweigh the fetching of the triangle; a row has its place in any case.
    let room = max (1 <<< 17) size

    /// Where each row begins, as in a row batch.
    member val Offsets: int[] = Array.zeroCreate (Blocks.rowsPerBlock + 1)
    member val Genes: int[] = Array.zeroCreate room
    member val Values: float[] = Array.zeroCreate room
    member val Rows = 0 with get, set
    member batch.Count = batch.Offsets[batch.Rows]

    member batch.HasRoomFor count =
        batch.Rows < Blocks.rowsPerBlock && batch.Count + count <= room

    /// Copies a row of a row batch.
    member batch.Add(rowBatch: RowBatch, row) =
        let start = rowBatch.Offsets[row]
        let count = rowBatch.Offsets[row + 1] - start
        let genes = Span(batch.Genes, batch.Count, count)
        ReadOnlySpan(rowBatch.Genes, start, count).CopyTo genes
        ReadOnlySpan(rowBatch.Values, start, count).CopyTo(Span(batch.Values, batch.Count, count))
        let mutable last = -1

        for gene in genes do
            if gene <= last || gene >= size then
                invalidOp $"gene {gene} follows gene {last} in a row of {size} genes"

            last <- gene

        batch.Rows <- batch.Rows + 1
        batch.Offsets[batch.Rows] <- batch.Offsets[batch.Rows - 1] + count

[<RequireQualifiedAccess>]
module internal Packed =
    /// A larger triangle would be no array any more.
    let mostSide = 65535

    let length size =
        Checked.int (int64 size * int64 (size + 1) / 2L)

    /// Entry (i, j) lies at `row size i + j`.
    let row size i =
        int (int64 i * int64 size - int64 i * int64 (i + 1) / 2L)

/// The products of a batch in which most entries are zero, gene by gene: while all cells that hold a gene add to its row of the
/// triangle, that row stays in the first cache.
[<Sealed>]
type internal SparseProducts(size: int) =
    /// Where the entries of each gene end in the two lists below.
    let ends: int[] = Array.zeroCreate (size + 1)
    let mutable places: int[] = Array.Empty()
    let mutable stops: int[] = Array.Empty()

    /// Lists every entry's place and the end of its row, by gene and then by row.
    let sort (batch: Batch) =
        let genes = ReadOnlySpan(batch.Genes, 0, batch.Count)

        if places.Length < genes.Length then
            places <- Array.zeroCreate batch.Genes.Length
            stops <- Array.zeroCreate batch.Genes.Length

        Array.Clear ends

        for gene in genes do
            ends[gene + 1] <- ends[gene + 1] + 1

        for gene in 1..size do
            ends[gene] <- ends[gene] + ends[gene - 1]

        // Now ends[gene] is where the gene begins, and goes up as its entries are listed.
        for row in 0 .. batch.Rows - 1 do
            let stop = batch.Offsets[row + 1]

            for place in batch.Offsets[row] .. stop - 1 do
                let at = ends[genes[place]]
                places[at] <- place
                stops[at] <- stop
                ends[genes[place]] <- at + 1

    /// Adds the products of a row's first value with each of its values to the row of the triangle.
    static let multiply (sums: Span<float>) (genes: ReadOnlySpan<int>) (values: ReadOnlySpan<float>) =
        let value = values[0]

        for k in 0 .. min genes.Length values.Length - 1 do
            let gene = genes[k]
            sums[gene] <- sums[gene] + value * values[k]

    member _.Add(batch: Batch, upper: float[]) =
        sort batch
        let mutable at = 0

        for gene in 0 .. size - 1 do
            let sums = Span(upper, Packed.row size gene, size)

            while at < ends[gene] do
                let place = places[at]
                let count = stops[at] - place
                multiply sums (ReadOnlySpan(batch.Genes, place, count)) (ReadOnlySpan(batch.Values, place, count))
                at <- at + 1

/// How rows are laid out where they are multiplied as full matrices.
[<RequireQualifiedAccess>]
module private Panel =
    /// Genes that stand beside each other; a panel holds their values in all rows of a piece, row by row.
    [<Literal>]
    let Width = 8

    /// Rows in a piece, at most.
    [<Literal>]
    let Rows = 128

/// The products of a batch in which many entries are not zero, multiplied as full matrices. A product with an absent entry is ±0,
/// which changes no sum that is finite and began at +0, so that the bits are those of the sparse way.
[<Sealed>]
type internal DenseProducts(size: int) =
    let panels = (size + Panel.Width - 1) / Panel.Width
    let mutable dense: float[] = Array.Empty()
    let rowsAt: int[] = Array.zeroCreate Panel.Width
    let corner: float[] = Array.zeroCreate (Panel.Width * Panel.Width)
    let cornerAt = Array.init Panel.Width (fun i -> Panel.Width * i)

    let fill (batch: Batch) first rows =
        if dense.Length = 0 then
            dense <- Array.zeroCreate (Checked.(*) panels (Panel.Width * Panel.Rows))

        Array.Clear(dense, 0, panels * Panel.Width * rows)

        for row in 0 .. rows - 1 do
            for i in batch.Offsets[first + row] .. batch.Offsets[first + row + 1] - 1 do
                let gene = batch.Genes[i]
                dense[(gene / Panel.Width * rows + row) * Panel.Width + gene % Panel.Width] <- batch.Values[i]

    /// Adds the products of four genes (from `four` on in panel `left`) with the eight of panel `right`, row after row.
    let multiply (sums: float[]) (at: int[]) shift four (left: ReadOnlySpan<float>) (right: ReadOnlySpan<Vector256<float>>) =
        let inline load i half =
            Vector256.Create<float>(ReadOnlySpan(sums, at[four + i] + shift + half, 4))

        let inline store i half (sum: Vector256<float>) =
            sum.CopyTo(Span(sums, at[four + i] + shift + half, 4))

        let mutable sum00 = load 0 0
        let mutable sum01 = load 0 4
        let mutable sum10 = load 1 0
        let mutable sum11 = load 1 4
        let mutable sum20 = load 2 0
        let mutable sum21 = load 2 4
        let mutable sum30 = load 3 0
        let mutable sum31 = load 3 4
        let mutable i = four

        for row in 0 .. right.Length / 2 - 1 do
            let low = right[2 * row]
            let high = right[2 * row + 1]
            let value = Vector256.Create left[i]
            sum00 <- sum00 + value * low
            sum01 <- sum01 + value * high
            let value = Vector256.Create left[i + 1]
            sum10 <- sum10 + value * low
            sum11 <- sum11 + value * high
            let value = Vector256.Create left[i + 2]
            sum20 <- sum20 + value * low
            sum21 <- sum21 + value * high
            let value = Vector256.Create left[i + 3]
            sum30 <- sum30 + value * low
            sum31 <- sum31 + value * high
            i <- i + Panel.Width

        store 0 0 sum00
        store 0 4 sum01
        store 1 0 sum10
        store 1 4 sum11
        store 2 0 sum20
        store 2 4 sum21
        store 3 0 sum30
        store 3 4 sum31

    /// Adds the products of two panels; row i of the sums begins at at[i] + shift.
    let multiplyPanels rows (sums: float[]) (at: int[]) shift left right =
        let length = Panel.Width * rows
        let lefts = ReadOnlySpan(dense, left * length, length)

        let rights =
            MemoryMarshal.Cast<float, Vector256<float>>(ReadOnlySpan(dense, right * length, length))

        multiply sums at shift 0 lefts rights
        multiply sums at shift 4 lefts rights

    /// Where the triangle ends the sums are not all there, so they are multiplied in a corner beside it.
    let multiplyCorner rows (sums: float[]) left right =
        Array.Clear corner

        for i in Panel.Width * left .. min size (Panel.Width * (left + 1)) - 1 do
            for j in max i (Panel.Width * right) .. min size (Panel.Width * (right + 1)) - 1 do
                corner[Panel.Width * (i - Panel.Width * left) + j - Panel.Width * right] <- sums[Packed.row size i + j]

        multiplyPanels rows corner cornerAt 0 left right

        for i in Panel.Width * left .. min size (Panel.Width * (left + 1)) - 1 do
            for j in max i (Panel.Width * right) .. min size (Panel.Width * (right + 1)) - 1 do
                sums[Packed.row size i + j] <- corner[Panel.Width * (i - Panel.Width * left) + j - Panel.Width * right]

    member _.Add(batch: Batch, upper: float[]) =
        // Pieces of about the same size, since each of them fetches the whole triangle.
        let pieces = (batch.Rows + Panel.Rows - 1) / Panel.Rows
        let piece = (batch.Rows + pieces - 1) / pieces

        for first in 0..piece .. batch.Rows - 1 do
            let rows = min piece (batch.Rows - first)
            fill batch first rows

            for left in 0 .. panels - 1 do
                for right in left .. panels - 1 do
                    if right = left || Panel.Width * (right + 1) > size then
                        multiplyCorner rows upper left right
                    else
                        for i in 0 .. Panel.Width - 1 do
                            rowsAt[i] <- Packed.row size (Panel.Width * left + i)

                        multiplyPanels rows upper rowsAt (Panel.Width * right) left right

/// What it takes to multiply rows: a batch that gathers them, and the two ways.
[<Sealed; AllowNullLiteral>]
type internal Multiplier(size: int) =
    let sparse = SparseProducts size
    let dense = DenseProducts size
    member val Batch = Batch size

    /// Adds the products of the batch to the triangle, and empties it. The way is chosen by speed alone.
    member multiplier.Add(upper: float[]) =
        let batch = multiplier.Batch

        if 10L * int64 batch.Count > 3L * int64 batch.Rows * int64 size then
            dense.Add(batch, upper)
        else
            sparse.Add(batch, upper)

        batch.Rows <- 0
