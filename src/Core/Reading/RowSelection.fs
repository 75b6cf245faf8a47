/// Sources that let only some rows and genes through, and one that says which group each row belongs to.
namespace SingleSharp.Core.Reading

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.IO
open System.Numerics
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows

/// Takes rows out of row batches, for one reader. Row batches are changed in place, since their reader fills them anew.
[<Sealed>]
type private Sieve() =
    let mutable stays: bool[] = Array.Empty()
    let mutable origins: int64[] = Array.Empty()

    /// Moves a row's values to `target`, and says where the next row's go.
    let move (genes: int[]) (values: 'v[]) (start: int) stop target =
        if start <> target then
            Array.Copy(genes, start, genes, target, stop - start)
            Array.Copy(values, start, values, target, stop - start)

        target + (stop - start)

    /// The same, of the genes that have a new number only.
    let moveSome (numbers: int[]) (genes: int[]) (values: 'v[]) start stop target =
        let mutable target = target

        for i in start .. stop - 1 do
            let number = numbers[genes[i]]

            if number >= 0 then
                genes[target] <- number
                values[target] <- values[i]
                target <- target + 1

        target

    let moveRow numbers genes (values: 'v[]) start stop target =
        match numbers with
        | ValueNone -> move genes values start stop target
        | ValueSome numbers -> moveSome numbers genes values start stop target

    /// Room for one flag per row.
    member _.Flags rows =
        if stays.Length < rows then
            let room = int (BitOperations.RoundUpToPowerOf2(uint32 rows))
            stays <- Array.zeroCreate room
            origins <- Array.zeroCreate room

        stays

    /// Keeps the rows whose flag is set, with all that belongs to them, and the genes that have a new number (all, if there
    /// are no new numbers); the first row becomes the source's row `firstCell`. Output is without meaning afterwards.
    member _.Keep(rowBatch: RowBatch, firstCell, numbers: int[] voption) =
        let genes = rowBatch.Genes
        let singles = rowBatch.Singles
        let values = if singles.IsSome then null else rowBatch.Values
        let mutable kept = 0
        let mutable start = 0
        let mutable target = 0

        for row in 0 .. rowBatch.Cells - 1 do
            let stop = rowBatch.Offsets[row + 1]

            if stays[row] then
                target <-
                    match singles with
                    | ValueSome singles -> moveRow numbers genes singles start stop target
                    | ValueNone -> moveRow numbers genes values start stop target

                origins[kept] <- rowBatch.CellOf row
                rowBatch.Factors[kept] <- rowBatch.Factors[row]

                if rowBatch.Groups.Length > 0 then
                    rowBatch.Groups[kept] <- rowBatch.Groups[row]

                kept <- kept + 1
                rowBatch.Offsets[kept] <- target

            start <- stop

        rowBatch.Cells <- kept
        rowBatch.FirstCell <- firstCell
        rowBatch.Origins <- origins
        rowBatch.Shrink()

[<RequireQualifiedAccess>]
module internal RowSelection =
    /// The new number of each gene, −1 where it has none.
    let private numbersOf (genes: RowMask) =
        Array.init (int genes.Length) (fun gene -> if genes.Has(int64 gene) then int (genes.Rank(int64 gene)) else -1)

    /// Lets only those rows through for which the decider, one for each reader, sets the flag. Blocks are those of the rows
    /// that are read, and FirstCell stays the number of a row batch's first one; row batches may be empty.
    /// Law (byRule): what goes through is the rows that stay, in order, each with its CellOf, whatever the row batches.
    let byRule (start: unit -> RowBatch -> bool[] -> unit) (source: Source<RowBatch>) =
        source
        |> Reader.through (fun () ->
            let decide = start ()
            let sieve = Sieve()

            fun rowBatch ->
                decide rowBatch (sieve.Flags rowBatch.Cells)
                sieve.Keep(rowBatch, rowBatch.FirstCell, ValueNone))

    /// Adds to `kept` every cell of the input: it stays if it goes by. Fed by byRule, `kept` is complete when the pass is over.
    let into (kept: RowMask) : Sink<RowBatch> =
        let spare = ConcurrentBag<List<int64>>()

        let keep (buffer: List<int64>) =
            for cell in buffer do
                kept.DropUntil cell
                kept.Add true

            buffer.Clear()

        let save (writer: BinaryWriter) (buffer: List<int64>) =
            writer.Write buffer.Count

            for cell in buffer do
                writer.Write cell

            buffer.Clear()

        let restore (reader: BinaryReader) =
            let cells = List<int64>()

            for _ in 1 .. reader.ReadInt32() do
                cells.Add(reader.ReadInt64())

            keep cells

        Sink.ofSaved
            save
            restore
            { Begin =
                fun _ ->
                    match spare.TryTake() with
                    | true, buffer -> buffer
                    | _ -> List()
              Fill =
                fun buffer rowBatch ->
                    for row in 0 .. rowBatch.Cells - 1 do
                        buffer.Add(rowBatch.CellOf row)
              IsFull = fun _ -> false
              Flush = keep
              Recycle = spare.Add
              Complete = fun () -> kept.DropUntil kept.Length }

    /// Reads the rows [first, first + count) of those that stay, in pieces that a reader can read at once, passing over long
    /// stretches of which no row stays.
    let private readKept (reader: RowReader<RowBatch>) (cells: RowMask) first count visit =
        let stop = first + int64 count
        let mutable next = first

        while next < stop do
            let start = cells.At next
            let within = cells.Rank(min cells.Length (start + int64 Blocks.rowsPerBlock))
            let last = cells.At(min stop within - 1L)
            reader.Read(start, int (last - start + 1L), visit)
            next <- min stop within

    /// The rows and genes that stay and no others, numbered anew, as if nothing else were in the file; CellOf still gives a
    /// cell's number in the input. Stored order is kept. The source's own rows must follow one another. Row batches may be empty.
    /// Law (bySelection): folds over it have the bits of folds over a file that holds only what stays.
    let bySelection (selection: Selection) (source: Source<RowBatch>) : Source<RowBatch> =
        let cells = selection.Cells

        if cells.Length <> source.Rows then
            invalidArg (nameof selection) $"it is about {cells.Length} rows, but there are {source.Rows}"

        let numbers =
            if selection.Genes.IsAll then ValueNone else ValueSome(numbersOf selection.Genes)

        { Rows = cells.Count
          Open =
            fun () ->
                let reader = source.Open()
                let sieve = Sieve()

                let sift (rowBatch: RowBatch) =
                    let stays = sieve.Flags rowBatch.Cells

                    for row in 0 .. rowBatch.Cells - 1 do
                        stays[row] <- cells.Has(rowBatch.FirstCell + int64 row)

                    sieve.Keep(rowBatch, cells.Rank rowBatch.FirstCell, numbers)

                { new RowReader<RowBatch> with
                    member _.Read(first, count, visit) =
                        readKept reader cells first count (fun rowBatch ->
                            sift rowBatch
                            visit rowBatch)

                    member _.Dispose() = reader.Dispose() } }

    let private keepWanted (isWanted: bool[]) (rowBatch: RowBatch) (values: 'v[]) =
        let genes = rowBatch.Genes
        let mutable start = 0
        let mutable target = 0

        for row in 0 .. rowBatch.Cells - 1 do
            let stop = rowBatch.Offsets[row + 1]

            for i in start .. stop - 1 do
                if isWanted[genes[i]] then
                    genes[target] <- genes[i]
                    values[target] <- values[i]
                    target <- target + 1

            start <- stop
            rowBatch.Offsets[row + 1] <- target

        rowBatch.Shrink()

    /// Only the values of these genes, which keep their numbers and their stored order. Output is without meaning afterwards.
    /// Law (only): choosing genes after it is choosing them without it.
    let only (genes: RowMask) (source: Source<RowBatch>) =
        let isWanted = Array.init (int genes.Length) (fun gene -> genes.Has(int64 gene))

        source
        |> Reader.through (fun () ->
            fun rowBatch ->
                match rowBatch.Singles with
                | ValueSome singles -> keepWanted isWanted rowBatch singles
                | ValueNone -> keepWanted isWanted rowBatch rowBatch.Values)

    /// Only these genes, numbered anew, with what a transformation made of their values as both Values and Output. In each row
    /// genes ascend and none comes twice: what was stored for a gene several times is added up in stored order.
    /// Law (choose): a row is the stable sort by gene of its chosen values, equal genes summed from the first to the last.
    let choose (genes: RowMask) (source: Source<RowBatch>) =
        let numbers = numbersOf genes

        source
        |> Reader.through (fun () ->
            let sorter = Sorter(int genes.Count)

            fun rowBatch ->
                let ofValue = rowBatch.Genes
                let output = rowBatch.Output
                let values = rowBatch.ChangeValues()
                let mutable start = 0
                let mutable target = 0

                for row in 0 .. rowBatch.Cells - 1 do
                    let first = target
                    let stop = rowBatch.Offsets[row + 1]
                    let mutable last = -1
                    let mutable ascends = true

                    for i in start .. stop - 1 do
                        let number = numbers[ofValue[i]]

                        if number >= 0 then
                            ascends <- ascends && number > last
                            last <- number
                            ofValue[target] <- number
                            values[target] <- output[i]
                            target <- target + 1

                    if not ascends then
                        target <- sorter.Sort(ofValue, values, first, target)

                    start <- stop
                    rowBatch.Offsets[row + 1] <- target

                Array.Copy(values, output, target))

    /// Fills Groups with the code of each row. `openCodes` makes one reader of codes for each reader of rows: given a first row
    /// and a number of rows, it fills their codes in. Rows must not have been dropped before.
    let labelled (openCodes: unit -> int64 -> int -> int[] -> unit) (source: Source<RowBatch>) =
        source
        |> Reader.through (fun () ->
            let fill = openCodes ()

            fun rowBatch ->
                if rowBatch.Groups.Length < rowBatch.Cells then
                    rowBatch.Groups <- Array.zeroCreate (int (BitOperations.RoundUpToPowerOf2(uint32 rowBatch.Cells)))

                fill rowBatch.FirstCell rowBatch.Cells rowBatch.Groups)
