/// Bytes that are no UTF-8 are kept apart and come back; whatever is UTF-8 is what everybody reads.
module internal SingleSharp.Properties.Utf8Laws

open System
open System.Text
open Expecto
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5

let private text (bytes: byte[]) = Utf8.text (ReadOnlySpan bytes)

/// Bytes of which many belong to longer sequences.
let private spread (codes: (bool * byte) list) =
    [| for isHigh, code in codes do
           if isHigh then
               [| 0xC3uy; 0xE2uy; 0xF0uy; 0xEDuy; 0x9Fuy; 0xA9uy; 0xB2uy; 0x98uy |][int code % 8]
           else
               code |]

let tests =
    testList
        "Utf8"
        [ Law.holds "utf8" (fun (codes: (bool * byte) list) ->
              let bytes = spread codes
              Utf8.bytes (text bytes) = bytes)

          Law.holds "bytes are text exactly when they are UTF-8, and then everybody's" (fun (codes: (bool * byte) list) ->
              let bytes = spread codes
              let strict = UTF8Encoding(false, true)

              let expected =
                  try
                      Some(strict.GetString bytes)
                  with :? DecoderFallbackException ->
                      None

              Utf8.isText (text bytes) = expected.IsSome && (expected.IsNone || expected.Value = text bytes))

          test "as Python's surrogateescape" {
              for bytes, expected in
                  [ [| byte 'G'; 0xE9uy |], [| 'G'; '\uDCE9' |]
                    [| 0xE2uy; 0x82uy |], [| '\uDCE2'; '\uDC82' |]
                    [| 0xEDuy; 0xB2uy; 0x80uy |], [| '\uDCED'; '\uDCB2'; '\uDC80' |]
                    [| 0xF0uy; 0x9Fuy; 0x98uy; 0x80uy; 0x80uy |], [| '\uD83D'; '\uDE00'; '\uDC80' |] ] do
                  Expect.equal ((text bytes).ToCharArray()) expected "the text"

              Expect.notEqual (text [| 0xE9uy |]) (text [| 0xE8uy |]) "different bytes"
          }

          test "as they are shown" {
              Expect.equal (Printable.line $"G{'\uDCE9'} a\000b \U0001F600 é") "G\\xe9 a\\x00b \U0001F600 é" "bytes as Python writes them"
              Expect.equal (Utf8.bytes (string '\uD800')) (Encoding.UTF8.GetBytes "\uFFFD") "what comes from no bytes"
          }

          test "strings of a fixed length end as their type says" {
              let ended padding (text: string) =
                  Datatype.fixedText padding (ReadOnlySpan(Encoding.UTF8.GetBytes text))

              for padding, stored, expected in
                  [ NulTerminated, "ab\000rest", "ab"
                    NulPadded, "a\000b\000\000", "a\000b"
                    NulPadded, "a  ", "a  "
                    SpacePadded, "a b  ", "a b"
                    NulPadded, "\000\000", "" ] do
                  Expect.equal (ended padding stored) expected $"{padding}"
          } ]
