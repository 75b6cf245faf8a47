/// Verifies what an HDF5 file consists of: every object, its attributes, and where its values lie and whether they decode.
namespace SingleSharp.Core

open System
open System.Collections.Generic
open System.Threading

/// An object under the first of its names.
[<Struct>]
type VerifiedObject = { At: string; Node: Node }

/// Looks at every object of a file once, in bounded memory.
[<Sealed>]
type StorageVerifier(store: Store, findings: FindingList, cancel: CancellationToken) =
    let disk = store.Disk
    let superblock = store.Superblock

    /// Text that is read at a time, in elements.
    let batch = 16384

    /// Bytes that are read at a time.
    let slabBytes = 1L <<< 20

    let mutable objects = 0L
    let mutable pieces = 0L
    let mutable bytes = 0L
    let claims = List<struct (int64 * int64 * string)>()

    let claim path address length =
        if length > 0L && address <> Bytes.undefined then
            pieces <- pieces + 1L
            claims.Add(struct (address, length, path))

            if address + length > superblock.EndOfFile then
                findings.Error
                    path
                    $"its bytes from {address} on lie behind the end of the file that the superblock tells, {superblock.EndOfFile}"

    let attributes path (header: Header) =
        findings.Check(
            path,
            fun () ->
                let all = Attribute.all disk header

                for attribute in all do
                    findings.Check(path, fun () -> Attribute.strings store.Heap attribute |> ignore)

                for name, count in all |> List.countBy _.Name do
                    if count > 1 then
                        findings.Error path $"it has {count} attributes called {name}"
        )

    /// Are there strings among its values?
    let rec holdsText datatype =
        match datatype with
        | VlenString
        | FixedString _ -> true
        | Compound(_, members) -> members |> List.exists (fun (_, _, inner) -> holdsText inner)
        | ArrayOf(_, element) -> holdsText element
        | _ -> false

    /// How many of the strings in a value are not UTF-8. Each must be where its reference says.
    let rec damagedText datatype (bytes: byte[]) at : int64 =
        match datatype with
        | VlenString ->
            if Text.Unicode.Utf8.IsValid(ReadOnlySpan(store.Heap.Resolve(ReadOnlySpan(bytes, at, 16), 1))) then
                0L
            else
                1L
        | FixedString size -> if Text.Unicode.Utf8.IsValid((ReadOnlySpan(bytes, at, size)).TrimEnd 0uy) then 0L else 1L
        | Compound(_, members) -> members |> List.sumBy (fun (_, offset, inner) -> damagedText inner bytes (at + offset))
        | ArrayOf(_, element) ->
            let size = Datatype.size element
            seq { at..size .. at + Datatype.size datatype - size } |> Seq.sumBy (damagedText element bytes)
        | _ -> 0L

    /// Reads all strings.
    let resolve (dataset: Dataset) =
        let reader = SlabReader(disk, dataset)
        let size = dataset.ElementSize
        let rowBytes = Slab.rowBytes dataset
        let rows = if dataset.Dims.Length = 0 then 1L else dataset.Dims[0]
        let atOnce = max 1L (int64 batch * int64 size / max 1L rowBytes)
        let mutable damaged = 0L
        let mutable firstDamaged = -1L

        for first in 0L .. atOnce .. rows - 1L do
            cancel.ThrowIfCancellationRequested()
            let count = min atOnce (rows - first)
            let slab = Array.zeroCreate (Checked.int (count * rowBytes))
            reader.Read(first, int count, slab)

            for at in 0..size .. slab.Length - size do
                let now = damagedText dataset.Type slab at

                if now > 0L && firstDamaged < 0L then
                    firstDamaged <- first * (rowBytes / int64 size) + int64 (at / size)

                damaged <- damaged + now

        if damaged > 0L then
            findings.Error
                dataset.Path
                $"{damaged} of its strings are not UTF-8, the first at {firstDamaged}, so that anndata cannot read them"

    let decode (dataset: Dataset) (chunks: Chunks voption) =
        match dataset.Layout, chunks with
        | _ when holdsText dataset.Type && dataset.Count > 0L ->
            bytes <- bytes + dataset.Count * int64 dataset.ElementSize
            resolve dataset
        | _, ValueSome chunks ->
            let reader = SlabReader(disk, dataset, ValueSome chunks)

            for i in 0 .. chunks.Entries.Length - 1 do
                cancel.ThrowIfCancellationRequested()

                // One bad chunk does not hide the next.
                if chunks.Entries[i].Address <> Bytes.undefined then
                    findings.Check(dataset.Path, fun () -> bytes <- bytes + (reader.Chunk i).LongLength)
        | Contiguous address, _ when address <> Bytes.undefined ->
            let length = dataset.Count * int64 dataset.ElementSize
            let slab = Array.zeroCreate (int (min slabBytes length))

            for at in 0L .. slabBytes .. length - 1L do
                cancel.ThrowIfCancellationRequested()
                disk.ReadInto(address + at, Span(slab, 0, int (min slabBytes (length - at))))

            bytes <- bytes + length
        | _ -> bytes <- bytes + dataset.Count * int64 dataset.ElementSize

    let values (dataset: Dataset) =
        let path = dataset.Path

        let chunks =
            match dataset.Layout with
            | Chunked _ ->
                findings.Try(
                    path,
                    fun () ->
                        let chunks = Chunks.load disk dataset

                        for chunk in chunks.Entries do
                            claim path chunk.Address chunk.Size

                        Some(ValueSome chunks)
                )
                |> Option.flatten
            | Contiguous address ->
                claim path address (dataset.Count * int64 dataset.ElementSize)
                Some ValueNone
            | Compact _ -> Some ValueNone

        match chunks, Filters.unsupported dataset.Filters with
        | Some _, Some filter -> findings.Warn path $"it is compressed with {Dataset.filterName filter.Id}, so its values cannot be checked"
        | Some chunks, None -> findings.Check(path, fun () -> decode dataset chunks)
        | None, _ -> ()

    /// Everything below a group, with names that lead to what was met before left out.
    let walk (visit: VerifiedObject -> unit) =
        let visited = HashSet<int64>()
        let waiting = Stack<struct (string * Group)>()

        let meet path address =
            if visited.Add address then
                objects <- objects + 1L

                match findings.Try(path, fun () -> store.TryAt(path, address)) with
                | Some(Some node) ->
                    // What stands at the address of a header is at least its prefix.
                    claim path address 16L
                    visit { At = path; Node = node }

                    match node with
                    | GroupNode group -> waiting.Push(struct (path, group))
                    | DatasetNode _ -> ()
                | Some None
                | None -> ()

        visited.Add store.Root.Header.Address |> ignore
        objects <- 1L
        claim "" store.Root.Header.Address 16L
        visit { At = ""; Node = GroupNode store.Root }
        waiting.Push(struct ("", store.Root))

        while waiting.Count > 0 do
            let struct (path, group) = waiting.Pop()

            for name, count in group.Links |> List.countBy _.Name do
                if count > 1 then
                    findings.Error path $"it has {count} links called {name}"

            for link in group.Links do
                cancel.ThrowIfCancellationRequested()

                if not (Shown.isWhole link.Name) then
                    findings.Warn path $"the name {link.Name} in it is not UTF-8"

                let child = if path = "" then link.Name else $"{path}/{link.Name}"

                match link.Target with
                | Hard address -> meet child address
                | Elsewhere _ -> findings.Note child "it is a soft or external link, which is not followed"

    /// No byte may belong to two things. Only the nearest neighbours are compared, so that one long piece is told of once.
    let overlaps () =
        claims.Sort()
        let mutable last = struct (0L, 0L, "/")

        for struct (start, length, path) in claims do
            let struct (before, reach, other) = last

            if start < before + reach then
                findings.Error path $"its bytes from {start} on belong to {other} as well"

            if start + length > before + reach then
                last <- struct (start, length, path)

    member _.Objects = objects
    member _.Pieces = pieces
    member _.Bytes = bytes

    /// Looks at everything; `visit` is shown each object.
    member _.Run(visit: string -> Node -> unit) =
        claims.Add(struct (0L, superblock.Image.LongLength, "/"))

        walk (fun found ->
            visit found.At found.Node

            match found.Node with
            | GroupNode group -> attributes found.At group.Header
            | DatasetNode dataset ->
                attributes found.At dataset.Header
                values dataset)

        overlaps ()
        let longer = disk.Length - superblock.EndOfFile

        if longer > 0L then
            findings.Note "" $"behind its end lie {longer} bytes that belong to nothing, as an interrupted run leaves them"
