/// Several inputs as one: genes in the order of pandas, columns where all agree, numbers in the type of NumPy.
module SingleSharp.Properties.JointLaws

open System
open System.Text
open Expecto
open SingleSharp.Core

let private letters (codes: byte list) =
    codes |> List.map (fun code -> string (char (int 'a' + int code % 10))) |> List.distinct |> Array.ofList

let private numbers numeric (values: int64 list) =
    let bytes = Array.zeroCreate (values.Length * Numeric.size numeric)

    match numeric with
    | Numeric.Float32 -> Buffer.BlockCopy(values |> List.map float32 |> Array.ofList, 0, bytes, 0, bytes.Length)
    | Numeric.Float64 -> Buffer.BlockCopy(values |> List.map float |> Array.ofList, 0, bytes, 0, bytes.Length)
    | _ -> Whole.encode (Numeric.datatype numeric) (Array.ofList values) (Span bytes)

    Field.Numbers(numeric, [ bytes ])

let private bytesOf field =
    match field with
    | Field.Numbers(numeric, batches) -> numeric, Array.concat batches
    | other -> failtest $"{other} holds no numbers"

let private types =
    [ Numeric.Int8
      Numeric.UInt8
      Numeric.Int16
      Numeric.UInt16
      Numeric.Int32
      Numeric.UInt32
      Numeric.Int64
      Numeric.UInt64
      Numeric.Float32
      Numeric.Float64 ]

let tests =
    testList
        "Joint"
        [ Law.holds "inner genes are those of all, in the order of the first" (fun (first: byte list) (rest: byte list list) ->
              let inputs = letters first :: List.map letters rest
              Joint.genes Inner inputs = (letters first |> Array.filter (fun gene -> inputs |> List.forall (Array.contains gene))))

          Law.holds "outer genes are those of any, each once" (fun (first: byte list) (rest: byte list list) ->
              let inputs = letters first :: List.map letters rest
              Array.sort (Joint.genes Outer inputs) = (inputs |> Array.concat |> Array.distinct |> Array.sort))

          test "a union is sorted by code points, unless there is nothing to add" {
              let outer inputs =
                  Joint.genes Outer (inputs |> List.map Array.ofList)

              Expect.equal (outer [ [ "b"; "a" ]; [ "b"; "a" ] ]) [| "b"; "a" |] "the same"
              Expect.equal (outer [ [ "b"; "a" ]; [] ]) [| "b"; "a" |] "nothing behind"
              Expect.equal (outer [ []; [ "b"; "a" ] ]) [| "b"; "a" |] "nothing before"
              Expect.equal (outer [ [ "b"; "a" ]; [ "a"; "b" ] ]) [| "a"; "b" |] "another order"

              Expect.equal
                  (outer [ [ "b"; "\U0001F600"; "\uFFFD" ]; [ "Z"; "a" ] ])
                  [| "Z"; "a"; "b"; "\uFFFD"; "\U0001F600" |]
                  "as Python compares"
          }

          test "the common types of NumPy" {
              for left, right, common in
                  [ Numeric.Int8, Numeric.UInt8, Numeric.Int16
                    Numeric.Int32, Numeric.UInt32, Numeric.Int64
                    Numeric.Int64, Numeric.UInt64, Numeric.Float64
                    Numeric.Int8, Numeric.UInt64, Numeric.Float64
                    Numeric.UInt8, Numeric.UInt32, Numeric.UInt32
                    Numeric.Int16, Numeric.Float32, Numeric.Float32
                    Numeric.Int32, Numeric.Float32, Numeric.Float64
                    Numeric.Float32, Numeric.Float64, Numeric.Float64
                    Numeric.Int64, Numeric.UInt8, Numeric.Int64 ] do
                  Expect.equal (Promotion.common left right) (Some common) $"{left} and {right}"

              Expect.equal (Promotion.common Numeric.Bool Numeric.Int8) None "truth values are no numbers"
              Expect.equal (Promotion.common Numeric.Bool Numeric.Bool) (Some Numeric.Bool) "but go together"
          }

          test "common type" {
              for left in types do
                  for right in types do
                      let common = (Promotion.common left right).Value
                      Expect.equal (Promotion.common right left) (Some common) "whatever the order"

                      for values in [ []; [ 0L; 1L; 100L; 127L ] ] do
                          let numeric, bytes = bytesOf (numbers left values)
                          let expected = snd (bytesOf (numbers common values))
                          Expect.equal (Promotion.convert numeric common bytes) expected $"{left} as {common}"
          }

          test "the ends of the types" {
              let convert before after values =
                  Promotion.convert before after (snd (bytesOf (numbers before values)))

              Expect.equal (convert Numeric.Int8 Numeric.Int64 [ -128L ]) (BitConverter.GetBytes -128L) "negative"
              Expect.equal (convert Numeric.UInt32 Numeric.Int64 [ 0xFFFFFFFFL ]) (BitConverter.GetBytes 0xFFFFFFFFL) "unsigned"

              Expect.equal
                  (Promotion.convert Numeric.UInt64 Numeric.Float64 (BitConverter.GetBytes UInt64.MaxValue))
                  (BitConverter.GetBytes 18446744073709551615.0)
                  "beyond int64"
          }

          Law.holds "columns of var stay where inputs agree" (fun (first: byte list) (second: byte list) (outer: bool) (spoilt: bool) ->
              let inputs = [ letters first; letters second ]
              let genes = Joint.genes (if outer then Outer else Inner) inputs

              let column spoil (names: string[]) =
                  [ "id", Field.Texts(names |> Array.map (fun name -> name.ToUpperInvariant()))
                    "odd", Field.Texts(names |> Array.map (fun name -> if spoil && name = "c" then "?" else name)) ]

              let kept, left =
                  Joint.var (Held Int64.MaxValue) genes [ inputs[0], column false inputs[0]; inputs[1], column spoilt inputs[1] ]

              let isDisputed = spoilt && inputs |> List.forall (Array.contains "c")

              let holds name expected =
                  kept |> List.exists (fun (other, field) -> other = name && Field.areSame field (Field.Texts expected))

              holds "id" (genes |> Array.map _.ToUpperInvariant())
              && left = (if isDisputed then [ "var/odd" ] else [])
              && List.length kept = (if isDisputed then 1 else 2))

          test "columns of one kind follow one another, others are left out" {
              let categories = Field.Categories(Labels.Texts [| "b"; "a" |], false, [ 0; 1; -1 ])
              let more = Field.Categories(Labels.Texts [| "c"; "b" |], false, [ 1; 0 ])

              let kept, left =
                  Joint.obs
                      (Held Int64.MaxValue)
                      Inner
                      [ 3L,
                        [ "n", numbers Numeric.Int8 [ 1L; 5L; 6L ]
                          "kind", categories
                          "text", Field.Texts [ "x"; "y"; "z" ]
                          "mixed", Field.Texts [ "y"; "x"; "z" ] ]
                        2L,
                        [ "kind", more
                          "n", numbers Numeric.Float64 [ 2L; 3L ]
                          "text", Field.Texts [ "u"; "v" ]
                          "mixed", numbers Numeric.Int8 [ 1L; 2L ]
                          "own", Field.Texts [ "u"; "v" ] ] ]

              Expect.equal (List.map fst kept) [ "n"; "kind"; "text" ] "those that stay"
              Expect.equal left [ "obs/mixed"; "obs/own" ] "those that do not"
              Expect.isTrue (Field.areSame (snd kept[0]) (numbers Numeric.Float64 [ 1L; 5L; 6L; 2L; 3L ])) "numbers"

              Expect.isTrue
                  (Field.areSame (snd kept[1]) (Field.Categories(Labels.Texts [| "a"; "b"; "c" |], false, [ 1; 0; -1; 1; 2 ])))
                  "categories"
          }

          Law.holds "unique" (fun (codes: byte list) ->
              let names =
                  codes |> List.map (fun code -> [ "a"; "b"; "a-1"; "a-2"; "a-1-1" ][int code % 5]) |> Array.ofList

              let unique = MatrixFolder.unique names

              Array.distinct unique = unique
              && Array.forall2 (fun (name: string) (now: string) -> now = name || now.StartsWith(name + "-")) names unique
              && (Array.distinct names |> Array.forall (fun name -> unique[Array.IndexOf(names, name)] = name)))

          test "unique names are those of anndata" {
              Expect.equal
                  (MatrixFolder.unique [| "a"; "a"; "a-1"; "a"; "b"; "a-1" |])
                  [| "a"; "a-2"; "a-1"; "a-3"; "b"; "a-1-1" |]
                  "past those that are taken"
          } ]
