/// Takes chunks through the filters of a dataset, and back.
namespace SingleSharp.Core.Hdf5

open System
open SingleSharp.Core.Files

/// Buffers between which a chunk wanders from filter to filter, for one thread. `size` bytes is a whole chunk. What is stored has
/// a buffer of its own, which is small where the chunk is compressed; the two others are there once they are needed.
[<Sealed>]
type internal ChunkCodec(disk: RandomAccessFile, where: string, filters: Filter list, size: int) =
    let mutable raw: byte[] = Array.Empty()
    let mutable here: byte[] = Array.Empty()
    let mutable there: byte[] = Array.Empty()
    let mutable spare: byte[] = Array.Empty()
    let mutable length = 0
    let idle = Filters.mask filters
    let mutable mask = idle

    /// Each filter with its codec; the one that is not known here is told when a chunk went through it.
    let stages =
        [| for filter in filters do
               match Codecs.tryFind filter.Id with
               | Some codec -> struct (codec, codec.Start filter.Parameters size)
               | None -> struct (Unchecked.defaultof<_>, Unchecked.defaultof<_>) |]

    let reserve needed =
        if there.Length < needed then
            there <- Array.Empty()
            there <- GC.AllocateUninitializedArray<byte> needed

    /// Begins with N bytes, for which there is room in their own buffer; the larger one of the others is the next to be filled.
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

    /// What data that do not shrink may have grown to between two compressions; a little more shows what is too long. The filters
    /// before a stage may have made the chunk longer.
    let grown stage =
        int (min (int64 Array.MaxLength) (int64 size + 1024L + int64 stage * (int64 size / 8L + 1024L)))

    let codecOf stage =
        let struct (codec, worker) = stages[stage]

        if isNull (box codec) then
            disk.Unsupported where (Filters.refusal filters[stage])

        struct (codec, worker)

    let undo stage =
        let struct (codec, worker) = codecOf stage

        match codec.Length with
        | CodecLength.Appends _ -> length <- worker.Decode(here, length, here)
        | CodecLength.Same ->
            reserve length
            worker.Decode(here, length, there) |> swap
        | CodecLength.Varies _ ->
            reserve (grown stage)
            worker.Decode(here, length, there) |> swap

    let apply stage =
        let struct (codec, worker) = codecOf stage

        let encode room =
            reserve room

            match worker.Encode(here, length, there) with
            | -1 -> mask <- mask ||| (1u <<< stage)
            | written -> swap written

        match codec.Length with
        | CodecLength.Appends bytes ->
            if here.Length < length + bytes then
                Array.Resize(&here, length + bytes)

            length <- worker.Encode(here, length, here)
        | CodecLength.Same -> encode length
        | CodecLength.Varies bound -> encode (bound length)

    /// Reads a chunk and undoes the filters that were applied to it; valid until the next call.
    member _.Decode(entry: ChunkEntry) : ReadOnlySpan<byte> =
        // What a filter adds to data that do not shrink is a few bytes; more is nonsense.
        if entry.Size > 2L * int64 size + 4096L then
            disk.Damaged where $"a chunk of {size} bytes is said to take {entry.Size} bytes"

        if entry.Size > int64 Array.MaxLength then
            disk.Unsupported where $"a chunk takes {entry.Size} bytes"

        let stored = int entry.Size
        start stored
        disk.ReadInto(entry.Address, Span(here, 0, stored))

        try
            for stage in filters.Length - 1 .. -1 .. 0 do
                if entry.Mask &&& (1u <<< stage) = 0u then
                    undo stage
        with
        | MalformedChunk what -> disk.Damaged where what
        | UnsupportedChunk what -> disk.Unsupported where (Filters.refusalOf what)

        if length <> size then
            disk.Damaged where $"a chunk has {length} bytes instead of {size}"

        ReadOnlySpan(here, 0, size)

    /// The array that the last decoded chunk begins; valid until the next call.
    member _.Decoded = here

    /// Bytes of the buffers in which chunks are decoded, of which none is stored in more bytes than `stored`.
    static member Memory(filters: Filter list, size: int64, stored: int64) =
        let known =
            filters
            |> List.indexed
            |> List.filter (fun (_, filter) -> not (Filters.isIdle filter))
            |> List.choose (fun (stage, filter) -> Codecs.tryFind filter.Id |> Option.map (fun codec -> stage, codec))

        let grown =
            known
            |> List.filter (fun (_, codec) ->
                match codec.Length with
                | CodecLength.Appends _ -> false
                | _ -> true)
            |> List.map (fun (stage, _) -> size + 1024L + int64 stage * (size / 8L + 1024L))

        let own =
            known |> List.map (fun (_, codec) -> codec.OwnMemory size stored) |> List.fold max 0L

        // Two buffers at most, however many filters there are.
        stored + own + (grown |> List.sortDescending |> List.truncate 2 |> List.sum)

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

        for stage in 0 .. filters.Length - 1 do
            if idle &&& (1u <<< stage) = 0u then
                apply stage

        ReadOnlySpan(here, 0, length)

    /// The filters that the last encoded chunk is stored without: bit i for filter i.
    member _.Mask = mask
