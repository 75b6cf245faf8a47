/// Writes what stays of an array: the rows that stay, and of them the columns that stay.
namespace SingleSharp.Core.Subset

open System
open System.Threading
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

/// A part of an array in memory, row-major: where it begins, and how far it reaches along each dimension.
[<Struct>]
type private Box =
    { Start: int64[]
      Shape: int64[]
      Bytes: byte[] }

[<RequireQualifiedAccess>]
module internal SubsetArray =
    /// Bytes that are read at a time, about.
    let private batchBytes = 8L * 1024L * 1024L

    let private product (extents: int64[]) =
        Array.fold (fun product extent -> Checked.(*) product extent) 1L extents

    let private totals (kept: RowMask voption[]) (dims: int64[]) = Array.map2 Runs.total kept dims

    /// The bytes from one entry to the next along each dimension.
    let private strides size (shape: int64[]) =
        Array.scanBack (fun (extent: int64) stride -> stride * extent) (Array.tail shape) size

    /// Copies what stays of one box, whose entries have their old numbers, to where it belongs in another, whose entries have
    /// their new ones. `dims` are the extents of the whole old array.
    let private copy size (kept: RowMask voption[]) (dims: int64[]) (source: Box) (target: Box) =
        let inSource = strides size source.Shape
        let inTarget = strides size target.Shape
        let last = kept.Length - 1

        /// The old numbers that lie in both boxes.
        let low, stop =
            Array.unzip
                [| for d in 0..last do
                       let stop = min (target.Start[d] + target.Shape[d]) (Runs.total kept[d] dims[d])

                       max source.Start[d] (Runs.oldOf kept[d] target.Start[d]),
                       min (source.Start[d] + source.Shape[d]) (Runs.oldOf kept[d] (stop - 1L) + 1L) |]

        let rec along d from into =
            Runs.visit kept[d] low[d] stop[d] (fun first number count ->
                let from = from + (first - source.Start[d]) * inSource[d]
                let into = into + (number - target.Start[d]) * inTarget[d]

                if d = last then
                    Buffer.BlockCopy(source.Bytes, int from, target.Bytes, int into, int (count * size))
                else
                    for i in 0L .. count - 1L do
                        along (d + 1) (from + i * inSource[d]) (into + i * inTarget[d]))

        along 0 0L 0L

    /// Reads an array in order, some rows at a time, and gives away the bytes of what stays.
    let private inOrder
        (store: Hdf5File)
        (cancel: CancellationToken)
        (dataset: Dataset)
        (kept: RowMask voption[])
        (put: byte[] -> int -> unit)
        =
        let reader = DatasetReader(store.Disk, dataset)
        // Dimensions behind the last one of which something is dropped are copied as a whole.
        let rank = 1 + max 0 (Array.FindLastIndex(kept, (fun kept -> kept.IsSome)))
        let dims = Array.truncate rank dataset.Dims
        let kept = Array.truncate rank kept
        let size = int64 dataset.ElementSize * product (Array.skip rank dataset.Dims)
        let rowBytes = Hyperslab.rowBytes dataset
        let batch = Hyperslab.rowsAtOnce store.Disk dataset batchBytes 2L
        let rest = Array.tail (totals kept dims)
        let newRowBytes = size * product rest
        let source = Array.zeroCreate (Checked.int (batch * rowBytes))
        let target = Array.zeroCreate (Checked.int (batch * newRowBytes))

        for first in 0L .. batch .. dims[0] - 1L do
            cancel.ThrowIfCancellationRequested()
            let count = min batch (dims[0] - first)
            let stays = Runs.count kept[0] first (first + count)

            if stays * newRowBytes > 0L then
                reader.Read(first, int count, source)

                let within (first: int64) count rest start bytes =
                    { Start = Array.append [| first |] (Array.map (fun _ -> start) rest)
                      Shape = Array.append [| count |] rest
                      Bytes = bytes }

                copy
                    size
                    kept
                    dims
                    (within first count (Array.tail dims) 0L source)
                    (within (Runs.count kept[0] 0L first) stays rest 0L target)

                put target (int (stays * newRowBytes))

    /// Lets strings and the like of a dataset that stays under another name be stored once more: HDF5 frees them with the first
    /// of two references.
    let private rehouse (store: Hdf5File) (editor: FileEditor) (dataset: Dataset) isShared : byte[] -> int -> unit =
        if isShared && Datatype.liesElsewhere dataset.Type then
            fun bytes count -> editor.Rehouse(store.Heap, dataset.Type, bytes, 0, count)
        else
            fun _ _ -> ()

    /// An array of one dimension, or one that had no chunks and gets some.
    let private rows (store: Hdf5File) (editor: FileEditor) cancel isShared (dataset: Dataset) (kept: RowMask voption[]) =
        let rehouse = rehouse store editor dataset isShared
        let dims = totals kept dataset.Dims

        let appendable =
            AppendableDataset(editor, store.Superblock.ChunkNodeK, dataset, dataset.Type, product dims, List.tail (List.ofArray dims))

        inOrder store cancel dataset kept (fun bytes count ->
            rehouse bytes count
            appendable.Append(ReadOnlySpan(bytes, 0, count)))

        appendable.Finish()

    /// The extent of what stays, and how far it can grow.
    let private remainder (dataset: Dataset) (kept: RowMask voption[]) =
        Dataspace.resized (List.ofArray (totals kept dataset.Dims)) dataset.Space

    /// An array contiguous; what was never written, or is empty, has no place.
    let private piece (store: Hdf5File) (editor: FileEditor) cancel isShared (dataset: Dataset) (kept: RowMask voption[]) =
        let dims = totals kept dataset.Dims
        let bytes = int64 dataset.ElementSize * product dims

        let replace layout =
            editor.PutReplacement(dataset, dataset.Type, Simple(List.ofArray dims, List.ofArray dims), layout)

        if bytes = 0L || dataset.Layout = Contiguous Bytes.undefined then
            replace (Encode.contiguous Bytes.undefined bytes)
        else
            let address = editor.Reserve bytes
            let rehouse = rehouse store editor dataset isShared
            let mutable at = address

            inOrder store cancel dataset kept (fun bytes count ->
                rehouse bytes count
                editor.Disk.Write(at, ReadOnlySpan(bytes, 0, count))
                at <- at + int64 count)

            replace (Encode.contiguous address bytes)

    /// The positions of the chunks that hold something of a box, in row-major order.
    let rec private positions (ranges: struct (int64 * int64) list) =
        match ranges with
        | [] -> Seq.singleton []
        | struct (first, last) :: rest ->
            seq {
                for at in first..last do
                    for others in positions rest do
                        at :: others
            }

    /// An array of several dimensions in chunks: each new chunk is gathered from the old ones that hold something of it.
    let private boxes
        (store: Hdf5File)
        (editor: FileEditor)
        (cancel: CancellationToken)
        isShared
        (dataset: Dataset)
        (kept: RowMask voption[])
        =
        let chunks = Chunks.load store.Disk dataset
        let reader = DatasetReader(store.Disk, dataset, ValueSome chunks)
        let size = int64 dataset.ElementSize
        let dims = totals kept dataset.Dims

        let space = remainder dataset kept

        /// HDF5 lets no chunk be longer than a dimension that cannot grow.
        let shape =
            match space with
            | Simple(_, most) ->
                Array.map2 (fun most extent -> if most < 0L then extent else min most extent) (Array.ofList most) chunks.Shape
            | Null -> chunks.Shape

        let counts = Array.map2 (fun dim extent -> (dim + extent - 1L) / extent) dims shape
        let chunk = Array.zeroCreate (Checked.int (size * product shape))
        let pattern = editor.Pattern(dataset.Type, List.ofArray dims, dataset)
        let codec = ChunkCodec(editor.Disk, dataset.Path, pattern.Filters, chunk.Length)
        let rehouse = rehouse store editor dataset isShared

        let clear () =
            for at in 0 .. dataset.FillValue.Length .. chunk.Length - 1 do
                dataset.FillValue.CopyTo(chunk, at)

        /// Gathers the chunk at a position, if any of it was ever written.
        let gather (position: int64 list) =
            let target =
                { Start = Array.map2 (*) (Array.ofList position) shape
                  Shape = shape
                  Bytes = chunk }

            let mutable isWritten = false
            clear ()

            let ranges =
                [ for d in 0 .. shape.Length - 1 do
                      let last = min dims[d] (target.Start[d] + shape[d]) - 1L
                      struct (Runs.oldOf kept[d] target.Start[d] / chunks.Shape[d], Runs.oldOf kept[d] last / chunks.Shape[d]) ]

            for at in positions ranges do
                let at = Array.ofList at

                let index =
                    int (Array.fold2 (fun index count at -> index * count + at) 0L chunks.Counts at)

                if chunks.Entries[index].Address <> Bytes.undefined then
                    isWritten <- true

                copy
                    size
                    kept
                    dataset.Dims
                    { Start = Array.map2 (*) at chunks.Shape
                      Shape = chunks.Shape
                      Bytes = reader.Chunk index }
                    target

            isWritten

        let table =
            [| for position in positions [ for count in counts -> struct (0L, count - 1L) ] do
                   cancel.ThrowIfCancellationRequested()

                   if gather position then
                       rehouse chunk chunk.Length
                       let encoded = codec.Encode(ReadOnlySpan chunk)

                       { Address = editor.PutChunk encoded
                         Size = int64 encoded.Length
                         Mask = codec.Mask }
                   else
                       { Address = Bytes.undefined
                         Size = 0L
                         Mask = 0u } |]

        let index =
            ChunkTree.write editor store.Superblock.ChunkNodeK shape counts dataset.ElementSize table

        editor.PutReplacement(pattern, dataset.Type, space, Encode.chunked shape dataset.ElementSize index)

    /// Writes a dataset of what stays along its first dimensions (no more of them are said than there are) and returns its
    /// address. It is stored like the old one, with its type, fill value and attributes, and its filters unless others are
    /// wanted.
    /// One that is shared stays in the file under another name.
    /// Law (subset of an array): new[i, j, …] = old[At i, At j, …]
    let write (store: Hdf5File) (editor: FileEditor) cancel isShared (dataset: Dataset) (kept: RowMask voption list) =
        let rank = dataset.Dims.Length

        let kept =
            Array.init rank (fun d -> kept |> List.tryItem d |> Option.defaultValue ValueNone)

        /// What is empty and cannot grow has no chunks at all.
        let hasChunks =
            match dataset.Layout, remainder dataset kept with
            | Chunked _, Simple(_, most) -> rank > 1 && not (List.contains 0L most)
            | _ -> false

        let getsChunks () =
            dataset.Layout <> Contiguous Bytes.undefined
            && (editor.Pattern(dataset.Type, List.ofArray (totals kept dataset.Dims), dataset)).Layout.IsChunked

        if rank = 1 then
            rows store editor cancel isShared dataset kept
        elif hasChunks then
            boxes store editor cancel isShared dataset kept
        elif rank > 1 && not dataset.Layout.IsChunked && getsChunks () then
            rows store editor cancel isShared dataset kept
        else
            piece store editor cancel isShared dataset kept
