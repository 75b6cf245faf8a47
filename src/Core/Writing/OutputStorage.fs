/// Where the new values of X go in an edited copy, and what becomes of the room of the old ones.
namespace SingleSharp.Core.Writing

open System
open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// The sink for values, and what it will have made once everything has left.
type internal StorageSink =
    {
        Sink: Sink<RowBatch>
        Finish: unit -> NewValues
        /// Where values wait until all are there; null where they need not.
        Scratch: IDisposable
    }

[<RequireQualifiedAccess>]
module internal OutputStorage =
    let private chunksOf disk (data: Dataset) =
        match data.Layout with
        | Chunked _ -> ValueSome(Chunks.load disk data)
        | _ -> ValueNone

    /// Has every element of a dataset a place in the file?
    let private isAllocated disk (data: Dataset) =
        match data.Layout, chunksOf disk data with
        | Contiguous address, _ -> address <> Bytes.undefined || data.Count = 0L
        | _, ValueSome chunks -> chunks.Entries |> Array.forall (fun entry -> entry.Address <> Bytes.undefined)
        | _ -> false

    /// Can values of this type go where the old ones are? Not where those are compressed, were never written,
    /// or belong to a second hard link as well.
    let canOverwrite disk (data: Dataset) datatype =
        data.Type = datatype && data.Filters.IsEmpty && data.Header.LinkCount = 1 && isAllocated disk data

    /// Can genes be written to where they are in the input?
    let private isWritable disk (indices: Dataset) =
        ValueSink.canPutGenes indices && isAllocated disk indices

    /// A contiguous dataset counts as pieces of N elements.
    let private pieceElements = 1L <<< 20

    /// Where the elements of a dataset lie, in their order: the first element that each piece holds, its address and its bytes.
    let pieces disk (data: Dataset) =
        match data.Layout, chunksOf disk data with
        | Contiguous address, _ when address <> Bytes.undefined ->
            [| for first in 0L .. pieceElements .. data.Count - 1L do
                   let size = int64 data.ElementSize
                   struct (first, address + first * size, (min pieceElements (data.Count - first)) * size) |]
        | _, ValueSome chunks ->
            let extent = chunks.Shape[0]

            [| for i in 0 .. chunks.Entries.Length - 1 do
                   let first = int64 i * extent
                   // The end of the last chunk lies behind the last element, and nobody writes there.
                   let used =
                       if data.Filters.IsEmpty then
                           min extent (data.Count - first) * int64 data.ElementSize
                       else
                           chunks.Entries[i].Size

                   if chunks.Entries[i].Address <> Bytes.undefined then
                       struct (first, chunks.Entries[i].Address, used) |]
        | _ -> [||]

    /// The bytes of some pieces as ranges, sorted by address and joined.
    let ranges (pieces: struct (int64 * int64 * int64)[]) =
        (pieces |> Array.map (fun (struct (_, address, bytes)) -> struct (address, bytes)) |> Array.sort, [])
        ||> Array.foldBack (fun (struct (start, length)) later ->
            match later with
            | struct (next, more) :: rest when start + length = next -> struct (start, length + more) :: rest
            | _ -> struct (start, length) :: later)

    /// The ranges without what others take of them; both are sorted, and neither overlaps itself.
    /// Law (without): a byte is left exactly when it is in the ranges and is not taken.
    let without (taken: struct (int64 * int64) list) (ranges: struct (int64 * int64) list) =
        let rec cut left (ranges: struct (int64 * int64) list) (taken: struct (int64 * int64) list) =
            match ranges, taken with
            | [], _ -> List.rev left
            | range :: rest, [] -> cut (range :: left) rest []
            | struct (start, length) :: rest, struct (low, count) :: others ->
                if low + count <= start then
                    cut left ranges others
                elif start + length <= low then
                    cut (struct (start, length) :: left) rest taken
                elif start < low then
                    cut (struct (start, low - start) :: left) (struct (low, start + length - low) :: rest) taken
                elif start + length > low + count then
                    cut left (struct (low + count, start + length - low - count) :: rest) others
                else
                    cut left rest taken

        cut [] ranges taken

    /// Room for new objects where old bytes are given up: whole multiples of eight.
    let room ranges =
        ranges
        |> List.map (fun (struct (start, length)) ->
            let low = Bytes.align8 start
            struct (low, (start + length - low) &&& ~~~7L))
        |> List.filter (fun (struct (_, length)) -> length > 0L)

    /// Those datasets whose bytes no other object claims.
    let own (store: Hdf5File) (datasets: Dataset list) =
        match (Contested.ofFile store).Owners with
        | Some contested -> datasets |> List.filter (fun dataset -> not (contested.Contains dataset.Header.Address))
        | None -> []

    /// Can values of this type go where those of the matrix are?
    let isOverwritable (file: AnnDataFile) datatype =
        file.X.IsAlone && canOverwrite file.Store.Disk file.X.Values datatype && not (own file.Store [ file.X.Values ]).IsEmpty

    /// The bytes of a dataset outside of its header, as `ranges` takes them.
    let stored disk (data: Dataset) =
        Extents.ofDataset disk data |> Array.map (fun extent -> struct (0L, extent.Start, extent.Length))

    /// The datasets of the matrix that nobody will ever read again once it is what the plan makes of it.
    let private givenUp (file: AnnDataFile) plan =
        let replaced =
            match plan, file.X.Format with
            | RowByRow, _ -> file.X.Datasets
            | StoreAnew, Csr arrays -> [ arrays.Data ]
            | _ -> []

        if file.X.IsAlone && not replaced.IsEmpty && (References.find file.Store).AreAll then
            replaced |> List.filter (fun dataset -> dataset.Header.LinkCount = 1) |> own file.Store
        else
            []

    /// The bytes that an edited copy gives up, and all that it does not take from the file as they are, `withheld` among them.
    let given (file: AnnDataFile) plan withheld =
        let source = file.Store.Disk
        let givenUp = givenUp file plan |> Array.ofList |> Array.collect (stored source)
        let overwritten = if plan = Overwrite then stored source file.X.Values else [||]

        let withheld =
            withheld |> List.map (fun (struct (start, count)) -> struct (0L, start, count)) |> Array.ofList

        struct (givenUp, Array.concat [ givenUp; overwritten; withheld ])

    /// A clone of the file as an edited copy. Where a pass will `read` all of X, what it reads is not copied yet: the sink copies it
    /// as it is read. Old values that nobody will read again are not copied at all; where new ones go elsewhere, their room is free.
    /// Neither is what is withheld, but its room is not free, because it may be copied later.
    let clone (file: AnnDataFile) (target: RandomAccessFile) plan compression read withheld cancel =
        let source = file.Store.Disk
        let struct (givenUp, skipped) = given file plan withheld

        let copied pieces =
            let pieces = Array.sort pieces
            struct (pieces, CopyRanges.asRead source target pieces cancel)

        /// Of what is stored in rows, as it is read.
        let struct (followed, following) =
            match file.X.Format, plan with
            | Csr arrays, Untouched when read -> copied (Array.append (pieces source arrays.Indices) (pieces source arrays.Data))
            | Csr arrays, (Overwrite | StoreAnew) when read && isWritable source arrays.Indices ->
                struct (pieces source arrays.Indices, ValueSink.genesInPlace target arrays.Indices (chunksOf source arrays.Indices))
            | Csr arrays, (Overwrite | StoreAnew) when read -> copied (pieces source arrays.Indices)
            | _ -> copied [||]

        CopyRanges.copy source target file.Store.Superblock.EndOfFile (ranges (Array.append skipped followed)) cancel
        FileEditor(target, file.Store.Superblock, room (ranges givenUp), compression), Sink.both following (FlushSink.every target)

    let private sinkOf sink finish =
        { Sink = sink
          Finish = finish
          Scratch = null }

    let private untouched = sinkOf Sink.none (fun () -> SamePlaces)

    let private overwrite placing (editor: FileEditor) (matrix: Matrix) precision =
        let data = matrix.Values

        let sink =
            match matrix.Format, data.Layout with
            | Dense _, Contiguous address -> DenseSink.toPlace placing editor.Disk address data.Type matrix.Genes
            | Dense _, _ -> invalidOp $"{data.Path} is not contiguous"
            | _ -> ValueSink.inPlace placing editor.Disk data (chunksOf editor.Disk data) precision

        sinkOf sink (fun () -> SamePlaces)

    /// Stored like the old values: chunks of the same extent with the same filters, or one piece.
    let private storeAnew placing (editor: FileEditor) k (data: Dataset) precision =
        let datatype = DType.datatype (Precision.dtype precision)

        match data.Layout with
        | Chunked(shape, _, _, _) ->
            let table = List<ChunkEntry>()

            sinkOf (ValueSink.intoChunks editor data.Path data.Filters shape[0] precision table) (fun () ->
                let index =
                    ChunkTree.write editor k shape [| int64 table.Count |] (Datatype.size datatype) (table.ToArray())

                NewChunks(index, shape[0], precision))
        | Contiguous _
        | Compact _ ->
            let address = editor.Reserve(data.Count * int64 (Datatype.size datatype))

            let place =
                { data with
                    Type = datatype
                    Layout = Contiguous address }

            sinkOf (ValueSink.inPlace placing editor.Disk place ValueNone precision) (fun () -> NewContiguous(address, precision))

    /// A dense matrix of N cells and genes. Chunks of several rows are filled once all rows are there.
    let private dense placing (editor: FileEditor) k (old: Dataset) datatype cells genes folder cancel =
        let bytes = Checked.(*) (Checked.(*) cells genes) (int64 (Datatype.size datatype))
        let old = editor.Pattern(datatype, [ cells; genes ], old)

        /// What is empty and cannot grow has no chunks at all.
        let hasChunks =
            match old.Layout, Dataspace.resized [ cells; genes ] old.Space with
            | Chunked _, Simple(_, most) -> not (List.contains 0L most)
            | _ -> false

        if hasChunks then
            let scratch = new ScratchFile(folder)
            scratch.Disk.SetLength bytes

            { Sink = DenseSink.toPlace placing scratch.Disk 0L datatype (int genes)
              Finish = fun () -> NewArray(DenseSink.inChunks editor k scratch.Disk old datatype cells genes cancel)
              Scratch = scratch }
        else
            let address = editor.ReserveWithin bytes

            sinkOf (DenseSink.toPlace placing editor.Disk address datatype (int genes)) (fun () ->
                let place = if bytes = 0L then Bytes.undefined else address
                NewArray(editor.PutReplacement(old, datatype, Simple([ cells; genes ], [ cells; genes ]), Encode.contiguous place bytes)))

    /// The type in which numbers take the place of an old dataset's: its own, byte order included, if they are such numbers.
    /// What is computed of float16 counts as float32, and would be rounded again or become infinite.
    let private typeFor (matrix: Matrix) areOld numeric =
        let stored = matrix.Values.Type

        if matrix.Type = numeric && (areOld || Datatype.size stored = DType.size numeric) then
            stored
        else
            DType.datatype numeric

    /// Where values of this type go, of the cells and genes that stay; `areOld` says that they are the values of the file, `placing` how those
    /// leave that have their places beforehand.
    let sink placing (editor: FileEditor) (file: AnnDataFile) plan areOld numeric cells genes folder cancel =
        let matrix = file.X
        let k = file.Store.Superblock.ChunkNodeK

        match plan, matrix.Format with
        | Untouched, _ -> untouched
        | Overwrite, _ -> overwrite placing editor matrix (Precision.ofDType numeric)
        | StoreAnew, _ -> storeAnew placing editor k matrix.Values (Precision.ofDType numeric)
        | RowByRow, Dense old -> dense placing editor k old (typeFor matrix areOld numeric) cells genes folder cancel
        | RowByRow, (Csr arrays | Csc arrays) ->
            let rows =
                SparseSink.create editor k arrays (typeFor matrix areOld numeric) cells genes

            sinkOf rows.Sink (rows.Finish >> NewRows)
