/// Blosc: what is compressed comes back, containers of others are understood, and no bytes lead out of their bounds.
module internal SingleSharp.Properties.BloscLaws

open System
open System.IO
open System.IO.Compression
open Expecto
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Properties.GenHdf5

let private decompressed room (container: byte[]) =
    let target = Array.zeroCreate room

    match Blosc().Decompress(ReadOnlySpan container, Span target) with
    | -1 -> None
    | length -> Some target[.. length - 1]

let private compressed parameters (bytes: byte[]) =
    let target = Array.zeroCreate (Blosc.Bound bytes.Length)
    let length = Blosc().Compress(parameters, ReadOnlySpan bytes, Span target)
    target[.. length - 1]

let private lz4 (bytes: byte[]) =
    let target = Array.zeroCreate (Lz4.bound bytes.Length)
    let length = Lz4.compress (Lz4.table ()) (ReadOnlySpan bytes) (Span target)
    target[.. length - 1]

let private unLz4 room (stream: byte[]) =
    let target = Array.zeroCreate room

    match Lz4.decompress (ReadOnlySpan stream) (Span target) with
    | -1 -> None
    | length -> Some target[.. length - 1]

let private unBloscLz room (stream: byte[]) =
    let target = Array.zeroCreate room

    match BloscLz.decompress (ReadOnlySpan stream) (Span target) with
    | -1 -> None
    | length -> Some target[.. length - 1]

/// Literals alone, up to 32 at a time, as BloscLZ writes them.
let private bloscLz (bytes: byte[]) =
    let runs =
        bytes |> Array.chunkBySize 32 |> Array.map (fun run -> Array.append [| byte (run.Length - 1) |] run) |> Array.concat

    runs[0] <- runs[0] ||| 32uy
    runs

let private zlib (bytes: byte[]) =
    use target = new MemoryStream()
    using (new ZLibStream(target, CompressionLevel.Optimal, true)) (fun stream -> stream.Write(bytes, 0, bytes.Length))
    target.ToArray()

let private zstd (bytes: byte[]) =
    let target = Array.zeroCreate (Zstd.Bound bytes.Length)
    let length = Zstd().Compress(3, ReadOnlySpan bytes, Span target)
    target[.. length - 1]

let private snappy (bytes: byte[]) =
    Snappier.Snappy.CompressToArray(ReadOnlySpan bytes)

let private codecs = [ 0, bloscLz; 1, lz4; 2, snappy; 3, zlib; 4, zstd ]

/// Planes of bytes, then planes of bits, spelled out.
let private planes size (data: byte[]) =
    let count = data.Length / size

    Array.append
        [| for j in 0 .. size - 1 do
               for i in 0 .. count - 1 -> data[i * size + j] |]
        data[count * size ..]

let private bitPlanes size (data: byte[]) =
    let count = data.Length / size

    if count % 8 <> 0 then
        data
    else
        Array.append
            [| for j in 0 .. size - 1 do
                   for k in 0..7 do
                       for eight in 0 .. count / 8 - 1 ->
                           Seq.sum [ for i in 0..7 -> (int data[(8 * eight + i) * size + j] >>> k &&& 1) <<< i ] |> byte |]
            data[count * size ..]

/// A container as c-blosc lays it out; the last block may be shorter, and then is one stream.
let private container flags codec (encode: byte[] -> byte[]) size blockSize isSplit (data: byte[]) =
    let prepare block =
        if flags &&& 1 <> 0 then planes size block
        elif flags &&& 4 <> 0 then bitPlanes size block
        else block

    let stream (bytes: byte[]) =
        let encoded = encode bytes
        // What does not shrink is stored as it is.
        let encoded = if encoded.Length >= bytes.Length then bytes else encoded
        Array.append (Bytes.u32 (uint32 encoded.Length)) encoded

    let blocks =
        data
        |> Array.chunkBySize blockSize
        |> Array.map (fun block ->
            let streams = if isSplit && block.Length = blockSize then size else 1
            prepare block |> Array.splitInto streams |> Array.map stream |> Array.concat)

    let starts =
        blocks |> Array.scan (fun at block -> at + block.Length) (16 + 4 * blocks.Length) |> Array.truncate blocks.Length

    let flags = flags ||| (codec <<< 5) ||| (if isSplit then 0 else 16)

    let body =
        Array.concat [ yield! starts |> Array.map (uint32 >> Bytes.u32); yield! blocks ]

    Array.concat
        [ [| 2uy; 1uy; byte flags; byte size |]
          Bytes.u32 (uint32 data.Length)
          Bytes.u32 (uint32 blockSize)
          Bytes.u32 (uint32 (16 + body.Length))
          body ]

let private numbers count =
    Array.init count (fun i -> BitConverter.GetBytes(float32 (i * i % 97))) |> Array.concat

let tests =
    testList
        "Blosc"
        [ Law.holds "lz4" (fun (AnyPipeline(_, bytes)) -> unLz4 bytes.Length (lz4 bytes) = Some bytes)

          Law.holds "blosc" (fun (AnyPipeline(_, bytes)) (size: byte) (level: byte) (shuffle: byte) (codec: byte) ->
              let parameters =
                  [| 2u
                     2u
                     uint32 size
                     uint32 bytes.Length
                     uint32 level % 10u
                     uint32 shuffle % 3u
                     uint32 codec % 6u |]

              decompressed bytes.Length (compressed parameters bytes) = Some bytes
              && decompressed bytes.Length (compressed [||] bytes) = Some bytes)

          test "containers with each codec and shuffle, of one block and of several, cut into streams and not" {
              for codec, encode in codecs do
                  for flags in [ 0; 1; 4 ] do
                      for size, blockSize, isSplit in [ 4, 4000, false; 4, 1024, true; 4, 1024, false; 8, 1024, true; 1, 900, false ] do
                          let data = numbers 1000
                          let stored = container flags codec encode size blockSize isSplit data

                          Expect.equal
                              (decompressed 4000 stored)
                              (Some data)
                              $"codec {codec}, flags {flags}, {size}, {blockSize}, {isSplit}"

                          Expect.equal (decompressed 3999 stored) None "no room"
          }

          test "what was copied, and nothing at all" {
              let head size =
                  Array.concat
                      [ [| 2uy; 1uy; 2uy; 4uy |]
                        Bytes.u32 size
                        Bytes.u32 size
                        Bytes.u32 (16u + size) ]

              Expect.equal (decompressed 9 (Array.append (head 5u) "abcde"B)) (Some "abcde"B) "copied"
              Expect.equal (decompressed 9 (Array.append (head 5u) "abcd"B)) None "cut off"
              Expect.equal (decompressed 9 (head 0u)) (Some [||]) "empty"
              Expect.equal (decompressed 9 [| 2uy; 1uy |]) None "no header"
          }

          test "streams made by hand" {
              // Three literals; 4 + 1 from 3 before; then the last literals.
              Expect.equal
                  (unLz4 13 [| 0x31uy; 65uy; 66uy; 67uy; 3uy; 0uy; 0x50uy; 1uy; 2uy; 3uy; 4uy; 5uy |])
                  (Some "ABCABCAB\001\002\003\004\005"B)
                  "lz4"

              Expect.equal (unLz4 12 [| 0x31uy; 65uy; 66uy; 67uy; 3uy; 0uy; 0x50uy; 1uy; 2uy; 3uy; 4uy; 5uy |]) None "one byte too many"
              Expect.equal (unLz4 99 [| 0x30uy; 65uy; 66uy; 67uy; 0uy; 0uy |]) None "from nowhere"
              Expect.equal (unLz4 99 [| 0x30uy; 65uy; 66uy; 67uy; 4uy; 0uy |]) None "from before the beginning"

              // 11 bytes; ABC as they are; 8 from 3 before (snappy's format description, copies with two bytes of offset).
              let stream =
                  Array.concat
                      [ [| 2uy; 1uy; 0x50uy; 1uy |]
                        Bytes.u32 11u
                        Bytes.u32 11u
                        Bytes.u32 32u
                        Bytes.u32 20u
                        Bytes.u32 8u
                        [| 11uy; 0x08uy; 65uy; 66uy; 67uy; 0x1Euy; 3uy; 0uy |] ]

              Expect.equal (decompressed 11 stream) (Some "ABCABCABCAB"B) "snappy"

              // AB as they are; 3 from 2 before; 9 + 1 from 1 before; C as it is.
              let stream = [| 0x21uy; 65uy; 66uy; 0x20uy; 1uy; 0xE0uy; 1uy; 0uy; 0uy; 67uy |]
              Expect.equal (unBloscLz 16 stream) (Some "ABABAAAAAAAAAAAC"B) "blosclz"
              Expect.equal (unBloscLz 15 stream) None "one byte too many"

              // From 8,192 + 256 · 1 + 2 before.
              let far = Array.init 9000 (fun i -> byte (i % 251))
              let stream = Array.concat [ bloscLz far; [| 0x3Fuy; 255uy; 1uy; 2uy; 0uy; 7uy |] ]
              let distance = 8192 + 258

              Expect.equal
                  (unBloscLz 9100 stream)
                  (Some(Array.concat [ far; far[9000 - distance .. 9002 - distance]; [| 7uy |] ]))
                  "far back"
          }

          Law.holds "any bytes at all are a container or none" (fun (bytes: byte[]) (room: uint16) ->
              unLz4 (int room) bytes |> ignore
              unBloscLz (int room) bytes |> ignore
              decompressed (int room) bytes |> ignore)

          Law.holdsFor 1000 "a damaged container gives other bytes or none" (fun (at: uint16) (value: byte) (which: byte) (cut: uint16) ->
              let codec, encode = codecs[int which % codecs.Length]

              let stored =
                  container (int which / 8 % 2) codec encode 4 1024 (which > 127uy) (numbers 700)

              let damaged = Array.copy stored
              // Mostly in the header and where blocks begin, which lead everywhere.
              let place = if at % 2us = 0us then int at % 64 else int at % damaged.Length
              damaged[place] <- value

              let damaged =
                  if cut % 3us = 0us then damaged[.. int cut % damaged.Length - 1] else damaged

              match decompressed 2800 damaged with
              | Some bytes -> bytes.Length <= 2800
              | None -> true)

          test "a codec that is not read is named" {
              let head codec = [| 2uy; 1uy; byte (codec <<< 5); 4uy |]
              Expect.equal (Blosc.Unsupported(ReadOnlySpan(head 2))) None "snappy"
              Expect.equal (Blosc.Unsupported(ReadOnlySpan(head 7))) (Some "codec 7") "what nobody knows"
              Expect.equal (Blosc.Unsupported(ReadOnlySpan(head 4))) None "zstd"
          } ]
