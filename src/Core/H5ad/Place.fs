/// Where the new values of X go in a draft, and what becomes of the room of the old ones.
namespace SingleSharp.Core

open System
open System.Collections.Generic

/// The outlet for values, and what it will have made once everything has left.
type ValueSink =
    {
        Outlet: Outlet<Slice>
        Finish: unit -> NewValues
        /// Where values wait until all are there; null where they need not.
        Scratch: IDisposable
    }

[<RequireQualifiedAccess>]
module Place =
    let private chunksOf disk (data: Dataset) =
        match data.Layout with
        | Chunked _ -> ValueSome(Chunks.load disk data)
        | _ -> ValueNone

    /// Can values of this type go where the old ones are? Not where those are compressed, were never written,
    /// or belong to a second name as well.
    let canOverwrite disk (data: Dataset) datatype =
        data.Type = datatype
        && data.Filters.IsEmpty
        && data.Header.LinkCount = 1
        && match data.Layout, chunksOf disk data with
           | Contiguous address, _ -> address <> Bytes.undefined || data.Count = 0L
           | _, ValueSome chunks -> chunks.Entries |> Array.forall (fun entry -> entry.Address <> Bytes.undefined)
           | _ -> false

    /// A contiguous dataset counts as pieces of so many elements.
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
    let own (store: Store) (datasets: Dataset list) =
        match Claims.find store with
        | Some claims ->
            let contested = Claims.contested claims
            datasets |> List.filter (fun dataset -> not (contested.Contains dataset.Header.Address))
        | None -> []

    /// Can values of this type go where those of the matrix are?
    let isOverwritable (file: H5adFile) datatype =
        file.X.IsAlone && canOverwrite file.Store.Disk file.X.Values datatype && not (own file.Store [ file.X.Values ]).IsEmpty

    /// The bytes of a dataset outside of its header, as `ranges` takes them.
    let stored disk (data: Dataset) =
        Claims.ofDataset disk data |> Array.map (fun claim -> struct (0L, claim.Start, claim.Length))

    /// The datasets of the matrix that nobody will ever read again once it is what the plan makes of it.
    let private givenUp (file: H5adFile) plan =
        let replaced =
            match plan, file.X.Form with
            | RowByRow, _ -> file.X.Datasets
            | StoreAnew, Rows arrays -> [ arrays.Data ]
            | _ -> []

        if file.X.IsAlone && not replaced.IsEmpty && (References.find file.Store).AreAll then
            replaced |> List.filter (fun dataset -> dataset.Header.LinkCount = 1) |> own file.Store
        else
            []

    /// A clone of the file as a draft. Where a pass will `read` all of X, what it reads is not copied yet: the outlet copies it
    /// as it is read. Old values that nobody will read again are not copied at all; where new ones go elsewhere, their room is free.
    /// Neither is what is withheld, but its room is not free, because it may be copied later.
    let clone (file: H5adFile) (target: Disk) plan read withheld cancel =
        let source = file.Store.Disk
        let givenUp = givenUp file plan |> Array.ofList |> Array.collect (stored source)

        let overwritten = if plan = Overwrite then stored source file.X.Values else [||]

        /// Of what is stored in rows, as it is read.
        let followed =
            match file.X.Form, plan with
            | Rows arrays, Untouched when read -> Array.append (pieces source arrays.Indices) (pieces source arrays.Data)
            | Rows arrays, (Overwrite | StoreAnew) when read -> pieces source arrays.Indices
            | _ -> [||]
            |> Array.sort

        let withheld =
            withheld |> List.map (fun (struct (start, count)) -> struct (0L, start, count)) |> Array.ofList

        let skipped = Array.concat [ givenUp; overwritten; followed; withheld ]
        Clone.copy source target file.Store.Superblock.EndOfFile (ranges skipped) cancel
        Draft(target, file.Store.Superblock, room (ranges givenUp)), Clone.asRead source target followed cancel

    let private sinkOf outlet finish =
        { Outlet = outlet
          Finish = finish
          Scratch = null }

    let private untouched = sinkOf Outlet.none (fun () -> SamePlaces)

    let private overwrite (draft: Draft) (matrix: Matrix) precision =
        let data = matrix.Values

        let outlet =
            match matrix.Form, data.Layout with
            | Dense _, Contiguous address -> DenseOutlet.toPlace draft.Disk address data.Type matrix.Genes
            | Dense _, _ -> invalidOp $"{data.Path} is not stored in one piece"
            | _ -> ValueOutlet.inPlace draft.Disk data (chunksOf draft.Disk data) precision

        sinkOf outlet (fun () -> SamePlaces)

    /// Stored like the old values: chunks of the same extent with the same filters, or one piece.
    let private storeAnew (draft: Draft) k (data: Dataset) precision =
        let datatype = Numeric.datatype (Precision.numeric precision)

        match data.Layout with
        | Chunked(shape, _, _, _) ->
            let table = List<ChunkEntry>()

            sinkOf (ValueOutlet.intoChunks draft data.Path data.Filters shape[0] precision table) (fun () ->
                let index =
                    ChunkTree.write draft k shape [| int64 table.Count |] (Datatype.size datatype) (table.ToArray())

                NewChunks(index, shape[0], precision))
        | Contiguous _
        | Compact _ ->
            let address = draft.Reserve(data.Count * int64 (Datatype.size datatype))

            let place =
                { data with
                    Type = datatype
                    Layout = Contiguous address }

            sinkOf (ValueOutlet.inPlace draft.Disk place ValueNone precision) (fun () -> NewContiguous(address, precision))

    /// A dense matrix of so many cells and genes. Chunks of several rows are filled once all rows are there.
    let private dense (draft: Draft) k (old: Dataset) datatype cells genes folder cancel =
        let bytes = Checked.(*) (Checked.(*) cells genes) (int64 (Datatype.size datatype))

        /// What is empty and cannot grow has no chunks at all.
        let hasChunks =
            match old.Layout, Dataspace.resized [ cells; genes ] old.Space with
            | Chunked _, Simple(_, most) -> not (List.contains 0L most)
            | _ -> false

        if hasChunks then
            let scratch = new Scratch(folder)
            scratch.Disk.SetLength bytes

            { Outlet = DenseOutlet.toPlace scratch.Disk 0L datatype (int genes)
              Finish = fun () -> NewArray(DenseOutlet.inChunks draft k scratch.Disk old datatype cells genes cancel)
              Scratch = scratch }
        else
            let address = draft.ReserveWithin bytes

            sinkOf (DenseOutlet.toPlace draft.Disk address datatype (int genes)) (fun () ->
                let place = if bytes = 0L then Bytes.undefined else address
                NewArray(draft.PutReplacement(old, datatype, Simple([ cells; genes ], [ cells; genes ]), Encode.contiguous place bytes)))

    /// The type in which numbers take the place of an old dataset's: its own, byte order included, if they are such numbers.
    /// What is computed of float16 counts as float32, and would be rounded again or become infinite.
    let private typeFor (matrix: Matrix) areOld numeric =
        let stored = matrix.Values.Type

        if matrix.Type = numeric && (areOld || Datatype.size stored = Numeric.size numeric) then
            stored
        else
            Numeric.datatype numeric

    /// Where values of this type go, of the cells and genes that stay; `areOld` says that they are the values of the file.
    let sink (draft: Draft) (file: H5adFile) plan areOld numeric cells genes folder cancel =
        let matrix = file.X
        let k = file.Store.Superblock.ChunkNodeK

        match plan, matrix.Form with
        | Untouched, _ -> untouched
        | Overwrite, _ -> overwrite draft matrix (Precision.ofNumeric numeric)
        | StoreAnew, _ -> storeAnew draft k matrix.Values (Precision.ofNumeric numeric)
        | RowByRow, Dense old -> dense draft k old (typeFor matrix areOld numeric) cells genes folder cancel
        | RowByRow, (Rows arrays | Columns arrays) ->
            let rows =
                SparseOutlet.create draft k arrays (typeFor matrix areOld numeric) cells genes

            sinkOf rows.Outlet (rows.Finish >> NewRows)
