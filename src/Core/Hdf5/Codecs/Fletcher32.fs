/// HDF5's fletcher32 filter: a checksum behind each chunk.
namespace SingleSharp.Core.Hdf5

open System

[<RequireQualifiedAccess>]
module internal Fletcher32 =
    let private checksum (bytes: byte[]) length =
        Checksum.fletcher32 (ReadOnlySpan(bytes, 0, length))

    let private start _ _ =
        { new ICodec with
            member _.Decode(source, length, _) =
                if length < 4 then
                    raise (MalformedChunk "a chunk is shorter than its checksum")

                if BitConverter.ToUInt32(source, length - 4) <> checksum source (length - 4) then
                    raise (MalformedChunk "the checksum of a chunk does not fit")

                length - 4

            member _.Encode(source, length, _) =
                BitConverter.TryWriteBytes(Span(source, length, 4), checksum source length) |> ignore
                length + 4 }

    let codec =
        { Id = 3
          Name = "fletcher32"
          Length = CodecLength.Appends 4
          NeedsParameters = false
          OwnMemory = fun _ _ -> 0L
          Start = start }
