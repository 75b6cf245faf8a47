/// Chunks of raw counts through the codecs, and back.
namespace SingleSharp.Kernels

open System
open System.Runtime.InteropServices
open BenchmarkDotNet.Attributes
open SingleSharp.Core.Hdf5

type Codecs() =
    /// As long as the chunks that h5py chooses for a matrix of some gigabytes.
    static let length = 4 * 26_000

    let mutable plain: byte[] = Array.Empty()
    let mutable encoded: byte[] = Array.Empty()
    let mutable target: byte[] = Array.Empty()
    let mutable decoded: byte[] = Array.Empty()
    let mutable encodedLength = 0
    let mutable codec: ICodec = Unchecked.defaultof<_>

    [<Params("gzip 4", "lzf", "zstd 3", "blosc lz4 5")>]
    member val Codec = "" with get, set

    [<Params("data", "indices")>]
    member val Chunk = "" with get, set

    [<GlobalSetup>]
    member codecs.Prepare() =
        let rowBatch = Samples.counts ()

        plain <-
            match codecs.Chunk with
            | "data" -> MemoryMarshal.AsBytes(ReadOnlySpan(rowBatch.ReserveSingles rowBatch.Count)).Slice(0, length).ToArray()
            | _ -> MemoryMarshal.AsBytes(ReadOnlySpan rowBatch.Genes).Slice(0, length).ToArray()

        let kind, parameters =
            match codecs.Codec with
            | "gzip 4" -> Deflate.codec, [| 4u |]
            | "lzf" -> Lzf.codec, [||]
            | "zstd 3" -> ZstdFilter.codec, [| 3u |]
            // The version of the filter and of the format, bytes of an element and of a chunk, level, shuffle, and LZ4.
            | _ -> BloscFilter.codec, [| 2u; 2u; 4u; uint32 length; 5u; 1u; 1u |]

        let room =
            match kind.Length with
            | CodecLength.Varies bound -> bound length
            | _ -> length

        codec <- kind.Start parameters length
        encoded <- Array.zeroCreate room
        target <- Array.zeroCreate room
        decoded <- Array.zeroCreate length
        encodedLength <- codec.Encode(plain, length, encoded)

        if encodedLength < 0 || codec.Decode(encoded, encodedLength, decoded) <> length || decoded <> plain then
            invalidOp $"{codecs.Codec} does not give {codecs.Chunk} back"

        for method in [ "Decode"; "Encode" ] do
            Work.say "Codecs" method [ codecs.Codec; codecs.Chunk ] (Work.Bytes length)

    [<Benchmark(Description = "decode a chunk")>]
    member _.Decode() =
        codec.Decode(encoded, encodedLength, decoded)

    [<Benchmark(Description = "encode a chunk")>]
    member _.Encode() = codec.Encode(plain, length, target)
