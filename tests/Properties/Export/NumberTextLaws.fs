/// Numbers are written with the fewest digits that give them back, laid out as Python lays them out.
module internal SingleSharp.Properties.NumberTextLaws

open System
open System.Globalization
open System.Text.RegularExpressions
open Expecto
open FsCheck
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Export

let private invariant = CultureInfo.InvariantCulture

let private float64 (value: float) =
    NumberText.text DType.Float64 (BitConverter.GetBytes value) 0

let private float32 (value: float32) =
    NumberText.text DType.Float32 (BitConverter.GetBytes value) 0

/// All finite numbers, by their bits.
let private anyFloat =
    gen {
        let! bits = ArbMap.defaults |> ArbMap.generate<int64>
        let! small = Gen.choose (-1000000, 1000000)

        let! value =
            Gen.elements
                [ BitConverter.Int64BitsToDouble bits
                  float small / 64.0
                  float small * 1e12
                  Math.ScaleB(1.0, small % 1075) ]

        return if Double.IsFinite value then value else 0.0
    }

let private digits (text: string) =
    (Regex.Replace(text, "[eE].*", "")).Replace("-", "").Replace(".", "").Trim '0' |> _.Length

let private plain = Regex @"^-?(0|[1-9]\d*)\.(0|\d*[1-9])$"
let private scientific = Regex @"^-?[1-9](\.\d*[1-9])?e[+-]\d{2,3}$"

let private isLaidOut value (text: string) =
    let size: float = abs value
    let form = if size = 0.0 || size >= 1e-4 && size < 1e16 then plain else scientific
    form.IsMatch text

let private known =
    [ 0.0, "0.0"
      -0.0, "-0.0"
      1.0, "1.0"
      100.0, "100.0"
      -2.5, "-2.5"
      0.0001, "0.0001"
      0.00001, "1e-05"
      1.5e-7, "1.5e-07"
      123456789012345680.0, "1.2345678901234568e+17"
      9999999999999998.0, "9999999999999998.0"
      1e16, "1e+16"
      1e22, "1e+22"
      5e-324, "5e-324"
      Double.MaxValue, "1.7976931348623157e+308"
      Double.PositiveInfinity, "inf"
      Double.NegativeInfinity, "-inf"
      nan, "" ]

let private knownSingles =
    [ 0.1f, "0.1"
      16777216.0f, "16777216.0"
      // As float64 it is less than 0.0001.
      0.0001f, "1e-04"
      3.4e10f, "34000000000.0"
      1e16f, "1e+16"
      1e-45f, "1e-45"
      Single.MaxValue, "3.4028235e+38"
      nanf, "" ]

let tests =
    testList
        "NumberText"
        [ Law.holds "a float64 comes back, from the fewest digits, in Python's form" (fun () ->
              Prop.forAll (Arb.fromGen anyFloat) (fun value ->
                  let text = float64 value

                  BitConverter.DoubleToInt64Bits(Double.Parse(text, invariant)) = BitConverter.DoubleToInt64Bits value
                  && digits text = digits (value.ToString("R", invariant))
                  && isLaidOut value text))

          Law.holds "so does a float32" (fun () ->
              Prop.forAll (Arb.fromGen anyFloat) (fun value ->
                  let value = Math.Clamp(single value, -Single.MaxValue, Single.MaxValue)
                  let text = float32 value

                  BitConverter.SingleToInt32Bits(Single.Parse(text, invariant)) = BitConverter.SingleToInt32Bits value
                  && digits text = digits (value.ToString("R", invariant))
                  && isLaidOut (float value) text))

          test "numbers that are laid out in special ways" {
              for value, text in known do
                  Expect.equal (float64 value) text "float64"

              for value, text in knownSingles do
                  Expect.equal (float32 value) text "float32"
          }

          test "integers and booleans" {
              let text numeric (bytes: byte[]) = NumberText.text numeric bytes 0
              Expect.equal (text DType.Int8 [| 0x80uy |]) "-128" "int8"
              Expect.equal (text DType.UInt8 [| 255uy |]) "255" "uint8"
              Expect.equal (text DType.Int16 (BitConverter.GetBytes Int16.MinValue)) "-32768" "int16"
              Expect.equal (text DType.UInt16 (BitConverter.GetBytes UInt16.MaxValue)) "65535" "uint16"
              Expect.equal (text DType.Int32 (BitConverter.GetBytes Int32.MinValue)) "-2147483648" "int32"
              Expect.equal (text DType.UInt32 (BitConverter.GetBytes UInt32.MaxValue)) "4294967295" "uint32"
              Expect.equal (text DType.Int64 (BitConverter.GetBytes Int64.MinValue)) "-9223372036854775808" "int64"
              Expect.equal (text DType.UInt64 (BitConverter.GetBytes UInt64.MaxValue)) "18446744073709551615" "uint64"
              Expect.equal [ text DType.Bool [| 0uy |]; text DType.Bool [| 1uy |] ] [ "False"; "True" ] "bool"
          } ]
