/// Types of stored values as a file describes them.
namespace SingleSharp.Core.Hdf5

open System
open SingleSharp.Core.Folds
open SingleSharp.Core.Contract
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal DatatypeMessage =
    // Datatype message: HDF5 File Format Specification 3.0, section IV.A.2.d.
    let rec private parseAt (disk: RandomAccessFile) (cursor: Cursor) depth =
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

                    if offset < 0 || offset > size - Datatype.size inner then
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

            if
                dims |> List.fold (fun bytes dim -> Memory.times (int64 (uint32 dim)) bytes) (int64 (Datatype.size element))
                <> int64 size
            then
                disk.Damaged where "an array has another size than its elements"

            ArrayOf(dims, element)
        | other -> disk.Unsupported where $"datatype class {other}"

    /// The datatype that a message describes, its own or that of a committed type.
    let rec ofMessage (disk: RandomAccessFile) (message: Message) =
        if message.Flags &&& 2uy <> 0uy then
            ofShared disk message.Body
        else
            parseAt disk (Cursor(disk, "a datatype", message.Body, 0)) 0

    /// A message that only points to the committed type's header (section IV.A.2.b, Shared Message).
    and ofShared (disk: RandomAccessFile) (body: byte[]) =
        let cursor = Cursor(disk, "a shared datatype", body, 0)

        match cursor.U8() with
        | 1 -> cursor.Skip 7
        | _ -> cursor.Skip 1

        match Header.tryFind Header.Datatype (Header.read disk (cursor.I64())) with
        | Some message when message.Flags &&& 2uy = 0uy -> ofMessage disk message
        | _ -> disk.Damaged "a shared datatype" "there is no datatype where it points"

    let parse (disk: RandomAccessFile) (cursor: Cursor) = parseAt disk cursor 0
