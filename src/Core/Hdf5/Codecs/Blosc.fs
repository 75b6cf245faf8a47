/// Blosc, as the registered HDF5 filter uses it: one container for each chunk, cut into blocks, each shuffled and compressed by one of
/// several codecs.
namespace SingleSharp.Core.Hdf5

open System
open System.Buffers.Binary
open System.IO
open Snappier

// The container (c-blosc's README_HEADER.rst): version of the format and of the codec's, flags, size of an element, then as little-endian
// int32 the bytes, the bytes of a block, the bytes of the container, and where each block begins. A block is one stream or, where
// elements are small and it is not the remainder, one for each byte of an element, each after its length.

/// Codecs as the upper three bits of the flags number them.
[<RequireQualifiedAccess>]
type private BloscCodec =
    | BloscLz = 0
    | Lz4 = 1
    | Snappy = 2
    | Zlib = 3
    | Zstd = 4

/// Compresses and decompresses for one thread; what it needs is made when it is first needed.
[<Sealed>]
type internal Blosc() =
    static let header = 16
    static let shuffled = 1
    static let copied = 2
    static let bitShuffled = 4
    static let unsplit = 16

    /// Blosc cuts blocks into streams where an element has at most N bytes, and a stream at least N.
    static let mostStreams = 16

    static let leastStream = 128

    let zstd = lazy (Zstd())
    let deflater = lazy (Deflater())
    let table = lazy (Lz4.table ())
    let mutable plain: byte[] = Array.Empty()
    let mutable stream: byte[] = Array.Empty()

    let number (source: ReadOnlySpan<byte>) at =
        BinaryPrimitives.ReadInt32LittleEndian(source.Slice(at, 4))

    let inflate (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        if stream.Length < source.Length then
            stream <- Array.zeroCreate source.Length

        source.CopyTo(Span stream)
        Deflate.inflate stream source.Length target

    let unsnap (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let mutable written = 0

        try
            if Snappy.TryDecompress(source, target, &written) then written else -1
        with :? InvalidDataException ->
            -1

    let decode codec (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        if source.Length = target.Length then
            source.CopyTo target
            source.Length
        else
            match codec with
            | BloscCodec.BloscLz -> BloscLz.decompress source target
            | BloscCodec.Lz4 -> Lz4.decompress source target
            | BloscCodec.Snappy -> unsnap source target
            | BloscCodec.Zlib -> inflate source target
            | BloscCodec.Zstd -> zstd.Value.Decompress(source, target)
            | _ -> -1

    /// Decodes the streams of a block that begins at a place. Is it sound?
    let decodeBlock codec streams (source: ReadOnlySpan<byte>) start (target: Span<byte>) =
        let length = target.Length / streams
        let mutable at = start
        let mutable sound = at >= header
        let mutable i = 0

        while sound && i < streams do
            if at > source.Length - 4 then
                sound <- false
            else
                let stored = number source at
                at <- at + 4

                if stored < 0 || stored > source.Length - at then
                    sound <- false
                else
                    sound <- decode codec (source.Slice(at, stored)) (target.Slice(i * length, length)) = length
                    at <- at + stored
                    i <- i + 1

        sound

    let decodeBlocks flags elementSize blockSize (source: ReadOnlySpan<byte>) (target: Span<byte>) =
        let codec = enum<BloscCodec>(flags >>> 5)

        if plain.Length < blockSize then
            plain <- Array.zeroCreate blockSize

        let mutable sound = true
        let mutable first = 0

        while sound && first < target.Length do
            let length = min blockSize (target.Length - first)
            let start = number source (header + 4 * (first / blockSize))

            let streams =
                if flags &&& unsplit = 0 && length = blockSize && elementSize <= mostStreams && blockSize / elementSize >= leastStream then
                    elementSize
                else
                    1

            let block = Span(plain, 0, length)
            let into = target.Slice(first, length)

            sound <- length % streams = 0 && decodeBlock codec streams source start block

            if flags &&& shuffled <> 0 then
                Shuffling.unshuffle elementSize (Span.op_Implicit block) into
            elif flags &&& bitShuffled <> 0 then
                Shuffling.unshuffleBits elementSize (Span.op_Implicit block) into
            else
                block.CopyTo into

            first <- first + length

        if sound then target.Length else -1

    /// The codec of a container that is not read here, if it is one.
    static member Unsupported(source: ReadOnlySpan<byte>) =
        if source.Length > 2 && int source[2] &&& copied = 0 then
            match enum<BloscCodec>(int source[2] >>> 5) with
            | BloscCodec.BloscLz
            | BloscCodec.Lz4
            | BloscCodec.Snappy
            | BloscCodec.Zlib
            | BloscCodec.Zstd -> None
            | other -> Some $"codec {int other}"
        else
            None

    /// Undoes the compression and says how many bytes there are; −1 where the container is malformed or needs more room.
    member _.Decompress(source: ReadOnlySpan<byte>, target: Span<byte>) =
        if source.Length < header then
            -1
        else
            let flags = int source[2]
            let size = number source 4
            let blockSize = number source 8

            if size < 0 || size > target.Length then
                -1
            elif size = 0 then
                0
            elif flags &&& copied <> 0 then
                if size > source.Length - header then
                    -1
                else
                    source.Slice(header, size).CopyTo target
                    size
            elif blockSize <= 0 || blockSize > size || (size - 1) / blockSize >= (source.Length - header) / 4 then
                -1
            else
                decodeBlocks flags (max 1 (int source[3])) blockSize source (target.Slice(0, size))

    /// The most bytes that N can take.
    static member Bound(length: int) = Checked.(+) length header

    /// Compresses with the codec and the shuffle that a filter's parameters ask for (LZ4 for BloscLZ and snappy, bytes for bits: a container
    /// says what it was made with) into one block, and says how many bytes that took. What does not shrink is stored as it is.
    /// Law (blosc): decompress (compress bytes) = bytes.
    member _.Compress(parameters: uint32[], source: ReadOnlySpan<byte>, target: Span<byte>) =
        let parameter i usual =
            if parameters.Length > i then parameters[i] else usual

        let elementSize =
            match parameter 2 1u with
            | size when size >= 1u && size <= 255u && source.Length % int size = 0 -> int size
            | _ -> 1

        let isShuffled = parameter 5 1u <> 0u && elementSize > 1
        let level = int (min 9u (parameter 4 5u))

        if plain.Length < source.Length then
            plain <- Array.zeroCreate source.Length

        let block = Span(plain, 0, source.Length)

        if isShuffled then Shuffling.shuffle elementSize source block else source.CopyTo block

        let length = source.Length
        let block = ReadOnlySpan(plain, 0, length)

        let struct (codec, written) =
            match parameter 6 0u with
            | 5u ->
                stream <-
                    if stream.Length < Zstd.Bound source.Length then
                        Array.zeroCreate (Zstd.Bound source.Length)
                    else
                        stream

                struct (BloscCodec.Zstd, zstd.Value.Compress(max 1 (2 * level - 1), block, Span stream))
            | 4u ->
                let room = Deflater.Bound source.Length
                stream <- if stream.Length < room then Array.zeroCreate room else stream
                struct (BloscCodec.Zlib, deflater.Value.Compress(level, plain, length, stream))
            | _ ->
                stream <-
                    if stream.Length < Lz4.bound source.Length then
                        Array.zeroCreate (Lz4.bound source.Length)
                    else
                        stream

                struct (BloscCodec.Lz4, Lz4.compress table.Value block (Span stream))

        let isCopied = source.IsEmpty || level = 0 || written + 8 >= source.Length

        let flags =
            if isCopied then
                copied ||| (int codec <<< 5)
            else
                (if isShuffled then shuffled else 0) ||| unsplit ||| (int codec <<< 5)

        let bytes = if isCopied then header + source.Length else header + 8 + written
        target[0] <- 2uy
        target[1] <- 1uy
        target[2] <- byte flags
        target[3] <- byte elementSize
        BinaryPrimitives.WriteInt32LittleEndian(target.Slice 4, source.Length)
        BinaryPrimitives.WriteInt32LittleEndian(target.Slice 8, source.Length)
        BinaryPrimitives.WriteInt32LittleEndian(target.Slice 12, bytes)

        if isCopied then
            source.CopyTo(target.Slice header)
        else
            BinaryPrimitives.WriteInt32LittleEndian(target.Slice header, header + 4)
            BinaryPrimitives.WriteInt32LittleEndian(target.Slice(header + 4), written)
            ReadOnlySpan(stream, 0, written).CopyTo(target.Slice(header + 8))

        bytes

[<RequireQualifiedAccess>]
module internal BloscFilter =
    let private start parameters _ =
        let blosc = lazy (Blosc())

        { new ICodec with
            member _.Decode(source, length, target) =
                match Blosc.Unsupported(ReadOnlySpan(source, 0, length)) with
                | Some codec -> raise (UnsupportedChunk $"blosc's {codec}")
                | None -> ()

                blosc.Value.Decompress(ReadOnlySpan(source, 0, length), Span target) |> Codec.sound "blosc"

            member _.Encode(source, length, target) =
                blosc.Value.Compress(parameters, ReadOnlySpan(source, 0, length), Span target) }

    /// Blosc unshuffles blocks, of which a chunk may be one, in a buffer of its own, and zlib inside it reads from another one.
    let codec =
        { Codec.compressing 32001 "blosc" Blosc.Bound start with
            OwnMemory = fun size stored -> size + stored + Deflater.OwnMemory }
