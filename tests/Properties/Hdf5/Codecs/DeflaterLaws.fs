/// Deflate: what is compressed is what others decompress, no longer than it may be, and the same bytes on every machine.
module internal SingleSharp.Properties.DeflaterLaws

open System
open System.IO
open System.IO.Compression
open System.Security.Cryptography
open Expecto
open SingleSharp.Core.Hdf5
open SingleSharp.Properties.GenHdf5

/// The stream; nothing behind the bound is touched.
let private compressed (deflater: Deflater) level (bytes: byte[]) =
    let bound = Deflater.Bound bytes.Length
    let target = Array.create (bound + 8) 0xA5uy
    // What lies behind the first bytes of the source is not read either.
    let source = Array.append bytes [| 1uy; 2uy; 3uy |]
    let length = deflater.Compress(level, source, bytes.Length, target)

    if length > bound || Array.exists ((<>) 0xA5uy) target[bound..] then
        failtest "written beyond the bound"

    target[.. length - 1]

let private inflated size (stream: byte[]) =
    let target = Array.zeroCreate size

    match Deflate.inflate stream stream.Length (Span target) with
    | -1 -> None
    | length -> Some target[.. length - 1]

/// As .NET reads it, to its end and no further.
let private inflatedByNet (stream: byte[]) =
    let source = new MemoryStream(stream)
    use zlib = new ZLibStream(source, CompressionMode.Decompress)
    use target = new MemoryStream()
    zlib.CopyTo target
    target.ToArray()

/// Numbers that do not depend on any library.
let private noise count =
    let mutable state = 1u

    Array.init count (fun _ ->
        state <- state * 1664525u + 1013904223u
        byte (state >>> 24))

/// Column indices, floats of a few values, float64, and text; each is cut off within an element.
let private samples =
    let random = noise 12000
    let ofRandom number = Array.init 3000 number |> Array.concat

    [ "indices", ofRandom (fun i -> BitConverter.GetBytes(17 * i % 40000 + int random[i] % 17))
      "float32", ofRandom (fun i -> BitConverter.GetBytes(1.5f + float32 (random[i] &&& random[3000 + i])))
      "float64", ofRandom (fun i -> BitConverter.GetBytes(1.1 + float (random[i] &&& random[6000 + i])))
      "text", Array.init 3000 (fun i -> "GENE0123456789-"B[int random[9000 + i] % 15]) ]
    |> List.map (fun (name, bytes) -> name, Array.append bytes [| 1uy; 2uy; 3uy |])

let private digest (bytes: byte[]) =
    Convert.ToHexStringLower(SHA256.HashData bytes)[..15]

let tests =
    testList
        "Deflater"
        [ Law.holds "deflate" (fun (AnyBytes before) (AnyBytes bytes) (level: byte) ->
              let level = int level % 10
              let deflater = Deflater()
              compressed deflater (9 - level) before |> ignore
              let stream = compressed deflater level bytes

              inflated bytes.Length stream = Some bytes
              && inflatedByNet stream = bytes
              && stream = compressed deflater level bytes
              && stream = compressed (Deflater()) level bytes)

          test "what repeats itself takes next to nothing, and other samples less than half" {
              // zlib's own sizes depend on the processor and are no measure for a test.
              for level in [ 1; 4; 6; 9 ] do
                  for period in [ 1; 4; 8; 12; 1000 ] do
                      let bytes = Array.init 100_000 (fun i -> (noise period)[i % period])
                      Expect.isLessThan (compressed (Deflater()) level bytes).Length 2500 $"period {period} at level {level}"

                  for name, bytes in samples do
                      Expect.isLessThan (2 * (compressed (Deflater()) level bytes).Length) bytes.Length $"{name} at level {level}"
          }

          Law.holds "a stream that is cut is damage" (fun (AnyBytes bytes) (at: uint32) ->
              let stream = compressed (Deflater()) 4 bytes
              inflated bytes.Length stream[.. int (at % uint32 stream.Length) - 1] = None)

          test "all lengths up to some hundreds, of runs and of noise" {
              let deflater = Deflater()

              for length in 0..600 do
                  for bytes in
                      [ Array.create length 7uy
                        noise length
                        Array.init length (fun i -> byte (i % 4))
                        Array.init length (fun i -> if i % 8 < 2 then byte i else 0uy) ] do
                      for level in [ 0; 1; 6 ] do
                          Expect.equal (inflatedByNet (compressed deflater level bytes)) bytes $"{length} bytes at level {level}"
          }

          test "what does not shrink is stored in blocks, with a few bytes more" {
              for length in [ 1; 1000; 65535; 65536; 200_000 ] do
                  for level in [ 0; 1; 9 ] do
                      let stream = compressed (Deflater()) level (noise length)
                      Expect.isLessThanOrEqual stream.Length (length + 6 + 6 * (1 + length / 15872)) $"{length} bytes at level {level}"
          }

          test "from as far as can be, and further" {
              for gap in [ 32752; 32756; 32760; 32764; 32768; 32772 ] do
                  let bytes =
                      Array.concat [ noise 16; Array.create (gap - 16) 0uy; noise 16; noise 5 ]

                  for level in [ 1; 6; 9 ] do
                      Expect.equal (inflatedByNet (compressed (Deflater()) level bytes)) bytes $"{gap} bytes at level {level}"
          }

          test "stored bits" {
              let found =
                  [ for name, bytes in samples -> name, [ for level in [ 0; 1; 6 ] -> digest (compressed (Deflater()) level bytes) ] ]

              Expect.equal
                  found
                  [ "indices", [ "1e82711b712e7554"; "0c2669f733e624fe"; "ddac345fca1c4c2c" ]
                    "float32", [ "030f87aa605cac80"; "d9a9e385ab695776"; "98de842c219a292b" ]
                    "float64", [ "bc74972bfdda36c4"; "44e52b61679347cc"; "aba88c2c566cff7a" ]
                    "text", [ "d27b8d3027a6c3bf"; "b908fc91edfdc29a"; "aef86e351ca0e4c6" ] ]
                  "the same on every machine"

              Expect.equal (compressed (Deflater()) 4 [||]) [| 0x78uy; 0x5Euy; 3uy; 0uy; 0uy; 0uy; 0uy; 1uy |] "no bytes"
          }

          test "Adler-32 is that of RFC 1950" {
              let spelled (bytes: byte[]) =
                  let sum, sums =
                      ((1u, 0u), bytes)
                      ||> Array.fold (fun (sum, sums) value ->
                          let sum = (sum + uint32 value) % 65521u
                          sum, (sums + sum) % 65521u)

                  (sums <<< 16) ||| sum

              for bytes in [ [||]; [| 255uy |]; noise 7; noise 65539; Array.create 200_000 255uy ] do
                  Expect.equal (Adler32.ofBytes (ReadOnlySpan bytes)) (spelled bytes) $"{bytes.Length} bytes"
          } ]
