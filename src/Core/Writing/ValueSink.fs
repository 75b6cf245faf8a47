/// Lets the transformed values of X out, to where the old ones were or into new chunks, and its genes to where they were.
namespace SingleSharp.Core.Writing

open System
open System.Buffers
open System.Collections.Concurrent
open System.Collections.Generic
open System.IO
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

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
type private ChunkBuffer(codec: ChunkCodec, chunkBytes: int) =
    member _.Codec = codec
    member val Building: byte[] = Array.zeroCreate chunkBytes
    member val Filled = 0 with get, set
    member val Pieces = List<Piece>()
    member val Waiting = 0L with get, set

    member buffer.Add(isChunk, mask, bytes: ReadOnlySpan<byte>) =
        let copy = ArrayPool<byte>.Shared.Rent bytes.Length
        bytes.CopyTo(Span copy)

        buffer.Pieces.Add
            { Bytes = copy
              Length = bytes.Length
              IsChunk = isChunk
              Mask = mask }

        buffer.Waiting <- buffer.Waiting + int64 bytes.Length
        buffer.Filled <- 0

/// Where chunks go, one after another. Only touched in block order.
[<Sealed>]
type private PendingChunks(editor: FileEditor, codec: ChunkCodec, chunkBytes: int, table: List<ChunkEntry>) =
    // What is left of one block waits here for the next one to complete its chunk.
    let carried: byte[] = Array.zeroCreate chunkBytes
    let mutable carriedBytes = 0

    let store (encoded: ReadOnlySpan<byte>) mask =
        table.Add
            { Address = editor.PutChunk encoded
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
module internal ValueSink =
    /// Buffers that hold more than this leave before their block ends.
    let private mostWaiting = 4L * 1024L * 1024L

    /// The places of an unfiltered dataset's elements.
    let private places (data: Dataset) chunks =
        { Size = data.ElementSize
          RunAt = Hyperslab.runAt data chunks }

    /// Writes each value to where it lies in an unfiltered dataset.
    let inPlace placing (disk: RandomAccessFile) (data: Dataset) (chunks: Chunks voption) precision : Sink<RowBatch> =
        let datatype = DType.datatype (Precision.dtype precision)
        let size = Datatype.size datatype
        let spare = ConcurrentBag<byte[]>()

        let encode (rowBatch: RowBatch) (put: PutBytes) =
            let needed = rowBatch.Count * size

            let buffer =
                match spare.TryTake() with
                | true, buffer when buffer.Length >= needed -> buffer
                | _ -> Array.zeroCreate needed

            OutputBytes.encode datatype rowBatch 0 rowBatch.Count (Span(buffer, 0, needed))
            put.Invoke(rowBatch.FirstValue, ReadOnlySpan(buffer, 0, needed))
            spare.Add buffer

        PlaceSink.create placing (places data chunks) disk encode

    /// Are column indices stored as row batches have them?
    let canPutGenes (indices: Dataset) =
        indices.Type = Integer(4, true, false) && indices.Filters.IsEmpty

    /// Writes the genes of rows as they were read to where they lie in such a dataset: bytes that were just read and checked need not be
    /// copied from the file once more.
    let genesInPlace (disk: RandomAccessFile) (indices: Dataset) (chunks: Chunks voption) : Sink<RowBatch> =
        let encode (rowBatch: RowBatch) (put: PutBytes) =
            put.Invoke(rowBatch.FirstValue, MemoryMarshal.AsBytes(ReadOnlySpan(rowBatch.Genes, 0, rowBatch.Count)))

        PlaceSink.create AtOnce (places indices chunks) disk encode

    /// Builds chunks of `extent` values, encodes them and puts them into the editor in order; the table fills as they go.
    let intoChunks (editor: FileEditor) path (filters: Filter list) (extent: int64) precision (table: List<ChunkEntry>) : Sink<RowBatch> =
        let datatype = DType.datatype (Precision.dtype precision)
        let size = Datatype.size datatype
        let chunkBytes = Checked.int (extent * int64 size)

        let codec () =
            ChunkCodec(editor.Disk, path, filters, chunkBytes)

        let spare = ConcurrentBag<ChunkBuffer>()
        let pending = PendingChunks(editor, codec (), chunkBytes, table)

        let add (buffer: ChunkBuffer) (rowBatch: RowBatch) =
            let mutable at = 0

            while at < rowBatch.Count do
                let value = rowBatch.FirstValue + int64 at
                let room = extent - value % extent
                let now = int (min room (int64 (rowBatch.Count - at)))
                OutputBytes.encode datatype rowBatch at now (Span(buffer.Building, buffer.Filled, now * size))
                buffer.Filled <- buffer.Filled + now * size
                at <- at + now

                if buffer.Filled = chunkBytes then
                    let encoded = buffer.Codec.Encode(ReadOnlySpan buffer.Building)
                    buffer.Add(true, buffer.Codec.Mask, encoded)
                elif int64 now = room then
                    buffer.Add(false, 0u, ReadOnlySpan(buffer.Building, 0, buffer.Filled))

        let store isChunk mask (bytes: byte[]) length =
            let bytes = ReadOnlySpan(bytes, 0, length)
            if isChunk then pending.Store(bytes, mask) else pending.Carry bytes

        let take (buffer: ChunkBuffer) (each: Piece -> unit) =
            if buffer.Filled > 0 then
                buffer.Add(false, 0u, ReadOnlySpan(buffer.Building, 0, buffer.Filled))

            for piece in buffer.Pieces do
                each piece
                ArrayPool<byte>.Shared.Return piece.Bytes

            buffer.Pieces.Clear()
            buffer.Waiting <- 0L

        let flush buffer =
            take buffer (fun piece -> store piece.IsChunk piece.Mask piece.Bytes piece.Length)

        let save (writer: BinaryWriter) (buffer: ChunkBuffer) =
            let more = if buffer.Filled > 0 then 1 else 0
            writer.Write(buffer.Pieces.Count + more)

            take buffer (fun piece ->
                writer.Write piece.IsChunk
                writer.Write piece.Mask
                writer.Write piece.Length
                writer.Write(ReadOnlySpan(piece.Bytes, 0, piece.Length)))

        let restore (reader: BinaryReader) =
            for _ in 1 .. reader.ReadInt32() do
                let isChunk = reader.ReadBoolean()
                let mask = reader.ReadUInt32()
                let length = reader.ReadInt32()
                let bytes = ArrayPool<byte>.Shared.Rent length
                reader.BaseStream.ReadExactly(Span(bytes, 0, length))
                store isChunk mask bytes length
                ArrayPool<byte>.Shared.Return bytes

        Sink.ofSaved
            save
            restore
            { Begin =
                fun _ ->
                    match spare.TryTake() with
                    | true, buffer -> buffer
                    | _ -> ChunkBuffer(codec (), chunkBytes)
              Fill = add
              IsFull = fun buffer -> buffer.Waiting > mostWaiting
              Flush = flush
              Recycle = spare.Add
              Complete = pending.Close }
