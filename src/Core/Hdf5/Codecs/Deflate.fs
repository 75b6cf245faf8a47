/// gzip: HDF5's deflate filter, a zlib stream for each chunk.
namespace SingleSharp.Core.Hdf5

open System
open System.IO
open System.IO.Compression

[<RequireQualifiedAccess>]
module internal Deflate =
    let private start (parameters: uint32[]) _ =
        { new ICodec with
            member _.Decode(source, length, target) =
                use stream =
                    new ZLibStream(new MemoryStream(source, 0, length, false), CompressionMode.Decompress)

                try
                    stream.ReadAtLeast(Span target, target.Length, false)
                with :? InvalidDataException ->
                    raise (MalformedChunk "a gzip chunk cannot be decompressed")

            member _.Encode(source, length, target) =
                use into = new MemoryStream(target, 0, target.Length, true)
                let level = int (min 9u parameters[0])

                using (new ZLibStream(into, ZLibCompressionOptions(CompressionLevel = level), true)) (fun stream ->
                    stream.Write(source, 0, length))

                int into.Position }

    /// Incompressible data grow: by up to an eighth in the fastest mode of the compressor that .NET ships.
    let codec =
        { Codec.compressing 1 "gzip" (fun length -> length + length / 8 + 1024) start with
            NeedsParameters = true }
