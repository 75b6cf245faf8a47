/// Attributes: small named values on an object.
namespace SingleSharp.Core

open System
open System.Text

/// The extent of a dataset or an attribute.
type Dataspace =
    /// No value at all.
    | Null
    /// One value, or an array of them; the largest extents where they differ.
    | Simple of dims: int64 list * most: int64 list

[<RequireQualifiedAccess>]
module Dataspace =
    // Dataspace message: HDF5 File Format Specification 3.0, section IV.A.2.b.
    let parse (disk: Disk) (body: byte[]) =
        let cursor = Cursor(disk, "a dataspace", body, 0)
        let version = cursor.U8()
        let rank = cursor.U8()
        let flags = cursor.U8()
        let kind = if version = 1 then 1 else cursor.U8()
        cursor.Skip(if version = 1 then 5 else 0)

        if rank > 32 then
            disk.Damaged "a dataspace" $"it has {rank} dimensions"

        if version > 1 && kind = 2 then
            Null
        else
            let dims = List.init rank (fun _ -> cursor.I64())
            let most = if flags &&& 1 <> 0 then List.init rank (fun _ -> cursor.I64()) else dims

            if dims |> List.exists (fun dim -> dim < 0L) then
                disk.Damaged "a dataspace" "a dimension is negative"

            Simple(dims, most)

    let count space =
        match space with
        | Null -> 0L
        | Simple(dims, _) -> List.fold (fun product dim -> Checked.(*) product dim) 1L dims

type Attribute =
    { Name: string
      Type: Datatype
      Space: Dataspace
      Data: byte[] }

[<RequireQualifiedAccess>]
module Attribute =
    // Attribute message: HDF5 File Format Specification 3.0, section IV.A.2.m.
    let private parse (disk: Disk) (message: Message) =
        let cursor = Cursor(disk, "an attribute", message.Body, 0)
        let version = cursor.U8()
        let flags = cursor.U8()
        let nameSize = cursor.U16()
        let typeSize = cursor.U16()
        let spaceSize = cursor.U16()
        cursor.Skip(if version = 3 then 1 else 0)

        let field size =
            let bytes = cursor.Bytes size
            // Version 1 pads each field to a multiple of eight bytes.
            cursor.Skip(if version = 1 then int (Bytes.align8 (int64 size)) - size else 0)
            bytes

        let name = Bytes.text (ReadOnlySpan(field nameSize))
        let typeBytes = field typeSize

        { Name = name
          Type =
            if version > 1 && flags &&& 1 <> 0 then
                Datatype.ofShared disk typeBytes
            else
                Datatype.parse disk (Cursor(disk, "an attribute's type", typeBytes, 0))
          Space = Dataspace.parse disk (field spaceSize)
          Data = cursor.Bytes cursor.Left }

    let private refuseDense (disk: Disk) (header: Header) =
        match Header.tryFind Header.AttributeInfo header with
        | Some info ->
            let flags = int info.Body[1]

            let heapAt =
                Cursor(disk, "attributes", info.Body, (if flags &&& 1 <> 0 then 4 else 2)).I64()

            if heapAt <> Bytes.undefined then
                disk.Unsupported $"the attributes of the object at byte {header.Address}" "there are so many that they lie in a heap"
        | None -> ()

    /// All attributes of an object.
    let all (disk: Disk) (header: Header) =
        refuseDense disk header
        header.Messages |> List.filter (fun message -> message.Type = Header.Attribute) |> List.map (parse disk)

    let nameOf (disk: Disk) message = (parse disk message).Name

    let tryFind disk name header =
        all disk header |> List.tryFind (fun attribute -> attribute.Name = name)

    /// The strings of an attribute, whichever kind of string; none if it holds no strings.
    let strings (heap: GlobalHeap) attribute =
        let count = Dataspace.count attribute.Space
        let size = Datatype.size attribute.Type

        if count * int64 size > int64 attribute.Data.Length then
            []
        else
            let slot (i: int) =
                attribute.Data[i * size .. (i + 1) * size - 1]

            match attribute.Type with
            | VlenString -> List.init (int count) (fun i -> heap.String(ReadOnlySpan(slot i)))
            | FixedString _ -> List.init (int count) (fun i -> (Bytes.text (ReadOnlySpan(slot i))).TrimEnd ' ')
            | _ -> []

    /// The whole numbers of an attribute; none if it holds others.
    let integers attribute =
        match attribute.Type with
        | Integer(size, signed, false) when size <= 8 && Dataspace.count attribute.Space * int64 size <= int64 attribute.Data.Length ->
            List.init (int (Dataspace.count attribute.Space)) (fun i ->
                let mutable value = 0L

                for j in size - 1 .. -1 .. 0 do
                    value <- (value <<< 8) ||| int64 attribute.Data[i * size + j]

                if signed then (value <<< (64 - 8 * size)) >>> (64 - 8 * size) else value)
        | _ -> []
