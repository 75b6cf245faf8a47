/// The two checksums against their published values and against plain spellings of their definitions.
module internal SingleSharp.Properties.ChecksumLaws

open System
open System.Text
open Expecto
open SingleSharp.Core.Hdf5

let private lookup3 (text: string) =
    Checksum.lookup3 (ReadOnlySpan<byte>(Encoding.ASCII.GetBytes text))

/// Fletcher's sums modulo 65535, one word at a time. The library folds carries instead, so it may show 65535 where this shows 0.
let private fletcher (data: byte[]) =
    let words = Array.chunkBySize 2 data

    let word (pair: byte[]) =
        uint64 pair[0] * 256UL + (if pair.Length > 1 then uint64 pair[1] else 0UL)

    Array.fold
        (fun (sum1, sum2) pair ->
            let sum1 = (sum1 + word pair) % 65535UL
            sum1, (sum2 + sum1) % 65535UL)
        (0UL, 0UL)
        words

let private agrees (data: byte[]) =
    let sum = Checksum.fletcher32 (ReadOnlySpan data)
    (uint64 (sum &&& 0xffffu) % 65535UL, uint64 (sum >>> 16) % 65535UL) = fletcher data

let tests =
    testList
        "Checksum"
        [ test "lookup3 gives the values of Jenkins's own driver" {
              Expect.equal (lookup3 "") 0xdeadbeefu "of nothing"
              Expect.equal (lookup3 "Four score and seven years ago") 0x17770551u "of driver5's sentence"
          }

          Law.holds "lookup3 depends on every byte" (fun (data: byte[]) (at: uint16) (bit: byte) ->
              let data = Array.append data [| 0uy |]
              let changed = Array.copy data
              let at = int at % data.Length
              changed[at] <- changed[at] ^^^ (1uy <<< int bit % 8)
              Checksum.lookup3 (ReadOnlySpan data) <> Checksum.lookup3 (ReadOnlySpan changed))

          test "lookup3 has a block of twelve bytes, and every length around it" {
              let hashes =
                  [ for length in 0..40 -> Checksum.lookup3 (ReadOnlySpan(Array.create length 0uy)) ]

              Expect.hasLength (List.distinct hashes) 41 "the length counts even where bytes are zero"
          }

          Law.holds "fletcher32 is two sums modulo 65535" (fun (data: byte[]) -> agrees data)

          test "fletcher32 of long data folds its carries in time" {
              for length in [ 719; 720; 721; 722; 1440; 65535; 65536; 200_001 ] do
                  for value in [ 0uy; 1uy; 127uy; 255uy ] do
                      Expect.isTrue (agrees (Array.create length value)) $"{length} times {value}"
          }

          test "fletcher32 of words is HDF5's" {
              // By hand: 0x0102, then 0x0102 + 0x0304, their sum 0x0508; an odd byte is the high half of a word.
              Expect.equal (Checksum.fletcher32 (ReadOnlySpan<byte> [| 1uy; 2uy; 3uy; 4uy |])) 0x05080406u "two words"
              Expect.equal (Checksum.fletcher32 (ReadOnlySpan [| 1uy; 2uy; 3uy |])) 0x05040402u "a word and a half"
              Expect.equal (Checksum.fletcher32 (ReadOnlySpan [||])) 0u "none"
              // Sums that are multiples of 65535 but not 0 stay 65535.
              Expect.equal (Checksum.fletcher32 (ReadOnlySpan [| 255uy; 255uy |])) 0xffffffffu "all ones"
          } ]
