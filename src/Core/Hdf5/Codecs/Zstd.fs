/// Zstandard, as the registered HDF5 filter uses it: one frame for each chunk.
namespace SingleSharp.Core.Hdf5

open System
open ZstdSharp

/// Compresses and decompresses for one thread; what it needs is made when it is first needed.
[<Sealed>]
type internal Zstd() =
    let decompressor = lazy (new Decompressor())
    let compressor = lazy (new Compressor())

    /// The level that a filter's parameter stands for: within what zstd knows, and its usual one where none is given.
    static member Level(parameters: uint32[]) =
        if parameters.Length = 0 then
            Compressor.DefaultCompressionLevel
        else
            Math.Clamp(int parameters[0], 1, Compressor.MaxCompressionLevel)

    /// The most bytes that N can take.
    static member Bound(length: int) = Compressor.GetCompressBound length

    /// Undoes the compression and says how many bytes there are; −1 where the stream is malformed or needs more room.
    member _.Decompress(source: ReadOnlySpan<byte>, target: Span<byte>) =
        try
            decompressor.Value.Unwrap(source, target)
        with :? ZstdException ->
            -1

    /// Compresses and says how many bytes that took.
    member _.Compress(level, source: ReadOnlySpan<byte>, target: Span<byte>) =
        compressor.Value.Level <- level
        compressor.Value.Wrap(source, target)

[<RequireQualifiedAccess>]
module internal ZstdFilter =
    let private start parameters _ =
        let zstd = Zstd()

        { new ICodec with
            member _.Decode(source, length, target) =
                zstd.Decompress(ReadOnlySpan(source, 0, length), Span target) |> Codec.sound "zstd"

            member _.Encode(source, length, target) =
                zstd.Compress(Zstd.Level parameters, ReadOnlySpan(source, 0, length), Span target) }

    let codec = Codec.compressing 32015 "zstd" Zstd.Bound start
