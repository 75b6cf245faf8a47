/// The version-2 B-tree, the index of newer files. Read only.
namespace SingleSharp.Core.Hdf5

open System.Numerics
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal BTree2 =
    /// Bytes that hold numbers up to this one.
    let private widthOf (most: int64) =
        BitOperations.Log2(uint64 (max 1L most)) / 8 + 1

    /// All records in order, each as its bytes.
    let records (disk: RandomAccessFile) address =
        let where = $"the B-tree at byte {address}"
        let header = Cursor(disk, where, Checksum.readSealed disk where address 34L, 0)
        header.Expect "BTHD"
        header.Skip 2
        let nodeSize = int64 (header.U32())
        let recordSize = header.U16()
        let depth = header.U16()
        header.Skip 2
        let root = header.I64()
        let rootRecords = header.U16()
        let total = header.I64()
        let seen = ref 0L

        if recordSize < 1 || nodeSize < 16L || depth > 32 then
            disk.Damaged where "its node sizes make no sense"

        if total < 0L || total > disk.Length / int64 recordSize then
            disk.Damaged where "it is said to hold more records than the file has room for"

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
                let struct (totalWidth, _) = levels[level]
                let pointers = if level = 0 then 0 else (count + 1) * (8 + countWidth + totalWidth)
                let size = 6L + int64 count * int64 recordSize + int64 pointers

                // More records than the tree says it has come from a node that is its own descendant.
                seen.Value <- seen.Value + int64 count

                if count < 0 || size > nodeSize || seen.Value > total then
                    disk.Damaged where "its nodes hold more records than they can"

                let cursor = Cursor(disk, where, Checksum.readSealed disk where address size, 0)
                cursor.Expect(if level = 0 then "BTLF" else "BTIN")
                cursor.Skip 2
                let own = Array.init count (fun _ -> cursor.Bytes recordSize)

                if level = 0 then
                    yield! own
                else
                    for i in 0..count do
                        let child = cursor.I64()
                        let childCount = int (cursor.Number countWidth)
                        cursor.Skip totalWidth
                        yield! node child (level - 1) childCount

                        if i < count then
                            yield own[i]
            }

        if root = Bytes.undefined then Seq.empty else node root depth rootRecords
