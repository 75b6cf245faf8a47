/// Types of stored values.
namespace SingleSharp.Core

open System

/// What stands behind a string that is shorter than its room.
type Padding =
    /// A NUL, and behind it anything.
    | NulTerminated
    /// NULs only, so that a NUL may also be part of the string.
    | NulPadded
    | SpacePadded

type Datatype =
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

[<RequireQualifiedAccess>]
module Datatype =
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

    /// What truth values are stored as, and which numbers are true, where a type has members called FALSE and TRUE (hdf5r's also has NA).
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

    let private sizeOf = size

    // Datatype message: HDF5 File Format Specification 3.0, section IV.A.2.d.
    let rec private parseAt (disk: Disk) (cursor: Cursor) depth =
        let where = "a datatype"

        if depth > 32 then
            disk.Damaged where "it is nested too deeply"

        let head = cursor.U8()
        let version = head >>> 4
        let bits = cursor.Bytes 3
        let declared = cursor.U32()

        // No element of a sensible file is larger than 16 MiB.
        if declared = 0u || declared > 0xffffu * 256u then
            disk.Damaged where $"it has a size of {declared} bytes"

        let size = int declared
        let bigEndian = bits[0] &&& 1uy <> 0uy

        let name () =
            let start = cursor.Position
            let bytes = Collections.Generic.List<byte>()
            let mutable letter = cursor.U8()

            while letter <> 0 do
                bytes.Add(byte letter)
                letter <- cursor.U8()

            if version < 3 then
                cursor.Skip((8 - (cursor.Position - start) % 8) % 8)

            Utf8.text (ReadOnlySpan(bytes.ToArray()))

        match head &&& 15 with
        | 0 ->
            cursor.Skip 4
            Integer(size, bits[0] &&& 8uy <> 0uy, bigEndian)
        | 1 ->
            cursor.Skip 12
            Float(size, bigEndian)
        | 3 ->
            FixedString(
                size,
                match bits[0] &&& 15uy with
                | 0uy -> NulTerminated
                | 2uy -> SpacePadded
                | _ -> NulPadded
            )
        | 2
        | 5 ->
            cursor.Skip(if head &&& 15 = 2 then 2 else int bits[0])
            Opaque size
        | 4 ->
            cursor.Skip 4
            Opaque size
        | 6 ->
            let count = int bits[0] + (int bits[1] <<< 8)

            let members =
                List.init count (fun _ ->
                    let name = name ()

                    let offset =
                        if version < 3 then
                            int (cursor.U32())
                        else
                            int (
                                cursor.Number(
                                    if size < 256 then 1
                                    elif size < 65536 then 2
                                    elif size < 16777216 then 3
                                    else 4
                                )
                            )

                    if version = 1 then
                        // Version 1 carries the dimensions of an array member here; nobody writes them any more.
                        if cursor.U8() <> 0 then
                            disk.Unsupported where "a compound type of the oldest kind holds arrays"

                        cursor.Skip 27

                    let inner = parseAt disk cursor (depth + 1)

                    if offset < 0 || offset > size - sizeOf inner then
                        disk.Damaged where "a member lies outside its compound"

                    name, offset, inner)

            Compound(size, members)
        | 7 -> Reference size
        | 8 ->
            let count = int bits[0] + (int bits[1] <<< 8)
            let baseType = parseAt disk cursor (depth + 1)
            let names = List.init count (fun _ -> name ())
            Enumeration(baseType, names |> List.map (fun name -> name, cursor.Bytes size))
        | 9 ->
            let element = parseAt disk cursor (depth + 1)
            if bits[0] &&& 15uy = 1uy then VlenString else VlenSequence element
        | 10 ->
            let rank = cursor.U8()
            cursor.Skip(if version < 3 then 3 else 0)
            let dims = List.init rank (fun _ -> int (cursor.U32()))
            cursor.Skip(if version < 3 then 4 * rank else 0)
            let element = parseAt disk cursor (depth + 1)

            if dims |> List.fold (fun bytes dim -> Memory.times (int64 (uint32 dim)) bytes) (int64 (sizeOf element)) <> int64 size then
                disk.Damaged where "an array has another size than its elements"

            ArrayOf(dims, element)
        | other -> disk.Unsupported where $"datatype class {other}"

    /// The datatype that a message describes, its own or that of a committed type.
    let rec ofMessage (disk: Disk) (message: Message) =
        if message.Flags &&& 2uy <> 0uy then
            ofShared disk message.Body
        else
            parseAt disk (Cursor(disk, "a datatype", message.Body, 0)) 0

    /// A message that only points to the committed type's header (section IV.A.2.b, Shared Message).
    and ofShared (disk: Disk) (body: byte[]) =
        let cursor = Cursor(disk, "a shared datatype", body, 0)

        match cursor.U8() with
        | 1 -> cursor.Skip 7
        | _ -> cursor.Skip 1

        match Header.tryFind Header.Datatype (Header.read disk (cursor.I64())) with
        | Some message when message.Flags &&& 2uy = 0uy -> ofMessage disk message
        | _ -> disk.Damaged "a shared datatype" "there is no datatype where it points"

    let parse (disk: Disk) (cursor: Cursor) = parseAt disk cursor 0
