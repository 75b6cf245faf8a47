/// The fractal heap and version-2 B-tree, in which newer files keep the links of large groups. Read only.
namespace SingleSharp.Core

open System
open System.Numerics
open System.Text

/// A heap of small objects that grows by doubling blocks. Only what groups use is read: unfiltered, managed or tiny objects.
[<Sealed>]
type FractalHeap(disk: Disk, address: int64) =
    let where = $"the fractal heap at byte {address}"
    let header = Cursor(disk, where, disk.Read(address, 142L), 0)

    do
        header.Expect "FRHP"
        header.Skip 1

    let idLength = header.U16()
    let filterLength = header.U16()
    do header.Skip 1
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

    /// The bytes of an object: from the indirect block down to the direct block that holds it.
    let rec managed block rows offset length depth =
        if depth > 64 then
            disk.Damaged where "its blocks go in circles"

        if rows = 0 then
            disk.Read(block + offset, length)
        else
            let row =
                seq { 0 .. rows - 1 } |> Seq.tryFindBack (fun row -> rowStart row <= offset) |> Option.get

            let column = (offset - rowStart row) / rowSize row

            if column >= int64 width then
                disk.Damaged where "an object lies outside its blocks"

            let entry = int64 (5 + 8 + offsetWidth) + 8L * (int64 row * int64 width + column)
            let child = Cursor(disk, where, disk.Read(block + entry, 8L), 0).I64()
            let inner = offset - rowStart row - column * rowSize row

            let childRows =
                if row < directRows then 0 else bits (rowSize row) - bits (startingSize * int64 width) + 1

            managed child childRows inner length (depth + 1)

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

            managed root rootRows offset length 0
        | 2 -> cursor.Bytes((int id[0] &&& 15) + 1)
        | _ -> disk.Unsupported where "an object is stored on its own outside the heap"

[<RequireQualifiedAccess>]
module BTree2 =
    /// Bytes that hold numbers up to this one.
    let private widthOf (most: int64) =
        BitOperations.Log2(uint64 (max 1L most)) / 8 + 1

    /// All records in order, each as its bytes.
    let records (disk: Disk) address =
        let where = $"the B-tree at byte {address}"
        let header = Cursor(disk, where, disk.Read(address, 38L), 0)
        header.Expect "BTHD"
        header.Skip 2
        let nodeSize = int64 (header.U32())
        let recordSize = header.U16()
        let depth = header.U16()
        header.Skip 2
        let root = header.I64()
        let rootRecords = header.U16()

        if recordSize < 1 || nodeSize < 16L || depth > 32 then
            disk.Damaged where "its node sizes make no sense"

        let mostInLeaf = (nodeSize - 10L) / int64 recordSize
        let countWidth = widthOf mostInLeaf

        /// Per level, as the format derives them: the width of a child pointer and the most records below.
        let levels =
            (struct (0, mostInLeaf), seq { 1..depth })
            ||> Seq.scan (fun (struct (_, below)) level ->
                let totalWidth = if level = 1 then 0 else widthOf below
                let pointer = 8 + countWidth + totalWidth
                let most = (nodeSize - int64 (10 + pointer)) / int64 (recordSize + pointer)
                struct (totalWidth, (most + 1L) * below + most))
            |> Array.ofSeq

        let rec node address level count =
            seq {
                let cursor = Cursor(disk, where, disk.Read(address, nodeSize), 0)
                cursor.Expect(if level = 0 then "BTLF" else "BTIN")
                cursor.Skip 2
                let own = Array.init count (fun _ -> cursor.Bytes recordSize)

                if level = 0 then
                    yield! own
                else
                    let struct (totalWidth, _) = levels[level]

                    for i in 0..count do
                        let child = cursor.I64()
                        let childCount = int (cursor.Number countWidth)
                        cursor.Skip totalWidth
                        yield! node child (level - 1) childCount

                        if i < count then
                            yield own[i]
            }

        if root = Bytes.undefined then Seq.empty else node root depth rootRecords
