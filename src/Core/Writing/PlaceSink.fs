/// Lets out what has its place beforehand: at once, from every worker, or saved until the output is written.
namespace SingleSharp.Core.Writing

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.IO
open System.Numerics
open SingleSharp.Core
open SingleSharp.Core.Folds

/// Puts bytes where a position says.
type internal PutBytes = delegate of position: int64 * bytes: ReadOnlySpan<byte> -> unit

/// Pieces of a block that wait to be saved, one after another.
[<Sealed; AllowNullLiteral>]
type private WaitingPieces() =
    let mutable bytes: byte[] = Array.Empty()
    let mutable used = 0
    let pieces = List<struct (int64 * int)>()

    member _.Add(position, piece: ReadOnlySpan<byte>) =
        let needed = Checked.(+) used piece.Length

        if bytes.Length < needed then
            Array.Resize(&bytes, int (min (uint32 Array.MaxLength) (BitOperations.RoundUpToPowerOf2(uint32 needed))))

        piece.CopyTo(Span(bytes, used, piece.Length))
        used <- needed
        pieces.Add(struct (position, piece.Length))

    member _.Bytes = used

    member _.Each(put: PutBytes) =
        let mutable at = 0

        for struct (position, length) in pieces do
            put.Invoke(position, ReadOnlySpan(bytes, at, length))
            at <- at + length

    member _.Save(writer: BinaryWriter) =
        writer.Write pieces.Count

        for struct (position, length) in pieces do
            writer.Write position
            writer.Write length

        writer.Write(ReadOnlySpan(bytes, 0, used))

    member waiting.Load(reader: BinaryReader) =
        waiting.Clear()
        let count = reader.ReadInt32()

        for _ in 1..count do
            let position = reader.ReadInt64()
            let length = reader.ReadInt32()
            pieces.Add(struct (position, length))
            used <- Checked.(+) used length

        if bytes.Length < used then
            bytes <- Array.zeroCreate (int (min (uint32 Array.MaxLength) (BitOperations.RoundUpToPowerOf2(uint32 used))))

        reader.BaseStream.ReadExactly(Span(bytes, 0, used))

    member _.Clear() =
        used <- 0
        pieces.Clear()

[<RequireQualifiedAccess>]
module internal PlaceSink =
    /// Buffers that hold more than this leave before their block ends.
    let private mostWaiting = 4 * 1024 * 1024

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
            (fun writer (pieces: WaitingPieces) ->
                pieces.Save writer
                pieces.Clear())
            (fun reader ->
                let pieces = rent ()
                pieces.Load reader
                pieces.Each put
                spare.Add pieces)
            { Begin = fun _ -> rent ()
              Fill = fun (pieces: WaitingPieces) rowBatch -> encode rowBatch (PutBytes(fun position bytes -> pieces.Add(position, bytes)))
              IsFull = fun pieces -> pieces.Bytes > mostWaiting
              Flush =
                fun pieces ->
                    pieces.Each put
                    pieces.Clear()
              Recycle = spare.Add
              Complete = ignore }

    /// `encode` gives the pieces of a row batch, `put` writes one to its place; places are known beforehand, so workers write at once, unless
    /// pieces are to be saved.
    let create isSaved encode put =
        if isSaved then waiting encode put else atOnce encode put
