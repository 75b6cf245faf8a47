/// Verifies what an HDF5 file consists of: every object, its attributes, and where its values lie and whether they decode.
namespace SingleSharp.Core.Verify

open System
open System.Collections.Generic
open System.Threading
open SingleSharp.Core.Contract
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

/// An object under the first of its names.
[<Struct>]
type internal VerifiedObject = { At: string; Node: Hdf5Object }

/// Looks at every object of a file once, in bounded memory, and at the values of those whose headers stand at the addresses in `matrices`.
[<Sealed>]
type internal StorageVerifier(store: Hdf5File, findings: FindingList, matrices: HashSet<int64>, cancel: CancellationToken) =
    let disk = store.Disk
    let superblock = store.Superblock

    /// Bytes that are read at a time.
    let slabBytes = 1L <<< 20

    let mutable objects = 0L
    let mutable pieces = 0L
    let mutable bytes = 0L
    let extents = List<struct (int64 * int64 * string)>()
    let tallies = Dictionary<int64, ValueTally>()

    let extent path address length =
        if length > 0L && address <> Bytes.undefined then
            pieces <- pieces + 1L

            // A list that grows holds its old array beside one of twice the length.
            if extents.Count = extents.Capacity then
                disk.Require(72L * int64 extents.Count)

            extents.Add(struct (address, length, path))

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
        | VlenString -> if store.Heap.IsUtf8(ReadOnlySpan(bytes, at, 16)) then 0L else 1L
        | FixedString(size, padding) ->
            if Text.Unicode.Utf8.IsValid(Datatype.withoutPadding padding (ReadOnlySpan(bytes, at, size))) then
                0L
            else
                1L
        | Compound(_, members) -> members |> List.sumBy (fun (_, offset, inner) -> damagedText inner bytes (at + offset))
        | ArrayOf(_, element) ->
            let size = Datatype.size element
            seq { at..size .. at + Datatype.size datatype - size } |> Seq.sumBy (damagedText element bytes)
        | _ -> 0L

    /// Reads all strings.
    let resolve (dataset: Dataset) =
        let reader = DatasetReader(disk, dataset)
        let size = dataset.ElementSize
        let rowBytes = Hyperslab.rowBytes dataset
        let rows = if dataset.Dims.Length = 0 then 1L else dataset.Dims[0]

        let atOnce =
            if dataset.Dims.Length = 0 then 1L else Hyperslab.rowsAtOnce disk dataset slabBytes 1L

        let bytes: byte[] = Array.zeroCreate (Checked.int (atOnce * rowBytes))
        let mutable damaged = 0L
        let mutable firstDamaged = -1L

        for first in 0L .. atOnce .. rows - 1L do
            cancel.ThrowIfCancellationRequested()
            let count = min atOnce (rows - first)
            reader.Read(first, int count, bytes)

            for at in 0..size .. int (count * rowBytes) - size do
                let now = damagedText dataset.Type bytes at

                if now > 0L && firstDamaged < 0L then
                    firstDamaged <- first * (rowBytes / int64 size) + int64 (at / size)

                damaged <- damaged + now

        if damaged > 0L then
            findings.Error
                dataset.Path
                $"""{Plural.say damaged "of its strings is" "of its strings are"} not UTF-8, which anndata cannot read, the first at {firstDamaged}"""

    let isFilledWithZeros (dataset: Dataset) =
        dataset.FillValue |> Array.forall (fun value -> value = 0uy)

    let decode (dataset: Dataset) (chunks: Chunks voption) =
        let tally =
            if matrices.Contains dataset.Header.Address then ValueSome(ValueTally dataset) else ValueNone

        tally |> ValueOption.iter (fun tally -> tallies[dataset.Header.Address] <- tally)

        match dataset.Layout, chunks with
        | _ when holdsText dataset.Type && dataset.Count > 0L ->
            bytes <- bytes + dataset.Count * int64 dataset.ElementSize
            resolve dataset
        | _, ValueSome chunks ->
            let reader = DatasetReader(disk, dataset, ValueSome chunks)

            for i in 0 .. chunks.Entries.Length - 1 do
                cancel.ThrowIfCancellationRequested()

                let isWritten = chunks.Entries[i].Address <> Bytes.undefined

                // One bad chunk does not hide the next.
                if isWritten || tally.IsSome && not (isFilledWithZeros dataset) then
                    findings.Check(
                        dataset.Path,
                        fun () ->
                            let chunk = reader.Chunk i
                            bytes <- bytes + (if isWritten then int64 chunks.Bytes else 0L)
                            tally |> ValueOption.iter (fun tally -> tally.AddChunk(chunks, i, chunk))
                    )
        | Contiguous address, _ when address <> Bytes.undefined ->
            let length = dataset.Count * int64 dataset.ElementSize

            let atOnce =
                slabBytes / int64 dataset.ElementSize * int64 dataset.ElementSize |> max (int64 dataset.ElementSize)

            let reader = Array.zeroCreate (int (min atOnce length))

            for at in 0L .. atOnce .. length - 1L do
                cancel.ThrowIfCancellationRequested()
                let now = int (min atOnce (length - at))
                disk.ReadInto(address + at, Span(reader, 0, now))
                tally |> ValueOption.iter (fun tally -> tally.Add(ReadOnlySpan(reader, 0, now)))

            bytes <- bytes + length
        | Compact stored, _ ->
            let length = dataset.Count * int64 dataset.ElementSize
            tally |> ValueOption.iter (fun tally -> tally.Add(ReadOnlySpan(stored, 0, int length)))
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
                            extent path chunk.Address chunk.Size

                        Some(ValueSome chunks)
                )
                |> Option.flatten
            | Contiguous address ->
                extent path address (dataset.Count * int64 dataset.ElementSize)
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
                    extent path address 16L
                    visit { At = path; Node = node }

                    match node with
                    | GroupObject group -> waiting.Push(struct (path, group))
                    | DatasetObject _ -> ()
                | Some None
                | None -> ()

        visited.Add store.Root.Header.Address |> ignore
        objects <- 1L
        extent "" store.Root.Header.Address 16L

        visit
            { At = ""
              Node = GroupObject store.Root }

        waiting.Push(struct ("", store.Root))

        while waiting.Count > 0 do
            let struct (path, group) = waiting.Pop()

            for name, count in group.Links |> List.countBy _.Name do
                if count > 1 then
                    findings.Error path $"it has {count} links called {name}"

            for link in group.Links do
                cancel.ThrowIfCancellationRequested()

                if not (Utf8.isText link.Name) then
                    findings.Warn path $"the name {link.Name} in it is not UTF-8"

                let child = if path = "" then link.Name else $"{path}/{link.Name}"

                match link.Target with
                | Hard address -> meet child address
                | Elsewhere _ -> findings.Note child "it is a soft or external link, which is not followed"

    /// No byte may belong to two things. Only the nearest neighbours are compared, so that one long piece is told of once.
    let overlaps () =
        extents.Sort()
        let mutable last = struct (0L, 0L, "/")

        for struct (start, length, path) in extents do
            let struct (before, reach, other) = last

            if start < before + reach then
                findings.Error path $"its bytes from {start} on belong to {other} as well"

            if start + length > before + reach then
                last <- struct (start, length, path)

    /// Notes what the values of a matrix are, if they were looked at.
    member _.TellValues(dataset: Dataset) =
        match tallies.TryGetValue dataset.Header.Address with
        | true, tally -> tally.Tell findings
        | _ -> ()

    member _.Objects = objects
    member _.Pieces = pieces
    member _.Bytes = bytes

    /// Looks at everything; `visit` is shown each object.
    member _.Run(visit: string -> Hdf5Object -> unit) =
        extents.Add(struct (0L, superblock.Image.LongLength, "/"))

        walk (fun found ->
            visit found.At found.Node

            match found.Node with
            | GroupObject group -> attributes found.At group.Header
            | DatasetObject dataset ->
                attributes found.At dataset.Header
                values dataset)

        overlaps ()
        let longer = disk.Length - superblock.EndOfFile

        if longer > 0L then
            findings.Note
                ""
                $"""behind its end {Plural.say longer "byte belongs" "bytes belong"} to nothing, as an interrupted run leaves them"""
