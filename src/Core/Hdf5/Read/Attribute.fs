/// Attributes: small named values on an object.
namespace SingleSharp.Core.Hdf5

open System
open SingleSharp.Core.Files

/// The extent of a dataset or an attribute.
type internal Dataspace =
    /// No value at all.
    | Null
    /// One value, or an array of them; the largest extents where they differ.
    | Simple of dims: int64 list * most: int64 list

[<RequireQualifiedAccess>]
module internal Dataspace =
    // Dataspace message: HDF5 File Format Specification 3.0, section IV.A.2.b.
    let parse (disk: RandomAccessFile) (body: byte[]) =
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

            // Nothing has more than 2^48 elements, nor an empty array rows of more.
            if (dims |> List.fold (fun product dim -> product * float (max 1L dim)) 1.0) > float (1L <<< 48) then
                disk.Damaged "a dataspace" "it is larger than any file"

            Simple(dims, most)

    let count space =
        match space with
        | Null -> 0L
        | Simple(dims, _) -> List.fold (fun product dim -> Checked.(*) product dim) 1L dims

    /// Another extent, which can grow as far as the old one: a dimension that could not grow at all still cannot.
    let resized (dims: int64 list) space =
        match space with
        | Null -> Null
        | Simple(old, most) -> Simple(dims, List.map3 (fun dim old most -> if most = old then dim else most) dims old most)

type internal Attribute =
    { Name: string
      Type: Datatype
      Space: Dataspace
      Data: byte[] }

[<RequireQualifiedAccess>]
module internal Attribute =
    // Attribute message: HDF5 File Format Specification 3.0, section IV.A.2.m.
    let parse (disk: RandomAccessFile) (message: Message) =
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

        let datatype =
            if version > 1 && flags &&& 1 <> 0 then
                DatatypeMessage.ofShared disk typeBytes
            else
                DatatypeMessage.parse disk (Cursor(disk, "an attribute's type", typeBytes, 0))

        let space = Dataspace.parse disk (field spaceSize)
        let data = cursor.Bytes cursor.Left

        if Dataspace.count space * int64 (Datatype.size datatype) > data.LongLength then
            disk.Damaged $"the attribute {name}" "it is shorter than its shape says"

        { Name = name
          Type = datatype
          Space = space
          Data = data }

    /// The name alone, whatever the value is.
    let nameOf (disk: RandomAccessFile) (message: Message) =
        let cursor = Cursor(disk, "an attribute", message.Body, 0)
        let version = cursor.U8()
        cursor.Skip 1
        let size = cursor.U16()
        cursor.Skip(if version = 3 then 5 else 4)
        Bytes.text (cursor.Span size)

    /// Is its type one with a name, which counts the attributes that are of it?
    let hasNamedType (message: Message) =
        message.Body.Length > 1 && message.Body[0] > 1uy && message.Body[1] &&& 1uy <> 0uy

    /// Attributes that are too many or too large for a header: in a heap, found by their names (B-tree records of type 8: heap id,
    /// flags, order and hash).
    let private dense (disk: RandomAccessFile) where heapAt indexAt =
        let heap = FractalHeap(disk, heapAt)

        [ for record in BTree2.records disk indexAt do
              let cursor = Cursor(disk, where, record, 0)
              let id = cursor.Bytes heap.IdLength
              let flags = byte (cursor.U8())
              let order = cursor.U32()

              if order > 65535u then
                  disk.Damaged where "the order of its attributes is out of range"

              { Type = Header.Attribute
                Flags = flags
                Order = int order
                Body = heap.Object id } ]

    /// The attribute messages of an object, wherever they lie.
    let messages (disk: RandomAccessFile) (header: Header) =
        let where = $"the attributes of the object at byte {header.Address}"

        let compact =
            header.Messages |> List.filter (fun message -> message.Type = Header.Attribute)

        let inHeap =
            match Header.tryFind Header.AttributeInfo header with
            | Some info ->
                let cursor = Cursor(disk, where, info.Body, 1)
                cursor.Skip(if cursor.U8() &&& 1 <> 0 then 2 else 0)
                let heapAt = cursor.I64()
                let indexAt = cursor.I64()
                if heapAt = Bytes.undefined then [] else dense disk where heapAt indexAt
            | None -> []

        let all = compact @ inHeap

        if all |> List.exists (fun message -> message.Flags &&& 2uy <> 0uy) then
            disk.Unsupported where "one is shared with other objects; write the file again with h5py or anndata"

        all

    /// All attributes of an object.
    let all (disk: RandomAccessFile) (header: Header) =
        messages disk header |> List.map (parse disk)

    /// A header with its attributes in it, each changed or, where there is nothing in its place, left out.
    let changed (disk: RandomAccessFile) (change: string -> Message -> Message option) (header: Header) =
        let attributes =
            messages disk header |> List.choose (fun message -> change (nameOf disk message) message)

        { header with
            Messages =
                (header.Messages |> List.filter (fun message -> message.Type <> Header.Attribute && message.Type <> Header.AttributeInfo))
                @ attributes }

    let tryFind disk name header =
        messages disk header |> List.tryFind (fun message -> nameOf disk message = name) |> Option.map (parse disk)

    /// The strings of an attribute, whichever kind of string; none if it holds no strings.
    let strings (heap: GlobalHeap) attribute =
        let count = Dataspace.count attribute.Space
        let size = Datatype.size attribute.Type

        let slot (i: int) =
            attribute.Data[i * size .. (i + 1) * size - 1]

        match attribute.Type with
        | VlenString -> List.init (int count) (fun i -> heap.String(ReadOnlySpan(slot i)))
        | FixedString(_, padding) -> List.init (int count) (fun i -> (Datatype.fixedText padding (ReadOnlySpan(slot i))).TrimEnd ' ')
        | _ -> []

    /// The integers of an attribute; none if it holds others.
    let integers attribute =
        match attribute.Type with
        | Integer(size, signed, bigEndian) when size <= 8 ->
            List.init (int (Dataspace.count attribute.Space)) (fun i ->
                let mutable value = 0L

                for j in size - 1 .. -1 .. 0 do
                    let place = if bigEndian then size - 1 - j else j
                    value <- (value <<< 8) ||| int64 attribute.Data[i * size + place]

                if signed then (value <<< (64 - 8 * size)) >>> (64 - 8 * size) else value)
        | _ -> []

    /// Is it a boolean that is true?
    let isTrue attribute =
        match Datatype.tryTruth attribute.Type with
        | Some(whole, truth) -> integers { attribute with Type = whole } |> List.tryHead |> Option.bind truth = Some true
        | None -> attribute.Data |> Array.exists ((<>) 0uy)
