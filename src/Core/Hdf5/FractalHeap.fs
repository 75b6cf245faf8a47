/// The fractal heap, in which newer files keep the links of large groups. Read only.
namespace SingleSharp.Core

open System
open System.Collections.Generic
open System.Numerics

/// A heap of small objects that grows by doubling blocks. Only what groups use is read: unfiltered, managed or tiny objects.
[<Sealed>]
type FractalHeap(disk: Disk, address: int64) =
    let where = $"the fractal heap at byte {address}"
    let header = Cursor(disk, where, Checksum.readSealed disk where address 142L, 0)

    do
        header.Expect "FRHP"
        header.Skip 1

    let idLength = header.U16()
    let filterLength = header.U16()
    let hasChecksums = header.U8() &&& 2 <> 0
    let mostManaged = int64 (header.U32())
    do header.Skip(8 * 12)
    let width = header.U16()
    let startingSize = header.I64()
    let mostDirect = header.I64()
    let heapBits = header.U16()
    do header.Skip 2
    let root = header.I64()
    let rootRows = header.U16()

    do
        if filterLength <> 0 then
            disk.Unsupported where "it is compressed"

        if
            width < 1
            || startingSize < 1L
            || mostDirect < startingSize
            || not (BitOperations.IsPow2 startingSize)
            || not (BitOperations.IsPow2 mostDirect)
            || heapBits < 1
            || heapBits > 64
        then
            disk.Damaged where "its block sizes make no sense"

    let offsetWidth = (heapBits + 7) / 8
    let bits (value: int64) = BitOperations.Log2(uint64 value)

    let lengthWidth =
        min ((bits mostDirect + 7) / 8) ((bits (max 1L mostManaged) + 7) / 8)

    let directRows = bits mostDirect - bits startingSize + 2

    let rowSize row =
        if row = 0 then startingSize else startingSize <<< (row - 1)

    let rowStart row =
        if row = 0 then 0L else int64 width * (startingSize <<< (row - 1))

    let prefix = 13 + offsetWidth
    let blocks = Dictionary<int64, byte[]>()

    let readOnce address read =
        match blocks.TryGetValue address with
        | true, bytes -> bytes
        | _ ->
            let bytes: byte[] = read ()
            blocks[address] <- bytes
            bytes

    /// A block of objects. Its checksum, if it has one, stands in its prefix and is computed as if it were zero.
    let directBlock address size =
        readOnce address (fun () ->
            let bytes = disk.Read(address, size)
            Cursor(disk, where, bytes, 0).Expect "FHDB"

            if hasChecksums then
                let stored = Cursor(disk, where, bytes, prefix).U32()
                let content = Array.copy bytes
                Array.Clear(content, prefix, 4)

                if Checksum.lookup3 (ReadOnlySpan content) <> stored then
                    disk.Damaged where "the checksum of a block does not fit"

            bytes)

    let indirectBlock address rows =
        readOnce address (fun () ->
            let bytes =
                Checksum.readSealed disk where address (int64 prefix + 8L * int64 rows * int64 width)

            Cursor(disk, where, bytes, 0).Expect "FHIB"
            bytes)

    /// The bytes of an object: from the indirect block down to the direct block of a size that holds it.
    let rec managed block size rows (offset: int64) (length: int64) depth =
        if depth > 64 then
            disk.Damaged where "its blocks go in circles"

        if rows = 0 then
            let bytes = directBlock block size

            if length < 0L || offset < 0L || offset > int64 bytes.Length - length then
                disk.Damaged where "an object lies outside its block"

            bytes[int offset .. int (offset + length) - 1]
        else
            let row =
                seq { 0 .. rows - 1 } |> Seq.tryFindBack (fun row -> rowStart row <= offset) |> Option.get

            let column = (offset - rowStart row) / rowSize row

            if column >= int64 width then
                disk.Damaged where "an object lies outside its blocks"

            let entry = prefix + 8 * (row * width + int column)
            let child = Cursor(disk, where, indirectBlock block rows, entry).I64()
            let inner = offset - rowStart row - column * rowSize row

            let childRows =
                if row < directRows then 0 else bits (rowSize row) - bits (startingSize * int64 width) + 1

            managed child (rowSize row) childRows inner length (depth + 1)

    member _.IdLength = idLength

    /// The object that a heap id names.
    member _.Object(id: byte[]) =
        let cursor = Cursor(disk, where, id, 0)
        let kind = (cursor.U8() >>> 4) &&& 3

        match kind with
        | 0 ->
            let offset = cursor.Number offsetWidth
            let length = cursor.Number lengthWidth

            if length > mostDirect || offset < 0L then
                disk.Damaged where "an object is larger than its block"

            managed root startingSize rootRows offset length 0
        | 2 -> cursor.Bytes((int id[0] &&& 15) + 1)
        | _ -> disk.Unsupported where "an object is stored on its own outside the heap"
