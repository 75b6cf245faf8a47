/// Joined categories stand in the order in which natsort, which anndata asks, puts them.
module internal SingleSharp.Golden.OrderGolden

open System
open System.Security.Cryptography
open System.Text
open System.Text.Json
open Expecto
open SingleSharp.Core.Concat

let private ofNatsort (seed: int) =
    JsonDocument.Parse(Child.script "natural.py" [ string seed ] "").RootElement

let private strings (element: JsonElement) =
    [| for each in element.EnumerateArray() -> each.GetString() |]

let all =
    testList
        "Order"
        [ for seed in 1..3 do
              test $"labels as natsort orders them, {seed}" {
                  let expected = ofNatsort seed
                  let order = strings (expected.GetProperty "order")

                  for entry in (expected.GetProperty "decomposed").EnumerateObject() do
                      Expect.equal
                          (Decomposition.canonical entry.Name)
                          (entry.Value.GetString())
                          (Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes entry.Name))

                  Expect.sequenceEqual (TextOrder.natural (Array.rev order)) order "the order"
              }

          test "every letter comes apart as in Python" {
              let letters =
                  seq {
                      for code in 0..0x10FFFF do
                          if code < 0xD800 || code > 0xDFFF then
                              Decomposition.canonical (Char.ConvertFromUtf32 code)
                  }

              let hash =
                  String.concat "\n" letters |> Encoding.UTF8.GetBytes |> SHA256.HashData |> Convert.ToHexStringLower

              Expect.equal hash ((ofNatsort 1).GetProperty("all").GetString()) "the hash of all"
          } ]
