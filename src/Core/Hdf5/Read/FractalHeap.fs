/// The fractal heap, in which newer files keep many links of a group or many attributes of an object. Read only.
namespace SingleSharp.Core.Hdf5

open System
open System.Collections.Generic
open System.Numerics
open SingleSharp.Core.Files

/// A heap of small objects that grows by doubling blocks; objects that are too large for it lie on their own. One that is
/// compressed, which neither links nor attributes ever are, is not read.
[<Sealed>]
type internal FractalHeap(disk: RandomAccessFile, address: int64) =
    let where = $"the fractal heap at byte {address}"
    let header = Cursor(disk, where, Checksum.readSealed disk where address 142L, 0)

    do
        header.Expect "FRHP"
        header.Skip 1

    let idLength = header.U16()
    let filterLength = header.U16()
    let hasChecksums = header.U8() &&& 2 <> 0
    let mostManaged = int64 (header.U32())
    do header.Skip 8
    let hugeIndex = header.I64()
    do header.Skip(8 * 10)
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

    // Blocks do not overlap, and no object has two ids: a heap that gives more than the file holds would never end.
    let mutable held = 0L
    let mutable given = 0L

    let bounded (total: int64) (more: int) =
        if int64 more > disk.Length - total then
            disk.Damaged where "it is larger than the file"

        total + int64 more

    let readOnce address read =
        match blocks.TryGetValue address with
        | true, bytes -> bytes
        | _ ->
            let bytes: byte[] = read ()
            held <- bounded held bytes.Length
            disk.Require(2L * held)
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

    /// Where objects that lie on their own are, by their numbers (B-tree records of type 1).
    let huge =
        lazy
            dict
                [ for record in (if hugeIndex = Bytes.undefined then Seq.empty else BTree2.records disk hugeIndex) do
                      let cursor = Cursor(disk, where, record, 0)
                      let address = cursor.I64()
                      let length = cursor.I64()
                      cursor.I64(), struct (address, length) ]

    /// An id that has room holds address and length; a shorter one holds a number.
    let onItsOwn (cursor: Cursor) =
        if cursor.Left >= 16 then
            let address = cursor.I64()
            disk.Read(address, cursor.I64())
        else
            match huge.Value.TryGetValue(cursor.Number(min 8 cursor.Left)) with
            | true, struct (address, length) -> disk.Read(address, length)
            | _ -> disk.Damaged where "an object that lies on its own is missing"

    member _.IdLength = idLength

    /// The object that a heap id names.
    member _.Object(id: byte[]) =
        let cursor = Cursor(disk, where, id, 0)
        let kind = (cursor.U8() >>> 4) &&& 3

        let bytes =
            match kind with
            | 0 ->
                let offset = cursor.Number offsetWidth
                let length = cursor.Number lengthWidth

                if length > mostDirect || offset < 0L then
                    disk.Damaged where "an object is larger than its block"

                managed root startingSize rootRows offset length 0
            | 1 -> onItsOwn cursor
            | 2 when idLength > 17 -> cursor.Bytes(((int id[0] &&& 15) <<< 8) + cursor.U8() + 1)
            | 2 -> cursor.Bytes((int id[0] &&& 15) + 1)
            | _ -> disk.Damaged where "an object is of an unknown kind"

        given <- bounded given bytes.Length
        // Links and attributes are made of what is given, and take a few times as much.
        disk.Require(4L * given)
        bytes
