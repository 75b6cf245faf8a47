/// A file being edited: whatever is written is invisible until the superblock says so.
namespace SingleSharp.Core

open System
open System.Collections.Generic
open System.Text

/// New objects go past the old end of the file. Chunks may also take the room of what is being replaced: `free` may hold
/// only bytes that nobody will read again, and none at all where a crash must leave the old content.
[<Sealed>]
type Draft(disk: Disk, superblock: Superblock, free: struct (int64 * int64) list) =
    /// The smallest string heap that HDF5 accepts, and the usual one.
    let heapSize = 4096

    let mutable holes = Queue<struct (int64 * int64)> free
    let mutable hole = struct (0L, 0L)

    // A file may be longer than it says; what is there is nobody's, and is left alone all the same.
    let mutable endOfFile = Bytes.align8 (max superblock.EndOfFile disk.Length)
    let mutable heapAt = Bytes.undefined
    let mutable heap: byte[] = Array.Empty()
    let mutable heapUsed = 0
    let mutable heapEntries = 0

    /// Room in the holes, taken from one after another: what is left of a hole that is too small is given up.
    let rec inHoles size =
        let struct (address, length) = hole

        if length >= size then
            hole <- struct (address + size, length - size)
            ValueSome address
        elif holes.Count > 0 then
            hole <- holes.Dequeue()
            inHoles size
        else
            ValueNone

    /// The smallest hole that has room for all of it.
    let inOneHole size =
        let fitting =
            holes |> Seq.filter (fun (struct (_, length)) -> length >= size) |> List.ofSeq

        if fitting.IsEmpty then
            ValueNone
        else
            let struct (address, length) =
                fitting |> List.minBy (fun (struct (_, length)) -> length)

            holes <- Queue(holes |> Seq.filter (fun (struct (start, _)) -> start <> address))
            holes.Enqueue(struct (address + size, length - size))
            ValueSome address

    let closeHeap () =
        if heapUsed > 0 then
            let rest = heap.Length - heapUsed

            // Object 0 is the free space behind the last string.
            if rest >= 16 then
                (Bytes.i64 (int64 rest)).CopyTo(heap, heapUsed + 8)

            disk.Write(heapAt, ReadOnlySpan heap)
            heapUsed <- 0

    let openHeap size =
        closeHeap ()
        heap <- Array.zeroCreate size
        heapAt <- endOfFile
        endOfFile <- endOfFile + int64 size
        (Bytes.concat [ "GCOL"B; [| 1uy; 0uy; 0uy; 0uy |]; Bytes.i64 (int64 size) ]).CopyTo(heap, 0)
        heapUsed <- 16
        heapEntries <- 0

    member _.Disk = disk

    /// Room for so many bytes at the end.
    member _.Reserve(size: int64) =
        let address = endOfFile
        endOfFile <- Checked.(+) endOfFile (Bytes.align8 (max 8L size))
        address

    /// Room for so many bytes in one piece, where something else was if that is large enough.
    member draft.ReserveWithin(size: int64) =
        match inOneHole (Bytes.align8 (max 8L size)) with
        | ValueSome address -> address
        | ValueNone -> draft.Reserve size

    /// Gives back what a reservation turned out not to need, unless something was reserved behind it: then a hole stays, which
    /// takes no room on disk because nobody writes there.
    member _.Shorten(address: int64, reserved: int64, used: int64) =
        if address + Bytes.align8 (max 8L reserved) = endOfFile then
            endOfFile <- address + Bytes.align8 used

    /// Writes bytes at the end and says where.
    member draft.Put(bytes: byte[]) =
        let address = draft.Reserve bytes.LongLength
        disk.Write(address, ReadOnlySpan bytes)
        address

    /// Writes a chunk where there is room and says where.
    member draft.PutChunk(bytes: ReadOnlySpan<byte>) =
        let address =
            match inHoles (Bytes.align8 (int64 bytes.Length)) with
            | ValueSome address -> address
            | ValueNone -> draft.Reserve(int64 bytes.Length)

        disk.Write(address, bytes)
        address

    /// A reference to a string of variable length. Each reference has a copy of its own, because HDF5 frees it with its owner.
    member _.StringReference(text: string) =
        let bytes = Encoding.UTF8.GetBytes text
        let needed = 16 + int (Bytes.align8 (int64 bytes.Length))

        if heapUsed = 0 || heapUsed + needed > heap.Length then
            openHeap (max heapSize (16 + needed))

        heapEntries <- heapEntries + 1
        (Bytes.u16 heapEntries).CopyTo(heap, heapUsed)
        heap[heapUsed + 2] <- 1uy
        (Bytes.i64 (int64 bytes.Length)).CopyTo(heap, heapUsed + 8)
        bytes.CopyTo(heap, heapUsed + 16)
        heapUsed <- heapUsed + needed

        Bytes.concat
            [ Bytes.u32 (uint32 bytes.Length)
              Bytes.i64 heapAt
              Bytes.u32 (uint32 heapEntries) ]

    member draft.StringAttribute(name, text: string) =
        Encode.attribute name VlenString Encode.scalar (draft.StringReference text)

    member draft.StringsAttribute(name, texts: string list) =
        let attribute =
            Encode.attribute name VlenString (Encode.line (int64 texts.Length)) (texts |> List.map draft.StringReference |> Bytes.concat)

        if not (Encode.fits attribute) then
            disk.Unsupported $"the attribute {name}" $"{texts.Length} names do not fit one attribute"

        attribute

    /// A new dataset over bytes that already have their place.
    member draft.PutDataset(datatype, space, address, attributes: Message list) =
        let size = Dataspace.count space * int64 (Datatype.size datatype)
        let address = if size = 0L then Bytes.undefined else address

        draft.Put(
            Encode.header
                0uy
                ([ Encode.message Header.Dataspace (Encode.dataspaceBody space)
                   { Encode.message Header.Datatype (Encode.datatypeBody datatype) with
                       Flags = 1uy }
                   Encode.zeroFillValue
                   Encode.contiguous address size ]
                 @ attributes)
        )

    /// Refuses an object whose attributes could not be carried over.
    static member RequireAttributes(disk: Disk, header: Header) = Attribute.all disk header |> ignore

    /// A dataset that takes another's place with the same attributes, and the same filters where it is chunked.
    member draft.PutReplacement(old: Dataset, datatype, space, layout: Message) =
        Draft.RequireAttributes(disk, old.Header)
        let isSameType = (old.Type = datatype)

        let stays (message: Message) =
            match message.Type with
            | Header.Attribute -> true
            | Header.Filters -> layout.Body[1] = 2uy
            | Header.Datatype
            | Header.FillValue -> isSameType
            | _ -> false

        draft.Put(
            Encode.header
                old.Header.OrderFlags
                ([ Encode.message Header.Dataspace (Encode.dataspaceBody space)
                   if not isSameType then
                       { Encode.message Header.Datatype (Encode.datatypeBody datatype) with
                           Flags = 1uy }

                       Encode.zeroFillValue
                   layout ]
                 @ List.filter stays old.Header.Messages)
        )

    /// The same with the same extent.
    member draft.PutReplacement(old: Dataset, datatype, layout: Message) =
        draft.PutReplacement(old, datatype, old.Space, layout)

    member draft.PutGroup(links: Link list, attributes: Message list) =
        draft.Put(
            Encode.header
                0uy
                ([ Encode.linkInfo 0 0L; Encode.message Header.GroupInfo [| 0uy; 0uy |] ] @ attributes @ List.map Encode.link links)
        )

    /// Refuses a group that Rewrite could not do justice to.
    static member RequireEditable(disk: Disk, path, group: Group) =
        if group.Header.LinkCount > 1 then
            disk.Unsupported path $"it is reached by {group.Header.LinkCount} hard links, and only one of them could be kept up to date"

        if group.Links |> List.exists (fun link -> link.Name = "") then
            disk.Damaged path "one of its members has no name"

        if group.Links |> List.exists (fun link -> link.Name.Contains '\uFFFD') then
            disk.Unsupported path "it has a name that is not UTF-8 and would not survive"

        Draft.RequireAttributes(disk, group.Header)

    /// The group with some of its hard links and attributes replaced or added; everything else is kept as it is.
    member draft.Rewrite(path: string, group: Group, links: (string * int64) list, attributes: Message list) =
        Draft.RequireEditable(disk, path, group)
        let header = group.Header

        let nextOrder =
            group.Links |> List.fold (fun most link -> max most (ValueOption.defaultValue -1L link.Order)) -1L

        let replaced = Map.ofList links
        let known = group.Links |> List.map _.Name |> Set.ofList

        let kept =
            group.Links
            |> List.map (fun link ->
                match Map.tryFind link.Name replaced with
                | Some address -> { link with Target = Hard address }
                | None -> link)

        let added =
            links
            |> List.filter (fun (name, _) -> not (known.Contains name))
            |> List.mapi (fun i (name, address) ->
                { Name = name
                  Target = Hard address
                  Order = if group.OrderFlags <> 0 then ValueSome(nextOrder + 1L + int64 i) else ValueNone })

        let info = Encode.linkInfo group.OrderFlags (nextOrder + 1L + int64 added.Length)
        draft.Put(Encode.header header.OrderFlags (info :: draft.Keep(header, attributes) @ List.map Encode.link (kept @ added)))

    /// The messages of a header that stay, with some attributes replaced or added.
    member private _.Keep(header: Header, attributes: Message list) =
        let nameOf = Attribute.nameOf disk
        let isAttribute (message: Message) = message.Type = Header.Attribute

        let old =
            header.Messages |> List.filter isAttribute |> List.map (fun message -> nameOf message, message.Order)

        let next = old |> List.fold (fun most (_, order) -> max most (order + 1)) 0

        let isNew attribute =
            not (List.exists (fun (name, _) -> name = nameOf attribute) old)

        let place (attribute: Message) : Message =
            { attribute with
                Order =
                    old |> List.tryPick (fun (name, order) -> if name = nameOf attribute then Some order else None) |> Option.defaultValue 0 }

        let added =
            attributes
            |> List.filter isNew
            |> List.mapi (fun i (attribute: Message) ->
                { attribute with
                    Message.Order = next + i })

        let replacing = attributes |> List.filter (isNew >> not) |> List.map place
        let replacedNames = replacing |> List.map nameOf

        let stays (message: Message) =
            match message.Type with
            | Header.Attribute -> not (List.contains (nameOf message) replacedNames)
            | Header.SymbolTable
            | Header.LinkInfo
            | Header.Link
            | Header.ReferenceCount
            | Header.ModificationTimeOld
            | Header.ModificationTime -> false
            | _ -> true

        [ if (Header.tryFind Header.GroupInfo header).IsNone then
              Encode.message Header.GroupInfo [| 0uy; 0uy |]
          yield! List.filter stays header.Messages
          yield! replacing
          yield! added ]

    /// Makes the new root group visible: everything is on the device before the one write that counts, and that before the return.
    member _.Commit(root: int64) =
        closeHeap ()
        disk.SetLength endOfFile
        disk.Sync()
        disk.Write(0L, ReadOnlySpan (Superblock.moved root endOfFile superblock).Image)
        disk.Sync()
