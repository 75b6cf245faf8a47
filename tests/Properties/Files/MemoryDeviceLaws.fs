/// A file in memory holds what was written, zeros between, and nothing behind its end.
module internal SingleSharp.Properties.MemoryDeviceLaws

open System
open Expecto
open FsCheck.FSharp
open SingleSharp.Core.Files

/// Positions around the edges of pages, of which some are never written, and pieces that reach over none, one or several edges.
let private anyWrites =
    Arb.fromGen (
        gen {
            let piece =
                gen {
                    let! edge = Gen.choose (0, 4)
                    let! beside = Gen.choose (-20, 20)

                    let! length =
                        Gen.frequency [ 1, Gen.constant 0; 5, Gen.choose (1, 60); 1, Gen.choose (65000, 140000) ]

                    let! first = Gen.choose (0, 255)
                    return max 0 (65536 * edge + beside), Array.init length (fun i -> byte (first + 7 * i))
                }

            let! count = Gen.choose (0, 6)
            let! writes = Gen.listOfLength count piece
            let! reads = Gen.listOfLength 6 piece
            let! grown = Gen.elements [ 0; 1; 65536; 400000 ]
            return writes, reads, grown
        }
    )

/// The same as one array.
let private written writes grown =
    let length =
        writes |> List.fold (fun length (at, bytes: byte[]) -> max length (at + bytes.Length)) 0 |> max grown

    let all: byte[] = Array.zeroCreate length

    for at, bytes: byte[] in writes do
        Array.blit bytes 0 all at bytes.Length

    all

let tests =
    testList
        "MemoryDevice"
        [ Law.holds "it is one array, with zeros where nothing was written" (fun () ->
              Prop.forAll anyWrites (fun (writes, reads, grown) ->
                  use device = new MemoryDevice() :> Device

                  for at, bytes in writes do
                      device.Write(int64 at, ReadOnlySpan bytes)

                  let expected = written writes grown
                  device.SetLength(int64 expected.Length)

                  device.Length = expected.LongLength
                  && (0, Array.create (expected.Length + 1) 0uy) :: reads
                     |> List.forall (fun (at, target) ->
                         let target = Array.copy target
                         let untouched = Array.copy target
                         let count = device.Read(int64 at, Span target)
                         let there = max 0 (min target.Length (expected.Length - at))

                         count = there
                         && target[.. there - 1] = Array.sub expected (min at expected.Length) there
                         && target[there..] = untouched[there..]))) ]
