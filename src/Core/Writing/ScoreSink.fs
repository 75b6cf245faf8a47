/// Lets scores out to their place, row by row, a block at a time.
namespace SingleSharp.Core.Writing

open System
open System.Collections.Concurrent
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files

/// A row-local map to a row of numbers for each cell.
type internal CellScores =
    {
        /// How many numbers a row has.
        Count: int
        /// A computer with scratch memory of its own, for one thread: given a row batch, an array of rows and the number of the row batch's
        /// first row in it, it fills in the row batch's rows, rounded once to float32.
        /// Law (scores): cutting a row batch in two changes no score.
        Start: unit -> RowBatch -> float32[] -> int -> unit
    }

/// One block of scores on its way out.
[<Sealed; AllowNullLiteral>]
type private ScoreBuffer(scores: CellScores) =
    member val Compute = scores.Start()
    member val Values: float32[] = Array.zeroCreate (Checked.(*) Blocks.rowsPerBlock scores.Count)
    member val FirstRow = 0L with get, set
    member val Rows = 0 with get, set

[<RequireQualifiedAccess>]
module internal ScoreSink =
    /// The scores of row i, components as float32, go to the bytes from address + 4 · components · i on.
    let toPlace (disk: RandomAccessFile) (address: int64) (scores: CellScores) : Sink<RowBatch> =
        let spare = ConcurrentBag<ScoreBuffer>()
        let rowBytes = int64 scores.Count * int64 sizeof<float32>

        Sink.ofBuffer
            { Begin =
                fun row ->
                    let buffer =
                        match spare.TryTake() with
                        | true, buffer -> buffer
                        | _ -> ScoreBuffer scores

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
                    let values = ReadOnlySpan(buffer.Values, 0, buffer.Rows * scores.Count)
                    disk.Write(address + buffer.FirstRow * rowBytes, MemoryMarshal.AsBytes values)
                    buffer.FirstRow <- buffer.FirstRow + int64 buffer.Rows
                    buffer.Rows <- 0
              Recycle = spare.Add
              Complete = ignore }

/// One block of loadings on its way out.
[<Sealed; AllowNullLiteral>]
type private LoadingBuffer(count: int, start: unit -> RowBatch -> float[] -> int -> unit) =
    member val Compute = start ()
    member val Values: float[] = Array.zeroCreate (Checked.(*) Blocks.rowsPerBlock count)
    member val FirstRow = 0L with get, set
    member val Rows = 0 with get, set

[<RequireQualifiedAccess>]
module internal LoadingSink =
    /// Number k that is computed of row i goes to the vectors' entry (k, i).
    let into (vectors: float[][]) (start: unit -> RowBatch -> float[] -> int -> unit) : Sink<RowBatch> =
        let spare = ConcurrentBag<LoadingBuffer>()
        let count = vectors.Length

        Sink.ofBuffer
            { Begin =
                fun row ->
                    let buffer =
                        match spare.TryTake() with
                        | true, buffer -> buffer
                        | _ -> LoadingBuffer(count, start)

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
                    for row in 0 .. buffer.Rows - 1 do
                        for k in 0 .. count - 1 do
                            vectors[k][int buffer.FirstRow + row] <- buffer.Values[row * count + k]

                    buffer.FirstRow <- buffer.FirstRow + int64 buffer.Rows
                    buffer.Rows <- 0
              Recycle = spare.Add
              Complete = ignore }
