/// Filters: what Encode does, Decode undoes; what somebody spoiled is found.
module SingleSharp.Properties.FiltersLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Properties.GenHdf5

let private filter id parameters =
    { Id = id
      Optional = false
      Parameters = List.toArray parameters }

let private deflate level =
    filter Dataset.Deflate [ uint32 (level: int) ]

let private shuffle size =
    filter Dataset.Shuffle [ uint32 (size: int) ]

let private fletcher32 = filter Dataset.Fletcher32 []

let private entry mask (bytes: byte[]) =
    { Address = 0L
      Size = bytes.LongLength
      Mask = mask }

let private encode filters (chunk: byte[]) =
    GenFiles.withDisk [| 0uy |] (fun disk -> ChunkCodec(disk, "chunk", filters, chunk.Length).Encode(ReadOnlySpan chunk).ToArray())

let private decode filters mask size stored =
    GenFiles.withDisk stored (fun disk -> ChunkCodec(disk, "chunk", filters, size).Decode(entry mask stored).ToArray())

/// The filters that a mask leaves.
let private applied mask filters =
    filters |> List.indexed |> List.filter (fun (i, _) -> mask &&& (1u <<< i) = 0u) |> List.map snd

/// The planes of the bytes, spelled out.
let private planes size (data: byte[]) =
    let count = data.Length / size

    Array.append
        [| for j in 0 .. size - 1 do
               for i in 0 .. count - 1 -> data[i * size + j] |]
        data[count * size ..]

let private shuffled size (data: byte[]) =
    let target = Array.zeroCreate<byte> data.Length
    Filters.shuffle size (ReadOnlySpan data) (Span target)
    target

let private unshuffled size (data: byte[]) =
    let target = Array.zeroCreate<byte> data.Length
    Filters.unshuffle size (ReadOnlySpan data) (Span target)
    target

let tests =
    testList
        "Filters"
        [ test "what HDF5 could not set up for a type is passed over, and chunks say so" {
              let idle =
                  [ filter Dataset.Shuffle []; deflate 4; filter Dataset.Deflate []; fletcher32 ]

              let chunk = Array.init 1000 (fun i -> byte (i / 7))
              Expect.equal (Filters.mask idle) 0b0101u "the first and the third"
              Expect.equal (encode idle chunk) (encode [ deflate 4; fletcher32 ] chunk) "the others are applied"
              Expect.equal (decode idle 0b0101u 1000 (encode idle chunk)) chunk "and undone"
          }

          Law.holds "shuffle" (fun (data: byte[]) (size: byte) ->
              let size = 1 + int size % 20
              shuffled size data = planes size data && unshuffled size (shuffled size data) = data)

          Law.holds "decode undoes encode" (fun (AnyPipeline(filters, chunk)) ->
              decode filters 0u chunk.Length (encode filters chunk) = chunk)

          Law.holds "masked filters are skipped" (fun (AnyPipeline(filters, chunk)) (mask: uint32) ->
              decode filters mask chunk.Length (encode (applied mask filters) chunk) = chunk)

          Law.holds "one codec serves chunk after chunk" (fun (AnyPipeline(filters, chunk)) ->
              let other = Array.rev chunk
              let first, second = encode filters chunk, encode filters other

              GenFiles.withDisk (Array.append first second) (fun disk ->
                  let codec = ChunkCodec(disk, "chunk", filters, chunk.Length)

                  let at address (stored: byte[]) =
                      codec
                          .Decode(
                              { entry 0u stored with
                                  Address = address }
                          )
                          .ToArray()

                  at 0L first = chunk
                  && at first.LongLength second = other
                  && codec.Encode(ReadOnlySpan chunk).ToArray() = first
                  && at 0L first = chunk))

          Law.holds "a flipped bit under fletcher32 is found" (fun (AnyPipeline(_, chunk)) (at: uint32) ->
              let stored = encode [ fletcher32 ] chunk
              let at = int (at % uint32 (stored.Length * 8))
              stored[at / 8] <- stored[at / 8] ^^^ (1uy <<< at % 8)
              GenFiles.faultOf (fun () -> decode [ fletcher32 ] 0u chunk.Length stored) |> Fault.kind = "Damaged")

          Law.holds "a chunk of another length is damage" (fun (AnyPipeline(_, chunk)) ->
              [ []; [ deflate 4 ]; [ shuffle 4; deflate 9 ]; [ fletcher32 ] ]
              |> List.forall (fun filters ->
                  let stored = encode filters chunk

                  [ chunk.Length + 1; chunk.Length + 5000; chunk.Length - 1 ]
                  |> List.filter (fun size -> size > 0)
                  |> List.forall (fun size -> GenFiles.faultOf (fun () -> decode filters 0u size stored) |> Fault.kind = "Damaged")))

          Law.holds
              "a gzip chunk that is cut or spoiled is damage, if its values are not those that were meant"
              (fun (AnyPipeline(_, chunk)) (at: uint32) ->
                  let stored = encode [ deflate 6 ] chunk
                  let at = int (at % uint32 (stored.Length * 8))
                  let spoiled = Array.copy stored
                  spoiled[at / 8] <- spoiled[at / 8] ^^^ (1uy <<< at % 8)

                  spoiled :: [ for length in [ 0; 1; 2; stored.Length / 2; stored.Length - 1 ] -> stored[.. length - 1] ]
                  |> List.forall (fun stored ->
                      try
                          decode [ deflate 6 ] 0u chunk.Length stored = chunk
                      with FaultException(Damaged _) ->
                          true))

          test "noise fits its buffer at every level" {
              let noise = Array.zeroCreate<byte> 100_000
              (Random 1).NextBytes noise

              for level in 0..9 do
                  Expect.equal (decode [ deflate level ] 0u noise.Length (encode [ deflate level ] noise)) noise $"level {level}"
          }

          test "a level that deflate does not know is one that it knows" {
              for level in [ 10u; 0x7fffffffu; 0x80000000u; 0xffffff00u ] do
                  let filters = [ filter Dataset.Deflate [ level ] ]

                  Expect.equal
                      (decode filters 0u 5 (encode filters [| 1uy; 2uy; 3uy; 4uy; 5uy |]))
                      [| 1uy; 2uy; 3uy; 4uy; 5uy |]
                      $"level {level}"
          }

          test "filters of others are named" {
              let lzf = filter 32000 []
              Expect.equal (Filters.unsupported [ shuffle 4; lzf ]) (Some lzf) "lzf"
              Expect.equal (Filters.unsupported [ shuffle 4; deflate 4; fletcher32 ]) None "ours"
          }

          Listing.fixture "wide" "wide" ]
