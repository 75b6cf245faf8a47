/// The layer that keeps X as it was before the steps.
namespace SingleSharp.Core.Subset

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing

[<RequireQualifiedAccess>]
module internal CountsLayer =
    /// As scanpy's tutorials call it.
    let name = "counts"

    let private bytesOf disk dataset =
        Extents.ofDataset disk dataset |> Array.sumBy _.Length

    /// Bytes that the layer adds, at most.
    let bytes (file: AnnDataFile) compression =
        let bytes (dataset: Dataset) =
            if NewFilters.areAsWanted compression dataset then
                bytesOf file.Store.Disk dataset
            else
                // Nobody knows what it will be compressed to.
                Memory.times dataset.Count (int64 dataset.ElementSize)

        file.X.Datasets |> List.map bytes |> List.fold Memory.plus 0L

    /// Refuses what would keep something else than X, and a file that has such a layer.
    let require (file: AnnDataFile) matrix sumDuplicates =
        let refuse why =
            Fault.throw (InvalidOption("keep_counts", why))

        match matrix with
        | MatrixName.X -> ()
        | MatrixName.Layer layer -> refuse $"it keeps X, which stays as it is: the steps change the layer {layer} instead; leave it out"
        | MatrixName.Raw -> refuse "it keeps X, which stays as it is where the steps read raw; leave it out"

        if sumDuplicates then
            refuse
                "it copies X as it is stored, with entries that are stored twice, which ⟨sum_duplicates⟩ adds up; add them up first, in a run without ⟨keep_counts⟩ or with anndata"

        match file.Store.TryFind "layers" with
        | Some(GroupObject layers) when (Links.tryFind name layers).IsSome ->
            refuse $"there is a layer called {name} already; rename or delete it, or leave this out"
        | _ -> ()

    /// Refuses, before anything is written, what could not be written a second time.
    let requireCopyable (file: AnnDataFile) =
        let disk = file.Store.Disk

        match file.X.Format with
        | Csr arrays
        | Csc arrays -> FileEditor.RequireEditable(disk, file.X.Path, arrays.Group)
        | Dense _ -> ()

        for dataset in file.X.Datasets do
            ObjectHeaderRewrite.requireAttributes disk dataset.Path dataset.Header

    /// A dataset once more, its bytes as they are stored.
    let private copied (source: RandomAccessFile) (editor: FileEditor) k cancel (dataset: Dataset) =
        let copy start count =
            let place = editor.Reserve count
            CopyRanges.copyTo source editor.Disk start count place cancel
            place

        let layout =
            match dataset.Layout with
            | Chunked _ ->
                let chunks = Chunks.load source dataset

                let copies =
                    [| for chunk in chunks.Entries ->
                           if chunk.Address = Bytes.undefined then
                               chunk
                           else
                               { chunk with
                                   Address = copy chunk.Address chunk.Size
                                   Mask = if dataset.Filters.IsEmpty then 0u else chunk.Mask } |]

                let index =
                    ChunkTree.write editor k chunks.Shape chunks.Counts dataset.ElementSize copies

                Encode.chunked chunks.Shape dataset.ElementSize index
            | Contiguous address ->
                let bytes = dataset.Count * int64 dataset.ElementSize
                let isWritten = address <> Bytes.undefined && bytes > 0L
                Encode.contiguous (if isWritten then copy address bytes else Bytes.undefined) bytes
            | Compact stored ->
                let bytes = Array.truncate (int dataset.Count * dataset.ElementSize) stored
                Encode.contiguous (if bytes.Length = 0 then Bytes.undefined else editor.Put bytes) bytes.LongLength

        editor.PutReplacement(dataset, dataset.Type, layout)

    /// X of the file once more, all of it, and its address. Bytes are copied unless another compression is wanted.
    let whole (file: AnnDataFile) (editor: FileEditor) compression cancel =
        let store = file.Store

        let again dataset =
            if NewFilters.areAsWanted compression dataset then
                copied store.Disk editor store.Superblock.ChunkNodeK cancel dataset
            else
                SubsetArray.write store editor cancel false dataset []

        match file.X.Format with
        | Csr arrays
        | Csc arrays ->
            let links =
                [ "data", again arrays.Data
                  "indices", again arrays.Indices
                  "indptr", again arrays.Indptr ]

            editor.Rewrite(file.X.Path, arrays.Group, links, [])
        | Dense array -> again array

    /// X of the file once more, or what a selection leaves of it, as the link to it in layers. Bytes are copied unless something is
    /// dropped or another compression is wanted.
    /// Law (kept): the layer holds what X of the input holds of the cells and genes that stay, in the same types and the same order.
    let links (file: AnnDataFile) (editor: FileEditor) compression (selection: Selection) cancel : (string * (string * int64) list) list =
        let alongs = [ Along.Cells; Along.Genes ]
        let subset = Subset.element file editor selection cancel alongs

        let address =
            match file.X.Format with
            | _ when selection.Cells.IsAll && selection.Genes.IsAll -> whole file editor compression cancel
            | Csr arrays -> AlignedArray.sparse file file.X.Path arrays true alongs |> subset
            | Csc arrays -> AlignedArray.sparse file file.X.Path arrays false alongs |> subset
            | Dense array -> AlignedArray.plain file array alongs |> subset

        [ "layers", [ name, address ] ]
