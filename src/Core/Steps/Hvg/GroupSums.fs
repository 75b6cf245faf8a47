/// What is summed per gene and group of cells, and the state in which it is.
namespace SingleSharp.Core.Steps

open System
open System.IO
open System.Numerics
open SingleSharp.Core.Folds

/// What some cells hold of each gene, zeros that are not stored among them.
type internal GeneMoments =
    {
        Cells: int64
        Sums: float[]
        /// Sums of the squares.
        Squares: float[]
        /// Does any cell hold more than zero?
        IsExpressed: bool[]
        /// Of genes whose mean is so large beside their spread that sums of squares say little.
        Distances: Distances
    }

/// Moments of each group of cells, and of the cells that belong to none.
type internal GroupedMoments =
    { Groups: GeneMoments[]
      Others: GeneMoments }

/// Arrays and distances that the states of one fold hand to one another.
[<Sealed>]
type internal MomentsStock(genes) =
    /// The sum of gene g is at 2g, that of its squares at 2g + 1, so that a value touches one cache line.
    member val Pairs = ArrayStock<float>(2 * genes)
    member val Flags = ArrayStock<bool> genes
    member val Rows = ArrayStock<float> genes
    member val Distances = DistancesStock()

    member stock.Drain() =
        stock.Pairs.Drain()
        stock.Flags.Drain()
        stock.Rows.Drain()
        stock.Distances.Drain()

/// The sums of some cells. A group's arrays are rented when its first cell comes: of many groups a block meets few.
[<Sealed>]
type internal GroupSums(genes, groups, keepCounts, stock: MomentsStock) =
    let none = Distances()
    let cells: int64[] = Array.zeroCreate groups
    let pairs: float[][] = Array.zeroCreate groups
    let expressed: bool[][] = Array.zeroCreate groups

    // About the values of a group's first cell in the block; null once no gene needs them, which is after few cells, or before that cell.
    let distances: Distances[] = Array.zeroCreate groups
    let mutable row: float[] = null

    let plain (pairs: float[]) gene =
        struct (pairs[2 * gene], pairs[2 * gene + 1])

    /// What a group keeps of its distances, if there are any.
    let kept (found: Distances) =
        if found.Count > 0 then
            found
        else
            stock.Distances.Return found
            null

    let mergeDistances group (more: GroupSums) =
        let ours: Distances = distances[group]
        let others = more.Distances[group]

        if not (isNull ours && isNull others) then
            let or0 (known: Distances) = if isNull known then none else known
            let merged = stock.Distances.Rent()
            merged.Merge(or0 ours, cells[group], plain pairs[group], or0 others, more.Cells[group], plain more.Pairs[group])

            for spent in [| ours; others |] do
                if not (isNull spent) then
                    stock.Distances.Return spent

            distances[group] <- kept merged

    /// Says that a cell of the group follows.
    member _.Enter group =
        if isNull pairs[group] then
            pairs[group] <- stock.Pairs.Rent()
            expressed[group] <- stock.Flags.Rent()

        cells[group] <- cells[group] + 1L

    member _.Cells: int64[] = cells
    member _.Pairs: float[][] = pairs
    member _.Expressed: bool[][] = expressed
    member _.Distances: Distances[] = distances

    /// Begins the distances of a group whose first cell was added.
    member _.Begin(group, ofCell: ReadOnlySpan<int>) =
        let first = stock.Distances.Rent()
        first.Begin(ofCell, pairs[group], keepCounts)
        distances[group] <- kept first

    /// A place for each gene of a cell, all zero.
    member _.Row =
        if isNull row then
            row <- stock.Rows.Rent()

        row

    /// Adds to the distances of a group the cell whose values are in the row. Genes that vary are soon known: they are looked for after
    /// each of the first cells, then whenever twice as many are there, as if the others of the block were like these.
    member _.AddRow(group, ofCell: ReadOnlySpan<int>) =
        distances[group].Add row

        if cells[group] <= 16L || BitOperations.IsPow2 cells[group] then
            distances[group].Keep(cells[group], max cells[group] (int64 Blocks.rowsPerBlock))
            distances[group] <- kept distances[group]

        for gene in ofCell do
            row[gene] <- 0.0

    /// Says that no cell of the row batch follows.
    member _.Leave() =
        if not (isNull row) then
            stock.Rows.Return row
            row <- null

    member _.Merge(more: GroupSums) =
        for group in 0 .. groups - 1 do
            if isNull pairs[group] then
                pairs[group] <- more.Pairs[group]
                expressed[group] <- more.Expressed[group]
                distances[group] <- more.Distances[group]
            elif not (isNull more.Pairs[group]) then
                mergeDistances group more
                let sums, others = pairs[group], more.Pairs[group]
                let flags, otherFlags = expressed[group], more.Expressed[group]

                for i in 0 .. 2 * genes - 1 do
                    sums[i] <- sums[i] + others[i]

                for gene in 0 .. genes - 1 do
                    flags[gene] <- flags[gene] || otherFlags[gene]

                stock.Pairs.Return others
                stock.Flags.Return otherFlags

            cells[group] <- cells[group] + more.Cells[group]

    /// What is known of each group that has cells.
    member _.Write(writer: BinaryWriter) =
        Saved.write writer cells groups

        for group in 0 .. groups - 1 do
            if not (isNull pairs[group]) then
                Saved.write writer pairs[group] (2 * genes)
                Saved.write writer expressed[group] genes
                writer.Write(not (isNull distances[group]))

                if not (isNull distances[group]) then
                    distances[group].Write writer

    /// Takes the place of sums of no cells.
    member _.Read(reader: BinaryReader) =
        Saved.readInto reader cells groups

        for group in 0 .. groups - 1 do
            if cells[group] > 0L then
                pairs[group] <- stock.Pairs.Rent()
                expressed[group] <- stock.Flags.Rent()
                Saved.readInto reader pairs[group] (2 * genes)
                Saved.readInto reader expressed[group] genes

                if reader.ReadBoolean() then
                    let found = stock.Distances.Rent()
                    found.Read reader
                    distances[group] <- found

    /// The sums of a group; the arrays they were in are given up.
    member _.Take group =
        let known = not (isNull pairs[group])

        let moments =
            { Cells = cells[group]
              Sums = Array.init genes (fun gene -> if known then pairs[group][2 * gene] else 0.0)
              Squares = Array.init genes (fun gene -> if known then pairs[group][2 * gene + 1] else 0.0)
              IsExpressed = if known then expressed[group] else Array.zeroCreate genes
              Distances = if isNull distances[group] then none else distances[group] }

        moments.Distances.Keep(cells[group], cells[group])
        pairs[group] <- null
        expressed[group] <- null
        distances[group] <- null
        moments
