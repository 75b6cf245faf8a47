/// Zstandard: what is compressed comes back at every level, the same each time, and no stream leads out of its bounds.
module internal SingleSharp.Properties.ZstdLaws

open System
open Expecto
open SingleSharp.Core.Hdf5
open SingleSharp.Properties.GenHdf5

let private compressed (zstd: Zstd) level (bytes: byte[]) =
    let target = Array.zeroCreate (Zstd.Bound bytes.Length)
    target[.. zstd.Compress(level, ReadOnlySpan bytes, Span target) - 1]

let private decompressed (zstd: Zstd) room (stream: byte[]) =
    let target = Array.create (room + 8) 0xA5uy
    let length = zstd.Decompress(ReadOnlySpan stream, Span(target, 0, room))

    if not (Array.forall ((=) 0xA5uy) target[room..]) then
        failtest "written beyond the room"

    if length < 0 then None else Some target[.. length - 1]

let tests =
    testList
        "Zstd"
        [ Law.holds "zstd" (fun (AnyPipeline(_, before)) (AnyPipeline(_, bytes)) (level: byte) ->
              let level = 1 + int level % 22
              let zstd = Zstd()
              compressed zstd 9 before |> ignore
              let stream = compressed zstd level bytes
              decompressed zstd bytes.Length stream = Some bytes && stream = compressed (Zstd()) level bytes)

          test "nothing, and the beginning of a frame" {
              let zstd = Zstd()
              Expect.equal (decompressed zstd 0 (compressed zstd 3 [||])) (Some [||]) "no bytes"
              Expect.equal (compressed zstd 3 [| 1uy |]).[0..3] [| 0x28uy; 0xB5uy; 0x2Fuy; 0xFDuy |] "RFC 8878, section 3.1.1"
          }

          test "the parameter is a level that zstd knows" {
              for parameters, level in
                  [ [||], 3
                    [| 0u |], 1
                    [| 7u; 9u |], 7
                    [| 22u |], 22
                    [| 23u |], 22
                    [| 0xffffffffu |], 1 ] do
                  Expect.equal (Zstd.Level parameters) level $"{List.ofArray parameters}"
          }

          Law.holds "no room is overstepped" (fun (AnyPipeline(_, bytes)) (room: uint16) ->
              let zstd = Zstd()
              let room = int room % (bytes.Length + 2)
              let expected = if room < bytes.Length then None else Some bytes
              decompressed zstd room (compressed zstd 1 bytes) = expected)

          Law.holds
              "a spoiled stream gives no more than there is room for, and the next one comes right"
              (fun (AnyPipeline(_, bytes)) (at: uint32) ->
                  let zstd = Zstd()
                  let stream = compressed zstd 1 bytes
                  let at = int (at % uint32 (stream.Length * 8))
                  let spoiled = Array.copy stream
                  spoiled[at / 8] <- spoiled[at / 8] ^^^ (1uy <<< at % 8)

                  for stream in [ spoiled; stream[.. at / 8 - 1]; Array.append stream spoiled ] do
                      match decompressed zstd bytes.Length stream with
                      | Some found when found.Length > bytes.Length -> failtest "too much"
                      | _ -> ()

                  decompressed zstd bytes.Length stream = Some bytes) ]
