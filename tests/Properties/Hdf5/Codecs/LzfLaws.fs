/// LZF: what is compressed comes back, streams of others are understood, and no stream leads out of its bounds.
module internal SingleSharp.Properties.LzfLaws

open System
open Expecto
open SingleSharp.Core.Hdf5
open SingleSharp.Properties.GenHdf5

let private compressed table (bytes: byte[]) =
    let target = Array.zeroCreate (bytes.Length + bytes.Length / 32 + 1)
    let length = Lzf.compress table (ReadOnlySpan bytes) (Span target)
    target[.. length - 1]

let private decompressed room (stream: byte[]) =
    let target = Array.zeroCreate room

    match Lzf.decompress (ReadOnlySpan stream) (Span target) with
    | -1 -> None
    | length -> Some target[.. length - 1]

/// What a stream means, spelled out.
let rec private meaning (before: byte list) (stream: byte list) =
    match stream with
    | [] -> List.rev before
    | control :: rest when control < 32uy ->
        let literal, rest = List.splitAt (int control + 1) rest
        meaning (List.rev literal @ before) rest
    | control :: rest ->
        let more, rest =
            if control >= 224uy then int (List.head rest), List.tail rest else 0, rest

        let distance = 1 + 256 * int (control % 32uy) + int (List.head rest)

        let repeated =
            (before, [ 1 .. 2 + int (control / 32uy) + more ]) ||> List.fold (fun before _ -> before[distance - 1] :: before)

        meaning repeated (List.tail rest)

let tests =
    testList
        "Lzf"
        [ Law.holds "lzf" (fun (AnyPipeline(_, before)) (AnyPipeline(_, bytes)) ->
              let table = Lzf.table ()
              compressed table before |> ignore
              let stream = compressed table bytes
              decompressed bytes.Length stream = Some bytes && stream = compressed (Lzf.table ()) bytes)

          test "empty, one byte, all equal, repeated from as far as can be, and longer than one repetition" {
              for bytes in
                  [ [||]
                    [| 7uy |]
                    [| 7uy; 7uy |]
                    Array.zeroCreate 100_000
                    Array.init 263 (fun _ -> 5uy)
                    Array.init 265 (fun _ -> 5uy)
                    Array.init 266 (fun _ -> 5uy)
                    for gap in [ 8188; 8189; 8190; 8191 ] do
                        Array.concat
                            [ [| 1uy; 2uy; 3uy |]
                              Array.init gap (fun i -> byte (100 + i % 101))
                              [| 1uy; 2uy; 3uy |] ] ] do
                  Expect.equal (decompressed bytes.Length (compressed (Lzf.table ()) bytes)) (Some bytes) $"{bytes.Length} bytes"
          }

          Law.holds "a stream means what the format says" (fun (AnyPipeline(_, bytes)) ->
              let bytes = Array.truncate 2000 bytes
              meaning [] (List.ofArray (compressed (Lzf.table ()) bytes)) = List.ofArray bytes)

          test "streams made by hand" {
              // AB as they are; 3 from 2 before; 2 + 7 + 1 from 1 before; C as it is.
              let stream = [| 1uy; 65uy; 66uy; 0x20uy; 1uy; 0xE0uy; 1uy; 0uy; 0uy; 67uy |]
              Expect.equal (decompressed 16 stream) (Some "ABABAAAAAAAAAAAC"B) "runs of all kinds"
              Expect.equal (decompressed 15 stream) None "one byte too many"
              Expect.equal (decompressed 16 [| 0uy; 65uy; 0x20uy; 1uy |]) None "repeated from before the beginning"
              Expect.equal (decompressed 16 [| 0uy; 65uy; 0xE0uy; 0uy |]) None "the distance is missing"
              Expect.equal (decompressed 16 [| 2uy; 65uy; 66uy |]) None "a byte is missing"
          }

          Law.holds "no room is overstepped" (fun (AnyPipeline(_, bytes)) (room: uint16) ->
              let stream = compressed (Lzf.table ()) bytes
              let room = int room % (bytes.Length + 2)

              let target = Array.create (room + 8) 0xA5uy
              let length = Lzf.decompress (ReadOnlySpan stream) (Span(target, 0, room))
              let short = Array.create (stream.Length + 8) 0xA5uy
              let less = int room % (stream.Length + 1)
              let taken = Lzf.compress (Lzf.table ()) (ReadOnlySpan bytes) (Span(short, 0, less))

              length = (if room < bytes.Length then -1 else bytes.Length)
              && taken = (if less < stream.Length then -1 else stream.Length)
              && Array.forall ((=) 0xA5uy) target[room..]
              && Array.forall ((=) 0xA5uy) short[less..])

          Law.holds "any bytes at all are a stream or none" (fun (stream: byte[]) (room: uint16) ->
              match decompressed (int room) stream with
              | None -> true
              | Some bytes -> bytes = Array.ofList (meaning [] (List.ofArray stream)))

          Law.holds "a stream that is cut gives less or nothing" (fun (AnyPipeline(_, bytes)) (at: uint32) ->
              let stream = compressed (Lzf.table ()) bytes

              match decompressed bytes.Length stream[.. int (at % uint32 stream.Length) - 1] with
              | None -> true
              | Some less -> less.Length < bytes.Length && less = bytes[.. less.Length - 1])

          Listing.fixture "lzf" "lzf" ]
