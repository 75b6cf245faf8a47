/// Integers survive being stored, whatever their type.
module internal SingleSharp.Properties.IntegersLaws

open System
open Expecto
open SingleSharp.Core.Hdf5

let types =
    [ for size in [ 1; 2; 4; 8 ] do
          for signed in [ false; true ] do
              for bigEndian in [ false; true ] do
                  Integer(size, signed, bigEndian) ]

/// A number as the type holds it.
let private fitted datatype (value: int64) =
    match datatype with
    | Integer(size, signed, _) when size < 8 ->
        let bits = 64 - 8 * size
        if signed then (value <<< bits) >>> bits else int64 ((uint64 value <<< bits) >>> bits)
    | Integer(8, false, _) -> value &&& Int64.MaxValue
    | _ -> value

let private encoded datatype (values: int64[]) =
    let bytes = Array.zeroCreate (values.Length * Datatype.size datatype)
    Integers.encode datatype values (Span bytes)
    bytes

let tests =
    testList
        "Integers"
        [ Law.holds "whole" (fun (values: int64[]) ->
              types
              |> List.forall (fun datatype ->
                  let values = values |> Array.map (fitted datatype)
                  let found = Array.zeroCreate values.Length
                  Integers.decode datatype (Span(encoded datatype values)) found
                  found = values))

          Law.holds "stored numbers are those that attributes hold" (fun (values: int64[]) ->
              types
              |> List.forall (fun datatype ->
                  let values = values |> Array.map (fitted datatype)

                  Attribute.integers
                      { Name = ""
                        Type = datatype
                        Space = Encode.line values.LongLength
                        Data = encoded datatype values }
                      =
                      List.ofArray values))

          test "the ends of every type fit, and nothing beyond" {
              for datatype in types do
                  let bits = 8 * Datatype.size datatype

                  match datatype with
                  | Integer(size, true, _) when size < 8 ->
                      encoded datatype [| -(1L <<< (bits - 1)); (1L <<< (bits - 1)) - 1L |] |> ignore
                      Expect.throws (fun () -> encoded datatype [| 1L <<< (bits - 1) |] |> ignore) $"%A{datatype}"
                  | Integer(size, false, _) when size < 8 ->
                      encoded datatype [| 0L; (1L <<< bits) - 1L |] |> ignore
                      Expect.throws (fun () -> encoded datatype [| 1L <<< bits |] |> ignore) $"%A{datatype}"
                  | Integer(_, false, _) -> Expect.throws (fun () -> encoded datatype [| -1L |] |> ignore) $"%A{datatype}"
                  | _ -> encoded datatype [| Int64.MinValue; Int64.MaxValue |] |> ignore
          }

          test "a uint64 beyond int64 comes out negative" {
              let found = Array.zeroCreate 1
              Integers.decode (Integer(8, false, true)) (Span [| 0xFFuy; 0uy; 0uy; 0uy; 0uy; 0uy; 0uy; 1uy |]) found
              Expect.isLessThan found[0] 0L "refused by every bound"
          }

          test "other types are not stored here" {
              for datatype in
                  [ Float(8, false)
                    VlenString
                    Integer(3, true, false)
                    Integer(16, true, false) ] do
                  Expect.isFalse (Integers.isStored datatype) $"%A{datatype}"
                  Expect.throws (fun () -> encoded datatype [| 1L |] |> ignore) $"%A{datatype}"

              for datatype in types do
                  Expect.isTrue (Integers.isStored datatype) $"%A{datatype}"
          } ]
