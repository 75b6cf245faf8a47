/// A file being edited: whatever is written is invisible until the superblock says so.
namespace SingleSharp.Core.Hdf5

open System
open System.Collections.Generic
open SingleSharp.Core.Contract
open SingleSharp.Core.Files

/// New objects go past the old end of the file. Chunks may also take the room of what is being replaced: `free` may hold
/// only bytes that nobody will read again, and none at all where a crash must leave the old content. Datasets that take the
/// place of others may be compressed in another way than these. What is behind `stop` may be overwritten.
[<Sealed>]
type internal FileEditor
    (
        disk: RandomAccessFile,
        superblock: Superblock,
        free: struct (int64 * int64) list,
        compression: SingleSharp.Compression option,
        stop: int64
    ) =
    /// The smallest string heap that HDF5 accepts, and the usual one.
    let heapSize = 4096

    let mutable holes = Queue<struct (int64 * int64)> free
    let mutable hole = struct (0L, 0L)

    let mutable endOfFile = Bytes.align8 stop
    let mutable heapAt = Bytes.undefined
    let mutable heap: byte[] = Array.Empty()
    let mutable heapUsed = 0
    let mutable heapEntries = 0
    let rewrites = List<struct (int64 * int64)>()

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

    // A file may be longer than it says; what is there is nobody's, and is left alone all the same.
    new(disk: RandomAccessFile, superblock, free, compression) =
        FileEditor(disk, superblock, free, compression, max superblock.EndOfFile disk.Length)

    new(disk, superblock, free) = FileEditor(disk, superblock, free, None)

    member _.Disk = disk

    /// An old dataset as a new one of this type and these dimensions is to take after it.
    member _.Pattern(datatype, dims, old: Dataset) =
        NewFilters.like compression datatype dims old

    /// Room for N bytes at the end.
    member _.Reserve(size: int64) =
        let address = endOfFile
        endOfFile <- Checked.(+) endOfFile (Bytes.align8 (max 8L size))
        address

    /// Room for N bytes contiguous, where something else was if that is large enough.
    member editor.ReserveWithin(size: int64) =
        match inOneHole (Bytes.align8 (max 8L size)) with
        | ValueSome address -> address
        | ValueNone -> editor.Reserve size

    /// Gives back what a reservation turned out not to need, unless something was reserved behind it: then a hole stays, which
    /// takes no room on disk because nobody writes there.
    member _.Shorten(address: int64, reserved: int64, used: int64) =
        if address + Bytes.align8 (max 8L reserved) = endOfFile then
            endOfFile <- address + Bytes.align8 used

    /// Writes bytes at the end and says where.
    member editor.Put(bytes: byte[]) =
        let address = editor.Reserve bytes.LongLength
        disk.Write(address, ReadOnlySpan bytes)
        address

    /// Writes a chunk where there is room and says where.
    member editor.PutChunk(bytes: ReadOnlySpan<byte>) =
        let address =
            match inHoles (Bytes.align8 (int64 bytes.Length)) with
            | ValueSome address -> address
            | ValueNone -> editor.Reserve(int64 bytes.Length)

        disk.Write(address, bytes)
        address

    /// A reference to some bytes, which are N elements of variable length. Each reference has a copy of its own, because
    /// HDF5 frees it with its owner.
    member private _.HeapReference(bytes: byte[], count: int) =
        let needed = 16 + int (Bytes.align8 (int64 bytes.Length))

        if heapUsed = 0 || heapUsed + needed > heap.Length then
            openHeap (max heapSize (16 + needed))

        heapEntries <- heapEntries + 1
        (Bytes.u16 heapEntries).CopyTo(heap, heapUsed)
        heap[heapUsed + 2] <- 1uy
        (Bytes.i64 (int64 bytes.Length)).CopyTo(heap, heapUsed + 8)
        bytes.CopyTo(heap, heapUsed + 16)
        heapUsed <- heapUsed + needed

        Bytes.concat [ Bytes.u32 (uint32 count); Bytes.i64 heapAt; Bytes.u32 (uint32 heapEntries) ]

    member editor.StringReference(text: string) =
        let bytes = Utf8.bytes text
        editor.HeapReference(bytes, bytes.Length)

    /// Gives the values of variable length that the elements in [start, stop) refer to, if there are any, copies of their own.
    member editor.Rehouse(heap: GlobalHeap, datatype, bytes: byte[], start, stop) =
        let size = Datatype.size datatype

        let moved elementSize at (within: byte[] -> unit) =
            let content = heap.Resolve(ReadOnlySpan(bytes, at, size), elementSize)

            if content.Length = 0 then
                Array.Clear(bytes, at, size)
            else
                within content
                editor.HeapReference(content, content.Length / elementSize).CopyTo(bytes, at)

        if Datatype.liesElsewhere datatype then
            for at in start..size .. stop - size do
                match datatype with
                | VlenString -> moved 1 at ignore
                | VlenSequence inner ->
                    moved (Datatype.size inner) at (fun content -> editor.Rehouse(heap, inner, content, 0, content.Length))
                | ArrayOf(_, inner) -> editor.Rehouse(heap, inner, bytes, at, at + size)
                | Compound(_, members) ->
                    for _, offset, inner in members do
                        editor.Rehouse(heap, inner, bytes, at + offset, at + offset + Datatype.size inner)
                | _ -> ()

    member editor.StringAttribute(name, text: string) =
        Encode.attribute name VlenString Encode.scalar (editor.StringReference text)

    member editor.StringsAttribute(name, texts: string list) =
        let attribute =
            Encode.attribute name VlenString (Encode.line (int64 texts.Length)) (texts |> List.map editor.StringReference |> Bytes.concat)

        if not (Encode.fits attribute) then
            disk.Unsupported $"the attribute {name}" $"{texts.Length} names do not fit one attribute"

        attribute

    /// A new dataset over bytes that already have their place.
    member editor.PutDataset(datatype, space, address, attributes: Message list) =
        let size = Dataspace.count space * int64 (Datatype.size datatype)
        let address = if size = 0L then Bytes.undefined else address

        editor.Put(
            Encode.header
                0uy
                ([ Encode.message Header.Dataspace (Encode.dataspaceBody space)
                   { Encode.message Header.Datatype (Encode.datatypeBody datatype) with
                       Flags = 1uy }
                   Encode.zeroFillValue
                   Encode.contiguous address size ]
                 @ attributes)
        )

    /// A dataset that takes another's place with the same attributes, and the same filters where it is chunked.
    member editor.PutReplacement(old: Dataset, datatype, space, layout: Message) =
        editor.PutRewrite(old.Header, ObjectHeaderRewrite.reshaped disk old datatype space layout)

    /// The same with the same extent.
    member editor.PutReplacement(old: Dataset, datatype, layout: Message) =
        editor.PutReplacement(old, datatype, old.Space, layout)

    /// Refuses names of members that are not names to HDF5, or one name for two members: nobody would find the second one.
    static member private RequireNames(disk: RandomAccessFile, path, names: string list) =
        for name, count in List.countBy id names do
            if count > 1 then
                disk.Unsupported path $"{count} of its members would have the name {name}; rename all but one"

            if Links.along name <> [ name ] || name.Contains '\000' then
                disk.Unsupported path $"none of its members can have the name \"{name}\"; rename it"

    /// Law (one link each): the names of its members differ, and each is one to HDF5.
    member editor.PutGroup(links: Link list, attributes: Message list) =
        FileEditor.RequireNames(disk, "a new group", links |> List.map _.Name)

        editor.Put(
            Encode.header
                0uy
                ([ Encode.linkInfo 0 0L; Encode.message Header.GroupInfo [| 0uy; 0uy |] ] @ attributes @ List.map Encode.link links)
        )

    /// Refuses a group that Rewrite could not do justice to.
    static member RequireEditable(disk: RandomAccessFile, path, group: Group) =
        if group.Links |> List.exists (fun link -> link.Name = "") then
            disk.Damaged path "one of its members has no name"

        if group.Links |> List.exists (fun link -> not (Utf8.isText link.Name)) then
            disk.Unsupported path "it has a name that is not UTF-8 and would not survive"

        match group.Links |> List.countBy _.Name |> List.tryFind (fun (_, count) -> count > 1) with
        | Some(name, count) -> disk.Damaged path $"{count} of its members have the name {name}"
        | None -> ()

        ObjectHeaderRewrite.requireAttributes disk path group.Header

    /// The group with some of its links and attributes replaced or added; everything else is kept as it is.
    member editor.Rewrite(path: string, group: Group, links: (string * int64) list, attributes: Message list) =
        FileEditor.RequireEditable(disk, path, group)
        FileEditor.RequireNames(disk, path, List.map fst links)
        editor.PutRewrite(group.Header, ObjectHeaderRewrite.group disk group (ObjectHeaderRewrite.links group links) attributes 1)

    /// The headers that were written in the place of older ones, and these.
    member _.Rewrites = Seq.readonly rewrites

    member private editor.PutRewrite(old: Header, header: byte[]) =
        let address = editor.Put header
        rewrites.Add(struct (address, old.Address))
        address

    /// Writes the strings that are still held back, so that they can be read.
    member _.FlushStrings() = closeHeap ()

    /// Makes the new root group visible: everything is on the device before the one write that counts, and that before the return.
    member _.Commit(root: int64) =
        closeHeap ()
        disk.SetLength endOfFile
        disk.Sync()
        disk.Write(0L, ReadOnlySpan (Superblock.moved root endOfFile superblock).Image)
        disk.Sync()
