/// The links of a group, in whichever of the three ways the file stores them.
namespace SingleSharp.Core.Hdf5

open System
open System.Collections.Generic
open SingleSharp.Core.Contract
open SingleSharp.Core.Files

/// Where a link leads.
type internal LinkTarget =
    /// The address of an object header.
    | Hard of address: int64
    /// Soft, external or user-defined: kept as it is. Store follows soft ones.
    | Elsewhere of tail: byte[] * kind: byte

type internal Link =
    {
        Name: string
        Target: LinkTarget
        /// When the link was made, in groups that keep track of it.
        Order: int64 voption
    }

type internal Group =
    {
        Header: Header
        Links: Link list
        /// Does the group keep track of the order in which links were made, and index by it?
        OrderFlags: int
    }

[<RequireQualifiedAccess>]
module internal Links =
    /// A link to an object, in a group that keeps no track of the order of its links.
    let hard name address =
        { Name = name
          Target = Hard address
          Order = ValueNone }

    /// A group with more links than this is a damaged one.
    let private mostLinks = 10_000_000

    // Link message: HDF5 File Format Specification 3.0, section IV.A.2.g.
    let private parse (disk: RandomAccessFile) where (body: byte[]) =
        let cursor = Cursor(disk, where, body, 1)
        let flags = cursor.U8()
        let kind = if flags &&& 8 <> 0 then byte (cursor.U8()) else 0uy
        let order = if flags &&& 4 <> 0 then ValueSome(cursor.I64()) else ValueNone
        cursor.Skip(if flags &&& 16 <> 0 then 1 else 0)
        let length = cursor.Number(1 <<< (flags &&& 3))

        let name = Utf8.text (cursor.Span(cursor.Bounded(length, int64 body.Length)))

        { Name = name
          Target = if kind = 0uy then Hard(cursor.I64()) else Elsewhere(cursor.Bytes cursor.Left, kind)
          Order = order }

    // Old-style groups: a B-tree of symbol table nodes whose names lie in a local heap (sections III.A.1, III.B, III.D).
    let private fromSymbolTable (disk: RandomAccessFile) (message: Message) =
        let table = Cursor(disk, "a symbol table", message.Body, 0)
        let tree = table.I64()
        let heapAt = table.I64()
        let where = $"the group index at byte {tree}"
        let heap = Cursor(disk, where, disk.Read(heapAt, 32L), 0)
        heap.Expect "HEAP"
        heap.Skip 4
        let heapSize = heap.I64()
        heap.Skip 8
        let names = disk.Read(heap.I64(), heapSize)

        let nameAt (offset: int64) =
            if offset < 0L || offset >= heapSize then
                disk.Damaged where "a name lies outside its heap"

            let rest = ReadOnlySpan(names, int offset, names.Length - int offset)
            let length = rest.IndexOf 0uy
            (if length < 0 then rest else rest.Slice(0, length)).ToArray()

        let entry (node: Cursor) =
            let name = Utf8.text (ReadOnlySpan(nameAt (node.I64())))
            let address = node.I64()
            let cacheType = node.U32()
            node.Skip 4
            let scratch = node.Bytes 16

            let target =
                if cacheType = 2u then
                    let text = nameAt (int64 (BitConverter.ToUInt32(scratch, 0)))
                    Elsewhere(Bytes.concat [ Bytes.u16 text.Length; text ], 1uy)
                else
                    Hard address

            { Name = name
              Target = target
              Order = ValueNone }

        let found = List<Link>()
        let visited = HashSet<int64>()

        // Levels must fall towards the leaves, or a damaged file could send us down for ever.
        let rec visit address above =
            if not (visited.Add address) || found.Count > mostLinks then
                disk.Damaged where "it goes in circles"

            let head = Cursor(disk, where, disk.Read(address, 24L), 0)
            head.Expect "TREE"
            head.Skip 1
            let level = head.U8()

            if level >= above then
                disk.Damaged where "its levels do not fall"

            let used = head.U16()
            let body = Cursor(disk, where, disk.Read(address + 24L, int64 used * 16L), 0)

            for _ in 1..used do
                body.Skip 8
                let child = body.I64()

                if level > 0 then
                    visit child level
                else
                    let size = Cursor(disk, where, disk.Read(child, 8L), 6).U16()
                    let node = Cursor(disk, where, disk.Read(child, 8L + int64 size * 40L), 0)
                    node.Expect "SNOD"
                    node.Skip 4

                    for _ in 1..size do
                        found.Add(entry node)

        visit tree 256
        List.ofSeq found

    let private fromDenseStorage (disk: RandomAccessFile) heapAt indexAt =
        let where = $"the links kept at byte {heapAt}"
        let heap = FractalHeap(disk, heapAt)

        // Name index records (type 5): a hash, then the heap id.
        [ for record in BTree2.records disk indexAt do
              if record.Length < 4 + heap.IdLength then
                  disk.Damaged where "a record is too short"

              parse disk where (heap.Object record[4 .. 3 + heap.IdLength]) ]

    /// The group whose object header stands at the address.
    let read (disk: RandomAccessFile) address =
        let header = Header.read disk address
        let where = $"the group at byte {address}"

        match Header.tryFind Header.SymbolTable header, Header.tryFind Header.LinkInfo header with
        | Some table, _ ->
            { Header = header
              Links = fromSymbolTable disk table
              OrderFlags = 0 }
        | None, Some info ->
            let cursor = Cursor(disk, where, info.Body, 1)
            let flags = cursor.U8()
            cursor.Skip(if flags &&& 1 <> 0 then 8 else 0)
            let heapAt = cursor.I64()
            let indexAt = cursor.I64()

            let compact =
                [ for message in header.Messages do
                      if message.Type = Header.Link then
                          parse disk where message.Body ]

            { Header = header
              Links = if heapAt = Bytes.undefined then compact else fromDenseStorage disk heapAt indexAt
              // As in an object header, an index of an order that is not tracked counts for nothing.
              OrderFlags = if flags &&& 1 <> 0 then flags &&& 3 else 0 }
        | None, None -> disk.Damaged where "it is not a group"

    /// Is there a group behind this header?
    let isGroup header =
        (Header.tryFind Header.SymbolTable header).IsSome || (Header.tryFind Header.LinkInfo header).IsSome

    /// The path that a soft link names (section IV.A.2.g: a length, then the path).
    let softPath link =
        match link.Target with
        | Elsewhere(tail, 1uy) when tail.Length >= 2 -> Some((Utf8.text (ReadOnlySpan(tail, 2, tail.Length - 2))).TrimEnd '\000')
        | _ -> None

    /// The file that an external link names: behind a length and flags.
    let externalFile link =
        match link.Target with
        | Elsewhere(tail, 64uy) when tail.Length >= 3 -> Some(Bytes.text (ReadOnlySpan(tail, 3, tail.Length - 3)))
        | _ -> None

    /// The names along a path: HDF5 takes a name with slashes for one, and passes over what is empty or a dot.
    let along (path: string) =
        path.Split '/' |> Array.filter (fun name -> name <> "" && name <> ".") |> List.ofArray

    /// Of some paths, what follows where they lead through a member of that name.
    let through name (paths: string list list) =
        paths
        |> List.choose (fun path ->
            match path with
            | first :: (_ :: _ as rest) when first = name -> Some rest
            | _ -> None)

    /// The address that a name in a group leads to, when it is a hard link.
    let tryFind name group =
        group.Links
        |> List.tryPick (fun link ->
            match link.Target with
            | Hard address when link.Name = name -> Some address
            | _ -> None)
