/// New HDF5 objects as bytes: messages, headers, string heaps.
namespace SingleSharp.Core.Hdf5

open System
open SingleSharp.Core.Contract
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal Encode =
    let message kind body =
        { Type = kind
          Flags = 0uy
          Order = 0
          Body = body }

    let private mostBody = 65535

    let dataspaceBody space =
        match space with
        | Null -> [| 2uy; 0uy; 0uy; 2uy |]
        | Simple(dims, most) ->
            let bounded = most <> dims

            Bytes.concat
                [ [| 2uy
                     byte dims.Length
                     (if bounded then 1uy else 0uy)
                     (if dims.IsEmpty then 0uy else 1uy) |]
                  yield! List.map Bytes.i64 dims
                  if bounded then
                      yield! List.map Bytes.i64 most ]

    /// An array of one dimension that cannot grow.
    let line count = Simple([ count ], [ count ])

    let scalar = Simple([], [])

    /// The types that SingleSharp writes: numbers, booleans and strings, as h5py writes them.
    let rec datatypeBody datatype =
        let head kind bits (size: int) =
            Bytes.concat [ [| kind |]; bits; Bytes.u32 (uint32 size) ]

        // IEEE 754: where the sign stands, how wide mantissa and exponent are, and the exponent's bias.
        let float size sign (mantissa, exponent) bias =
            Bytes.concat
                [ head 0x11uy [| 0x20uy; sign; 0uy |] size
                  Bytes.u16 0
                  Bytes.u16 (8 * size)
                  [| mantissa; exponent; 0uy; mantissa |]
                  Bytes.u32 bias ]

        match datatype with
        | Integer(size, signed, bigEndian) ->
            let bits = (if bigEndian then 1uy else 0uy) ||| (if signed then 8uy else 0uy)
            Bytes.concat [ head 0x10uy [| bits; 0uy; 0uy |] size; Bytes.u16 0; Bytes.u16 (8 * size) ]
        | Float(8, false) -> float 8 63uy (52uy, 11uy) 1023u
        | Float(4, false) -> float 4 31uy (23uy, 8uy) 127u
        | VlenString ->
            let letter =
                Bytes.concat [ head 0x10uy [| 0uy; 0uy; 0uy |] 1; Bytes.u16 0; Bytes.u16 8 ]

            Bytes.concat [ head 0x19uy [| 1uy; 1uy; 0uy |] 16; letter ]
        | Enumeration(baseType, members) ->
            // Names are padded to multiples of eight in this oldest version of the message, which every reader knows.
            let name (text: string) =
                let bytes = Utf8.bytes (text + "\000")
                Array.append bytes (Array.zeroCreate (int (Bytes.align8 bytes.LongLength) - bytes.Length))

            Bytes.concat
                [ head 0x18uy [| byte members.Length; 0uy; 0uy |] (Datatype.size baseType)
                  datatypeBody baseType
                  yield! members |> List.map (fst >> name)
                  yield! members |> List.map snd ]
        | other -> invalidOp $"a {Datatype.name other} is never written"

    /// An attribute message (version 3, UTF-8 name).
    let attribute name datatype space (data: byte[]) =
        let name = Utf8.bytes (name + "\000")
        let typeBody = datatypeBody datatype
        let spaceBody = dataspaceBody space

        let sizes =
            Bytes.concat [ Bytes.u16 name.Length; Bytes.u16 typeBody.Length; Bytes.u16 spaceBody.Length ]

        message Header.Attribute (Bytes.concat [ [| 3uy; 0uy |]; sizes; [| 1uy |]; name; typeBody; spaceBody; data ])

    /// Does a message fit an object header?
    let fits message = message.Body.Length <= mostBody

    let contiguous (address: int64) (size: int64) =
        message Header.Layout (Bytes.concat [ [| 3uy; 1uy |]; Bytes.i64 address; Bytes.i64 size ])

    let chunked (shape: int64[]) (elementSize: int) (index: int64) =
        let extents =
            [ for extent in shape -> Bytes.u32 (uint32 extent) ] @ [ Bytes.u32 (uint32 elementSize) ]

        message Header.Layout (Bytes.concat ([ [| 3uy; 2uy; byte (shape.Length + 1) |]; Bytes.i64 index ] @ extents))

    /// Space is allocated late, and what is never written is zero.
    let zeroFillValue = message Header.FillValue [| 3uy; 0x0Auy |]

    let link (link: Link) =
        let name = Utf8.bytes link.Name

        let orderBit, order =
            match link.Order with
            | ValueSome order -> 4uy, Bytes.i64 order
            | ValueNone -> 0uy, [||]

        // Flags: two-byte name length, character set stored, and the type where the link is not hard.
        match link.Target with
        | Hard address ->
            message
                Header.Link
                (Bytes.concat
                    [ [| 1uy; 0x11uy ||| orderBit |]
                      order
                      [| 1uy |]
                      Bytes.u16 name.Length
                      name
                      Bytes.i64 address ])
        | Elsewhere(tail, kind) ->
            message
                Header.Link
                (Bytes.concat
                    [ [| 1uy; 0x19uy ||| orderBit; kind |]
                      order
                      [| 1uy |]
                      Bytes.u16 name.Length
                      name
                      tail ])

    /// How many hard links lead to an object.
    let linkCount (count: int) =
        message Header.ReferenceCount (Bytes.concat [ [| 0uy |]; Bytes.u32 (uint32 count) ])

    let linkInfo orderFlags (mostOrder: int64) =
        let undefined = Bytes.i64 Bytes.undefined

        message
            Header.LinkInfo
            (Bytes.concat
                [ [| 0uy; byte orderFlags |]
                  (if orderFlags &&& 1 <> 0 then Bytes.i64 mostOrder else [||])
                  undefined
                  undefined
                  (if orderFlags &&& 2 <> 0 then undefined else [||]) ])

    /// What an object says about its attributes: that they are not in a heap and, where their order is kept, the next number.
    /// Without this message some readers count no attributes at all.
    let private attributeInfo (orderFlags: byte) (next: int) =
        let undefined = Bytes.i64 Bytes.undefined

        message
            Header.AttributeInfo
            (Bytes.concat
                [ [| 0uy; orderFlags >>> 2 |]
                  (if orderFlags <> 0uy then Bytes.u16 next else [||])
                  undefined
                  undefined
                  (if orderFlags &&& 8uy <> 0uy then undefined else [||]) ])

    /// A version-2 object header with all its messages in one block.
    let header (orderFlags: byte) (messages: Message list) =
        let attributes =
            messages |> List.filter (fun message -> message.Type = Header.Attribute)

        let messages =
            [ if not attributes.IsEmpty then
                  attributeInfo orderFlags (min 65535 (1 + (attributes |> List.map _.Order |> List.max)))
              yield! messages |> List.filter (fun message -> message.Type <> Header.AttributeInfo) ]

        let body =
            messages
            |> List.collect (fun message ->
                [ [| byte message.Type |]
                  Bytes.u16 message.Body.Length
                  [| message.Flags |]
                  (if orderFlags <> 0uy then Bytes.u16 message.Order else [||])
                  message.Body ])
            |> Bytes.concat

        let bytes =
            Bytes.concat [ "OHDR"B; [| 2uy; 2uy ||| orderFlags |]; Bytes.u32 (uint32 body.Length); body ]

        Bytes.concat [ bytes; Bytes.u32 (Checksum.lookup3 (ReadOnlySpan bytes)) ]

    // Nodes of a version-1 B-tree: HDF5 File Format Specification 3.0, section III.A.1.
    // A key is the stored size, the filter mask and the position of a chunk's first element, counted in elements along each
    // dimension; its last part is a position inside of an element, which is 0 for every chunk.
    let private treeKey (size: uint32) (mask: uint32) (offsets: int64[]) (last: int64) =
        Bytes.concat
            [ Bytes.u32 size
              Bytes.u32 mask
              for offset in offsets do
                  Bytes.i64 offset
              Bytes.i64 last ]

    /// The bytes of a node over N dimensions, which the reader's k demands.
    let treeNodeSize k rank =
        24 + (2 * k + 1) * (8 + 8 * (rank + 1)) + 2 * k * 8

    /// A node, padded to its size. Children are (first element, size, mask, address); `last` lies behind the last child.
    let treeNode
        k
        level
        (left: int64)
        (right: int64)
        (children: struct (int64[] * uint32 * uint32 * int64)[])
        (last: int64[])
        (elementSize: int)
        =
        let node = Array.zeroCreate<byte>(treeNodeSize k last.Length)

        let body =
            Bytes.concat
                [ "TREE"B
                  [| 1uy; byte level |]
                  Bytes.u16 children.Length
                  Bytes.i64 left
                  Bytes.i64 right
                  for struct (offsets, size, mask, address) in children do
                      treeKey size mask offsets 0L
                      Bytes.i64 address
                  treeKey 0u 0u last (int64 elementSize) ]

        body.CopyTo(node, 0)
        node
