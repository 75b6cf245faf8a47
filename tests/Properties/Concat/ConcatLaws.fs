/// Several inputs as one: genes in the order of pandas, columns where all agree, numbers in the type of NumPy.
module internal SingleSharp.Properties.ConcatLaws

open System
open Expecto
open PureHDF
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs
open SingleSharp.Core.Writing
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

          test "small integers of any sign and float32 are float32 together, in whatever order" {
              let write numeric (path: string) =
                  let counts = [ [ 0, 1.0 ]; [ 1, 2.0 ] ]
                  let numbers = AnnDataFiles.asArray numeric [| 3.0; 4.0 |]
                  let wide = AnnDataFiles.asArray numeric [| 5.0; 6.0 |]
                  let embedding = Array.CreateInstance(wide.GetType().GetElementType(), 2, 1)
                  Buffer.BlockCopy(wide, 0, embedding, 0, Buffer.ByteLength wide)

                  let stored =
                      { AnnDataFiles.usual Unchunked with
                          Values = numeric }

                  (AnnDataFiles.file
                      stored
                      2
                      (AnnDataFiles.csr counts)
                      [ "obs", AnnDataFiles.frame (AnnDataFiles.names "cell" 2) [ "n", H5Dataset numbers ]
                        "obsm", AnnDataFiles.group "dict" [ "m", H5Dataset embedding ] ])
                      .Write
                      path

              let types = [ DType.Int16; DType.UInt16; DType.Float32 ]

              GenFiles.withPath (fun first ->
                  GenFiles.withPath (fun second ->
                      GenFiles.withPath (fun third ->
                          GenFiles.withPath (fun target ->
                              let paths = [ first; second; third ]
                              List.iter2 write types paths

                              for order in [ paths; List.rev paths; [ second; third; first ] ] do
                                  let request: ConvertRequest =
                                      { Options = Input.convert
                                        Matrix = MatrixName.X
                                        SumDuplicates = false }

                                  let conversion = Convert.run request Settings.standard order target
                                  Expect.equal conversion.Type "float32" "X"

                                  GenFiles.withStore target (fun store ->
                                      for path in [ "X/data"; "obs/n"; "obsm/m" ] do
                                          let dataset = GenFiles.findDataset store path
                                          Expect.equal (DType.ofDatatype dataset.Type) (Some DType.Float32) path)

                                  IO.File.Delete target))))
          } ]
