/// Lets out what has its place beforehand: at once, from every worker, or saved until the output is written.
namespace SingleSharp.Core.Writing

open System
open System.Buffers
open System.Collections.Concurrent
open System.Collections.Generic
open System.IO
open SingleSharp.Core
open SingleSharp.Core.Folds

/// Puts bytes where a position says.
type internal PutBytes = delegate of position: int64 * bytes: ReadOnlySpan<byte> -> unit

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

[<RequireQualifiedAccess>]
module internal PlaceSink =
    /// Buffers that hold more than this leave before their block ends.
    let private mostWaiting = 4L * 1024L * 1024L

    let private atOnce (encode: RowBatch -> PutBytes -> unit) put : Sink<RowBatch> =
        Sink.ofBuffer
            { Begin = ignore
              Fill = fun () rowBatch -> encode rowBatch put
              IsFull = fun () -> false
              Flush = ignore
              Recycle = ignore
              Complete = ignore }

    let private waiting (encode: RowBatch -> PutBytes -> unit) put : Sink<RowBatch> =
        let spare = ConcurrentBag<WaitingPieces>()

        let rent () =
            match spare.TryTake() with
            | true, pieces -> pieces
            | _ -> WaitingPieces()

        Sink.ofSaved
            (fun writer (pieces: WaitingPieces) -> pieces.Save writer)
            (fun reader -> WaitingPieces.Restore(reader, put))
            { Begin = fun _ -> rent ()
              Fill = fun (pieces: WaitingPieces) rowBatch -> encode rowBatch (PutBytes(fun position bytes -> pieces.Add(position, bytes)))
              IsFull = fun pieces -> pieces.Bytes > mostWaiting
              Flush = fun pieces -> pieces.Leave put
              Recycle = spare.Add
              Complete = ignore }

    /// `encode` gives the pieces of a row batch, `put` writes one to its place; places are known beforehand, so workers write at once, unless
    /// pieces are to be saved.
    let create isSaved encode put =
        if isSaved then waiting encode put else atOnce encode put
