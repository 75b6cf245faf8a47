/// Where the new values of X go in a draft, and what becomes of the room of the old ones.
namespace SingleSharp.Core

open System.Collections.Generic

/// The outlet for values, and what it will have made once everything has left.
type ValueSink =
    { Outlet: Outlet<Slice>
      Finish: unit -> NewValues }

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

    /// Room for new objects where old bytes are given up: whole multiples of eight.
    let room ranges =
        ranges
        |> List.map (fun (struct (start, length)) ->
            let low = Bytes.align8 start
            struct (low, (start + length - low) &&& ~~~7L))
        |> List.filter (fun (struct (_, length)) -> length > 0L)

    /// Will nobody ever read the old values again once X leads to new ones?
    let private isGivenUp (file: H5adFile) =
        file.X.Data.Header.LinkCount = 1 && file.X.Group.Header.LinkCount = 1 && (References.find file.Store).AreAll

    /// A clone of the file as a draft. Where a pass will `read` all of X, what it reads is not copied yet: the outlet copies it
    /// as it is read. Old values that nobody will read again are not copied at all; where new ones go elsewhere, their room is free.
    let clone (file: H5adFile) (target: Disk) plan read cancel =
        let source = file.Store.Disk
        let indices = pieces source file.X.Indices
        let data = pieces source file.X.Data

        let givenUp =
            match plan with
            | StoreAnew when isGivenUp file -> data
            | OnlyKept when isGivenUp file && file.X.Indices.Header.LinkCount = 1 -> Array.append indices data
            | _ -> [||]

        let overwritten = if plan = Overwrite then data else [||]

        let kept =
            Array.append indices data |> Array.except (Array.append givenUp overwritten)

        let followed = if read && plan <> OnlyKept then Array.sort kept else [||]
        let skipped = Array.concat [ givenUp; overwritten; followed ]
        Clone.copy source target file.Store.Superblock.EndOfFile (ranges skipped) cancel
        Draft(target, file.Store.Superblock, room (ranges givenUp)), Clone.asRead source target followed cancel

    let private untouched =
        { Outlet = Outlet.none
          Finish = fun () -> SamePlaces }

    let private overwrite (draft: Draft) (data: Dataset) precision =
        { Outlet = ValueOutlet.inPlace draft.Disk data (chunksOf draft.Disk data) precision
          Finish = fun () -> SamePlaces }

    /// Stored like the old values: chunks of the same extent with the same filters, or one piece.
    let private storeAnew (draft: Draft) k (data: Dataset) precision =
        let datatype = Numeric.datatype (Precision.numeric precision)

        match data.Layout with
        | Chunked(shape, _, _, _) ->
            let table = List<ChunkEntry>()

            { Outlet = ValueOutlet.intoChunks draft data.Path data.Filters shape[0] precision table
              Finish =
                fun () ->
                    let index =
                        ChunkTree.write draft k shape [| int64 table.Count |] (Datatype.size datatype) (table.ToArray())

                    NewChunks(index, shape[0], precision) }
        | Contiguous _
        | Compact _ ->
            let address = draft.Reserve(data.Count * int64 (Datatype.size datatype))

            let place =
                { data with
                    Type = datatype
                    Layout = Contiguous address }

            { Outlet = ValueOutlet.inPlace draft.Disk place ValueNone precision
              Finish = fun () -> NewContiguous(address, precision) }

    /// Rows as they come, one after another.
    let private onlyKept (draft: Draft) (file: H5adFile) numeric =
        let rows =
            SparseOutlet.create draft file.Store.Superblock.ChunkNodeK file.X numeric file.X.Cells

        { Outlet = rows.Outlet
          Finish = rows.Finish >> NewRows }

    /// Where values of this type go.
    let sink (draft: Draft) (file: H5adFile) plan numeric =
        match plan with
        | Untouched -> untouched
        | Overwrite -> overwrite draft file.X.Data (Precision.ofNumeric numeric)
        | StoreAnew -> storeAnew draft file.Store.Superblock.ChunkNodeK file.X.Data (Precision.ofNumeric numeric)
        | OnlyKept -> onlyKept draft file numeric
