/// Filters: what Encode does, Decode undoes; what somebody spoiled is found.
module internal SingleSharp.Properties.FiltersLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Hdf5
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

let private lzf = filter Dataset.Lzf []
let private zstd = filter Dataset.Zstd []

/// The stored bytes of a chunk, and the filters that it is stored without.
let private stored filters (chunk: byte[]) =
    GenFiles.withDisk [| 0uy |] (fun disk ->
        let codec = ChunkCodec(disk, "chunk", filters, chunk.Length)
        let bytes = codec.Encode(ReadOnlySpan chunk).ToArray()
        bytes, codec.Mask)

let private encode filters chunk = fst (stored filters chunk)

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
    Shuffling.shuffle size (ReadOnlySpan data) (Span target)
    target

let private unshuffled size (data: byte[]) =
    let target = Array.zeroCreate<byte> data.Length
    Shuffling.unshuffle size (ReadOnlySpan data) (Span target)
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

          Law.holds "shuffle of elements of four bytes" (fun (AnyBytes data) ->
              shuffled 4 data = planes 4 data && unshuffled 4 (shuffled 4 data) = data)

          Law.holds "decode undoes encode" (fun (AnyPipeline(filters, chunk)) ->
              let bytes, mask = stored filters chunk
              decode filters mask chunk.Length bytes = chunk)

          Law.holds "only what LZF cannot make shorter is stored without it" (fun (AnyPipeline(filters, chunk)) ->
              let bytes, mask = stored filters chunk

              let isLast =
                  filters |> List.tryFindIndexBack (fun filter -> filter.Id = Dataset.Lzf)

              let without =
                  filters |> List.indexed |> List.filter (fun (i, _) -> mask &&& (1u <<< i) <> 0u) |> List.map snd

              without |> List.forall (fun filter -> filter.Id = Dataset.Lzf)
              && match isLast with
                 | Some last when last = filters.Length - 1 ->
                     let before = encode (List.take last filters) chunk

                     if without |> List.contains filters[last] && mask >>> last = 1u then
                         bytes = before
                     else
                         bytes.Length < before.Length
                 | _ -> true)

          Law.holds "masked filters are skipped" (fun (AnyPipeline(filters, chunk)) (mask: uint32) ->
              let asked = applied mask filters
              let bytes, skipped = stored asked chunk
              // The mask of what is left, in the numbers of all filters.
              let all =
                  filters |> List.indexed |> List.filter (fun (i, _) -> mask &&& (1u <<< i) = 0u) |> List.map fst

              let mask =
                  all
                  |> List.indexed
                  |> List.fold (fun sum (at, i) -> if skipped &&& (1u <<< at) <> 0u then sum ||| (1u <<< i) else sum) mask

              decode filters mask chunk.Length bytes = chunk)

          Law.holds "one codec serves chunk after chunk" (fun (AnyPipeline(filters, chunk)) ->
              let other = Array.rev chunk
              let (first, mask), (second, otherMask) = stored filters chunk, stored filters other

              GenFiles.withDisk (Array.append first second) (fun disk ->
                  let codec = ChunkCodec(disk, "chunk", filters, chunk.Length)

                  let at address mask (stored: byte[]) =
                      codec
                          .Decode(
                              { entry mask stored with
                                  Address = address }
                          )
                          .ToArray()

                  at 0L mask first = chunk
                  && at first.LongLength otherMask second = other
                  && codec.Encode(ReadOnlySpan other).ToArray() = second
                  && codec.Mask = otherMask
                  && codec.Encode(ReadOnlySpan chunk).ToArray() = first
                  && codec.Mask = mask
                  && at 0L mask first = chunk))

          Law.holds "a flipped bit under fletcher32 is found" (fun (AnyPipeline(_, chunk)) (at: uint32) ->
              let stored = encode [ fletcher32 ] chunk
              let at = int (at % uint32 (stored.Length * 8))
              stored[at / 8] <- stored[at / 8] ^^^ (1uy <<< at % 8)
              GenFiles.faultOf (fun () -> decode [ fletcher32 ] 0u chunk.Length stored) |> Fault.kind = FaultKind.Damaged)

          Law.holds "a chunk of another length is damage" (fun (AnyPipeline(_, chunk)) ->
              [ []
                [ deflate 4 ]
                [ shuffle 4; deflate 9 ]
                [ fletcher32 ]
                [ lzf ]
                [ zstd ] ]
              |> List.forall (fun filters ->
                  let stored, mask = stored filters chunk

                  [ chunk.Length + 1; chunk.Length + 5000; chunk.Length - 1 ]
                  |> List.filter (fun size -> size > 0)
                  |> List.forall (fun size ->
                      GenFiles.faultOf (fun () -> decode filters mask size stored) |> Fault.kind = FaultKind.Damaged)))

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

          test "a gzip chunk whose stream has no end is damage, though it has bytes enough" {
              // What a flipped bit made of seven bytes: seven others, and nothing that ends them.
              let chunk = [| 170uy; 120uy; 223uy; 204uy; 233uy; 221uy; 201uy |]
              let stored = encode [ deflate 6 ] chunk
              stored[3] <- stored[3] ^^^ 32uy
              Expect.equal (GenFiles.faultOf (fun () -> decode [ deflate 6 ] 0u 7 stored) |> Fault.kind) FaultKind.Damaged "spoiled"

              for length in 1 .. stored.Length - 1 do
                  let cut = (encode [ deflate 6 ] chunk)[.. length - 1]
                  Expect.equal (GenFiles.faultOf (fun () -> decode [ deflate 6 ] 0u 7 cut) |> Fault.kind) FaultKind.Damaged $"{length}"
          }

          test "a gzip chunk that asks for a preset dictionary is damage" {
              let chunk = Array.zeroCreate<byte> 1000
              let stored = encode [ deflate 6 ] chunk
              // RFC 1950: FDICT is bit 5 of the second byte; the first two are a multiple of 31; the dictionary's number follows.
              let asking = Array.concat [ [| 0x78uy; 0x20uy; 0uy; 0uy; 0uy; 1uy |]; stored[2..] ]

              Expect.equal
                  (GenFiles.faultOf (fun () -> decode [ deflate 6 ] 0u chunk.Length asking) |> Fault.kind)
                  FaultKind.Damaged
                  "fault"
          }

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
              Expect.equal (Filters.unsupported [ shuffle 4; deflate 4; fletcher32; lzf; zstd ]) None "ours"

              for id, name in
                  [ 4, "szip"
                    5, "nbit"
                    6, "scaleoffset"
                    307, "bzip2"
                    32004, "lz4"
                    32999, "filter 32999" ] do
                  let theirs = filter id []
                  Expect.equal (Filters.unsupported [ shuffle 4; theirs; lzf ]) (Some theirs) name
                  Expect.stringContains (Filters.refusal theirs) $"compressed with {name}; read the file with anndata" name
          }

          Listing.fixture "wide" "wide" ]
