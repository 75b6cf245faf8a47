/// Types of numbers meet as NumPy promotes them, and every number that the other type holds comes through a conversion.
module internal SingleSharp.Properties.ResultTypeLaws

open System
open Expecto
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs
open SingleSharp.Properties.GenHdf5

/// np.result_type(np.dtype(row), np.dtype(column)).name, of NumPy 1.24.
let private numpy =
    """
             int8    uint8   int16   uint16  int32   uint32  int64   uint64  float32 float64 bool
    int8     int8    int16   int16   int32   int32   int64   int64   float64 float32 float64 int8
    uint8    int16   uint8   int16   uint16  int32   uint32  int64   uint64  float32 float64 uint8
    int16    int16   int16   int16   int32   int32   int64   int64   float64 float32 float64 int16
    uint16   int32   uint16  int32   uint16  int32   uint32  int64   uint64  float32 float64 uint16
    int32    int32   int32   int32   int32   int32   int64   int64   float64 float64 float64 int32
    uint32   int64   uint32  int64   uint32  int64   uint32  int64   uint64  float64 float64 uint32
    int64    int64   int64   int64   int64   int64   int64   int64   float64 float64 float64 int64
    uint64   float64 uint64  float64 uint64  float64 uint64  float64 uint64  float64 float64 uint64
    float32  float32 float32 float32 float32 float64 float64 float64 float64 float32 float64 float32
    float64  float64 float64 float64 float64 float64 float64 float64 float64 float64 float64 float64
    bool     int8    uint8   int16   uint16  int32   uint32  int64   uint64  float32 float64 bool
    """

/// The same of three, where the common type of two of them may already be larger than that of all.
let private numpyOfThree =
    """
    int16  uint16 float32 float32
    int8   uint16 float32 float32
    int8   uint8  float32 float32
    int32  uint16 float32 float64
    int16  uint32 float32 float64
    int64  uint64 float32 float64
    int8   uint8  uint16  int32
    int8   uint16 uint32  int64
    uint8  uint32 int64   int64
    int8   int16  uint64  float64
    """

let private floats = [ DType.Float32; DType.Float64 ]

let private named name =
    DType.Bool :: integerTypes @ floats |> List.find (fun numeric -> DType.name numeric = name)

let private typesOf (line: string) =
    line.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> Array.map named |> List.ofArray

let private linesOf (table: string) = table.Trim().Split '\n' |> List.ofArray

let private least numeric =
    if DType.isUnsigned numeric then 0I else -(1I <<< (8 * DType.size numeric - 1))

let private most numeric =
    (1I <<< (8 * DType.size numeric - (if DType.isUnsigned numeric then 0 else 1))) - 1I

/// Little-endian numbers; a float is the one that is nearest.
let private bytesOf numeric (values: bigint list) =
    [| for value in values do
           yield!
               match numeric with
               | DType.Int8 -> [| byte (sbyte value) |]
               | DType.UInt8 -> [| byte value |]
               | DType.Int16 -> BitConverter.GetBytes(int16 value)
               | DType.UInt16 -> BitConverter.GetBytes(uint16 value)
               | DType.Int32 -> BitConverter.GetBytes(int32 value)
               | DType.UInt32 -> BitConverter.GetBytes(uint32 value)
               | DType.Int64 -> BitConverter.GetBytes(int64 value)
               | DType.UInt64 -> BitConverter.GetBytes(uint64 value)
               | DType.Float32 -> BitConverter.GetBytes(Single.Parse(string value))
               | _ -> BitConverter.GetBytes(Double.Parse(string value)) |]

/// Does a type hold an integer exactly?
let private holds numeric (value: bigint) =
    match numeric with
    | DType.Float32 -> bigint (Single.Parse(string value)) = value
    | DType.Float64 -> bigint (Double.Parse(string value)) = value
    | _ -> least numeric <= value && value <= most numeric

/// Integers near the ends of the types, near the last ones that floats hold, small ones, and any of 64 bits.
let private integer =
    Gen.frequency
        [ 3, Gen.choose (-100, 300) |> Gen.map bigint
          4,
          Gen.map2
              (fun edge beside -> edge + bigint (beside: int))
              (Gen.elements (0I :: (1I <<< 24) :: (1I <<< 53) :: -(1I <<< 53) :: List.map least integerTypes @ List.map most integerTypes))
              (Gen.choose (-2, 2))
          3,
          Gen.map2
              (fun (bits: uint64) places -> (bigint bits >>> places) * (if bits % 2UL = 0UL then 1I else -1I))
              (ArbMap.defaults |> ArbMap.generate<uint64>)
              (Gen.choose (0, 63)) ]

let private several = Gen.listOf integer |> Arb.fromGen
let private all = Gen.elements (integerTypes @ floats)

let tests =
    testList
        "ResultType"
        [ test "the common type of two is NumPy's" {
              let lines = linesOf numpy |> List.map typesOf
              Expect.equal (List.length lines, lines.Head.Length) (12, 11) "every type meets every other"

              for line in lines.Tail do
                  for right, expected in List.zip lines.Head line.Tail do
                      // Not NumPy's but pandas': truth values beside numbers make a column of objects.
                      let isMixed = (line.Head = DType.Bool) <> (right = DType.Bool)
                      Expect.equal (ResultType.common line.Head right) (if isMixed then None else Some expected) $"{line.Head}, {right}"
          }

          test "the common type of three is NumPy's, in any order" {
              for line in linesOf numpyOfThree do
                  let types = typesOf line
                  let first, second, third = types[0], types[1], types[2]

                  for three in
                      [ [ first; second; third ]
                        [ first; third; second ]
                        [ second; first; third ]
                        [ second; third; first ]
                        [ third; first; second ]
                        [ third; second; first ] ] do
                      Expect.equal (ResultType.ofAll three) (Some types[3]) $"{three}"
          }

          Law.holds "of all" (fun (seed: int) ->
              Prop.forAll (Arb.fromGen (Gen.nonEmptyListOf all)) (fun types ->
                  let shuffled = Array.ofList types
                  Random(seed).Shuffle shuffled
                  let found = ResultType.ofAll types

                  found.IsSome
                  && ResultType.ofAll (List.ofArray shuffled) = found
                  && ResultType.ofAll (types @ types) = found
                  && ResultType.ofAll [ types.Head ] = Some types.Head
                  && ResultType.ofAll [ types.Head; found.Value ] = found
                  && ResultType.ofAll (DType.Bool :: types) = None))

          test "common type" {
              for left in DType.Bool :: integerTypes @ floats do
                  Expect.equal (ResultType.common left left) (Some left) "of one"

                  for right in DType.Bool :: integerTypes @ floats do
                      Expect.equal (ResultType.common left right) (ResultType.common right left) "whatever the order"
          }

          Law.holds "the common type holds every number of both that float64 holds" (fun () ->
              Prop.forAll (Arb.fromGen (Gen.zip all all)) (fun (left, right) ->
                  Prop.forAll several (fun values ->
                      let values = values |> List.filter (holds left)
                      let common = (ResultType.common left right).Value

                      let isKept value =
                          holds common value || not (holds DType.Float64 value)
                      // What float64 does not hold comes out as the nearest, as NumPy casts it.
                      List.forall isKept values && ResultType.convert left common (bytesOf left values) = bytesOf common values)))

          Law.holdsFor 500 "a conversion keeps every integer that the target holds" (fun () ->
              let types =
                  Gen.zip all all |> Gen.filter (fun (before, after) -> DType.isFloat after || not (DType.isFloat before))

              Prop.forAll (Arb.fromGen types) (fun (before, after) ->
                  Prop.forAll several (fun values ->
                      let values =
                          values |> List.filter (fun value -> holds before value && holds after value)

                      let bytes = bytesOf before values
                      let found = ResultType.convert before after bytes
                      found = bytesOf after values && bytes = bytesOf before values)))

          Law.holds "float32 and float64 hold the same fractions, NaN and infinities" (fun (values: float32 list) ->
              let single = values |> List.map BitConverter.GetBytes |> Array.concat
              let double = values |> List.map (float >> BitConverter.GetBytes) |> Array.concat

              ResultType.convert DType.Float32 DType.Float64 single = double
              && ResultType.convert DType.Float64 DType.Float32 double = single)

          Law.holds "missing values are NaN, all others as they were" (fun (rows: (float32 * bool) list) ->
              let missing = rows |> List.map snd |> Array.ofList

              let agree size (isNaN: byte[] -> bool) (bytes: byte[]) numeric =
                  let before = Array.copy bytes

                  let found =
                      ResultType.withoutNumber numeric (struct (bytes, missing)) |> Array.chunkBySize size

                  bytes = before
                  && Array.forall2 (fun isMissing after -> not isMissing || isNaN after) missing found
                  && Array.forall2
                      (fun isMissing (old, after) -> isMissing || old = after)
                      missing
                      (Array.zip (Array.chunkBySize size before) found)

              let bytes (toBytes: float32 -> byte[]) =
                  rows |> List.map (fst >> toBytes) |> Array.concat

              agree 4 (fun bytes -> Single.IsNaN(BitConverter.ToSingle(bytes, 0))) (bytes BitConverter.GetBytes) DType.Float32
              && agree
                  8
                  (fun bytes -> Double.IsNaN(BitConverter.ToDouble(bytes, 0)))
                  (bytes (float >> BitConverter.GetBytes))
                  DType.Float64) ]
