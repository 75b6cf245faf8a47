/// The codec of docs/extending.md: LZ4, as the HDF5 filter 32004 stores it.
module internal SingleSharp.Properties.ExtendingCodec

open System
open System.Buffers.Binary
open SingleSharp.Core.Hdf5

// The bytes of the chunk (int64) and of a block (int32), then each block behind its own length (int32), all big-endian. A block of
// full length is not compressed.
let private decode (source: ReadOnlySpan<byte>) (target: Span<byte>) =
    try
        let total = int (BinaryPrimitives.ReadInt64BigEndian source)
        let most = BinaryPrimitives.ReadInt32BigEndian(source.Slice 8)
        let mutable from = 12
        let mutable into = 0

        while into < total do
            let stored =
                source.Slice(from + 4, BinaryPrimitives.ReadInt32BigEndian(source.Slice from))

            let block = target.Slice(into, min most (total - into))

            if stored.Length = block.Length then
                stored.CopyTo block
            elif Lz4.decompress stored block <> block.Length then
                raise (MalformedChunk "a block of lz4 cannot be decompressed")

            from <- from + 4 + stored.Length
            into <- into + block.Length

        into
    with :? ArgumentOutOfRangeException ->
        -1

let private encode table (source: ReadOnlySpan<byte>) (target: Span<byte>) =
    let written = Lz4.compress table source (target.Slice 16)
    BinaryPrimitives.WriteInt64BigEndian(target, int64 source.Length)
    BinaryPrimitives.WriteInt32BigEndian(target.Slice 8, source.Length)
    BinaryPrimitives.WriteInt32BigEndian(target.Slice 12, written)
    if written < source.Length then 16 + written else -1

let private start _ _ =
    let table = lazy (Lz4.table ())

    { new ICodec with
        member _.Decode(source, length, target) =
            decode (ReadOnlySpan(source, 0, length)) (Span target) |> Codec.sound "lz4"

        member _.Encode(source, length, target) =
            encode table.Value (ReadOnlySpan(source, 0, length)) (Span target) }

let codec =
    Codec.compressing 32004 "lz4" (fun length -> 16 + Lz4.bound length) start
