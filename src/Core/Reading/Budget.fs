/// How a pass reads within the memory allowed.
namespace SingleSharp.Core.Reading

open System
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Contract
open SingleSharp.Core.AnnData

/// How to read: by how many workers, values per row batch, blocks in flight, and the bytes of memory that this takes.
type internal Fit =
    { Workers: int
      ValuesPerBatch: int
      Window: int
      Memory: int64 }

/// What a read keeps while it runs, in bytes.
type internal Need =
    {
        /// How many rows are read; none for those of the matrix.
        Rows: int64 voption
        /// The state of one block.
        State: int64
        /// The states that blocks are merged into: of a segment, and of all.
        Segment: int64
        Result: int64
        /// What waits to leave of one block.
        Buffer: int64
        /// What each worker computes with, beside what it reads with.
        Worker: int64
        /// The same for each value of a row batch.
        PerValue: int64
        /// What is kept once.
        Once: int64
        /// What is kept once the read is done and only its answer is left.
        After: int64
    }

[<RequireQualifiedAccess>]
module internal Budget =
    /// Enough values for a row batch to be worth its trouble, few enough to stay in a processor's cache.
    let private bestBatch = 1 <<< 17

    /// Smaller row batches are for those who have no other choice.
    let private usualBatch = 1 <<< 15

    let private smallestBatch = 1 <<< 12

    let nothing =
        { Rows = ValueNone
          State = 0L
          Segment = 0L
          Result = 0L
          Buffer = 0L
          Worker = 0L
          PerValue = 0L
          Once = 0L
          After = 0L }

    /// Where every state takes the same.
    let folding state =
        { nothing with
            State = state
            Segment = state
            Result = state }

    /// What two keep side by side in one read of the same rows.
    let beside (left: Need) (right: Need) =
        { Rows = ValueOption.orElse right.Rows left.Rows
          State = Memory.plus left.State right.State
          Segment = Memory.plus left.Segment right.Segment
          Result = Memory.plus left.Result right.Result
          Buffer = Memory.plus left.Buffer right.Buffer
          Worker = Memory.plus left.Worker right.Worker
          PerValue = left.PerValue + right.PerValue
          Once = Memory.plus left.Once right.Once
          After = Memory.plus left.After right.After }

    /// Row batches of these sizes, the largest first.
    let private rowBatches largest smallest =
        largest |> List.unfold (fun rowBatch -> if rowBatch < smallest then None else Some(rowBatch, rowBatch / 2))

    /// How many workers there may be, the most first: those that are asked for, or as many as there are processors down to one. There
    /// is nothing to do for more of them than there are blocks.
    let private workers blocks (settings: Settings) =
        let atMost workers = int (min (int64 workers) blocks)

        if settings.Workers > 0 then
            [ atMost settings.Workers ]
        else
            [ atMost (Machine.workers settings.Workers) .. -1 .. 1 ]

    /// Blocks are merged into their segment, and segments into the result, where there are several; the first block is its segment.
    let private states blocks window need =
        let result = if blocks > int64 Blocks.blocksPerSegment then need.Result else 0L

        [ Memory.times (min window blocks) need.State; need.Segment; result ]
        |> List.fold Memory.plus 0L
        |> min (Memory.times blocks need.State)

    /// Blocks ahead of the one that leaves next are worth their memory where that is little.
    let private aheadOf needs =
        if needs |> List.exists (fun need -> need.State > (4L <<< 20)) then 1 else 2

    /// Bytes that N workers take for a read.
    let private memory (matrix: Matrix) workers window rowBatch need =
        let blocks = max 1L (Blocks.count (ValueOption.defaultValue matrix.Cells need.Rows))

        let buffers = min (int64 window) blocks

        let ofWorker =
            [ need.Worker
              Memory.times (Reader.valuesOf matrix rowBatch) need.PerValue
              Reader.memory matrix rowBatch ]
            |> List.fold Memory.plus 0L

        let during =
            [ states blocks (int64 window) need
              Memory.times buffers need.Buffer
              Memory.times (int64 workers) ofWorker ]
            |> List.fold Memory.plus 0L

        max during need.After |> Memory.plus need.Once |> Memory.plus (Reader.tables matrix)

    /// The roomiest way to read the rows of a matrix that fits, one time after the other, or the least memory that one needs; row batches
    /// give way before blocks in flight do, and these before workers that nobody asked for.
    let tryFitEach (matrix: Matrix) (settings: Settings) needs =
        let blocks = max 1L (Blocks.count matrix.Cells)
        let workers = workers blocks settings

        let candidates =
            seq {
                for rowBatches in [ rowBatches bestBatch usualBatch; rowBatches (usualBatch / 2) smallestBatch ] do
                    for workers in workers do
                        for window in [ workers + aheadOf needs; workers ] do
                            for rowBatch in rowBatches do
                                { Workers = workers
                                  ValuesPerBatch = rowBatch
                                  Window = window
                                  Memory = needs |> List.map (memory matrix workers window rowBatch) |> List.max }
            }

        match candidates |> Seq.tryFind (fun fit -> fit.Memory <= settings.Memory && fit.Memory < Int64.MaxValue) with
        | Some fit -> Ok fit
        | None -> Error (Seq.last candidates).Memory

    /// The same of one read.
    let tryFit matrix settings need = tryFitEach matrix settings [ need ]

    /// What is done by one, without blocks.
    let tryAlone (settings: Settings) bytes =
        if bytes <= settings.Memory && bytes < Int64.MaxValue then
            Ok
                { Workers = 1
                  ValuesPerBatch = bestBatch
                  Window = 1
                  Memory = bytes }
        else
            Error bytes

    let private orRefuse (settings: Settings) fit =
        match fit with
        | Ok fit -> fit
        | Error needed -> Fault.throw (Fault.memory needed settings.Memory)

    /// How to read, where anything else is a fault.
    let fit matrix settings need =
        tryFit matrix settings need |> orRefuse settings

    /// The same of what is done by one.
    let alone settings bytes =
        tryAlone settings bytes |> orRefuse settings
