/// Values that come in any order, kept in a scratch file by neighbouring cells until each lot can be sorted in memory.
namespace SingleSharp.Core.Reading

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// What is known of a bucket before it is filled: its first cell, and how many values the buckets before it have.
[<Struct>]
type internal Bucket =
    { FirstCell: int64
      Cells: int
      FirstValue: int64
      Values: int }

/// A value as it waits in its bucket: the number of the cell within the bucket, the gene, and the value in its precision.
[<Sealed>]
type internal BucketFile(disk: RandomAccessFile, buckets: Bucket[], precision: Precision, bufferBytes: int) =
    let recordBytes = 8 + DType.size (Precision.dtype precision)
    let held = max 1 (bufferBytes / recordBytes)

    let buffers =
        buckets |> Array.map (fun bucket -> Array.zeroCreate<byte>(min held bucket.Values * recordBytes))

    let filled: int[] = Array.zeroCreate buckets.Length
    let written: int[] = Array.zeroCreate buckets.Length

    let flush bucket =
        let address =
            (buckets[bucket].FirstValue + int64 written[bucket]) * int64 recordBytes

        disk.Write(address, ReadOnlySpan(buffers[bucket], 0, filled[bucket] * recordBytes))
        written[bucket] <- written[bucket] + filled[bucket]
        filled[bucket] <- 0

    member _.Add(bucket: int, cell: int64, gene: int, value: float) =
        let target = Span(buffers[bucket], filled[bucket] * recordBytes, recordBytes)
        BitConverter.TryWriteBytes(target, int (cell - buckets[bucket].FirstCell)) |> ignore
        BitConverter.TryWriteBytes(target.Slice 4, gene) |> ignore

        match precision with
        | Precision.Single -> BitConverter.TryWriteBytes(target.Slice 8, float32 value) |> ignore
        | Precision.Double -> BitConverter.TryWriteBytes(target.Slice 8, value) |> ignore

        filled[bucket] <- filled[bucket] + 1

        if filled[bucket] * recordBytes = buffers[bucket].Length then
            flush bucket

    member _.Close() =
        for bucket in 0 .. buckets.Length - 1 do
            if filled[bucket] > 0 then
                flush bucket

    /// Gives the values of a bucket, in the order in which they came.
    member _.Read(bucket: Bucket, bytes: byte[]) =
        disk.ReadInto(bucket.FirstValue * int64 recordBytes, Span(bytes, 0, bucket.Values * recordBytes))

    member _.RecordBytes = recordBytes

[<RequireQualifiedAccess>]
module internal Buckets =
    /// Neighbouring cells that are counted together.
    let stripe = 64L

    /// Values and cells of a bucket at most: what is sorted at a time.
    let mostValues = 1 <<< 20

    let mostCells = 1 <<< 16

    /// Joins neighbouring stripes to buckets.
    let ofCounts cells (counts: int64[]) =
        let buckets = List<Bucket>()
        let mutable first = 0
        let mutable values = 0L
        let mutable before = 0L

        let close stop =
            if stop > first then
                let firstCell = int64 first * stripe

                buckets.Add
                    { FirstCell = firstCell
                      Cells = int (min cells (int64 stop * stripe) - firstCell)
                      FirstValue = before
                      Values = Checked.int values }

                before <- before + values
                values <- 0L
                first <- stop

        for i in 0 .. counts.Length - 1 do
            if values + counts[i] > int64 mostValues || int64 (i - first) * stripe >= int64 mostCells then
                close i

            values <- values + counts[i]

        close counts.Length
        buckets.ToArray()

    /// Sorts a bucket by cell, keeping the order of what one cell has, and writes its rows.
    let sorter (target: RandomAccessFile) (arrays: SparseArrays) (file: BucketFile) precision =
        let addressOf (dataset: Dataset) position =
            match dataset.Layout with
            | Contiguous address -> address + position * int64 dataset.ElementSize
            | _ -> invalidOp "scratch files are contiguous"

        let mutable records: byte[] = Array.empty
        let mutable genes: int[] = Array.empty
        let mutable values: byte[] = Array.empty
        let ends: int64[] = Array.zeroCreate (mostCells + int stripe)
        let size = DType.size (Precision.dtype precision)

        fun (bucket: Bucket) ->
            if genes.Length < bucket.Values then
                records <- Array.zeroCreate (bucket.Values * file.RecordBytes)
                genes <- Array.zeroCreate bucket.Values
                values <- Array.zeroCreate (bucket.Values * size)

            file.Read(bucket, records)
            Array.Clear ends

            let cellOf i =
                BitConverter.ToInt32(records, i * file.RecordBytes)

            // Counts, then where each cell begins; writing a cell's values moves its beginning to its end.
            for i in 0 .. bucket.Values - 1 do
                let cell = cellOf i
                ends[cell] <- ends[cell] + 1L

            let mutable next = 0L

            for cell in 0 .. bucket.Cells - 1 do
                let count = ends[cell]
                ends[cell] <- next
                next <- next + count

            for i in 0 .. bucket.Values - 1 do
                let cell = cellOf i
                let place = int ends[cell]
                genes[place] <- BitConverter.ToInt32(records, i * file.RecordBytes + 4)
                let value = i * file.RecordBytes + 8

                if size = 4 then
                    BitConverter.TryWriteBytes(Span(values, place * 4, 4), BitConverter.ToInt32(records, value)) |> ignore
                else
                    BitConverter.TryWriteBytes(Span(values, place * 8, 8), BitConverter.ToInt64(records, value)) |> ignore

                ends[cell] <- ends[cell] + 1L

            for cell in 0 .. bucket.Cells - 1 do
                ends[cell] <- ends[cell] + bucket.FirstValue

            target.Write(addressOf arrays.Data bucket.FirstValue, ReadOnlySpan(values, 0, bucket.Values * size))
            target.Write(addressOf arrays.Indices bucket.FirstValue, MemoryMarshal.AsBytes(ReadOnlySpan(genes, 0, bucket.Values)))
            target.Write(addressOf arrays.Indptr (bucket.FirstCell + 1L), MemoryMarshal.AsBytes(ReadOnlySpan(ends, 0, bucket.Cells)))
