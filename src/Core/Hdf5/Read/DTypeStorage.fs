/// How HDF5 stores each dtype.
namespace SingleSharp.Core.Hdf5

open SingleSharp.Core

[<RequireQualifiedAccess>]
module internal DType =
    let datatype numeric =
        match numeric with
        | DType.Float32
        | DType.Float64 -> Float(DType.size numeric, false)
        | DType.Bool -> Enumeration(Integer(1, true, false), [ "FALSE", [| 0uy |]; "TRUE", [| 1uy |] ])
        | _ -> Integer(DType.size numeric, not (DType.isUnsigned numeric), false)

    let ofDatatype datatype =
        match datatype with
        | Integer(1, true, _) -> Some DType.Int8
        | Integer(1, false, _) -> Some DType.UInt8
        | Integer(2, true, _) -> Some DType.Int16
        | Integer(2, false, _) -> Some DType.UInt16
        | Integer(4, true, _) -> Some DType.Int32
        | Integer(4, false, _) -> Some DType.UInt32
        | Integer(8, true, _) -> Some DType.Int64
        | Integer(8, false, _) -> Some DType.UInt64
        | Float(4, _) -> Some DType.Float32
        | Float(8, _) -> Some DType.Float64
        | _ -> None
