/// A file once more, without the holes between what is in it.
namespace SingleSharp.Core.Subset

open System
open System.Collections.Generic
open System.IO
open System.Threading
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

[<RequireQualifiedAccess>]
module internal Packed =
    /// Bytes that are copied at a time, about.
    let private pieceBytes = 1L <<< 20

    /// An old form of the fill value.
    let private oldFillValue = 0x04

    /// A comment, which is text.
    let private comment = 0x0D

    /// What is known to hold no address of anything but attributes, links and values.
    let private known =
        set
            [ Header.Dataspace
              Header.LinkInfo
              Header.Datatype
              oldFillValue
              Header.FillValue
              Header.Link
              Header.Layout
              Header.GroupInfo
              Header.Filters
              Header.Attribute
              comment
              Header.ModificationTimeOld
              Header.SymbolTable
              Header.ModificationTime
              Header.AttributeInfo
              Header.ReferenceCount ]

    /// Does nothing but links lead to it or out of it? Then it has no named types, no other files, and attributes that fit a message.
    let private isMovable (disk: RandomAccessFile) (header: Header) =
        header.Messages |> List.forall (fun message -> message.Flags &&& 2uy = 0uy && known.Contains message.Type)
        && Attribute.messages disk header
           |> List.forall (fun message -> Encode.fits message && not (Attribute.hasNamedType message))

    let private isMovableGroup (group: Group) =
        group.Links |> List.forall (fun link -> link.Target <> Hard Bytes.undefined)

    let private isMovableDataset (dataset: Dataset) =
        let isElsewhere = Datatype.liesElsewhere dataset.Type

        /// A fill value may lead to another place, too.
        let isFilled =
            dataset.FillValue |> Array.exists ((<>) 0uy)
            || (match Header.tryFind oldFillValue dataset.Header with
                | Some message -> message.Body |> Seq.skip (min 4 message.Body.Length) |> Seq.exists ((<>) 0uy)
                | None -> false)

        not ((isElsewhere || Datatype.refers dataset.Type) && isFilled)
        && match dataset.Layout with
           | Compact _ -> not isElsewhere
           | Contiguous _ -> true
           | Chunked(_, _, _, edgesUnfiltered) -> not (edgesUnfiltered && not dataset.Filters.IsEmpty)

    /// Every object by its address, where all of them can be moved.
    let private tryObjects (store: Hdf5File) =
        let references = References.find store
        let graph = Graph.ofRoot store.Disk store.Superblock.Root

        /// With a link that leads upwards, a copy would have no end.
        let isTree =
            graph.GroupAddresses |> Seq.forall (fun group -> Graph.count graph group = 1)

        if
            references.AreAll
            && references.Targets.Count = 0
            && graph.AreAll
            && isTree
            && not (Superblock.isExtended store.Superblock)
        then
            try
                let objects =
                    [ for address in graph.Stored.Keys do
                          let header = Header.read store.Disk address

                          if not (isMovable store.Disk header) then
                              address, None
                          else
                              match store.TryAt($"the object at byte {address}", address) with
                              | Some(GroupObject group) when isMovableGroup group ->
                                  FileEditor.RequireEditable(store.Disk, $"the group at byte {address}", group)
                                  address, Some(GroupObject group)
                              | Some(DatasetObject dataset) when isMovableDataset dataset -> address, Some(DatasetObject dataset)
                              | _ -> address, None ]

                if objects |> List.forall (snd >> Option.isSome) then
                    Some(graph, dict [ for address, object in objects -> address, object.Value ])
                else
                    None
            with FaultException _ ->
                None
        else
            None

    /// Bytes of values in all datasets.
    let private valueBytes (store: Hdf5File) (objects: IDictionary<int64, Hdf5Object>) =
        (0L, objects.Values)
        ||> Seq.fold (fun bytes object ->
            match object with
            | DatasetObject dataset -> Extents.ofDataset store.Disk dataset |> Array.sumBy _.Length |> Memory.plus bytes
            | GroupObject _ -> bytes)

    /// Writes all objects behind a superblock, those that a group leads to before the group.
    let private write
        (store: Hdf5File)
        (graph: Graph)
        (objects: IDictionary<int64, Hdf5Object>)
        (target: RandomAccessFile)
        (cancel: CancellationToken)
        =
        let editor =
            FileEditor(target, store.Superblock, [], None, store.Superblock.Image.LongLength)

        let own header =
            header
            |> Attribute.changed store.Disk (fun _ message -> Some message)
            |> HardLinkUpdate.withOwnStrings editor store.Disk store.Heap

        let moved = Dictionary<int64, int64>()
        let held = ref (Array.zeroCreate<byte>(int pieceBytes))

        /// Room for N bytes at least.
        let buffer (size: int64) =
            if held.Value.LongLength < size then
                held.Value <- Array.zeroCreate (Checked.int size)

            held.Value

        /// Strings that several elements share become several.
        let goOn () =
            cancel.ThrowIfCancellationRequested()

            if target.Length > store.Superblock.EndOfFile then
                store.Disk.Unsupported "the copy" "it is longer than the file"

        /// Copies bytes to the end, in pieces that may be changed on their way.
        let copied address bytes (pieceOf: int64) change =
            let start = editor.Reserve bytes
            let piece = buffer pieceOf

            for at in 0L .. pieceOf .. bytes - 1L do
                goOn ()
                let now = int (min pieceOf (bytes - at))
                store.Disk.ReadInto(address + at, Span(piece, 0, now))
                change piece now
                target.Write(start + at, ReadOnlySpan(piece, 0, now))

            start

        let contiguous (dataset: Dataset) address =
            let size = int64 dataset.ElementSize
            let bytes = Checked.(*) dataset.Count size

            if bytes = 0L then
                Encode.contiguous Bytes.undefined bytes
            else
                let start =
                    copied address bytes (max 1L (pieceBytes / size) * size) (fun piece now ->
                        editor.Rehouse(store.Heap, dataset.Type, piece, 0, now))

                Encode.contiguous start bytes

        let chunked (dataset: Dataset) =
            let chunks = Chunks.load store.Disk dataset
            let isElsewhere = Datatype.liesElsewhere dataset.Type
            let reader = lazy DatasetReader(store.Disk, dataset, ValueSome chunks)

            let chunkBytes =
                Array.fold (fun bytes extent -> Checked.(*) bytes extent) (int64 dataset.ElementSize) chunks.Shape

            let codec =
                lazy ChunkCodec(store.Disk, dataset.Path, dataset.Filters, Checked.int chunkBytes)

            if isElsewhere then
                AlignedArray.requireStored store dataset

            let again (i: int) (entry: ChunkEntry) =
                goOn ()

                if isElsewhere then
                    // What is read may be longer than the chunk.
                    let bytes = buffer chunkBytes
                    Array.Copy(reader.Value.Chunk i, bytes, chunkBytes)
                    editor.Rehouse(store.Heap, dataset.Type, bytes, 0, int chunkBytes)
                    let encoded = codec.Value.Encode(ReadOnlySpan(bytes, 0, int chunkBytes))

                    { Address = editor.PutChunk encoded
                      Size = int64 encoded.Length
                      Mask = codec.Value.Mask }
                else
                    { Address = copied entry.Address entry.Size pieceBytes (fun _ _ -> ())
                      Size = entry.Size
                      // Chunks that pass through no filter leave none out.
                      Mask = (if dataset.Filters.IsEmpty then 0u else entry.Mask) }

            let table =
                chunks.Entries |> Array.mapi (fun i entry -> if entry.Address = Bytes.undefined then entry else again i entry)

            ChunkTree.write editor store.Superblock.ChunkNodeK chunks.Shape chunks.Counts dataset.ElementSize table
            |> Encode.chunked chunks.Shape dataset.ElementSize

        let header (dataset: Dataset) =
            let layout =
                match dataset.Layout with
                | Compact _ -> Header.tryFind Header.Layout dataset.Header |> Option.get
                // Never written, it has no place.
                | Contiguous address when address = Bytes.undefined -> Header.tryFind Header.Layout dataset.Header |> Option.get
                | Contiguous address -> contiguous dataset address
                | Chunked _ -> chunked dataset

            let header = own dataset.Header

            { header with
                Messages = header.Messages |> List.map (fun message -> if message.Type = Header.Layout then layout else message) }

        for KeyValue(address, object) in objects do
            match object with
            | DatasetObject dataset ->
                moved[address] <- editor.Put(ObjectHeaderRewrite.dataset store.Disk (header dataset) (Graph.count graph address))
            | GroupObject _ -> ()

        // A group was found before those in it.
        for address in Seq.rev graph.Stored.Keys do
            match objects[address] with
            | GroupObject group ->
                let links =
                    [ for link in group.Links ->
                          match link.Target with
                          | Hard address ->
                              { link with
                                  Target = Hard moved[address] }
                          | Elsewhere _ -> link ]

                let group = { group with Header = own group.Header }
                moved[address] <- editor.Put(ObjectHeaderRewrite.group store.Disk group links [] (Graph.count graph address))
            | DatasetObject _ -> ()

        editor.Commit moved[store.Superblock.Root]

    /// Writes a file once more; false where something in it cannot be moved.
    /// Law (packed): every object has the values and attributes that it had.
    let tryWrite (store: Hdf5File) target cancel =
        match tryObjects store with
        | Some(graph, objects) ->
            write store graph objects target cancel
            true
        | None -> false

    /// Writes a file anew, in its own place, where most of it is holes, everything in it can be moved, and there is room and memory for that; otherwise
    /// it stays as it is. Nobody else may see it yet.
    let inPlace (disk: RandomAccessFile) memory folder (cancel: CancellationToken) =
        disk.Allowed <- memory
        // The file stays open.
        let store = new Hdf5File(disk)
        let length = store.Superblock.EndOfFile

        let tryInto (scratch: Lazy<ScratchFile>) =
            match tryObjects store with
            | Some(graph, objects) ->
                let bytes = valueBytes store objects
                let isShort = Memory.plus bytes bytes < length

                if isShort then
                    AtomicReplace.requireScratch folder bytes
                    write store graph objects scratch.Value.Disk cancel
                    // What is cut off may have shared its blocks with the input.
                    AtomicReplace.requireScratch (Path.GetDirectoryName(AtomicReplace.resolve disk.Path)) scratch.Value.Disk.Length

                isShort && scratch.Value.Disk.Length < length
            | None -> false

        let scratch = lazy (new ScratchFile(folder))

        try
            // The result is there already, and is not given up because it could be shorter.
            let isShorter =
                try
                    tryInto scratch
                with
                | FaultException _
                // Of sizes that a damaged header says.
                | :? OverflowException -> false

            if isShorter then
                disk.SetLength 0L
                CopyRanges.copy scratch.Value.Disk disk scratch.Value.Disk.Length [] cancel
        finally
            if scratch.IsValueCreated then
                (scratch.Value :> IDisposable).Dispose()
