/// Computes something of each cell into buffers of a block, and lets the blocks out in order.
namespace SingleSharp.Core.Writing

open System.Collections.Concurrent
open SingleSharp.Core
open SingleSharp.Core.Folds

/// The values of one block on their way out.
[<Sealed; AllowNullLiteral>]
type private BlockBuffer<'values>(values: 'values, compute: RowBatch -> 'values -> int -> unit) =
    member val Values = values
    member val Compute = compute
    member val FirstRow = 0L with get, set
    member val Rows = 0 with get, set

[<RequireQualifiedAccess>]
module internal BlockSink =
    /// `room` makes values for a block, `start` a computer for one thread that is given a row batch, values and the place of the batch's
    /// first row among them. `flush` is given the first row of the block, its values and how many rows there are, in the order of blocks.
    let ofRows
        (room: unit -> 'values)
        (start: unit -> RowBatch -> 'values -> int -> unit)
        (flush: int64 -> 'values -> int -> unit)
        : Sink<RowBatch> =
        let spare = ConcurrentBag<BlockBuffer<'values>>()

        Sink.ofBuffer
            { Begin =
                fun row ->
                    let buffer =
                        match spare.TryTake() with
                        | true, buffer -> buffer
                        | _ -> BlockBuffer(room (), start ())

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
