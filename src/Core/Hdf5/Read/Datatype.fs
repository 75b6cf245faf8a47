/// Types of stored values.
namespace SingleSharp.Core.Hdf5

open System
open SingleSharp.Core.Contract

/// What stands behind a string that is shorter than its room.
type internal Padding =
    /// A NUL, and behind it anything.
    | NulTerminated
    /// NULs only, so that a NUL may also be part of the string.
    | NulPadded
    | SpacePadded

type internal Datatype =
    | Integer of size: int * signed: bool * bigEndian: bool
    | Float of size: int * bigEndian: bool
    | FixedString of size: int * padding: Padding
    | VlenString
    | VlenSequence of Datatype
    /// Names and values; the values as the bytes of the base type.
    | Enumeration of Datatype * (string * byte[]) list
    | Compound of size: int * (string * int * Datatype) list
    | ArrayOf of dims: int list * Datatype
    /// An object or region reference: an address, meaningful in its own file only.
    | Reference of size: int
    | Opaque of size: int

[<RequireQualifiedAccess>]
module internal Datatype =
    let rec size datatype =
        match datatype with
        | Integer(size, _, _)
        | Float(size, _)
        | FixedString(size, _)
        | Compound(size, _)
        | Reference size
        | Opaque size -> size
        | VlenString
        | VlenSequence _ -> 16
        | Enumeration(baseType, _) -> size baseType
        | ArrayOf(dims, element) -> List.fold (fun product dim -> Checked.(*) product dim) (size element) dims

    /// Does a value of this type point to another object of its file?
    let rec refers datatype =
        match datatype with
        | Reference _ -> true
        | VlenSequence element
        | ArrayOf(_, element) -> refers element
        | Compound(_, members) -> members |> List.exists (fun (_, _, inner) -> refers inner)
        | _ -> false

    /// Do values of this type lie in a heap, so that only references to them are stored?
    let rec liesElsewhere datatype =
        match datatype with
        | VlenString
        | VlenSequence _ -> true
        | ArrayOf(_, element) -> liesElsewhere element
        | Compound(_, members) -> members |> List.exists (fun (_, _, inner) -> liesElsewhere inner)
        | _ -> false

    /// The bytes of a string of a fixed length, without what only fills its room.
    let withoutPadding padding (bytes: ReadOnlySpan<byte>) : ReadOnlySpan<byte> =
        match padding with
        | NulTerminated ->
            let length = bytes.IndexOf 0uy
            if length < 0 then bytes else bytes.Slice(0, length)
        | NulPadded -> bytes.TrimEnd 0uy
        | SpacePadded -> bytes.TrimEnd(byte ' ')

    let fixedText padding (bytes: ReadOnlySpan<byte>) =
        Utf8.text (withoutPadding padding bytes)

    let isBigEndian datatype =
        match datatype with
        | Integer(_, _, big)
        | Float(_, big) -> big
        | _ -> false

    /// h5py's bool: an enumeration of FALSE, which is 0, and TRUE, which is 1, over one byte.
    let isBool datatype =
        match datatype with
        | Enumeration(Integer(1, _, _), members) -> List.sortBy fst members = [ "FALSE", [| 0uy |]; "TRUE", [| 1uy |] ]
        | _ -> false

    /// What booleans are stored as, and which numbers are true, where a type has members called FALSE and TRUE (hdf5r's also has NA).
    /// Others than h5py write them as other numbers and in other widths; only the names tell which is which.
    let tryTruth datatype =
        let bigEndian =
            function
            | Integer(_, _, big) -> big
            | _ -> false

        let number whole (bytes: byte[]) =
            let ordered = if bigEndian whole then Array.rev bytes else bytes

            let value =
                Array.foldBack (fun (part: byte) value -> (value <<< 8) ||| int64 part) ordered 0L

            match whole with
            | Integer(size, true, _) -> (value <<< (64 - 8 * size)) >>> (64 - 8 * size)
            | _ -> value

        match datatype with
        | Enumeration(Integer((1 | 2 | 4 | 8), _, _) as whole, members) ->
            let value name =
                members |> List.tryPick (fun (member', bytes) -> if member' = name then Some(number whole bytes) else None)

            match value "FALSE", value "TRUE", members.Length with
            // h5py and NumPy take any number but 0 for True.
            | Some no, Some _, 2 -> Some(whole, fun number -> if number = no then Some false else Some true)
            | Some no, Some yes, 3 when (value "NA").IsSome ->
                Some(
                    whole,
                    fun number ->
                        if number = yes then Some true
                        elif number = no then Some false
                        else None
                )
            | _ -> None
        | _ -> None

    /// A type as NumPy or h5py would call it.
    let rec name datatype =
        match datatype with
        | Integer(size, signed, _) -> (if signed then "int" else "uint") + string (8 * size)
        | Float(size, _) -> "float" + string (8 * size)
        | FixedString _
        | VlenString -> "string"
        | VlenSequence element -> $"vlen {name element}"
        | Enumeration _ when isBool datatype -> "bool"
        | Enumeration(baseType, _) -> $"enum {name baseType}"
        | Compound _ -> "compound"
        | ArrayOf(_, element) -> $"array {name element}"
        | Reference _ -> "reference"
        | Opaque size -> $"opaque{size}"
