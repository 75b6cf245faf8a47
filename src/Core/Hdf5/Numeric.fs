/// The types of numbers that a matrix can hold.
namespace SingleSharp.Core

/// The numbers a matrix can hold, as stored.
[<RequireQualifiedAccess>]
type Numeric =
    | Int8
    | UInt8
    | Int16
    | UInt16
    | Int32
    | UInt32
    | Int64
    | UInt64
    | Float32
    | Float64
    /// True or False, as h5py stores it: an enumeration over one byte.
    | Bool

[<RequireQualifiedAccess>]
module Numeric =
    let size numeric =
        match numeric with
        | Numeric.Int8
        | Numeric.UInt8
        | Numeric.Bool -> 1
        | Numeric.Int16
        | Numeric.UInt16 -> 2
        | Numeric.Int32
        | Numeric.UInt32
        | Numeric.Float32 -> 4
        | Numeric.Int64
        | Numeric.UInt64
        | Numeric.Float64 -> 8

    let isFloat numeric =
        numeric = Numeric.Float32 || numeric = Numeric.Float64

    let isUnsigned numeric =
        match numeric with
        | Numeric.UInt8
        | Numeric.UInt16
        | Numeric.UInt32
        | Numeric.UInt64 -> true
        | _ -> false

    /// The name NumPy gives it.
    let name numeric = (string numeric).ToLowerInvariant()

    let datatype numeric =
        match numeric with
        | Numeric.Float32
        | Numeric.Float64 -> Float(size numeric, false)
        | Numeric.Bool -> Enumeration(Integer(1, true, false), [ "FALSE", [| 0uy |]; "TRUE", [| 1uy |] ])
        | _ -> Integer(size numeric, not (isUnsigned numeric), false)

    let ofDatatype datatype =
        match datatype with
        | Integer(1, true, _) -> Some Numeric.Int8
        | Integer(1, false, _) -> Some Numeric.UInt8
        | Integer(2, true, _) -> Some Numeric.Int16
        | Integer(2, false, _) -> Some Numeric.UInt16
        | Integer(4, true, _) -> Some Numeric.Int32
        | Integer(4, false, _) -> Some Numeric.UInt32
        | Integer(8, true, _) -> Some Numeric.Int64
        | Integer(8, false, _) -> Some Numeric.UInt64
        | Float(4, _) -> Some Numeric.Float32
        | Float(8, _) -> Some Numeric.Float64
        | _ -> None
