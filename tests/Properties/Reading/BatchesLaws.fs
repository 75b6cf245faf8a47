/// Batches in every encoding that a column of obs can have.
module internal SingleSharp.Properties.BatchesLaws

open System
open System.IO
open Expecto
open FsCheck.FSharp
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Properties.GenHdf5
open SingleSharp.Properties.AnnDataFiles

let private file cells columns =
    file (usual Unchunked) 1 (csr (List.replicate cells [])) [ "obs", box (frame (names "cell" cells) columns) ]

/// The names of the batches of a column and each cell's code, read in pieces by several readers.
let private batchesOfFile piece (file: H5File) column =
    GenFiles.withPath (fun path ->
        file.Write path
        let folder = Directory.CreateTempSubdirectory "singlesharp-batches-"

        try
            use file = GenFiles.openRead path
            use batches = Batches.read file column folder.FullName
            let readers = Array.init 3 (fun _ -> batches.Open())
            let cells = int file.X.Cells
            let codes: int[] = Array.zeroCreate cells
            let buffer: int[] = Array.create (piece + 1) 99

            for first in 0..piece .. cells - 1 do
                let count = min piece (cells - first)
                readers[first / piece % 3] (int64 first) count buffer
                Array.Copy(buffer, 0, codes, first, count)

            List.ofArray batches.Names, List.ofArray codes
        finally
            Expect.isEmpty (folder.GetFiles()) "the scratch file is gone"
            folder.Delete())

let private batchesOf piece cells column =
    batchesOfFile piece (file cells [ "other", H5Dataset(Array.zeroCreate<int> cells); "batch", column ]) "batch"

/// The sentence with which a column is refused, and no scratch file left.
let private refused (part: string) cells column =
    GenFiles.isFault part (fun () -> batchesOf 100 cells column)

let private bools (values: bool list) =
    H5Dataset(values |> List.map (fun value -> if value then H5Bool.TRUE else H5Bool.FALSE) |> Array.ofList)

let private categorical (codes: obj) (categories: obj) =
    group "categorical" [ "codes", codes; "categories", categories ]

let private nullable kind values isMissing =
    group kind [ "values", values; "mask", bools isMissing ]

/// Different values ascending, and the place of each value among them.
let private ranked (values: 'key option list) =
    let keys = values |> List.choose id |> List.distinct |> List.sort
    keys |> List.map string, values |> List.map (Option.fold (fun _ value -> List.findIndex ((=) value) keys) -1)

let private labels =
    Gen.elements [ "b10"; "b2"; ""; "B"; "Größe"; "日本語"; "a b"; "10"; "9"; "nan" ]

let private several value =
    gen {
        let! length =
            Gen.frequency [ 1, Gen.constant 0; 8, Gen.choose (1, 60); 1, Gen.choose (16380, 40000) ]

        let! some = Gen.listOfLength (min length 50) value
        let some = Array.ofList some
        return List.init length (fun i -> some[(i * i + i / 7) % some.Length])
    }

let private some value = Arb.fromGen (several value)

/// Integers that a type holds, its ends among them.
let private whole numeric =
    let least, most =
        match numeric with
        | DType.Int8 -> -128.0, 127.0
        | DType.UInt8 -> 0.0, 255.0
        | DType.Int16 -> -32768.0, 32767.0
        | DType.UInt16 -> 0.0, 65535.0
        | DType.Int32 -> -2147483648.0, 2147483647.0
        | DType.UInt32 -> 0.0, 4294967295.0
        | DType.Int64 -> -1e15, 1e15
        | _ -> 0.0, 1e15

    Gen.frequency
        [ 6, Gen.choose (0, 12) |> Gen.map float
          1, Gen.elements [ least; most; max least -3.0 ] ]

let tests =
    testList
        "Batches"
        [ Law.holds
              "categories keep their order, used or not, and codes of any width are their places"
              (fun (AnyStorage storage) (piece: byte) ->
                  let numbers =
                      gen {
                          let! categories = Gen.choose (1, 100)
                          let! codes = several (Gen.choose (-1, categories - 1))

                          let! numeric = Gen.elements [ DType.Int8; DType.Int16; DType.Int32; DType.Int64 ]

                          return categories, codes, numeric
                      }

                  Prop.forAll (Arb.fromGen numbers) (fun (categories, codes, numeric) ->
                      let names = Array.init categories (fun i -> $"batch {i * 37 % 101}")

                      let stored =
                          line storage (asArray numeric (codes |> List.map float |> Array.ofList))

                      batchesOf (1 + int piece) codes.Length (categorical stored (H5Dataset names)) = (List.ofArray names, codes)))

          Law.holds "strings: different ones in ordinal order" (fun (piece: byte) ->
              Prop.forAll (some labels) (fun values ->
                  batchesOf (1 + int piece) values.Length (H5Dataset(Array.ofList values)) = ranked (List.map Some values)))

          Law.holds "nullable strings: missing ones are in no batch" (fun (piece: byte) ->
              Prop.forAll (some (Gen.optionOf labels)) (fun values ->
                  let stored =
                      H5Dataset(values |> List.map (Option.defaultValue "b2") |> Array.ofList)

                  let column = nullable "nullable-string-array" stored (values |> List.map _.IsNone)
                  batchesOf (1 + int piece) values.Length column = ranked values))

          test "as many cells as make the row offsets as large as an object header can be" {
              for cells in 16380..16384 do
                  let values = List.init cells (fun cell -> Some(cell % 7))
                  let column = values |> List.map Option.get |> Array.ofList |> line Unchunked
                  Expect.isTrue (batchesOf 5000 cells column = ranked values) $"{cells} cells"
          }

          Law.holds "integers: different ones ascending" (fun (AnyStorage storage) (piece: byte) ->
              let numbers =
                  Gen.elements integerTypes |> Gen.bind (fun numeric -> Gen.zip (Gen.constant numeric) (several (whole numeric)))

              Prop.forAll (Arb.fromGen numbers) (fun (numeric, values) ->
                  let names, codes = values |> List.map (decimal >> Some) |> ranked
                  let stored = line storage (asArray numeric (Array.ofList values))
                  batchesOf (1 + int piece) values.Length stored = (names, codes)))

          Law.holds "nullable integers and truth values" (fun (piece: byte) ->
              Prop.forAll (some (Gen.optionOf (Gen.choose (-3, 11)))) (fun values ->
                  let isMissing = values |> List.map _.IsNone

                  let numbers =
                      values |> List.map (Option.defaultValue 77) |> Array.ofList |> line Unchunked

                  let flags = values |> List.map (Option.map (fun value -> value > 4))
                  let stored = bools (flags |> List.map (Option.defaultValue true))

                  batchesOf (1 + int piece) values.Length (nullable "nullable-integer" numbers isMissing) = ranked values
                  && batchesOf (1 + int piece) values.Length (nullable "nullable-boolean" stored isMissing) = ranked flags))

          Law.holds "truth values" (fun (values: bool list) (piece: byte) ->
              batchesOf (1 + int piece) values.Length (bools values) = ranked (List.map Some values))

          test "uint64 beyond int64 comes last" {
              let column = H5Dataset [| UInt64.MaxValue; 3UL; UInt64.MaxValue; 0UL |]
              Expect.equal (batchesOf 3 4 column) ([ "0"; "3"; "18446744073709551615" ], [ 2; 1; 2; 0 ]) "in order"
          }

          test "categories of any type" {
              let named categories =
                  batchesOf 2 3 (categorical (H5Dataset [| 1y; -1y; 0y |]) categories)

              Expect.equal (named (H5Dataset [| "b"; "a" |])) ([ "b"; "a" ], [ 1; -1; 0 ]) "strings"
              Expect.equal (named (H5Dataset [| 7L; -1L |])) ([ "7"; "-1" ], [ 1; -1; 0 ]) "integers"
              Expect.equal (named (H5Dataset [| 0.5; 2.0 |])) ([ "0.5"; "2" ], [ 1; -1; 0 ]) "floats"
              Expect.equal (named (bools [ false; true ])) ([ "False"; "True" ], [ 1; -1; 0 ]) "truth values"

              let nullable =
                  nullable "nullable-string-array" (H5Dataset [| "b"; "a" |]) [ false; false ]

              Expect.equal (named nullable) ([ "b"; "a" ], [ 1; -1; 0 ]) "nullable strings"
          }

          test "categories as anndata 0.7 kept them" {
              let old withCategories =
                  let codes = H5Dataset [| 2y; -1y; 0y; 1y |]
                  codes.Attributes["categories"] <- 1L
                  let file = file 4 [ "batch", codes ]

                  if withCategories then
                      (file["obs"] :?> H5Group)["__categories"] <- group "" [ "batch", H5Dataset [| "c"; "a"; "b" |] ]

                  batchesOfFile 3 file "batch"

              Expect.equal (old true) ([ "c"; "a"; "b" ], [ 2; -1; 0; 1 ]) "names and codes"
              GenFiles.isFault "its categories are missing" (fun () -> old false)
          }

          test "batches of the golden files, in the order that anndata stored" {
              let batches name =
                  use file = GenFiles.openRead (GenFiles.goldenEdge name)
                  use batches = Batches.read file "batch" (Path.GetTempPath())
                  let codes: int[] = Array.zeroCreate (int file.X.Cells)
                  batches.Open () 0L codes.Length codes
                  List.ofArray batches.Names, codes |> Array.countBy id |> Array.sort |> List.ofArray

              Expect.equal (batches "batch_gene_absent") ([ "b2"; "b3"; "b10" ], [ 0, 40; 1, 45; 2, 35 ]) "natural order"
              Expect.equal (batches "batch_missing_value") ([ "A"; "B" ], [ -1, 3; 0, 49; 1, 58 ]) "three cells in none"
              Expect.equal (batches "batch_unused_category") ([ "A"; "B"; "unused" ], [ 0, 50; 1, 50 ]) "a category without cells"
          }

          test "a column that is not there" {
              GenFiles.isFault "batch_key: obs has no column batch." (fun () -> batchesOfFile 1 (file 2 []) "batch")
              GenFiles.isFault "obs has no column _index" (fun () -> batchesOfFile 1 (file 2 []) "_index")
          }

          test "too many batches" {
              let cells = 10_001

              let labels most =
                  Array.init cells (fun cell -> $"cell {min cell (most - 1)}")

              let names, codes = batchesOf 4000 cells (H5Dataset(labels 10_000))
              Expect.equal names.Length 10_000 "as many as there may be"

              Expect.equal
                  (List.map (fun code -> names[code]) (List.truncate 100 codes))
                  (List.truncate 100 (List.ofArray (labels 10_000)))
                  "codes"

              refused "more than 10000 different values" cells (H5Dataset(labels 10_001))
              refused "more than 10000 different values" cells (H5Dataset(Array.init cells int64))

              refused
                  "more than 10000 different values"
                  cells
                  (categorical (H5Dataset(Array.zeroCreate<int16> cells)) (H5Dataset(labels 10_001)))
          }

          test "columns that cannot name batches" {
              refused "batch_key: the column batch of obs holds float64 values" 2 (H5Dataset [| 1.0; 2.0 |])
              refused "holds float32 values" 2 (H5Dataset [| 1.0f; nanf |])
              refused "neither categorical nor an array" 2 (group "dict" [])
          }

          test "columns that contradict themselves" {
              let damaged part column =
                  match GenFiles.faultOf (fun () -> batchesOf 3 3 column) with
                  | Damaged _ as fault -> Expect.stringContains (Fault.sentence fault) part "the sentence"
                  | other -> failtest $"{other}"

              let two = H5Dataset [| "a"; "b" |]
              damaged "another length" two
              damaged "another length" (H5Dataset [| 1; 2; 3; 4 |])
              damaged "another length" (categorical (H5Dataset [| 0y; 1y |]) two)
              damaged "another length" (nullable "nullable-integer" (H5Dataset [| 1; 2; 3 |]) [ false; true ])
              damaged "beyond its categories" (categorical (H5Dataset [| 0y; 1y; 2y |]) two)
              damaged "instead of integers" (categorical (H5Dataset [| 0.0; 1.0; 1.0 |]) two)
              let mask = H5Dataset [| 0.0; 1.0; 1.0 |]
              damaged "where True and False" (group "nullable-integer" [ "values", H5Dataset [| 1; 2; 3 |]; "mask", mask ])
          } ]
