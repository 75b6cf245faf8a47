/// Reads consecutive rows of a dataset into the caller's buffer, whatever its storage.
namespace SingleSharp.Core.Hdf5

open System
open SingleSharp.Core
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal Hyperslab =
    /// Bytes of one row: everything below the first dimension.
    let rowBytes (dataset: Dataset) =
        Array.fold
            (fun product dim -> Checked.(*) product dim)
            (int64 dataset.ElementSize)
            (Array.skip (min 1 dataset.Dims.Length) dataset.Dims)

    /// Bytes that decoding a chunk takes at most, whatever it is compressed to.
    let chunkMemory (dataset: Dataset) =
        match dataset.Layout with
        | Chunked(shape, _, _, _) when not dataset.Filters.IsEmpty || shape.Length > 1 ->
            let bytes =
                Array.fold (fun product extent -> Checked.(*) product extent) (int64 dataset.ElementSize) shape

            ChunkCodec.Memory(dataset.Filters, bytes, bytes)
        | _ -> 0L

    /// What a band of chunks that memory does not hold is read in, at most.
    let private mostParts = 4L

    /// How many rows to read at a time, about N bytes of them, when `copies` times their bytes are held in memory. Where several
    /// chunks lie beside one another, bands of rows end where chunks do, as long as there is memory for them, so that each chunk
    /// is decoded once; a band that is too large comes in a few parts, or is refused.
    let rowsAtOnce (disk: RandomAccessFile) (dataset: Dataset) usualBytes copies =
        let bytes = max 1L (rowBytes dataset)
        let usual = max 1L (usualBytes / bytes)

        let fits rows =
            Checked.(*) (Checked.(*) bytes rows) copies

        let rows =
            match dataset.Layout with
            | Chunked(shape, _, _, _) when shape.Length > 1 && Array.exists2 (<) (Array.tail shape) (Array.tail dataset.Dims) ->
                // There may be no rows at all.
                let band = max 1L (min shape[0] dataset.Dims[0])

                if band <= usual then
                    usual / band * band
                else
                    let room = (disk.Room - chunkMemory dataset) / copies / bytes

                    seq { 1L .. mostParts }
                    |> Seq.map (fun parts -> (band + parts - 1L) / parts)
                    |> Seq.tryFind (fun rows -> rows <= max room usual)
                    |> Option.defaultWith (fun () ->
                        let least = (band + mostParts - 1L) / mostParts
                        Fault.throw (Fault.memory (Checked.(+) (fits least) (chunkMemory dataset)) disk.Allowed))
            | _ -> usual

        let rows = max 1L (min rows dataset.Dims[0])
        disk.Require(fits rows)
        // Arrays have no more bytes than this.
        if rows > 1L && bytes * rows > int64 Array.MaxLength then
            max 1L (int64 Array.MaxLength / bytes)
        else
            rows

    /// In an unfiltered dataset of one dimension: the address of an element and how many elements follow there contiguous.
    let pieceAt (dataset: Dataset) (chunks: Chunks voption) (first: int64) =
        match dataset.Layout, chunks with
        | Contiguous address, _ ->
            struct ((if address = Bytes.undefined then address else address + first * int64 dataset.ElementSize), dataset.Count - first)
        | Chunked _, ValueSome chunks ->
            let extent = chunks.Shape[0]
            let inside = first % extent
            let entry = chunks.Entries[int (first / extent)]

            let address =
                if entry.Address = Bytes.undefined then
                    entry.Address
                else
                    entry.Address + inside * int64 dataset.ElementSize

            struct (address, min (extent - inside) (dataset.Count - first))
        | _ -> invalidOp "a compact dataset has no address of its own"

    /// The same with pieces behind it that lie next to one another in the file, of N elements together at most.
    /// Law (runs): the elements of a run are those of its pieces.
    let runAt (dataset: Dataset) chunks first most =
        let struct (address, available) = pieceAt dataset chunks first
        let mutable count = min available most
        let mutable isJoined = address <> Bytes.undefined

        while isJoined && count < most do
            let struct (next, more) = pieceAt dataset chunks (first + count)
            isJoined <- (next = address + count * int64 dataset.ElementSize)

            if isJoined then
                count <- min most (count + more)

        struct (address, count)

/// Reads one dataset for one thread; the buffers it keeps are those of one chunk, which must fit the memory allowed.
[<Sealed>]
type internal DatasetReader(disk: RandomAccessFile, dataset: Dataset, chunks: Chunks voption) =
    do
        match Filters.unsupported dataset.Filters with
        | Some filter -> disk.Unsupported dataset.Path (Filters.refusal filter)
        | None -> ()

    let size = dataset.ElementSize
    let rowBytes = Hyperslab.rowBytes dataset

    let codec =
        lazy
            (let chunks = chunks.Value
             let stored = chunks.Entries |> Array.fold (fun most entry -> max most entry.Size) 0L
             disk.Require(ChunkCodec.Memory(dataset.Filters, int64 chunks.Bytes, min stored (2L * int64 chunks.Bytes + 4096L)))
             ChunkCodec(disk, dataset.Path, dataset.Filters, chunks.Bytes))

    /// The chunk that was decoded last, because row batches rarely end where chunks do.
    let mutable decoded = -1
    let mutable current: byte[] = Array.Empty()

    /// A chunk that was never written.
    let mutable blank: byte[] = Array.Empty()

    let fill (target: Span<byte>) =
        if dataset.FillValue |> Array.forall (fun value -> value = 0uy) then
            target.Clear()
        else
            for i in 0 .. target.Length / size - 1 do
                dataset.FillValue.AsSpan().CopyTo(target.Slice(i * size))

    let decode chunk =
        if chunk <> decoded then
            let entry = chunks.Value.Entries[chunk]
            decoded <- -1

            if entry.Address <> Bytes.undefined then
                let _ = codec.Value.Decode entry
                current <- codec.Value.Decoded
            else
                if blank.Length = 0 then
                    disk.Require(int64 chunks.Value.Bytes)
                    blank <- Array.zeroCreate chunks.Value.Bytes
                    fill (Span blank)

                current <- blank

            decoded <- chunk

    /// Piece by piece, straight into the target.
    let readPlain (first: int64) (target: Span<byte>) =
        let mutable row = first
        let mutable rest = target

        while rest.Length > 0 do
            let struct (address, count) =
                Hyperslab.runAt dataset chunks row (int64 (rest.Length / size))

            let now = rest.Slice(0, int count * size)

            if address = Bytes.undefined then fill now else disk.ReadInto(address, now)

            row <- row + int64 (now.Length / size)
            rest <- rest.Slice now.Length

    let readLine (first: int64) (target: Span<byte>) =
        let extent = chunks.Value.Shape[0]
        let mutable row = first
        let mutable rest = target

        while rest.Length > 0 do
            decode (int (row / extent))
            let inside = row % extent
            let now = int (min (int64 rest.Length) ((extent - inside) * int64 size))
            current.AsSpan(int inside * size, now).CopyTo rest
            row <- row + int64 (now / size)
            rest <- rest.Slice now

    /// Chunks of several dimensions: every chunk that the rows touch gives its share of runs along the last dimension.
    let readBox (first: int64) (count: int64) (target: byte[]) =
        let chunks = chunks.Value
        let dims = dataset.Dims
        let rank = dims.Length

        let strides (extents: int64[]) =
            Array.scanBack (fun (extent: int64) stride -> stride * extent) (Array.tail extents) (int64 size)

        let inChunk = strides chunks.Shape
        let inTarget = strides (Array.append [| count |] (Array.tail dims))
        let across = Array.fold (fun product n -> product * n) 1L (Array.tail chunks.Counts)

        let rec copy d (at: int64[]) (from: int64) (into: int64) =
            let start = at[d] * chunks.Shape[d]
            let low, high = if d = 0 then first, first + count else 0L, dims[d]
            let skipped = max 0L (low - start)
            let stop = min chunks.Shape[d] (high - start)
            let from = from + skipped * inChunk[d]
            let into = into + (start + skipped - low) * inTarget[d]

            if stop > skipped then
                if d = rank - 1 then
                    Buffer.BlockCopy(current, int from, target, int into, int ((stop - skipped) * int64 size))
                else
                    for i in 0L .. stop - skipped - 1L do
                        copy (d + 1) at (from + i * inChunk[d]) (into + i * inTarget[d])

        for row in first / chunks.Shape[0] .. (first + count - 1L) / chunks.Shape[0] do
            for column in 0L .. across - 1L do
                let index = row * across + column
                let at = Array.zeroCreate rank
                let mutable rest = index

                for d in rank - 1 .. -1 .. 0 do
                    at[d] <- rest % chunks.Counts[d]
                    rest <- rest / chunks.Counts[d]

                decode (int index)
                copy 0 at 0L 0L

    let requireRows first count =
        if first < 0L || (dataset.Dims.Length > 0 && first > dataset.Dims[0] - int64 count) then
            disk.Damaged dataset.Path $"rows {first} to {first + int64 count - 1L} are needed, but it has {dataset.Dims[0]}"

    /// Rows that follow one another in chunks as well.
    let readRows (first: int64) (target: Span<byte>) =
        if target.Length > 0 then
            match dataset.Layout with
            | Compact stored -> stored.AsSpan(int (first * rowBytes), target.Length).CopyTo target
            | Contiguous address when address = Bytes.undefined -> fill target
            | Contiguous address -> disk.ReadInto(address + first * rowBytes, target)
            | Chunked _ when dataset.Filters.IsEmpty -> readPlain first target
            | Chunked _ -> readLine first target

    new(disk, dataset) =
        DatasetReader(
            disk,
            dataset,
            match dataset.Layout with
            | Chunked _ -> ValueSome(Chunks.load disk dataset)
            | _ -> ValueNone
        )

    /// Fills the target with the bytes of the rows [first, first + count), in the file's byte order.
    member _.Read(first: int64, count: int, target: byte[]) =
        let bytes = Checked.int (Checked.(*) (int64 count) rowBytes)
        requireRows first count

        match dataset.Layout with
        | Chunked _ when dataset.Dims.Length > 1 && bytes > 0 -> readBox first (int64 count) target
        | _ -> readRows first (Span(target, 0, bytes))

    /// The same of a dataset of one dimension, as many elements as the target has room for.
    member _.ReadLine(first: int64, target: Span<byte>) =
        requireRows first (target.Length / size)
        readRows first target

    /// The array that a whole chunk begins, by the chunk's place in row-major order; valid until the next call.
    member _.Chunk(index: int) =
        decode index
        current

    /// The rows as bytes of their own; for what is small.
    member reader.ReadAll() =
        let rows = if dataset.Dims.Length = 0 then dataset.Count else dataset.Dims[0]
        let bytes = Checked.(*) rows rowBytes

        if bytes > disk.Length * 1024L || bytes > int64 Array.MaxLength then
            disk.Damaged dataset.Path $"it is said to hold {bytes} bytes"

        disk.Require bytes
        let target = Array.zeroCreate (int bytes)
        reader.Read(0L, int rows, target)
        target
