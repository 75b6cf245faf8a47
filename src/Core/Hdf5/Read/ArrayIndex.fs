/// The two array-shaped chunk indexes of newer files: fixed arrays and extensible arrays.
namespace SingleSharp.Core.Hdf5

open System.Numerics
open SingleSharp.Core.Files

/// Where a chunk lies, as its index says: no address where it was never written.
[<Struct>]
type internal ChunkEntry =
    {
        Address: int64
        /// Bytes as stored; -1 where the index does not say because chunks are stored as they are.
        Size: int64
        /// Bit i: filter i was skipped for this chunk.
        Mask: uint32
    }

[<RequireQualifiedAccess>]
module internal ArrayIndex =
    let private unwritten =
        { Address = Bytes.undefined
          Size = -1L
          Mask = 0u }

    /// Elements are bare addresses, or address, size and mask where chunks are filtered.
    let private element filtered width (cursor: Cursor) =
        let address = cursor.I64()

        if filtered then
            let size = cursor.Number(width - 12)

            { Address = address
              Size = size
              Mask = cursor.U32() }
        else
            { unwritten with Address = address }

    let private checkWidth (disk: RandomAccessFile) where filtered width =
        if (filtered && (width < 13 || width > 20)) || (not filtered && width <> 8) then
            disk.Damaged where $"its entries have {width} bytes"

    /// N elements that stand in a sealed block behind a prefix.
    let private elements (disk: RandomAccessFile) where filtered width (address: int64) prefix (stored: int64) =
        let cursor =
            Cursor(disk, where, Checksum.readSealed disk where address (int64 prefix + stored * int64 width), prefix)

        fun () -> element filtered width cursor

    /// Bit i of a bitmap, the highest bit of a byte first.
    let private isSet (bitmap: byte[]) (i: int64) =
        bitmap[int (i / 8L)] &&& (0x80uy >>> int (i % 8L)) <> 0uy

    /// Fixed array: HDF5 File Format Specification 3.0, section VII.C.
    let fixedArray (disk: RandomAccessFile) filtered address (count: int) =
        let where = $"the chunk index at byte {address}"
        let header = Cursor(disk, where, Checksum.readSealed disk where address 24L, 0)
        header.Expect "FAHD"
        header.Skip 2
        let width = header.U8()
        let pageBits = header.U8()
        let stored = header.I64()
        checkWidth disk where filtered width
        let block = header.I64()

        if stored < int64 count || stored > disk.Length || pageBits > 31 then
            disk.Damaged where "it has another number of entries than there are chunks"

        let inPage = 1L <<< pageBits

        if block = Bytes.undefined then
            Array.create count unwritten
        elif inPage >= stored then
            let next = elements disk where filtered width block 14 stored
            Array.init count (fun _ -> next ())
        else
            let pages = (stored + inPage - 1L) / inPage
            let bitmapSize = (pages + 7L) / 8L
            let bitmap = (Checksum.readSealed disk where block (14L + bitmapSize))[14..]
            let firstPage = block + 14L + bitmapSize + 4L

            [| for page in 0L .. pages - 1L do
                   let here = min inPage (stored - page * inPage)
                   let wanted = int (max 0L (min here (int64 count - page * inPage)))

                   if isSet bitmap page then
                       let next =
                           elements disk where filtered width (firstPage + page * (inPage * int64 width + 4L)) 0 here

                       for _ in 1..wanted do
                           next ()
                   else
                       yield! Array.create wanted unwritten |]

    /// The first elements of an extensible array, up to `count`: section VII.D.
    /// Elements lie in the index block, then in data blocks, whose addresses lie in the index block or in secondary blocks.
    let extensibleArray (disk: RandomAccessFile) filtered address (count: int) =
        let where = $"the chunk index at byte {address}"
        let header = Cursor(disk, where, Checksum.readSealed disk where address 68L, 0)
        header.Expect "EAHD"
        header.Skip 2
        let width = header.U8()
        let sizeBits = header.U8()
        let inIndex = header.U8()
        let smallest = header.U8()
        let fewestPointers = header.U8()
        let pageBits = header.U8()
        header.Skip 48
        checkWidth disk where filtered width

        if smallest < 1 || fewestPointers < 1 || sizeBits > 64 || pageBits > 31 || not (BitOperations.IsPow2 smallest) then
            disk.Damaged where "its block sizes make no sense"

        let indexBlock = header.I64()
        let prefix = 14 + (sizeBits + 7) / 8
        let inPage = 1L <<< pageBits
        let entries = Array.create count unwritten
        let mutable filled = 0

        let take most next =
            for _ in 1L .. min most (int64 (count - filled)) do
                entries[filled] <- next ()
                filled <- filled + 1

        let leave most =
            filled <- int (min (int64 count) (int64 filled + most))

        let dataBlock block stored (isWritten: int64 -> bool) =
            if block = Bytes.undefined then
                leave stored
            elif stored <= inPage then
                take stored (elements disk where filtered width block prefix stored)
            else
                let firstPage = block + int64 prefix + 4L

                for page in 0L .. stored / inPage - 1L do
                    if filled < count && isWritten page then
                        take inPage (elements disk where filtered width (firstPage + page * (inPage * int64 width + 4L)) 0 inPage)
                    else
                        leave inPage

        if indexBlock <> Bytes.undefined then
            // Level by level there are 1, 1, 2, 2, 4, 4 … data blocks of 1, 2, 2, 4, 4, 8 … times the smallest size.
            let blocksAt level = 1L <<< (level / 2)

            let storedAt level =
                (1L <<< ((level + 1) / 2)) * int64 smallest

            let levels = 1 + sizeBits - BitOperations.Log2(uint32 smallest)
            let direct = min levels (2 * BitOperations.Log2(uint32 fewestPointers))
            let pointers = 2 * (fewestPointers - 1) + levels - direct
            let size = 14L + int64 (inIndex * width) + 8L * int64 pointers
            let index = Checksum.readSealed disk where indexBlock size
            let own = Cursor(disk, where, index, 14)
            take (int64 inIndex) (fun () -> element filtered width own)
            let addresses = Cursor(disk, where, index, 14 + inIndex * width)

            for level in 0 .. direct - 1 do
                for _ in 1L .. blocksAt level do
                    let block = addresses.I64()

                    if filled < count then
                        dataBlock block (storedAt level) (fun _ -> true)

            for level in direct .. levels - 1 do
                let block = addresses.I64()

                if filled < count then
                    let blocks = blocksAt level
                    let stored = storedAt level

                    if block = Bytes.undefined then
                        leave (blocks * stored)
                    else
                        // The pages of all its data blocks share one bitmap, as long as one per block, each in whole bytes.
                        let pages = if stored > inPage then stored / inPage else 0L
                        let bitmapSize = blocks * ((pages + 7L) / 8L)

                        let body =
                            Checksum.readSealed disk where block (int64 prefix + bitmapSize + 8L * blocks)

                        let bitmap = body[prefix .. prefix + int bitmapSize - 1]
                        let data = Cursor(disk, where, body, prefix + int bitmapSize)

                        for i in 0L .. blocks - 1L do
                            let block = data.I64()

                            if filled < count then
                                dataBlock block stored (fun page -> isSet bitmap (i * pages + page))

        entries
