/// Several inputs as one: genes in the order of pandas, columns where all agree, numbers in the type of NumPy.
module internal SingleSharp.Properties.ConcatLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Inputs
open SingleSharp.Core.Concat

let private letters (codes: byte list) =
    codes |> List.map (fun code -> string (char (int 'a' + int code % 10))) |> List.distinct |> Array.ofList

let private numbers numeric (values: int64 list) =
    let bytes = Array.zeroCreate (values.Length * DType.size numeric)

    match numeric with
    | DType.Float32 -> Buffer.BlockCopy(values |> List.map float32 |> Array.ofList, 0, bytes, 0, bytes.Length)
    | DType.Float64 -> Buffer.BlockCopy(values |> List.map float |> Array.ofList, 0, bytes, 0, bytes.Length)
    | _ -> Integers.encode (DType.datatype numeric) (Array.ofList values) (Span bytes)

    Column.Numbers(numeric, [ bytes ])

let private bytesOf field =
    match field with
    | Column.Numbers(numeric, batches) -> numeric, Array.concat batches
    | other -> failtest $"{other} holds no numbers"

let private types =
    [ DType.Int8
      DType.UInt8
      DType.Int16
      DType.UInt16
      DType.Int32
      DType.UInt32
      DType.Int64
      DType.UInt64
      DType.Float32
      DType.Float64 ]

let tests =
    testList
        "Concat"
        [ Law.holds "inner genes are those of all, in the order of the first" (fun (first: byte list) (rest: byte list list) ->
              let inputs = letters first :: List.map letters rest
              Concat.genes Join.Inner inputs = (letters first |> Array.filter (fun gene -> inputs |> List.forall (Array.contains gene))))

          Law.holds "outer genes are those of any, each once" (fun (first: byte list) (rest: byte list list) ->
              let inputs = letters first :: List.map letters rest
              Array.sort (Concat.genes Join.Outer inputs) = (inputs |> Array.concat |> Array.distinct |> Array.sort))

          test "a union is sorted by code points, unless there is nothing to add" {
              let outer inputs =
                  Concat.genes Join.Outer (inputs |> List.map Array.ofList)

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
                  [ DType.Int8, DType.UInt8, DType.Int16
                    DType.Int32, DType.UInt32, DType.Int64
                    DType.Int64, DType.UInt64, DType.Float64
                    DType.Int8, DType.UInt64, DType.Float64
                    DType.UInt8, DType.UInt32, DType.UInt32
                    DType.Int16, DType.Float32, DType.Float32
                    DType.Int32, DType.Float32, DType.Float64
                    DType.Float32, DType.Float64, DType.Float64
                    DType.Int64, DType.UInt8, DType.Int64 ] do
                  Expect.equal (ResultType.common left right) (Some common) $"{left} and {right}"

              Expect.equal (ResultType.common DType.Bool DType.Int8) None "truth values are no numbers"
              Expect.equal (ResultType.common DType.Bool DType.Bool) (Some DType.Bool) "but go together"
          }

          test "common type" {
              for left in types do
                  for right in types do
                      let common = (ResultType.common left right).Value
                      Expect.equal (ResultType.common right left) (Some common) "whatever the order"

                      for values in [ []; [ 0L; 1L; 100L; 127L ] ] do
                          let numeric, bytes = bytesOf (numbers left values)
                          let expected = snd (bytesOf (numbers common values))
                          Expect.equal (ResultType.convert numeric common bytes) expected $"{left} as {common}"
          }

          test "the ends of the types" {
              let convert before after values =
                  ResultType.convert before after (snd (bytesOf (numbers before values)))

              Expect.equal (convert DType.Int8 DType.Int64 [ -128L ]) (BitConverter.GetBytes -128L) "negative"
              Expect.equal (convert DType.UInt32 DType.Int64 [ 0xFFFFFFFFL ]) (BitConverter.GetBytes 0xFFFFFFFFL) "unsigned"

              Expect.equal
                  (ResultType.convert DType.UInt64 DType.Float64 (BitConverter.GetBytes UInt64.MaxValue))
                  (BitConverter.GetBytes 18446744073709551615.0)
                  "beyond int64"
          }

          Law.holds "columns of var stay where inputs agree" (fun (first: byte list) (second: byte list) (outer: bool) (spoilt: bool) ->
              let inputs = [ letters first; letters second ]
              let genes = Concat.genes (if outer then Join.Outer else Join.Inner) inputs

              let column spoil (names: string[]) =
                  [ "id", Column.Texts(names |> Array.map (fun name -> name.ToUpperInvariant()))
                    "odd", Column.Texts(names |> Array.map (fun name -> if spoil && name = "c" then "?" else name)) ]

              let kept, left =
                  Concat.var (NameMemory Int64.MaxValue) genes [ inputs[0], column false inputs[0]; inputs[1], column spoilt inputs[1] ]

              let isDisputed = spoilt && inputs |> List.forall (Array.contains "c")

              let holds name expected =
                  kept |> List.exists (fun (other, field) -> other = name && Column.areSame field (Column.Texts expected))

              holds "id" (genes |> Array.map _.ToUpperInvariant())
              && left = (if isDisputed then [ "var/odd" ] else [])
              && List.length kept = (if isDisputed then 1 else 2))

          test "columns of one kind follow one another, others are left out" {
              let categories = Column.Categories(Labels.Texts [| "b"; "a" |], false, [ 0; 1; -1 ])
              let more = Column.Categories(Labels.Texts [| "c"; "b" |], false, [ 1; 0 ])

              let kept, left =
                  Concat.obs
                      (NameMemory Int64.MaxValue)
                      Join.Inner
                      [ 3L,
                        [ "n", numbers DType.Int8 [ 1L; 5L; 6L ]
                          "kind", categories
                          "text", Column.Texts [ "x"; "y"; "z" ]
                          "mixed", Column.Texts [ "y"; "x"; "z" ] ]
                        2L,
                        [ "kind", more
                          "n", numbers DType.Float64 [ 2L; 3L ]
                          "text", Column.Texts [ "u"; "v" ]
                          "mixed", numbers DType.Int8 [ 1L; 2L ]
                          "own", Column.Texts [ "u"; "v" ] ] ]

              Expect.equal (List.map fst kept) [ "n"; "kind"; "text" ] "those that stay"
              Expect.equal left [ "obs/mixed"; "obs/own" ] "those that do not"
              Expect.isTrue (Column.areSame (snd kept[0]) (numbers DType.Float64 [ 1L; 5L; 6L; 2L; 3L ])) "numbers"

              Expect.isTrue
                  (Column.areSame (snd kept[1]) (Column.Categories(Labels.Texts [| "a"; "b"; "c" |], false, [ 1; 0; -1; 1; 2 ])))
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
