/// The two array-shaped chunk indexes of newer files: fixed arrays and extensible arrays.
namespace SingleSharp.Core

open System
open System.Numerics

/// Where a chunk lies, as its index says: no address where it was never written.
[<Struct>]
type ChunkEntry =
    {
        Address: int64
        /// Bytes as stored; -1 where the index does not say because chunks are stored as they are.
        Size: int64
        /// Bit i: filter i was skipped for this chunk.
        Mask: uint32
    }

[<RequireQualifiedAccess>]
module ArrayIndex =
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

    let private checkWidth (disk: Disk) where filtered width =
        if (filtered && (width < 13 || width > 20)) || (not filtered && width <> 8) then
            disk.Damaged where $"its entries have {width} bytes"

    /// Fixed array: HDF5 File Format Specification 3.0, section VII.C.
    let fixedArray (disk: Disk) filtered address (count: int) =
        let where = $"the chunk index at byte {address}"
        let header = Cursor(disk, where, disk.Read(address, 28L), 0)
        header.Expect "FAHD"
        header.Skip 2
        let width = header.U8()
        let pageBits = header.U8()
        let entries = header.I64()
        checkWidth disk where filtered width
        let block = header.I64()

        if entries < int64 count || pageBits > 31 then
            disk.Damaged where "it has fewer entries than there are chunks"

        let pageEntries = 1 <<< pageBits

        if block = Bytes.undefined then
            Array.create count unwritten
        elif int64 pageEntries >= entries then
            let cursor =
                Cursor(disk, where, disk.Read(block, 14L + int64 count * int64 width), 0)

            cursor.Expect "FADB"
            cursor.Skip 10
            Array.init count (fun _ -> element filtered width cursor)
        else
            let pages = int ((entries + int64 pageEntries - 1L) / int64 pageEntries)
            let bitmap = disk.Read(block + 14L, int64 ((pages + 7) / 8))
            let firstPage = block + 14L + int64 bitmap.Length + 4L
            let pageSize = int64 pageEntries * int64 width + 4L

            [| for page in 0 .. pages - 1 do
                   let inPage = min pageEntries (max 0 (count - page * pageEntries))

                   if inPage > 0 then
                       if bitmap[page / 8] &&& (0x80uy >>> (page % 8)) = 0uy then
                           yield! Array.create inPage unwritten
                       else
                           let cursor =
                               Cursor(disk, where, disk.Read(firstPage + int64 page * pageSize, int64 inPage * int64 width), 0)

                           yield! Array.init inPage (fun _ -> element filtered width cursor) |]

    /// The first elements of an extensible array, up to `count`: section VII.D.
    /// Elements lie in the index block, then in data blocks, whose addresses lie in the index block or in secondary blocks.
    let extensibleArray (disk: Disk) filtered address (count: int) =
        let where = $"the chunk index at byte {address}"
        let header = Cursor(disk, where, disk.Read(address, 72L), 0)
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
        let offsetWidth = (sizeBits + 7) / 8
        let pageEntries = 1 <<< pageBits
        let entries = Array.create count unwritten
        let mutable filled = 0

        let take (cursor: Cursor) most =
            for _ in 1 .. min most (count - filled) do
                entries[filled] <- element filtered width cursor
                filled <- filled + 1

        let dataBlock block blockEntries (isPageWritten: int -> bool) =
            if block = Bytes.undefined then
                filled <- min count (filled + blockEntries)
            elif blockEntries <= pageEntries then
                let prefix = int64 (14 + offsetWidth)
                let wanted = min blockEntries (count - filled)

                let cursor =
                    Cursor(disk, where, disk.Read(block, prefix + int64 wanted * int64 width), 0)

                cursor.Expect "EADB"
                cursor.Skip(int prefix - 4)
                take cursor wanted
            else
                let firstPage = block + int64 (14 + offsetWidth) + 4L

                for page in 0 .. blockEntries / pageEntries - 1 do
                    let wanted = min pageEntries (count - filled)

                    if wanted > 0 then
                        if isPageWritten page then
                            let at = firstPage + int64 page * (int64 pageEntries * int64 width + 4L)
                            take (Cursor(disk, where, disk.Read(at, int64 wanted * int64 width), 0)) wanted
                        else
                            filled <- filled + wanted

        if indexBlock <> Bytes.undefined then
            let directLevels = 2 * BitOperations.Log2(uint32 fewestPointers)
            let levels = 1 + sizeBits - BitOperations.Log2(uint32 smallest)
            let blocksAt level = 1 <<< (level / 2)
            let entriesAt level = (1 <<< ((level + 1) / 2)) * smallest
            let directBlocks = 2 * (fewestPointers - 1)
            let secondary = max 0 (levels - directLevels)
            let size = 14L + int64 (inIndex * width) + 8L * int64 (directBlocks + secondary)
            let cursor = Cursor(disk, where, disk.Read(indexBlock, size), 0)
            cursor.Expect "EAIB"
            cursor.Skip 10
            let start = cursor.Position
            take cursor inIndex
            cursor.Skip(start + inIndex * width - cursor.Position)

            for level in 0 .. directLevels - 1 do
                for _ in 1 .. blocksAt level do
                    if cursor.Position + 8 <= int size then
                        let block = cursor.I64()

                        if filled < count then
                            dataBlock block (entriesAt level) (fun _ -> true)

            let mutable level = directLevels

            while filled < count && level < min levels 60 do
                let block = cursor.I64()
                let blocks = blocksAt level
                let blockEntries = entriesAt level

                if block = Bytes.undefined then
                    filled <- min count (filled + blocks * blockEntries)
                else
                    let pages = if blockEntries > pageEntries then blockEntries / pageEntries else 0
                    let bitmapSize = (pages + 7) / 8
                    let prefix = 14 + offsetWidth

                    let body =
                        Cursor(disk, where, disk.Read(block, int64 prefix + int64 blocks * int64 (bitmapSize + 8)), 0)

                    body.Expect "EASB"
                    body.Skip(prefix - 4)
                    let bitmaps = Array.init blocks (fun _ -> body.Bytes bitmapSize)

                    for i in 0 .. blocks - 1 do
                        let data = body.I64()

                        if filled < count then
                            dataBlock data blockEntries (fun page -> bitmaps[i][page / 8] &&& (0x80uy >>> (page % 8)) <> 0uy)

                level <- level + 1

        entries
