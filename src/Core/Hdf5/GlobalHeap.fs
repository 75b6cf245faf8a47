/// The global heap, where strings of variable length lie.
namespace SingleSharp.Core

open System
open System.Collections.Generic

[<Sealed>]
type GlobalHeap(disk: Disk) =
    /// Strings of one column lie side by side, so a few collections at a time are enough.
    let mostKept = 16

    let kept = Dictionary<int64, byte[] * Dictionary<int, struct (int * int)>>()
    let order = Queue<int64>()

    let readCollection address =
        let where = $"the string heap at byte {address}"
        let head = Cursor(disk, where, disk.Read(address, 16L), 0)
        head.Expect "GCOL"
        head.Skip 4
        let bytes = disk.Read(address, head.I64())
        let cursor = Cursor(disk, where, bytes, 16)
        let places = Dictionary<int, struct (int * int)>()
        let mutable more = true

        while more && cursor.Left >= 16 do
            let index = cursor.U16()
            cursor.Skip 6
            let size = cursor.I64()

            if index = 0 then
                more <- false
            else
                let length = cursor.Bounded(size, int64 cursor.Left)
                places[index] <- struct (cursor.Position, length)
                cursor.Skip(min cursor.Left (int (Bytes.align8 size)))

        bytes, places

    let collection address =
        match kept.TryGetValue address with
        | true, found -> found
        | _ ->
            let read = readCollection address

            if order.Count = mostKept then
                kept.Remove(order.Dequeue()) |> ignore

            order.Enqueue address
            kept[address] <- read
            read

    /// The bytes behind a variable-length reference: its length in elements of a size, and where they lie.
    member _.Resolve(reference: ReadOnlySpan<byte>, elementSize: int) =
        let count = int64 (BitConverter.ToUInt32 reference)
        let address = BitConverter.ToInt64(reference.Slice 4)
        let index = BitConverter.ToInt32(reference.Slice 12)

        if count = 0L || address = 0L || address = Bytes.undefined then
            Array.Empty()
        else
            let bytes, places = collection address

            match places.TryGetValue index with
            | true, struct (start, length) when count * int64 elementSize <= int64 length ->
                bytes.AsSpan(start, int count * elementSize).ToArray()
            | _ -> disk.Damaged $"the string heap at byte {address}" $"it has no entry {index} of {count} bytes"

    member heap.String(reference: ReadOnlySpan<byte>) =
        // A string may carry its terminating NUL, as some writers store it.
        Bytes.text (ReadOnlySpan(heap.Resolve(reference, 1)))
