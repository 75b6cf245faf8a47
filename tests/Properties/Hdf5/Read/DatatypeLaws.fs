/// Every type that h5py writes is read with its name, its size and its values.
module internal SingleSharp.Properties.DatatypeLaws

open Expecto
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

let private typeOf path =
    GenFiles.withBytes (GenFiles.fixtureBytes "types") (fun file ->
        GenFiles.withStore file (fun store -> (GenFiles.findDataset store path).Type))

let private numerics =
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
        "Datatype"
        [ Listing.fixture "types" "types"
          Listing.fixture "types_old" "types"

          test "numbers" {
              for numeric in numerics do
                  let datatype = DType.datatype numeric
                  Expect.equal (DType.ofDatatype datatype) (Some numeric) "there and back"
                  Expect.equal (Datatype.name datatype) (DType.name numeric) "its name"
                  Expect.equal (Datatype.size datatype) (DType.size numeric) "its size"

              Expect.equal (typeOf "big_i2") (Integer(2, true, true)) "big-endian"
              Expect.equal (typeOf "big_f8") (Float(8, true)) "big-endian"
              Expect.equal (DType.ofDatatype (typeOf "f2")) None "half floats are no numbers of a matrix"
          }

          test "compounds have their members where they lie" {
              match typeOf "records" with
              | Compound(size, members) ->
                  Expect.equal size 25 "packed"

                  Expect.equal
                      members
                      [ "name", 0, FixedString(6, NulPadded)
                        "x", 6, Float(8, false)
                        "n", 14, Integer(2, true, true)
                        "on", 16, Enumeration(Integer(1, true, false), [ "FALSE", [| 0uy |]; "TRUE", [| 1uy |] ])
                        "pair", 17, ArrayOf([ 2 ], Integer(4, true, false)) ]
                      "members"
              | other -> failtest $"{other}"
          }

          test "enumerations keep their names, and h5py's bool is one" {
              Expect.isTrue (Datatype.isBool (typeOf "flags")) "bool"

              Expect.equal
                  (typeOf "colours")
                  (Enumeration(Integer(2, true, false), [ "blue", [| 2uy; 0uy |]; "green", [| 1uy; 0uy |]; "red", [| 0uy; 0uy |] ]))
                  "colours"
          }

          test "a committed type is that of its datasets" {
              Expect.equal
                  (typeOf "of_committed")
                  (Compound(8, [ "a", 0, Integer(4, true, false); "b", 4, Float(4, false) ]))
                  "by the address of its header"
          }

          test "a type that is cut off anywhere is a fault" {
              for datatype in [ VlenString; Integer(4, true, false); Float(8, false) ] do
                  let body = Encode.datatypeBody datatype

                  GenFiles.withDisk [| 0uy |] (fun disk ->
                      let parse (bytes: byte[]) =
                          DatatypeMessage.parse disk (Cursor(disk, "a type", bytes, 0))

                      Expect.equal (parse body) datatype "there and back"

                      for length in 0 .. body.Length - 1 do
                          let fault = GenFiles.faultOf (fun () -> parse body[.. length - 1])
                          Expect.equal (Fault.kind fault) FaultKind.Damaged $"{length} bytes of {datatype}")
          } ]
