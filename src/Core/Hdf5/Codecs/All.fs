/// The list of codecs. A new one is a file, and a line here.
namespace SingleSharp.Core.Hdf5

[<RequireQualifiedAccess>]
module internal Codecs =
    let all =
        [ Deflate.codec
          Shuffle.codec
          Fletcher32.codec
          Lzf.codec
          ZstdFilter.codec
          BloscFilter.codec ]

    let tryFind id =
        all |> List.tryFind (fun codec -> codec.Id = id)
