/// Genes that a row has several values of: which of them counts is not said, so they are refused or added up.
namespace SingleSharp.Core.Reading

open System.Numerics
open SingleSharp.Core
open SingleSharp.Core.Folds

/// A gene that a cell has a second value of.
exception internal SecondValue of cell: int64 * gene: int

/// A sum that the type of the matrix does not hold.
exception internal SumTooLarge of cell: int64 * gene: int

/// Puts the values of a row in the order of their genes, for one reader.
[<Sealed>]
type internal Sorter(genes: int) =
    let sums: float[] = Array.zeroCreate genes
    /// One bit for each gene that the row has a value of.
    let present: uint64[] = Array.zeroCreate ((genes + 63) / 64)

    /// Sorts the values [start, stop) by gene and adds up, in their order, those of one gene; says where they end now.
    member _.Sort(rowGenes: int[], values: float[], start, stop) =
        for i in start .. stop - 1 do
            let gene = rowGenes[i]
            let bit = 1UL <<< (gene &&& 63)

            if present[gene >>> 6] &&& bit = 0UL then
                present[gene >>> 6] <- present[gene >>> 6] ||| bit
                sums[gene] <- values[i]
            else
                sums[gene] <- sums[gene] + values[i]

        let mutable target = start

        for word in 0 .. present.Length - 1 do
            let mutable bits = present[word]
            present[word] <- 0UL

            while bits <> 0UL do
                let gene = 64 * word + BitOperations.TrailingZeroCount bits
                rowGenes[target] <- gene
                values[target] <- sums[gene]
                target <- target + 1
                bits <- bits &&& (bits - 1UL)

        target

/// Finds what a row has twice, for one reader.
[<Sealed>]
type private Finder(genes: int) =
    let present: uint64[] = Array.zeroCreate ((genes + 63) / 64)

    /// The first gene, in stored order, that comes a second time among those from start to stop; -1 where there is none.
    member _.Find(rowGenes: int[], start, stop) =
        let mutable twice = -1
        let mutable i = start

        while twice < 0 && i < stop do
            let gene = rowGenes[i]
            let bit = 1UL <<< (gene &&& 63)

            if present[gene >>> 6] &&& bit <> 0UL then
                twice <- gene
            else
                present[gene >>> 6] <- present[gene >>> 6] ||| bit

            i <- i + 1

        for i in start .. stop - 1 do
            present[rowGenes[i] >>> 6] <- 0UL

        twice

[<RequireQualifiedAccess>]
module internal Duplicates =
    /// Lets rows through that have at most one value of each of N genes, and raises SecondValue at the first other one.
    let refused genes (source: Source<RowBatch>) =
        source
        |> Reader.through (fun () ->
            let finder = Finder genes

            fun rowBatch ->
                for row in 0 .. rowBatch.Cells - 1 do
                    let start = rowBatch.Offsets[row]
                    let stop = rowBatch.Offsets[row + 1]

                    if not (rowBatch.Ascends row) then
                        let twice = finder.Find(rowBatch.Genes, start, stop)

                        if twice >= 0 then
                            raise (SecondValue(rowBatch.CellOf row, twice)))

    /// The largest integer that a type holds exactly; booleans add up to truth.
    let private largest numeric =
        match numeric with
        | DType.Bool -> 1.0
        | DType.Int8 -> 127.0
        | DType.UInt8 -> 255.0
        | DType.Int16 -> 32767.0
        | DType.UInt16 -> 65535.0
        | DType.Int32 -> 2147483647.0
        | DType.UInt32 -> 4294967295.0
        | DType.Int64
        | DType.UInt64 -> 9007199254740992.0
        | _ -> infinity

    /// Adds up, in stored order, what a row has of one gene, and rounds the sum once to the type of the matrix. Rows in which
    /// that happens are in the order of genes afterwards; all others stay as they are.
    /// Law (summed): the rows mean the same array, and no gene comes twice.
    let summed numeric genes (source: Source<RowBatch>) =
        let most = largest numeric

        let fit cell gene sum =
            if numeric = DType.Bool then min sum 1.0
            elif numeric = DType.Float32 then float (float32 sum)
            elif sum > most || sum < -most - 1.0 then raise (SumTooLarge(cell, gene))
            else sum

        source
        |> Reader.through (fun () ->
            let finder = Finder genes
            let sorter = Sorter genes

            /// Looks at every row of a batch in which genes do not ascend everywhere; those that have something twice are sorted and added up.
            let sum (rowBatch: RowBatch) =
                let genes = rowBatch.Genes
                let values = rowBatch.ChangeValues()
                let mutable start = 0
                let mutable target = 0

                for row in 0 .. rowBatch.Cells - 1 do
                    let stop = rowBatch.Offsets[row + 1]
                    let isTwice = finder.Find(genes, start, stop) >= 0
                    let stop' = if isTwice then sorter.Sort(genes, values, start, stop) else stop

                    for i in start .. stop' - 1 do
                        genes[target + i - start] <- genes[i]
                        values[target + i - start] <- if isTwice then fit (rowBatch.CellOf row) genes[i] values[i] else values[i]

                    target <- target + stop' - start
                    start <- stop
                    rowBatch.Offsets[row + 1] <- target

            fun rowBatch ->
                let mutable ascend = true

                for row in 0 .. rowBatch.Cells - 1 do
                    ascend <- ascend && rowBatch.Ascends row

                if not ascend then
                    sum rowBatch)
