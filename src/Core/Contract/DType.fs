/// The types of numbers that a matrix can hold.
namespace SingleSharp.Core

/// The numbers a matrix can hold, as stored.
[<RequireQualifiedAccess>]
type DType =
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
module DType =
    let size numeric =
        match numeric with
        | DType.Int8
        | DType.UInt8
        | DType.Bool -> 1
        | DType.Int16
        | DType.UInt16 -> 2
        | DType.Int32
        | DType.UInt32
        | DType.Float32 -> 4
        | DType.Int64
        | DType.UInt64
        | DType.Float64 -> 8

    let isFloat numeric =
        numeric = DType.Float32 || numeric = DType.Float64

    let isUnsigned numeric =
        match numeric with
        | DType.UInt8
        | DType.UInt16
        | DType.UInt32
        | DType.UInt64 -> true
        | _ -> false

    /// The name NumPy gives it.
    let name numeric = (string numeric).ToLowerInvariant()
