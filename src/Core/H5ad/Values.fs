/// Lets the transformed values of X out: to where the old ones were, or into new chunks.
namespace SingleSharp.Core

open System
open System.Buffers
open System.Collections.Concurrent
open System.Collections.Generic
open System.Runtime.InteropServices

[<RequireQualifiedAccess>]
module private ValueBytes =
    /// The bytes of Output[first .. first + count − 1], already rounded to their type.
    let encode precision (slice: Slice) first count (target: Span<byte>) =
        let output = slice.Output

        match precision with
        | Precision.Single ->
            let stored = MemoryMarshal.Cast<byte, float32> target

            for i in 0 .. count - 1 do
                stored[i] <- Precision.toFloat32 output[first + i]
        | Precision.Double ->
            let stored = MemoryMarshal.Cast<byte, float> target

            for i in 0 .. count - 1 do
                stored[i] <- Precision.toFloat64 output[first + i]

/// A part of a block's values that has its place in the order of things.
[<Struct>]
type private Piece =
    {
        /// Encoded where it is a whole chunk, plain otherwise.
        Bytes: byte[]
        Length: int
        IsChunk: bool
        /// The filters that an encoded chunk is stored without.
        Mask: uint32
    }

/// A block's values on their way into chunks: chunks that lie wholly in the block are encoded by its worker.
[<Sealed; AllowNullLiteral>]
type private ChunkPage(codec: ChunkCodec, chunkBytes: int) =
    member _.Codec = codec
    member val Building: byte[] = Array.zeroCreate chunkBytes
    member val Filled = 0 with get, set
    member val Pieces = List<Piece>()
    member val Waiting = 0L with get, set

    member page.Add(isChunk, mask, bytes: ReadOnlySpan<byte>) =
        let copy = ArrayPool<byte>.Shared.Rent bytes.Length
        bytes.CopyTo(Span copy)

        page.Pieces.Add
            { Bytes = copy
              Length = bytes.Length
              IsChunk = isChunk
              Mask = mask }

        page.Waiting <- page.Waiting + int64 bytes.Length
        page.Filled <- 0

/// Where chunks go, one after another. Only touched in block order.
[<Sealed>]
type private ChunkShelf(draft: Draft, codec: ChunkCodec, chunkBytes: int, table: List<ChunkEntry>) =
    // What is left of one block waits here for the next one to complete its chunk.
    let carried: byte[] = Array.zeroCreate chunkBytes
    let mutable carriedBytes = 0

    let store (encoded: ReadOnlySpan<byte>) mask =
        table.Add
            { Address = draft.PutChunk encoded
              Size = int64 encoded.Length
              Mask = mask }

    let storeCarried () =
        let encoded = codec.Encode(ReadOnlySpan carried)
        store encoded codec.Mask
        carriedBytes <- 0

    member _.Store(encoded: ReadOnlySpan<byte>, mask) = store encoded mask

    member _.Carry(plain: ReadOnlySpan<byte>) =
        plain.CopyTo(Span(carried, carriedBytes, plain.Length))
        carriedBytes <- carriedBytes + plain.Length

        if carriedBytes = chunkBytes then
            storeCarried ()

    /// The last chunk is stored whole, padded with zeros.
    member _.Close() =
        if carriedBytes > 0 then
            Array.Clear(carried, carriedBytes, chunkBytes - carriedBytes)
            storeCarried ()

[<RequireQualifiedAccess>]
module ValueOutlet =
    /// Pages that hold more than this leave before their block ends.
    let private mostWaiting = 4L * 1024L * 1024L

    /// Writes each value to where it lies in an unfiltered dataset. Places are known beforehand, so workers write at once.
    let inPlace (disk: Disk) (data: Dataset) (chunks: Chunks voption) precision : Outlet<Slice> =
        let size = Numeric.size (Precision.numeric precision)
        let spare = ConcurrentBag<byte[]>()

        let write (slice: Slice) =
            let needed = slice.Count * size

            let buffer =
                match spare.TryTake() with
                | true, buffer when buffer.Length >= needed -> buffer
                | _ -> Array.zeroCreate needed

            ValueBytes.encode precision slice 0 slice.Count (Span(buffer, 0, needed))
            let mutable at = 0

            while at < slice.Count do
                let struct (address, available) =
                    Slab.pieceAt data chunks (slice.FirstValue + int64 at)

                let now = int (min available (int64 (slice.Count - at)))
                disk.Write(address, ReadOnlySpan(buffer, at * size, now * size))
                at <- at + now

            spare.Add buffer

        Outlet.ofPages
            { Begin = ignore
              Fill = fun () slice -> write slice
              IsFull = fun () -> false
              Flush = ignore
              Recycle = ignore
              Complete = ignore }

    /// Builds chunks of `extent` values, encodes them and puts them into the draft in order; the table fills as they go.
    let intoChunks (draft: Draft) path (filters: Filter list) (extent: int64) precision (table: List<ChunkEntry>) : Outlet<Slice> =
        let size = Numeric.size (Precision.numeric precision)
        let chunkBytes = Checked.int (extent * int64 size)

        let codec () =
            ChunkCodec(draft.Disk, path, filters, chunkBytes)

        let spare = ConcurrentBag<ChunkPage>()
        let shelf = ChunkShelf(draft, codec (), chunkBytes, table)

        let add (page: ChunkPage) (slice: Slice) =
            let mutable at = 0

            while at < slice.Count do
                let value = slice.FirstValue + int64 at
                let room = extent - value % extent
                let now = int (min room (int64 (slice.Count - at)))
                ValueBytes.encode precision slice at now (Span(page.Building, page.Filled, now * size))
                page.Filled <- page.Filled + now * size
                at <- at + now

                if page.Filled = chunkBytes then
                    let encoded = page.Codec.Encode(ReadOnlySpan page.Building)
                    page.Add(true, page.Codec.Mask, encoded)
                elif int64 now = room then
                    page.Add(false, 0u, ReadOnlySpan(page.Building, 0, page.Filled))

        let flush (page: ChunkPage) =
            if page.Filled > 0 then
                page.Add(false, 0u, ReadOnlySpan(page.Building, 0, page.Filled))

            for piece in page.Pieces do
                let bytes = ReadOnlySpan(piece.Bytes, 0, piece.Length)
                if piece.IsChunk then shelf.Store(bytes, piece.Mask) else shelf.Carry bytes
                ArrayPool<byte>.Shared.Return piece.Bytes

            page.Pieces.Clear()
            page.Waiting <- 0L

        Outlet.ofPages
            { Begin =
                fun _ ->
                    match spare.TryTake() with
                    | true, page -> page
                    | _ -> ChunkPage(codec (), chunkBytes)
              Fill = add
              IsFull = fun page -> page.Waiting > mostWaiting
              Flush = flush
              Recycle = spare.Add
              Complete = shelf.Close }
