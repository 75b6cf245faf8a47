/// The values of chosen genes, kept on disk between the read that multiplies them and the one that projects them.
namespace SingleSharp.Core.Reading

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.IO
open System.Numerics
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files

// A record is some rows: four int64 (the first row, the first value, how many rows, how many values), the number of values of
// each row as int32, the genes of all values, and the values. Records follow one another in the order of rows.

/// How genes and values are stored: in as few bytes as keep them exact.
[<Struct>]
type private SpillCode(genes: int, precision: Precision) =
    member _.GeneSize = if genes <= 65536 then 2 else 4
    member _.ValueSize = DType.size (Precision.dtype precision)

    member code.StoreGenes(source: ReadOnlySpan<int>, target: Span<byte>) =
        if code.GeneSize = 2 then
            let stored = MemoryMarshal.Cast<byte, uint16> target

            for i in 0 .. source.Length - 1 do
                stored[i] <- uint16 source[i]
        else
            source.CopyTo(MemoryMarshal.Cast<byte, int> target)

    member code.LoadGenes(source: Span<byte>, target: Span<int>) =
        if code.GeneSize = 2 then
            let stored = MemoryMarshal.Cast<byte, uint16> source

            for i in 0 .. stored.Length - 1 do
                target[i] <- int stored[i]
        else
            MemoryMarshal.Cast<byte, int>(source).CopyTo target

    member _.StoreValues(source: ReadOnlySpan<float>, target: Span<byte>) =
        match precision with
        | Precision.Single ->
            let stored = MemoryMarshal.Cast<byte, float32> target

            for i in 0 .. source.Length - 1 do
                stored[i] <- Precision.toFloat32 source[i]
        | Precision.Double -> source.CopyTo(MemoryMarshal.Cast<byte, float> target)

    member _.LoadValues(source: Span<byte>, target: Span<float>) =
        match precision with
        | Precision.Single ->
            let stored = MemoryMarshal.Cast<byte, float32> source

            for i in 0 .. stored.Length - 1 do
                target[i] <- float stored[i]
        | Precision.Double -> MemoryMarshal.Cast<byte, float>(source).CopyTo target

/// Bytes that can be read or written again and again; they grow by doubling, so that they soon stop growing.
[<Sealed>]
type private GrowingBytes() =
    let mutable bytes: byte[] = Array.Empty()

    /// The bytes [start, start + length), of which there are enough from now on; what was in them stays.
    member _.Piece(start, length) =
        if bytes.Length < start + length then
            Array.Resize(&bytes, int (BitOperations.RoundUpToPowerOf2(uint32 (start + length))))

        Span(bytes, start, length)

/// Rows of one block that wait to be written.
[<Sealed; AllowNullLiteral>]
type private SpillBuffer(code: SpillCode) =
    let counts: int[] = Array.zeroCreate Blocks.rowsPerBlock
    let genes = GrowingBytes()
    let values = GrowingBytes()

    /// The first row of the block, as the source numbers it.
    member val FirstRow = 0L with get, set
    member val Rows = 0 with get, set
    member val Count = 0 with get, set
    member buffer.Bytes = buffer.Count * (code.GeneSize + code.ValueSize)
    member buffer.Counts = MemoryMarshal.AsBytes(Span(counts, 0, buffer.Rows))
    member buffer.Genes = genes.Piece(0, buffer.Count * code.GeneSize)
    member buffer.Values = values.Piece(0, buffer.Count * code.ValueSize)

    member buffer.Add(rowBatch: RowBatch) =
        let count = rowBatch.Count

        for row in 0 .. rowBatch.Cells - 1 do
            counts[buffer.Rows + row] <- rowBatch.Offsets[row + 1] - rowBatch.Offsets[row]

        code.StoreGenes(ReadOnlySpan(rowBatch.Genes, 0, count), genes.Piece(buffer.Count * code.GeneSize, count * code.GeneSize))
        code.StoreValues(ReadOnlySpan(rowBatch.Values, 0, count), values.Piece(buffer.Count * code.ValueSize, count * code.ValueSize))
        buffer.Rows <- buffer.Rows + rowBatch.Cells
        buffer.Count <- buffer.Count + count

    member buffer.Clear() =
        buffer.FirstRow <- buffer.FirstRow + int64 buffer.Rows
        buffer.Rows <- 0
        buffer.Count <- 0

    member buffer.Save(writer: BinaryWriter) =
        writer.Write buffer.FirstRow
        writer.Write buffer.Rows
        writer.Write buffer.Count
        writer.Write(Span.op_Implicit buffer.Counts: ReadOnlySpan<byte>)
        writer.Write(Span.op_Implicit buffer.Genes: ReadOnlySpan<byte>)
        writer.Write(Span.op_Implicit buffer.Values: ReadOnlySpan<byte>)
        buffer.Clear()

    member buffer.Load(reader: BinaryReader) =
        buffer.FirstRow <- reader.ReadInt64()
        buffer.Rows <- reader.ReadInt32()
        buffer.Count <- reader.ReadInt32()
        reader.BaseStream.ReadExactly buffer.Counts
        reader.BaseStream.ReadExactly buffer.Genes
        reader.BaseStream.ReadExactly buffer.Values

/// Reads row batches back, each of about `target` values, and at least one row.
[<Sealed>]
type private SpillRows(disk: RandomAccessFile, code: SpillCode, recordOf: int64 -> int64, target: int) =
    let head: int64[] = Array.zeroCreate 4
    let counts: int[] = Array.zeroCreate Blocks.rowsPerBlock
    let bytes = GrowingBytes()
    let rowBatch = RowBatch()

    let load address count size =
        let piece = bytes.Piece(0, count * size)
        disk.ReadInto(address, piece)
        piece

    /// Rows of the record from `low` on, as many as make a row batch; the first of them begins with the record's value `start`.
    let fill genesAt valuesAt low high start =
        let mutable rows = 1
        let mutable count = counts[low]

        while low + rows < high && count + counts[low + rows] <= target do
            count <- count + counts[low + rows]
            rows <- rows + 1

        rowBatch.Reserve(rows, count)
        rowBatch.FirstCell <- head[0] + int64 low
        rowBatch.FirstValue <- head[1] + int64 start
        rowBatch.Cells <- rows

        for row in 0 .. rows - 1 do
            rowBatch.Offsets[row + 1] <- rowBatch.Offsets[row] + counts[low + row]

        code.LoadGenes(load (genesAt + int64 start * int64 code.GeneSize) count code.GeneSize, Span(rowBatch.Genes, 0, count))
        code.LoadValues(load (valuesAt + int64 start * int64 code.ValueSize) count code.ValueSize, Span(rowBatch.Values, 0, count))

    interface RowReader<RowBatch> with
        member _.Read(first, count, visit) =
            let stop = first + int64 count
            let mutable next = first
            let mutable record = recordOf first

            while next < stop do
                disk.ReadInto(record, MemoryMarshal.AsBytes(Span head))
                let rows = int head[2]
                let countsAt = record + int64 (sizeof<int64> * head.Length)
                disk.ReadInto(countsAt, MemoryMarshal.AsBytes(Span(counts, 0, rows)))
                let genesAt = countsAt + int64 (sizeof<int> * rows)
                let valuesAt = genesAt + head[3] * int64 code.GeneSize
                let high = int (min (int64 rows) (stop - head[0]))
                let mutable low = int (min (int64 rows) (next - head[0]))
                let mutable start = 0

                for row in 0 .. low - 1 do
                    start <- start + counts[row]

                while low < high do
                    fill genesAt valuesAt low high start
                    low <- low + rowBatch.Cells
                    start <- start + rowBatch.Count
                    visit rowBatch

                next <- max next (head[0] + int64 high)
                record <- valuesAt + head[3] * int64 code.ValueSize

        member _.Dispose() = ()

/// Rows of N genes in a scratch file: written once by a pass, then read as often as one likes.
/// Law (spill): the rows that are read are the rows that were written, with the same bits.
[<Sealed>]
type internal Spill(disk: RandomAccessFile, genes: int, precision: Precision) =
    /// Buffers that hold more than this leave before their block ends.
    static let mostWaiting = 4 * 1024 * 1024

    let code = SpillCode(genes, precision)
    let spare = ConcurrentBag<SpillBuffer>()

    /// The record that holds the first row of each block.
    let records = List<int64>()

    let mutable written = 0L
    let mutable rows = 0L
    let mutable values = 0L

    /// Where only those of a shard are there, the first of them; and what is to be restored before rows are read.
    let mutable start = 0L
    let mutable awaited: struct (int64 * Lazy<unit>) voption = ValueNone

    let write (bytes: Span<byte>) =
        try
            disk.Write(written, Span.op_Implicit bytes)
        with FaultException(CannotWrite(path, why)) ->
            let mebibytes = written / 1048576L

            Fault.throw (
                CannotWrite(
                    path,
                    $"{why} (the values of the chosen genes wait there for pca's second look at them, {mebibytes} MiB so far; make room there)"
                )
            )

        written <- written + int64 bytes.Length

    let flush (buffer: SpillBuffer) =
        if buffer.Rows > 0 then
            let first = start + int64 records.Count * int64 Blocks.rowsPerBlock

            if first < rows + int64 buffer.Rows then
                records.Add written

            let head = [| rows; values; int64 buffer.Rows; int64 buffer.Count |]
            write (MemoryMarshal.AsBytes(Span head))
            write buffer.Counts
            write buffer.Genes
            write buffer.Values
            rows <- rows + int64 buffer.Rows
            values <- values + int64 buffer.Count
            buffer.Clear()

    let rent () =
        match spare.TryTake() with
        | true, buffer -> buffer
        | _ -> SpillBuffer code

    let restore reader =
        let buffer = rent ()
        buffer.Load reader

        if records.Count = 0 then
            start <- buffer.FirstRow
            rows <- buffer.FirstRow

        flush buffer
        spare.Add buffer

    /// Where the rows of one pass go; their Values must be exact in the precision. Used once.
    member _.Sink: Sink<RowBatch> =
        Sink.ofSaved
            (fun writer (buffer: SpillBuffer) -> buffer.Save writer)
            restore
            { Begin =
                fun row ->
                    let buffer = rent ()
                    buffer.FirstRow <- row
                    buffer
              Fill = fun (buffer: SpillBuffer) rowBatch -> buffer.Add rowBatch
              IsFull = fun buffer -> buffer.Bytes > mostWaiting
              Flush = flush
              Recycle = spare.Add
              Complete = ignore }

    /// Says that the sink was or will be another machine's: there are so many rows, and what this one needs of them is restored before it is read.
    member _.Await(rows, restore: unit -> unit) =
        awaited <- ValueSome(struct (rows, Lazy<unit>(Func<unit> restore)))

    /// The rows, numbered in the order in which they came. `valuesPerBatch` bounds memory and changes no result.
    member _.Rows valuesPerBatch : Source<RowBatch> =
        { Rows =
            match awaited with
            | ValueSome(struct (all, _)) -> all
            | ValueNone -> rows
          Open =
            fun () ->
                match awaited with
                | ValueSome(struct (_, restored)) -> restored.Force()
                | ValueNone -> ()

                let recordOf row =
                    records[int ((row - start) / int64 Blocks.rowsPerBlock)]

                new SpillRows(disk, code, recordOf, valuesPerBatch) }
