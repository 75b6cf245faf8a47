/// JSON comes back as it went out, and what is no JSON is refused in a sentence.
module internal SingleSharp.Properties.JsonValueLaws

open System
open Expecto
open FsCheck
open FsCheck.FSharp
open SingleSharp.Core.Contract
open SingleSharp.Properties.InMemory

/// Numbers that are written with a point or an exponent, so that they come back as such.
let private fractions =
    [ 0.1
      -0.0
      1.5
      -2.5e-7
      1e19
      -1e300
      Double.Epsilon
      Double.MaxValue
      -Double.MaxValue ]

let private text =
    Gen.elements
        [ ""
          "a"
          "Größe"
          "日本語"
          "\U0001F600"
          "\"quoted\" \\ /"
          "line\nbreak\t\000"
          "</script>"
          "null" ]

let rec private anyValue depth =
    let leaf =
        Gen.oneof
            [ Gen.constant JsonValue.Null
              Gen.elements [ JsonValue.Flag true; JsonValue.Flag false ]
              Gen.elements [ 0L; 1L; -1L; Int64.MaxValue; Int64.MinValue; 9007199254740993L ] |> Gen.map JsonValue.Integer
              Gen.elements fractions |> Gen.map JsonValue.Number
              Gen.map JsonValue.Text text ]

    if depth = 0 then
        leaf
    else
        gen {
            let! count = Gen.choose (0, 3)
            let! values = Gen.listOfLength count (anyValue (depth - 1))
            let! names = Gen.listOfLength count text

            let members = List.zip names values |> List.distinctBy fst

            return!
                Gen.frequency
                    [ 2, leaf
                      1, Gen.constant (JsonValue.List values)
                      1, Gen.constant (JsonValue.Object members) ]
        }

let private anyDocument = Arb.fromGen (anyValue 4)

let tests =
    testList
        "JsonValue"
        [ Law.holds "it reads back, on one line or several" (fun () ->
              Prop.forAll anyDocument (fun value ->
                  let line = JsonValue.line value

                  JsonValue.parse line = Ok value && JsonValue.parse (JsonValue.lines value) = Ok value && not (line.Contains '\n')))

          Law.holds "every number comes back bit for bit, in JSON's way or by its name" (fun (value: float) ->
              match JsonValue.parse (JsonValue.line (JsonValue.ofFloat value)) with
              | Ok found -> JsonValue.tryFloat found |> Option.exists (sameBits value)
              | Error why -> failtest why)

          Law.holds "no text throws" (fun (text: string) ->
              match JsonValue.parse (if isNull text then "" else text) with
              | Ok _ -> true
              | Error why -> why <> "")

          test "what is no JSON is refused" {
              for text, why in
                  [ "", "it is not JSON"
                    "{", "it is not JSON"
                    "{\"a\": 1,}", "it is not JSON from line 1, byte 9 on"
                    "[1,\n2 3]", "it is not JSON from line 2, byte 3 on"
                    "{\"a\": 1, \"a\": 2}", "\"a\" is there twice in one object"
                    "[{\"b\": 1, \"b\": 1}]", "\"b\" is there twice in one object"
                    "1e999", "the number 1e999 is too large"
                    "\"\\ud800\"", "it is not JSON"
                    String.replicate 100 "[", "it is not JSON" ] do
                  match JsonValue.parse text with
                  | Ok value -> failtest $"{text} was read as %A{value}"
                  | Error found -> Expect.stringStarts found why $"of {text}"
          } ]
