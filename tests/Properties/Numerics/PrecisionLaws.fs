/// Values are rounded once to the type in which they are stored, and no NaN differs from another.
module internal SingleSharp.Properties.PrecisionLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Properties.InMemory

let private nans =
    [ nan
      -nan
      BitConverter.UInt64BitsToDouble 0x7FF0000000000001UL
      BitConverter.UInt64BitsToDouble 0xFFFFFFFFFFFFFFFFUL ]

let tests =
    testList
        "Precision"
        [ Law.holds "round" (fun (value: float) ->
              let once = Precision.round Precision.Single value

              sameBits (Precision.round Precision.Double value) value
              && sameBits once (float (float32 value))
              && sameBits (Precision.round Precision.Single once) once)

          Law.holds "what is stored is what was rounded" (fun (value: float) ->
              sameBits (float (Precision.toFloat32 value)) (Precision.round Precision.Single value)
              && sameBits (Precision.toFloat64 value) value)

          test "every NaN is stored as NumPy's" {
              for value in nans do
                  Expect.equal (BitConverter.SingleToUInt32Bits(Precision.toFloat32 value)) 0x7FC00000u "as float32"
                  Expect.equal (BitConverter.DoubleToUInt64Bits(Precision.toFloat64 value)) 0x7FF8000000000000UL "as float64"
          }

          test "the type of a matrix after a step is NumPy's" {
              for numeric in DType.Bool :: GenHdf5.integerTypes do
                  Expect.equal (Precision.dtype (Precision.afterNormalize numeric)) DType.Float32 $"{numeric} after normalize_total"
                  Expect.equal (Precision.dtype (Precision.afterLog1p numeric)) DType.Float64 $"{numeric} after log1p"

              for numeric in [ DType.Float32; DType.Float64 ] do
                  Expect.equal (Precision.dtype (Precision.afterNormalize numeric)) numeric "after normalize_total"
                  Expect.equal (Precision.dtype (Precision.afterLog1p numeric)) numeric "after log1p"
          } ]
