/// Where scanpy stores float32 between two steps, so do we: its results hang on these roundings.
namespace SingleSharp.Core

/// The floating-point type in which a matrix is stored after a transformation.
[<RequireQualifiedAccess>]
type Precision =
    | Single
    | Double

[<RequireQualifiedAccess>]
module Precision =
    let inline private single (value: float) = float (float32 value)

    let round precision value =
        match precision with
        | Precision.Single -> single value
        | Precision.Double -> value

    let numeric precision =
        match precision with
        | Precision.Single -> Numeric.Float32
        | Precision.Double -> Numeric.Float64

    /// What normalize_total makes of a type: whole numbers become float32.
    let afterNormalize numeric =
        if numeric = Numeric.Float64 then Precision.Double else Precision.Single

    /// What log1p makes of a type: whole numbers become float64.
    let afterLog1p numeric =
        if numeric = Numeric.Float32 then Precision.Single else Precision.Double
