/// A codec: a filter that chunks go through on their way to the disk and back, as a value.
namespace SingleSharp.Core.Hdf5

/// A chunk that its codec cannot make sense of.
exception internal MalformedChunk of what: string

/// A chunk that is in order, but encoded in a way that its codec does not know.
exception internal UnsupportedChunk of what: string

/// Applies and undoes a filter for one thread.
type internal ICodec =
    /// Undoes the filter: from the first bytes of one array to another, or to the same where the codec works in place. Says how many
    /// bytes there are. Throws MalformedChunk.
    abstract Decode: source: byte[] * length: int * target: byte[] -> int
    /// Applies it likewise; −1 where the bytes are to be left as they are.
    abstract Encode: source: byte[] * length: int * target: byte[] -> int

/// How the bytes of a chunk change.
[<RequireQualifiedAccess>]
type internal CodecLength =
    /// Fewer or more come out; the bytes that N can take at most once they are encoded.
    | Varies of bound: (int -> int)
    /// As many come out as go in.
    | Same
    /// N are added at the end, in place.
    | Appends of bytes: int

type internal Codec =
    {
        /// The number under which HDF5 has registered it.
        Id: int
        Name: string
        Length: CodecLength
        /// Does HDF5 pass it over where its parameters are missing?
        NeedsParameters: bool
        /// Bytes of buffers of its own for a chunk of N bytes that is stored in N.
        OwnMemory: int64 -> int64 -> int64
        /// For one thread, with the filter's parameters and the bytes of a whole chunk.
        Start: uint32[] -> int -> ICodec
    }

[<RequireQualifiedAccess>]
module internal Codec =
    /// The start of a codec that compresses.
    let compressing id name bound start =
        { Id = id
          Name = name
          Length = CodecLength.Varies bound
          NeedsParameters = false
          OwnMemory = fun _ _ -> 0L
          Start = start }

    /// What a decoder that says −1 means.
    let sound name written =
        if written < 0 then
            raise (MalformedChunk $"a chunk compressed with {name} cannot be decompressed")

        written
