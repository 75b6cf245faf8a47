/// Arrays of NumPy begin with a header of which every part is where it belongs, and hold the bytes as they are.
module internal SingleSharp.Properties.NpyExportLaws

open System.IO
open System.Text
open Expecto
open FsCheck
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Export

let private anyType =
    Gen.elements
        [ DType.Int8, "|i1"
          DType.UInt8, "|u1"
          DType.Int16, "<i2"
          DType.UInt16, "<u2"
          DType.Int32, "<i4"
          DType.UInt32, "<u4"
          DType.Int64, "<i8"
          DType.UInt64, "<u8"
          DType.Float32, "<f4"
          DType.Float64, "<f8"
          DType.Bool, "|b1" ]

let private anyArray =
    gen {
        let! numeric, descr = anyType
        let! rank = Gen.choose (1, 4)
        let! dims = Gen.listOfLength rank (Gen.choose (0, 5))
        let! batch = Gen.choose (1, 3)
        return numeric, descr, dims, batch
    }

let tests =
    testList
        "NpyExport"
        [ Law.holds "header and numbers" (fun () ->
              Prop.forAll (Arb.fromGen anyArray) (fun (numeric, descr, dims, batch) ->
                  let rowBytes = List.fold (*) (DType.size numeric) dims.Tail
                  let bytes = Array.init (dims.Head * rowBytes) byte

                  let batches =
                      if rowBytes = 0 then [] else bytes |> Array.chunkBySize (batch * rowBytes) |> List.ofArray

                  let told = ResizeArray()
                  use stream = new MemoryStream()

                  NpyExport.write
                      { Type = numeric
                        Dims = dims |> List.map int64 |> Array.ofList
                        Batches = batches }
                      told.Add
                      stream

                  let written = stream.ToArray()
                  let length = int written[8] + 256 * int written[9]

                  let shape =
                      match dims with
                      | [ one ] -> $"({one},)"
                      | several -> $"""({several |> List.map string |> String.concat ", "})"""

                  let expected = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
                  let header = Encoding.ASCII.GetString(written, 10, length)

                  written[..7] = [| 0x93uy; 0x4Euy; 0x55uy; 0x4Duy; 0x50uy; 0x59uy; 1uy; 0uy |]
                  && (10 + length) % 64 = 0
                  && header.EndsWith '\n'
                  && header.TrimEnd() = expected
                  && written[10 + length ..] = bytes
                  && (batches.IsEmpty || Seq.last told = int64 dims.Head))) ]
