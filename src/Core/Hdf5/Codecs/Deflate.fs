/// gzip: HDF5's deflate filter, a zlib stream for each chunk.
namespace SingleSharp.Core.Hdf5

open System
open System.IO
open System.IO.Compression

/// The bytes of a zlib stream; they tell whether more of them were asked for than there are. ZLibStream itself takes a stream without
/// an end, whose checksum it has not seen, for one that ends.
[<Sealed>]
type private ZlibBytes(source, length) =
    inherit MemoryStream(source, 0, length, false)

    member val IsPast = false with get, set

    /// A MemoryStream that is derived from comes here for spans too.
    override bytes.Read(buffer: byte[], offset, count) =
        bytes.IsPast <- bytes.IsPast || (bytes.Position = bytes.Length && count > 0)
        base.Read(buffer, offset, count)

[<RequireQualifiedAccess>]
module internal Deflate =
    /// Undoes the compression of a zlib stream and says how many bytes there are; −1 where it is malformed or needs more
    /// room.
    let inflate source length (target: Span<byte>) =
        let bytes = new ZlibBytes(source, length)
        use stream = new ZLibStream(bytes, CompressionMode.Decompress)

        try
            let written = stream.ReadAtLeast(target, target.Length, false)
            let isLonger = written = target.Length && stream.ReadByte() >= 0
            if isLonger || bytes.IsPast then -1 else written
        with
        // .NET gives the second for a stream that asks for a preset dictionary.
        | :? InvalidDataException
        | :? IOException -> -1

    let private start (parameters: uint32[]) _ =
        let deflater = lazy (Deflater())

        { new ICodec with
            member _.Decode(source, length, target) =
                inflate source length (Span target) |> Codec.sound "gzip"

            member _.Encode(source, length, target) =
                deflater.Value.Compress(int (min 9u parameters[0]), source, length, target) }

    let codec =
        { Codec.compressing 1 "gzip" Deflater.Bound start with
            NeedsParameters = true
            OwnMemory = fun _ _ -> Deflater.OwnMemory }
