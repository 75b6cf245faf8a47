/// Lets scores out to their place, row by row, a block at a time.
namespace SingleSharp.Core.Writing

open System
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

[<RequireQualifiedAccess>]
module internal ScoreSink =
    /// The scores of row i, components as float32, go to the bytes from address + 4 · components · i on.
    let toPlace (disk: RandomAccessFile) (address: int64) (scores: CellScores) : Sink<RowBatch> =
        let rowBytes = int64 scores.Count * int64 sizeof<float32>

        let room () =
            Array.zeroCreate<float32>(Checked.(*) Blocks.rowsPerBlock scores.Count)

        BlockSink.ofRows (BlockSink.numbers scores.Count) room scores.Start (fun first values rows ->
            disk.Write(address + first * rowBytes, MemoryMarshal.AsBytes(ReadOnlySpan(values, 0, rows * scores.Count))))

[<RequireQualifiedAccess>]
module internal LoadingSink =
    /// Number k that is computed of row i goes to the vectors' entry (k, i).
    let into (vectors: float[][]) (start: unit -> RowBatch -> float[] -> int -> unit) : Sink<RowBatch> =
        let count = vectors.Length

        let room () =
            Array.zeroCreate<float>(Checked.(*) Blocks.rowsPerBlock count)

        BlockSink.ofRows (BlockSink.numbers count) room start (fun first values rows ->
            for row in 0 .. rows - 1 do
                for k in 0 .. count - 1 do
                    vectors[k][int first + row] <- values[row * count + k])
