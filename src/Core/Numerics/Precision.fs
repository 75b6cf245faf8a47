/// Where scanpy stores float32 between two steps, so do we: its results hang on these roundings.
namespace SingleSharp.Core.Numerics

open System
open SingleSharp.Core

/// The floating-point type in which a matrix is stored after a transformation.
[<RequireQualifiedAccess>]
type internal Precision =
    | Single
    | Double

[<RequireQualifiedAccess>]
module internal Precision =
    let inline private single (value: float) = float (float32 value)

    let round precision value =
        match precision with
        | Precision.Single -> single value
        | Precision.Double -> value

    // Which NaN an operation gives differs between processors, so all are stored as NumPy's.
    let private doubleNaN = BitConverter.UInt64BitsToDouble 0x7FF8000000000000UL
    let private singleNaN = BitConverter.UInt32BitsToSingle 0x7FC00000u

    /// A value as it is stored in float64.
    let toFloat64 (value: float) =
        if Double.IsNaN value then doubleNaN else value

    /// A value as it is stored in float32.
    let toFloat32 (value: float) =
        if Double.IsNaN value then singleNaN else float32 value

    let dtype precision =
        match precision with
        | Precision.Single -> DType.Float32
        | Precision.Double -> DType.Float64

    /// The type in which arithmetic with values of this type is stored: NumPy computes with integers in float64.
    let ofDType numeric =
        if numeric = DType.Float32 then Precision.Single else Precision.Double

    /// What normalize_total makes of a type: integers become float32.
    let afterNormalize numeric =
        if numeric = DType.Float64 then Precision.Double else Precision.Single

    /// What log1p makes of a type: integers become float64.
    let afterLog1p numeric =
        if numeric = DType.Float32 then Precision.Single else Precision.Double
