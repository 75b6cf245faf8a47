/// The ends of every type of stored number, and what lies beyond what a float holds.
module internal SingleSharp.Properties.ReaderTypeLaws

open System
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Writing

/// A file of one row that holds these arrays, of any types.
let private write (path: string) genes (values: Array) (indices: Array) (pointers: Array) =
    let file =
        AnnDataFiles.file (AnnDataFiles.usual Unchunked) genes ([||], [||], Array.zeroCreate pointers.Length) []

    let x = file["X"] :?> H5Group
    x["data"] <- H5Dataset values
    x["indices"] <- H5Dataset indices
    x["indptr"] <- H5Dataset pointers
    file.Write path

let private rowsOf genes values indices pointers =
    GenFiles.withPath (fun path ->
        write path genes values indices pointers
        AnnDataFiles.read path Blocks.sequential 10 |> List.map (fun (_, _, row) -> row))

let private valuesOf (values: Array) =
    rowsOf 9 values (Array.init values.Length id) [| 0; values.Length |] |> List.concat |> List.map snd

let private faultOf genes values indices pointers =
    let trouble =
        Expect.throwsC (fun () -> rowsOf genes values indices pointers |> ignore) id

    match Fault.tryFind trouble with
    | Some fault -> fault
    | None -> failtest $"no fault, but {trouble}"

let private isDamage where fault =
    match fault with
    | Damaged(_, found, _) -> Expect.equal found where "the damage"
    | other -> failtest $"{other}"

let private ones count = Array.create count 1.0f

let tests =
    testList
        "ReaderType"
        [ test "values at both ends of their type" {
              Expect.equal (valuesOf [| SByte.MinValue; SByte.MaxValue |]) [ -128.0; 127.0 ] "int8"
              Expect.equal (valuesOf [| 128uy; Byte.MaxValue |]) [ 128.0; 255.0 ] "uint8"
              Expect.equal (valuesOf [| Int16.MinValue; 255s; 256s; Int16.MaxValue |]) [ -32768.0; 255.0; 256.0; 32767.0 ] "int16"
              Expect.equal (valuesOf [| 32768us; 258us; UInt16.MaxValue |]) [ 32768.0; 258.0; 65535.0 ] "uint16"
              Expect.equal (valuesOf [| Int32.MinValue; Int32.MaxValue |]) [ -2147483648.0; 2147483647.0 ] "int32"
              Expect.equal (valuesOf [| 2147483648u; UInt32.MaxValue |]) [ 2147483648.0; 4294967295.0 ] "uint32"
              Expect.equal (valuesOf [| Single.MinValue; Single.Epsilon |]) [ float Single.MinValue; float Single.Epsilon ] "float32"
              Expect.equal (valuesOf [| Double.MinValue; Double.Epsilon |]) [ Double.MinValue; Double.Epsilon ] "float64"
          }

          test "integers up to 2^53 are exact, and beyond it refused" {
              let most = 1L <<< 53
              Expect.equal (valuesOf [| most; -most |]) [ float most; -float most ] "int64"
              Expect.equal (valuesOf [| uint64 most; 0UL |]) [ float most; 0.0 ] "uint64"

              let isRefused (values: Array) =
                  match faultOf 9 values [| 0; 1 |] [| 0; 2 |] with
                  | Unsupported(_, "X/data", _) -> ()
                  | other -> failtest $"{other}"

              for value in [ most + 1L; -most - 1L; Int64.MaxValue; Int64.MinValue ] do
                  isRefused [| 1L; value |]

              for value in [ uint64 most + 1UL; 1UL <<< 63; UInt64.MaxValue; UInt64.MaxValue - 5UL ] do
                  isRefused [| 1UL; value |]
          }

          test "column indices and row offsets at both ends of their type" {
              Expect.equal (rowsOf 256 (ones 2) [| 0uy; 255uy |] [| 0; 2 |]) [ [ 0, 1.0; 255, 1.0 ] ] "uint8"
              Expect.equal (rowsOf 128 (ones 2) [| 0y; 127y |] [| 0; 2 |]) [ [ 0, 1.0; 127, 1.0 ] ] "int8"
              Expect.equal (rowsOf 40000 (ones 2) [| 258us; 39999us |] [| 0; 2 |]) [ [ 258, 1.0; 39999, 1.0 ] ] "uint16"
              Expect.equal (rowsOf 40000 (ones 2) [| 258u; 39999u |] [| 0u; 2u |]) [ [ 258, 1.0; 39999, 1.0 ] ] "uint32"

              Expect.equal
                  (rowsOf 9 (ones 255) (Array.zeroCreate<int> 255) [| 0uy; 255uy |] |> List.map List.length)
                  [ 255 ]
                  "uint8 offsets"

              Expect.equal
                  (rowsOf 9 (ones 40000) (Array.zeroCreate<int> 40000) [| 0us; 1us; 40000us |] |> List.map List.length)
                  [ 1; 39999 ]
                  "uint16 offsets"
          }

          test "indices that are no genes are damage, whatever their type" {
              let wrong: Array list =
                  [ [| 0y; 9y |]
                    [| 0y; -1y |]
                    [| 9uy; 0uy |]
                    [| 0s; -1s |]
                    [| 0us; 65535us |]
                    [| 0; 9 |]
                    [| 0; -1 |]
                    [| 0u; UInt32.MaxValue |]
                    [| 0L; 9L |]
                    [| 0L; 4294967296L |]
                    [| 0L; -1L |]
                    [| 0UL; UInt64.MaxValue |] ]

              for indices in wrong do
                  isDamage "X/indices" (faultOf 9 (ones 2) indices [| 0; 2 |])
          }

          test "row offsets that decrease are damage, within a row batch, between row batches and between blocks" {
              let decreasing cells at =
                  // Two values per cell, but the cell at this place takes one back.
                  let pointers = Array.init (cells + 1) (fun i -> if i = at then 2 * i - 3 else 2 * i)
                  pointers, 2 * cells

              for cells, at in [ 3, 2; 40, 5; 40, 6; 40, 39; 5000, 4096; 5000, 4097; 5000, 4099 ] do
                  let pointers, count = decreasing cells at
                  isDamage "X/indptr" (faultOf 9 (ones count) (Array.zeroCreate<int> count) pointers)

              isDamage "X/indptr" (faultOf 9 (ones 3) [| 0; 1; 2 |] [| 0L; 2L; 1L; 3L |])
              isDamage "X/indptr" (faultOf 9 (ones 3) [| 0; 1; 2 |] [| 0UL; UInt64.MaxValue; 1UL; 3UL |])
          } ]
