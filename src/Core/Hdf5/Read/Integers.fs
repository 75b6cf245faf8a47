/// Integers of any stored width and byte order, as int64 and back.
namespace SingleSharp.Core.Hdf5

open System
open System.Runtime.InteropServices

[<RequireQualifiedAccess>]
module internal Integers =
    let inline private widen (bytes: Span<byte>) (target: int64[]) ([<InlineIfLambda>] widen: 'stored -> int64) =
        let stored = MemoryMarshal.Cast<byte, 'stored> bytes

        for i in 0 .. stored.Length - 1 do
            target[i] <- widen stored[i]

    let inline private narrow (values: int64[]) (target: Span<byte>) ([<InlineIfLambda>] narrow: int64 -> 'stored) =
        let stored = MemoryMarshal.Cast<byte, 'stored> target

        for i in 0 .. stored.Length - 1 do
            stored[i] <- narrow values[i]

    /// Turns each number of `size` bytes into the other byte order.
    let swap size (bytes: Span<byte>) =
        for at in 0..size .. bytes.Length - size do
            bytes.Slice(at, size).Reverse()

    /// Can numbers of this type be read and written here?
    let isStored datatype =
        match datatype with
        | Integer((1 | 2 | 4 | 8), _, _) -> true
        | _ -> false

    let private unsuited datatype =
        invalidOp $"{Datatype.name datatype} is not an integer of one to eight bytes"

    /// All the numbers in the bytes, which may be left swapped; a uint64 beyond int64 comes out negative.
    let decode datatype (bytes: Span<byte>) (target: int64[]) =
        if Datatype.isBigEndian datatype then
            swap (Datatype.size datatype) bytes

        match datatype with
        | Integer(1, true, _) -> widen bytes target (fun (value: sbyte) -> int64 value)
        | Integer(1, false, _) -> widen bytes target (fun (value: byte) -> int64 value)
        | Integer(2, true, _) -> widen bytes target (fun (value: int16) -> int64 value)
        | Integer(2, false, _) -> widen bytes target (fun (value: uint16) -> int64 value)
        | Integer(4, true, _) -> widen bytes target (fun (value: int32) -> int64 value)
        | Integer(4, false, _) -> widen bytes target (fun (value: uint32) -> int64 value)
        | Integer(8, _, _) -> widen bytes target (fun (value: int64) -> value)
        | other -> unsuited other

    /// Fills the bytes with the first numbers; what does not fit the type is a bug and throws.
    /// Law (whole): decode (encode values) = values, for values that fit.
    let encode datatype (values: int64[]) (target: Span<byte>) =
        match datatype with
        | Integer(1, true, _) -> narrow values target Checked.sbyte
        | Integer(1, false, _) -> narrow values target Checked.byte
        | Integer(2, true, _) -> narrow values target Checked.int16
        | Integer(2, false, _) -> narrow values target Checked.uint16
        | Integer(4, true, _) -> narrow values target Checked.int32
        | Integer(4, false, _) -> narrow values target Checked.uint32
        | Integer(8, true, _) -> narrow values target id
        | Integer(8, false, _) -> narrow values target Checked.uint64
        | other -> unsuited other

        if Datatype.isBigEndian datatype then
            swap (Datatype.size datatype) target
