/// Computes something of each cell into buffers of a block, and lets the blocks out in order.
namespace SingleSharp.Core.Writing

open System.Collections.Concurrent
open System.IO
open SingleSharp.Core
open SingleSharp.Core.Folds

/// The values of one block on their way out.
[<Sealed; AllowNullLiteral>]
type private BlockBuffer<'values>(values: 'values, compute: RowBatch -> 'values -> int -> unit) =
    member val Values = values
    member val Compute = compute
    member val FirstRow = 0L with get, set
    member val Rows = 0 with get, set

/// How the first N rows of a block's values are saved, and read back into values.
type internal SavedRows<'values> =
    { WriteRows: BinaryWriter -> 'values -> int -> unit
      ReadRows: BinaryReader -> 'values -> int -> unit }

[<RequireQualifiedAccess>]
module internal BlockSink =
    /// N numbers a row.
    let numbers count : SavedRows<'v[]> =
        { WriteRows = fun writer values rows -> Saved.write writer values (rows * count)
          ReadRows = fun reader values rows -> Saved.readInto reader values (rows * count) }

    /// One number a row in each of several columns.
    let columns: SavedRows<float[][]> =
        { WriteRows = fun writer columns rows -> columns |> Array.iter (fun values -> Saved.write writer values rows)
          ReadRows = fun reader columns rows -> columns |> Array.iter (fun values -> Saved.readInto reader values rows) }

    /// `room` makes values for a block, `start` a computer for one thread that is given a row batch, values and the place of the batch's
    /// first row among them. `flush` is given the first row of the block, its values and how many rows there are, in the order of blocks.
    let ofRows
        (saved: SavedRows<'values>)
        (room: unit -> 'values)
        (start: unit -> RowBatch -> 'values -> int -> unit)
        (flush: int64 -> 'values -> int -> unit)
        : Sink<RowBatch> =
        let spare = ConcurrentBag<BlockBuffer<'values>>()

        let rent () =
            match spare.TryTake() with
            | true, buffer -> buffer
            | _ -> BlockBuffer(room (), start ())

        let save (writer: BinaryWriter) (buffer: BlockBuffer<'values>) =
            writer.Write buffer.FirstRow
            writer.Write buffer.Rows
            saved.WriteRows writer buffer.Values buffer.Rows
            buffer.FirstRow <- buffer.FirstRow + int64 buffer.Rows
            buffer.Rows <- 0

        let restore (reader: BinaryReader) =
            let buffer = rent ()
            let first = reader.ReadInt64()
            let rows = reader.ReadInt32()
            saved.ReadRows reader buffer.Values rows
            flush first buffer.Values rows
            spare.Add buffer

        Sink.ofSaved
            save
            restore
            { Begin =
                fun row ->
                    let buffer = rent ()
                    buffer.FirstRow <- row
                    buffer.Rows <- 0
                    buffer
              Fill =
                fun buffer rowBatch ->
                    buffer.Compute rowBatch buffer.Values buffer.Rows
                    buffer.Rows <- buffer.Rows + rowBatch.Cells
              IsFull = fun _ -> false
              Flush =
                fun buffer ->
                    flush buffer.FirstRow buffer.Values buffer.Rows
                    buffer.FirstRow <- buffer.FirstRow + int64 buffer.Rows
                    buffer.Rows <- 0
              Recycle = spare.Add
              Complete = ignore }
