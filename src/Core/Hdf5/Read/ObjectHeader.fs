/// Object headers: what an HDF5 object is, as a list of messages.
namespace SingleSharp.Core.Hdf5

open System
open System.Collections.Generic
open System.Text
open SingleSharp.Core.Files

type internal Message =
    {
        Type: int
        Flags: byte
        /// When an attribute was made, in files that keep track of it.
        Order: int
        Body: byte[]
    }

type internal Header =
    {
        Address: int64
        Version: int
        /// The header's flags that say whether the order of attributes is kept (4) and indexed (8).
        OrderFlags: byte
        /// How many hard links lead here.
        LinkCount: int
        Messages: Message list
    }

[<RequireQualifiedAccess>]
module internal Header =
    // Message types: HDF5 File Format Specification 3.0, section IV.A.2.
    [<Literal>]
    let Dataspace = 0x01

    [<Literal>]
    let LinkInfo = 0x02

    [<Literal>]
    let Datatype = 0x03

    [<Literal>]
    let FillValue = 0x05

    [<Literal>]
    let Link = 0x06

    [<Literal>]
    let ExternalFiles = 0x07

    [<Literal>]
    let Layout = 0x08

    [<Literal>]
    let GroupInfo = 0x0A

    [<Literal>]
    let Filters = 0x0B

    [<Literal>]
    let Attribute = 0x0C

    [<Literal>]
    let ModificationTimeOld = 0x0E

    [<Literal>]
    let SharedMessageTable = 0x0F

    [<Literal>]
    let Continuation = 0x10

    [<Literal>]
    let SymbolTable = 0x11

    [<Literal>]
    let ModificationTime = 0x12

    [<Literal>]
    let TreeNodeSizes = 0x13

    [<Literal>]
    let DriverInfo = 0x14

    [<Literal>]
    let AttributeInfo = 0x15

    [<Literal>]
    let ReferenceCount = 0x16

    [<Literal>]
    let FileSpaceInfo = 0x17

    /// More than any real object needs; a chain of blocks that is longer goes in circles.
    let private mostBlocks = 4096

    let private where address = $"the object header at byte {address}"

    /// Reads blocks of messages until no continuation is left.
    let private readBlocks (disk: RandomAccessFile) address first readBlock =
        let pending = Queue<struct (int64 * int64)>()
        let messages = List<Message>()
        pending.Enqueue first
        let mutable blocks = 0
        let mutable bytes = 0L

        while pending.Count > 0 do
            let struct (at, length) = pending.Dequeue()
            blocks <- blocks + 1
            bytes <- bytes + max 0L length

            if blocks > mostBlocks || bytes > disk.Length then
                disk.Damaged (where address) "its continuation blocks go in circles"

            for message in readBlock (struct (at, length)) do
                if message.Type = Continuation then
                    let cursor = Cursor(disk, where address, message.Body, 0)
                    pending.Enqueue(struct (cursor.I64(), cursor.I64()))
                elif message.Type <> 0 then
                    messages.Add message

        List.ofSeq messages

    let private readVersion1 (disk: RandomAccessFile) address =
        let prefix = Cursor(disk, where address, disk.Read(address, 16L), 2)
        prefix.Skip 2
        let links = int (prefix.U32())
        let size = int64 (prefix.U32())

        let readBlock (struct (at, length)) =
            let cursor = Cursor(disk, where address, disk.Read(at, length), 0)

            [ while cursor.Left >= 8 do
                  let kind = cursor.U16()
                  let size = cursor.U16()
                  let flags = byte (cursor.U8())
                  cursor.Skip 3

                  { Type = kind
                    Flags = flags
                    Order = 0
                    Body = cursor.Bytes size } ]

        { Address = address
          Version = 1
          OrderFlags = 0uy
          LinkCount = links
          Messages = readBlocks disk address (struct (address + 16L, size)) readBlock }

    let private checkSum (disk: RandomAccessFile) address (bytes: byte[]) =
        let stored = Cursor(disk, where address, bytes, bytes.Length - 4).U32()

        if Checksum.lookup3 (ReadOnlySpan(bytes, 0, bytes.Length - 4)) <> stored then
            disk.Damaged (where address) "its checksum does not fit"

    let private readVersion2 (disk: RandomAccessFile) address =
        let flags = disk.Read(address, 6L)[5]

        let before =
            6 + (if flags &&& 0x20uy <> 0uy then 16 else 0) + (if flags &&& 0x10uy <> 0uy then 4 else 0)

        let width = 1 <<< int (flags &&& 3uy)
        let start = int64 (before + width)

        let size =
            Cursor(disk, where address, disk.Read(address, start), before).Number width

        let tracked = flags &&& 4uy <> 0uy

        // The first block begins with the prefix, later ones with their signature; all end with their checksum.
        let readBlock (struct (at, length)) =
            let isFirst = (at = address)

            if length < 8L then
                disk.Damaged (where address) "a block of messages is too short"

            let bytes = disk.Read(at, length)
            let cursor = Cursor(disk, where address, bytes, 0)
            cursor.Expect(if isFirst then "OHDR" else "OCHK")
            checkSum disk address bytes
            cursor.Skip(if isFirst then int start - 4 else 0)

            [ while cursor.Left >= 4 + (if tracked then 6 else 4) do
                  let kind = cursor.U8()
                  let size = cursor.U16()
                  let flags = byte (cursor.U8())
                  let order = if tracked then cursor.U16() else 0

                  { Type = kind
                    Flags = flags
                    Order = order
                    Body = cursor.Bytes size } ]

        if size < 0L || size > disk.Length then
            disk.Damaged (where address) $"its size is said to be {size} bytes"

        let messages =
            readBlocks disk address (struct (address, start + size + 4L)) readBlock

        { Address = address
          Version = 2
          // HDF5 ignores an index of an order that is not tracked; with one, a rewritten header would contradict itself.
          OrderFlags = if tracked then flags &&& 12uy else 0uy
          LinkCount =
            messages
            |> List.tryFind (fun message -> message.Type = ReferenceCount)
            |> Option.map (fun message -> int (Cursor(disk, where address, message.Body, 1).U32()))
            |> Option.defaultValue 1
          Messages = messages }

    let read (disk: RandomAccessFile) address =
        let head = disk.Read(address, 4L)

        if Encoding.Latin1.GetString head = "OHDR" then readVersion2 disk address
        elif head[0] = 1uy then readVersion1 disk address
        else disk.Damaged (where address) "there is no object header"

    let tryFind kind (header: Header) =
        header.Messages |> List.tryFind (fun message -> message.Type = kind)
