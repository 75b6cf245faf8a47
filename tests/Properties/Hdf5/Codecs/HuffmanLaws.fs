/// Huffman codes: they are complete, no longer than their limit, and as short as they can be where it does not matter.
module internal SingleSharp.Properties.HuffmanLaws

open System
open Expecto
open SingleSharp.Core.Hdf5

let private built limit (frequencies: int[]) =
    let code = Huffman(frequencies.Length, limit)
    Array.blit frequencies 0 code.Frequencies 0 frequencies.Length
    code.Build()
    code

/// The code of each symbol that has one, first bit first.
let private words (code: Huffman) =
    [ for symbol in 0 .. code.Lengths.Length - 1 do
          if code.Lengths[symbol] > 0 then
              String [| for bit in 0 .. code.Lengths[symbol] - 1 -> if code.Codes[symbol] >>> bit &&& 1 = 1 then '1' else '0' |] ]

/// The bits of the best code of all: the sum of what is joined, the two lightest first.
let private fewest frequencies =
    let rec join sum weights =
        match List.sort weights with
        | first :: second :: rest -> join (sum + first + second) (first + second :: rest)
        | _ -> sum

    join
        0L
        [ for times in frequencies do
              if times > 0 then
                  int64 times ]

let private counts (numbers: uint16[]) =
    Array.append (Array.map int numbers) [| 0; 0 |]

let tests =
    testList
        "Huffman"
        [ Law.holds "huffman" (fun (numbers: uint16[]) ->
              let code = built 15 (counts numbers)
              let words = words code

              List.sumBy (fun (word: string) -> 32768 >>> word.Length) words = 32768
              && List.forall
                  (fun (word: string) ->
                      words |> List.filter (fun (other: string) -> other.StartsWith(word, StringComparison.Ordinal)) |> List.length = 1)
                  words)

          Law.holds "all symbols that occur have a code, and it is the shortest" (fun (numbers: uint16[]) ->
              let frequencies = counts numbers |> Array.truncate 40
              let code = built 39 frequencies
              let used = frequencies |> Array.filter (fun times -> times > 0)

              Array.forall2 (fun times length -> times = 0 || length > 0) frequencies code.Lengths
              && (used.Length < 2 || code.BitsOf frequencies = fewest frequencies))

          test "a limit cuts what would be longer, and the code stays complete" {
              let mutable pair = struct (1, 1)

              let fibonacci =
                  Array.init 19 (fun _ ->
                      let struct (first, second) = pair
                      pair <- struct (second, first + second)
                      first)

              let code = built 7 fibonacci
              Expect.isLessThanOrEqual (Array.max code.Lengths) 7 "the longest"
              Expect.equal (code.Lengths |> Array.sumBy (fun length -> 128 >>> length)) 128 "complete"
          } ]
