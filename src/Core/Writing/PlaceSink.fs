/// Lets out what has its place beforehand: at once, from every worker, or saved until the output is written.
namespace SingleSharp.Core.Writing

open System
open System.Buffers
open System.Collections.Concurrent
open System.Collections.Generic
open System.IO
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files

/// How that gets to its place which has one beforehand.
type internal Placing =
    /// Every worker writes it there at once.
    | AtOnce
    /// It is saved, and put there when the output is written.
    | Saved
    /// Whole pages of N bytes are written at once, to a file that several machines write together; the rest is saved. A machine may write whole
    /// pages even where a few bytes of them were changed, so none is touched that has bytes of another one.
    | Together of RandomAccessFile * page: int

/// Where elements lie that have N bytes each: the address of the one at a position, and how many of some from there on are contiguous.
type internal Places =
    { Size: int
      RunAt: int64 -> int64 -> struct (int64 * int64) }

/// Takes elements from a position on.
type internal PutBytes = delegate of position: int64 * bytes: ReadOnlySpan<byte> -> unit

/// The same of those that are contiguous.
type private PutRun = delegate of position: int64 * address: int64 * bytes: ReadOnlySpan<byte> -> unit

/// Pages of a file that several machines write.
[<RequireQualifiedAccess>]
module internal WholePages =
    /// Bytes of a page, on every machine and file system that there is, or a multiple of them.
    let page = 1 <<< 16

    /// The first page that begins at an address or behind it, and the one that an address lies in or begins; addresses count from the origin.
    let after origin page address =
        (origin + address + int64 (page: int) - 1L) / int64 page * int64 page - origin

    let before origin page address =
        (origin + address) / int64 (page: int) * int64 page - origin

    /// The bounds of the pages that lie whole between two addresses; there are none where the second bound is not the higher one.
    let within origin page start stop =
        struct (after origin page start, before origin page stop)

/// Pieces of a block that wait to be saved, one after another. Dense rows of a row batch may be larger than any array, so each piece has its own.
[<Sealed; AllowNullLiteral>]
type private WaitingPieces() =
    let mutable used = 0L
    let pieces = List<struct (int64 * int * byte[])>()

    member _.Bytes = used

    member _.Add(position, piece: ReadOnlySpan<byte>) =
        let bytes = ArrayPool<byte>.Shared.Rent piece.Length
        piece.CopyTo(Span bytes)
        used <- used + int64 piece.Length
        pieces.Add(struct (position, piece.Length, bytes))

    /// Lets go of all pieces, each of which somebody looks at first.
    member private _.Take(look: PutBytes) =
        for struct (position, length, bytes) in pieces do
            look.Invoke(position, ReadOnlySpan(bytes, 0, length))
            ArrayPool<byte>.Shared.Return bytes

        pieces.Clear()
        used <- 0L

    member waiting.Leave(put: PutBytes) = waiting.Take put

    member waiting.Save(writer: BinaryWriter) =
        writer.Write pieces.Count

        waiting.Take(
            PutBytes(fun position bytes ->
                writer.Write position
                writer.Write bytes.Length
                writer.Write bytes)
        )

    /// Lets out what was saved, piece by piece.
    static member Restore(reader: BinaryReader, put: PutBytes) =
        for _ in 1 .. reader.ReadInt32() do
            let position = reader.ReadInt64()
            let length = reader.ReadInt32()
            let bytes = ArrayPool<byte>.Shared.Rent length
            reader.BaseStream.ReadExactly(Span(bytes, 0, length))
            put.Invoke(position, ReadOnlySpan(bytes, 0, length))
            ArrayPool<byte>.Shared.Return bytes

/// Elements of a block on their way into whole pages of a file. Those that are contiguous are a run; its ends wait. So does all of a run whose
/// elements lie across the bounds of pages.
[<Sealed; AllowNullLiteral>]
type private PageBuffer(disk: RandomAccessFile, page: int, size: int) =
    let waiting = WaitingPieces()
    // The end of the run so far, behind its last whole page.
    let tail: byte[] = Array.zeroCreate page
    let mutable tailPosition = 0L
    let mutable tailBytes = 0
    // Where the run ends so far, and whether it has come to its first whole page.
    let mutable stop = -1L
    let mutable isInside = false

    let pageBefore = WholePages.before disk.Origin page
    let pageAfter = WholePages.after disk.Origin page

    /// Do elements from an address on end where pages do?
    let isAligned address =
        page % size = 0 && (disk.Origin + address) % int64 size = 0L

    let endRun () =
        if tailBytes > 0 then
            waiting.Add(tailPosition, ReadOnlySpan(tail, 0, tailBytes))

        tailBytes <- 0
        isInside <- false
        stop <- -1L

    member _.Bytes = waiting.Bytes

    /// Adds elements that are contiguous.
    member _.Add(position: int64, address: int64, bytes: ReadOnlySpan<byte>) =
        if address <> stop then
            endRun ()

        stop <- address + int64 bytes.Length

        let head =
            if isInside then 0
            elif isAligned address then int (min (int64 bytes.Length) (pageAfter address - address))
            else bytes.Length

        if head > 0 then
            waiting.Add(position, bytes.Slice(0, head))

        let start = address + int64 head
        isInside <- isInside || isAligned address && start >= pageAfter address

        let whole =
            if isInside && pageBefore stop >= start then int (pageBefore stop - start) else -1

        if whole >= 0 then
            disk.Write(start - int64 tailBytes, ReadOnlySpan(tail, 0, tailBytes))
            disk.Write(start, bytes.Slice(head, whole))
            tailBytes <- 0

        let rest = bytes.Slice(head + max 0 whole)

        if rest.Length > 0 then
            if tailBytes = 0 then
                tailPosition <- position + int64 ((head + max 0 whole) / size)

            rest.CopyTo(Span(tail, tailBytes, rest.Length))
            tailBytes <- tailBytes + rest.Length

    member _.Leave put =
        endRun ()
        waiting.Leave put

    member _.Save writer =
        endRun ()
        waiting.Save writer

[<RequireQualifiedAccess>]
module internal PlaceSink =
    /// Buffers that hold more than this leave before their block ends.
    let private mostWaiting = 4L * 1024L * 1024L

    let private inRuns places (put: PutRun) =
        PutBytes(fun position bytes ->
            let mutable at = 0

            while at < bytes.Length do
                let first = position + int64 (at / places.Size)

                let struct (address, count) =
                    places.RunAt first (int64 ((bytes.Length - at) / places.Size))

                let now = Checked.int (count * int64 places.Size)
                put.Invoke(first, address, bytes.Slice(at, now))
                at <- at + now)

    let private atOnce (encode: RowBatch -> PutBytes -> unit) put : Sink<RowBatch> =
        Sink.ofBuffer
            { Begin = ignore
              Fill = fun () rowBatch -> encode rowBatch put
              IsFull = fun () -> false
              Flush = ignore
              Recycle = ignore
              Complete = ignore }

    /// What waits for its turn in buffers of some kind.
    let private waiting make bytesOf add leave save (encode: RowBatch -> PutBytes -> unit) put : Sink<RowBatch> =
        let spare = ConcurrentBag<'buffer>()

        let rent () =
            match spare.TryTake() with
            | true, buffer -> buffer
            | _ -> make ()

        Sink.ofSaved
            (fun writer buffer -> save buffer writer)
            (fun reader -> WaitingPieces.Restore(reader, put))
            { Begin = fun _ -> rent ()
              Fill = fun buffer rowBatch -> encode rowBatch (add buffer)
              IsFull = fun buffer -> bytesOf buffer > mostWaiting
              Flush = fun buffer -> leave buffer put
              Recycle = spare.Add
              Complete = ignore }

    /// `encode` gives the elements of a row batch by their positions; each gets to its place in the file.
    /// Law (placing): the file is the same to the byte whatever the placing, the schedule and the row batches, once all that was saved is put to
    /// its place; what is written together are only pages that are whole in a block.
    let create placing places disk encode =
        let put =
            inRuns places (PutRun(fun _ address bytes -> (disk: RandomAccessFile).Write(address, bytes)))

        match placing with
        | AtOnce -> atOnce encode put
        | Saved ->
            waiting
                WaitingPieces
                _.Bytes
                (fun pieces -> PutBytes(fun position bytes -> pieces.Add(position, bytes)))
                (fun pieces put -> pieces.Leave put)
                _.Save
                encode
                put
        | Together(shared, page) ->
            waiting
                (fun () -> PageBuffer(shared, page, places.Size))
                _.Bytes
                (fun pages -> inRuns places (PutRun(fun position address bytes -> pages.Add(position, address, bytes))))
                (fun pages put -> pages.Leave put)
                _.Save
                encode
                put
