/// Compression of chunks: the filters that SingleSharp reads and writes.
namespace SingleSharp.Core

open System
open System.IO
open System.IO.Compression

[<RequireQualifiedAccess>]
module Filters =
    /// The first filter, if any, that cannot be undone here.
    let unsupported (filters: Filter list) =
        filters
        |> List.tryFind (fun filter ->
            match filter.Id with
            | Dataset.Deflate
            | Dataset.Shuffle
            | Dataset.Fletcher32
            | Dataset.Lzf
            | Dataset.Zstd
            | Dataset.Blosc -> false
            | _ -> true)

    /// Why a dataset with such a filter is refused, and what to do.
    let refusal (filter: Filter) =
        $"it is compressed with {Dataset.filterName filter.Id}; read the file with anndata and write it again with compression=\"gzip\" or none"

    /// Does HDF5 itself pass this filter over? It leaves filters that it cannot set up for a type, such as strings, without the
    /// parameter that they need.
    let isIdle (filter: Filter) =
        filter.Parameters.Length = 0 && (filter.Id = Dataset.Deflate || filter.Id = Dataset.Shuffle)

    /// The filters that every chunk is stored without: bit i for filter i.
    let mask (filters: Filter list) =
        filters |> List.indexed |> List.fold (fun mask (i, filter) -> if isIdle filter then mask ||| (1u <<< i) else mask) 0u

/// Buffers between which a chunk wanders from filter to filter, for one thread. `size` bytes is a whole chunk. What is stored has
/// a buffer of its own, which is small where the chunk is compressed; the two others are there once they are needed.
[<Sealed>]
type ChunkCodec(disk: Disk, where: string, filters: Filter list, size: int) =
    let mutable raw: byte[] = Array.Empty()
    let mutable here: byte[] = Array.Empty()
    let mutable there: byte[] = Array.Empty()
    let mutable spare: byte[] = Array.Empty()
    let mutable length = 0

    /// The filter that is applied or undone: those before it may have made the chunk longer.
    let mutable stage = 0
    let idle = Filters.mask filters
    let mutable mask = idle
    let lzfTable = lazy (Lzf.table ())
    let zstd = Zstd()
    let blosc = lazy (Blosc())

    let reserve needed =
        if there.Length < needed then
            there <- Array.Empty()
            there <- GC.AllocateUninitializedArray<byte> needed

    /// Begins with so many bytes, for which there is room in their own buffer; the larger one of the others is the next to be filled.
    let start count =
        if not (Object.ReferenceEquals(here, raw)) then
            if here.Length > there.Length then
                spare <- there
                there <- here
            else
                spare <- here

        if raw.Length < count then
            raw <- Array.Empty()
            raw <- GC.AllocateUninitializedArray<byte> count

        here <- raw
        length <- count

    let swap newLength =
        let before = if Object.ReferenceEquals(here, raw) then spare else here
        here <- there
        there <- before
        length <- newLength

    let inflate () =
        use stream =
            new ZLibStream(new MemoryStream(here, 0, length, false), CompressionMode.Decompress)

        try
            swap (stream.ReadAtLeast(Span there, there.Length, false))
        with :? InvalidDataException ->
            disk.Damaged where "a gzip chunk cannot be decompressed"

    let deflate level =
        // Incompressible data grow: by up to an eighth in the fastest mode of the compressor that .NET ships.
        reserve (length + length / 8 + 1024)
        use target = new MemoryStream(there, 0, there.Length, true)
        let options = ZLibCompressionOptions(CompressionLevel = level)

        using (new ZLibStream(target, options, true)) (fun stream -> stream.Write(here, 0, length))
        swap (int target.Position)

    /// What data that do not shrink may have grown to between two compressions; a little more shows what is too long.
    let reserveGrown () =
        reserve (size + 1024 + stage * (size / 8 + 1024))

    let expanded name written =
        if written < 0 then
            disk.Damaged where $"a chunk compressed with {name} cannot be decompressed"

        swap written

    /// Like HDF5, leaves data alone that LZF cannot make shorter.
    let shrink bit =
        reserve length

        let written =
            Lzf.compress lzfTable.Value (ReadOnlySpan(here, 0, length)) (Span(there, 0, max 0 (length - 1)))

        if written < 0 then mask <- mask ||| bit else swap written

    let compact level =
        reserve (Zstd.Bound length)
        swap (zstd.Compress(level, ReadOnlySpan(here, 0, length), Span there))

    let verify () =
        if length < 4 then
            disk.Damaged where "a chunk is shorter than its checksum"

        let stored = BitConverter.ToUInt32(here, length - 4)
        let computed = Checksum.fletcher32 (ReadOnlySpan(here, 0, length - 4))

        if stored <> computed then
            disk.Damaged where "the checksum of a chunk does not fit"

        length <- length - 4

    let seal () =
        if here.Length < length + 4 then
            Array.Resize(&here, length + 4)

        BitConverter.TryWriteBytes(Span(here, length, 4), Checksum.fletcher32 (ReadOnlySpan(here, 0, length))) |> ignore

        length <- length + 4

    let elementSize (filter: Filter) =
        if filter.Parameters.Length > 0 && filter.Parameters[0] > 0u && filter.Parameters[0] <= uint32 size then
            int filter.Parameters[0]
        else
            1

    /// Reads a chunk and undoes the filters that were applied to it; valid until the next call.
    member _.Decode(entry: ChunkEntry) : ReadOnlySpan<byte> =
        // What a filter adds to data that do not shrink is a few bytes; more is nonsense.
        if entry.Size > 2L * int64 size + 4096L then
            disk.Damaged where $"a chunk of {size} bytes is said to take {entry.Size} bytes"

        let stored = int entry.Size
        start stored
        disk.ReadInto(entry.Address, Span(here, 0, stored))

        for i in filters.Length - 1 .. -1 .. 0 do
            stage <- i

            if entry.Mask &&& (1u <<< i) = 0u then
                match filters[i].Id with
                | Dataset.Deflate ->
                    reserveGrown ()
                    inflate ()
                | Dataset.Lzf ->
                    reserveGrown ()
                    Lzf.decompress (ReadOnlySpan(here, 0, length)) (Span there) |> expanded "lzf"
                | Dataset.Zstd ->
                    reserveGrown ()
                    zstd.Decompress(ReadOnlySpan(here, 0, length), Span there) |> expanded "zstd"
                | Dataset.Blosc ->
                    match Blosc.Unsupported(ReadOnlySpan(here, 0, length)) with
                    | Some codec ->
                        disk.Unsupported
                            where
                            $"it is compressed with blosc's {codec}; read the file with anndata and write it again with compression=\"gzip\" or none"
                    | None -> ()

                    reserveGrown ()
                    blosc.Value.Decompress(ReadOnlySpan(here, 0, length), Span there) |> expanded "blosc"
                | Dataset.Shuffle ->
                    reserve length
                    Shuffling.unshuffle (elementSize filters[i]) (ReadOnlySpan(here, 0, length)) (Span there)
                    swap length
                | Dataset.Fletcher32 -> verify ()
                | _ -> disk.Unsupported where (Filters.refusal filters[i])

        if length <> size then
            disk.Damaged where $"a chunk has {length} bytes instead of {size}"

        ReadOnlySpan(here, 0, size)

    /// The array that the last decoded chunk begins; valid until the next call.
    member _.Decoded = here

    /// Bytes of the buffers in which chunks are decoded, of which none is stored in more bytes than `stored`.
    static member Memory(filters: Filter list, size: int64, stored: int64) =
        let grown =
            filters
            |> List.indexed
            |> List.filter (fun (_, filter) -> not (Filters.isIdle filter) && filter.Id <> Dataset.Fletcher32)
            |> List.map (fun (stage, _) -> size + 1024L + int64 stage * (size / 8L + 1024L))

        // Blosc unshuffles blocks, of which a chunk may be one, in a buffer of its own, and zlib inside it reads from another one.
        let ofBlosc =
            if filters |> List.exists (fun filter -> filter.Id = Dataset.Blosc) then size + stored else 0L

        // Two buffers at most, however many filters there are.
        stored + ofBlosc + (grown |> List.sortDescending |> List.truncate 2 |> List.sum)

    /// Bytes of the buffers in which chunks are encoded, each with the one that it is built in: what is encoded may grow a little.
    static member EncodingMemory(filters: Filter list, size: int64) =
        if filters.IsEmpty then
            2L * size
        else
            size + ChunkCodec.Memory(filters, size, size + size / 8L + 1024L)

    /// Applies the filters to a whole chunk, save those of its Mask; valid until the next call.
    member _.Encode(chunk: ReadOnlySpan<byte>) : ReadOnlySpan<byte> =
        start chunk.Length
        chunk.CopyTo(Span here)
        mask <- idle

        for i in 0 .. filters.Length - 1 do
            let filter = filters[i]
            let bit = 1u <<< i

            if idle &&& bit = 0u then
                match filter.Id with
                | Dataset.Deflate -> deflate (int (min 9u filter.Parameters[0]))
                | Dataset.Shuffle ->
                    reserve length
                    Shuffling.shuffle (elementSize filter) (ReadOnlySpan(here, 0, length)) (Span there)
                    swap length
                | Dataset.Fletcher32 -> seal ()
                | Dataset.Lzf -> shrink bit
                | Dataset.Zstd -> compact (Zstd.Level filter.Parameters)
                | Dataset.Blosc ->
                    reserve (Blosc.Bound length)
                    swap (blosc.Value.Compress(filter.Parameters, ReadOnlySpan(here, 0, length), Span there))
                | _ -> disk.Unsupported where (Filters.refusal filter)

        ReadOnlySpan(here, 0, length)

    /// The filters that the last encoded chunk is stored without: bit i for filter i.
    member _.Mask = mask
