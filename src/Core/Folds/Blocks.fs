namespace SingleSharp.Core.Folds

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.Runtime.ExceptionServices
open System.Threading
open SingleSharp.Core

type internal RowReader<'a> =
    inherit IDisposable
    abstract Read: first: int64 * count: int * visit: ('a -> unit) -> unit

type internal Source<'a> =
    { Rows: int64
      Open: unit -> RowReader<'a> }

type internal Schedule =
    { Workers: int
      Window: int
      Cancel: CancellationToken
      RowsDone: int64 -> unit }

/// The blocks [First, Stop).
[<Struct>]
type internal BlockRange = { First: int64; Stop: int64 }

exception internal BlockFailed of firstRow: int64 * rows: int * cause: exn

/// Somebody went wrong or gave up elsewhere; a worker that sees this just leaves.
exception private Abandoned

/// What has become of a block that somebody is waiting for.
[<Struct>]
type private Outcome<'s, 'p> =
    | Folded of state: 's * buffer: 'p
    | Failed of cause: exn

[<RequireQualifiedAccess>]
module internal BlockSize =
    let rowsPerBlock = 4096
    let blocksPerSegment = 32

/// The one place where threads meet. Blocks are handed out in order, at most `window` ahead of the one that leaves next.
[<Sealed>]
type private Gate<'s, 'p>(range: BlockRange, window: int, cancel: CancellationToken) =
    let blocks = range.Stop
    let monitor = obj ()
    let outcomes = Dictionary<int64, Outcome<'s, 'p>>()
    let mutable next = range.First
    let mutable leaving = range.First
    let mutable closed = false

    let waitUntil ready =
        while not closed && not (ready ()) do
            Monitor.Wait monitor |> ignore

        if closed then
            raise Abandoned

    /// The next block to work on, or -1 when there is none left.
    member _.Take() =
        lock monitor (fun () ->
            waitUntil (fun () -> next >= blocks || next < leaving + int64 window)

            if next >= blocks then
                -1L
            else
                next <- next + 1L
                next - 1L)

    /// Waits until every earlier block has left.
    member _.AwaitTurn block =
        lock monitor (fun () -> waitUntil (fun () -> leaving = block))

    member _.Hand(block, outcome) =
        lock monitor (fun () ->
            outcomes.Add(block, outcome)
            Monitor.PulseAll monitor)

    /// Waits for the outcome of the block that leaves next.
    member _.Await block =
        lock monitor (fun () ->
            while not closed && not (outcomes.ContainsKey block) do
                Monitor.Wait monitor |> ignore

            cancel.ThrowIfCancellationRequested()
            let outcome = outcomes[block]
            outcomes.Remove block |> ignore
            outcome)

    member _.Left() =
        lock monitor (fun () ->
            leaving <- leaving + 1L
            Monitor.PulseAll monitor)

    member _.ThrowIfClosed() =
        if Volatile.Read &closed then
            raise Abandoned

    member _.Close() =
        lock monitor (fun () ->
            closed <- true
            Monitor.PulseAll monitor)

/// Merges states from left to right: blocks into their segment, segments into the result.
[<Sealed>]
type internal Merger<'s>(merge: 's -> 's -> 's) =
    let mutable result = ValueNone
    let mutable segment = ValueNone
    let mutable blocks = 0L

    let merged left right =
        match left with
        | ValueNone -> ValueSome right
        | ValueSome left -> ValueSome(merge left right)

    /// How many blocks there were.
    member _.Blocks = blocks

    /// Adds the state of one block, or of the first ones of a segment.
    member _.Add(range: BlockRange, state) =
        if range.First <> blocks then
            invalidOp $"the state of block {range.First} follows that of block {blocks - 1L}"

        segment <- merged segment state
        blocks <- range.Stop

        if blocks % int64 BlockSize.blocksPerSegment = 0L then
            result <- merged result segment.Value
            segment <- ValueNone

    /// The result once all states have been added; none where there was no state.
    member _.End =
        match segment with
        | ValueSome last -> merged result last
        | ValueNone -> result

[<RequireQualifiedAccess>]
module internal Blocks =
    let rowsPerBlock = BlockSize.rowsPerBlock
    let blocksPerSegment = BlockSize.blocksPerSegment

    let count rows =
        (rows + int64 rowsPerBlock - 1L) / int64 rowsPerBlock

    let extent rows block =
        let first = block * int64 rowsPerBlock
        struct (first, int (min (int64 rowsPerBlock) (rows - first)))

    let sequential =
        { Workers = 1
          Window = 1
          Cancel = CancellationToken.None
          RowsDone = ignore }

    let private work (source: Source<'a>) (buffers: SinkBuffer<'a, 'p>) (steps: FoldSteps<'a, 's, 'r>) (gate: Gate<'s, 'p>) =
        let foldBlock (reader: RowReader<'a>) block =
            let struct (first, rows) = extent source.Rows block
            let buffer = buffers.Begin first
            let mutable state = steps.Fresh()

            reader.Read(
                first,
                rows,
                fun element ->
                    gate.ThrowIfClosed()
                    state <- steps.Step state element
                    buffers.Fill buffer element

                    if buffers.IsFull buffer then
                        gate.AwaitTurn block
                        buffers.Flush buffer
            )

            Folded(state, buffer)

        let rec continueWith reader block =
            if block >= 0L then
                gate.Hand(
                    block,
                    try
                        foldBlock reader block
                    with cause when not (cause :? Abandoned) ->
                        Failed cause
                )

                continueWith reader (gate.Take())

        try
            let block = gate.Take()

            if block >= 0L then
                // A reader that cannot be opened is the failure of the block it was opened for.
                let opened =
                    try
                        Ok(source.Open())
                    with cause ->
                        Error cause

                match opened with
                | Error cause -> gate.Hand(block, Failed cause)
                | Ok reader ->
                    use reader = reader
                    continueWith reader block
        with Abandoned ->
            ()

    /// Gives what becomes of each block on, in order, once its buffer has left.
    let private leaveInOrder (schedule: Schedule) rows range (leave: int64 -> 's -> 'p -> unit) (gate: Gate<'s, 'p>) =
        for block in range.First .. range.Stop - 1L do
            let struct (first, blockRows) = extent rows block

            match gate.Await block with
            | Failed(:? OperationCanceledException as cancelled) -> ExceptionDispatchInfo.Throw cancelled
            | Failed cause -> raise (BlockFailed(first, blockRows, cause))
            | Folded(state, buffer) -> leave block state buffer

            gate.Left()
            schedule.RowsDone(first + int64 blockRows)

    let private start body =
        let thread = Thread(ThreadStart body, IsBackground = true)
        thread.Start()
        thread

    // Whoever is free takes the next piece, the caller too. It waits for pieces that somebody has begun, not for threads: on a busy machine these
    // may come when nothing is left to do.
    let each workers pieces (work: int -> unit) =
        let next = ref -1
        let ended = ref 0
        let failures = ConcurrentQueue<ExceptionDispatchInfo>()
        // Not disposed of: a thread that sets it may still be at it when the caller goes on.
        let allEnded = new ManualResetEventSlim(pieces <= 0)

        let help () =
            let mutable piece = Interlocked.Increment next

            while piece < pieces do
                if failures.IsEmpty then
                    try
                        work piece
                    with cause ->
                        failures.Enqueue(ExceptionDispatchInfo.Capture cause)

                if Interlocked.Increment ended = pieces then
                    allEnded.Set()

                piece <- Interlocked.Increment next

        for _ in 2 .. min workers pieces do
            ThreadPool.UnsafeQueueUserWorkItem((fun _ -> help ()), null) |> ignore

        help ()
        allEnded.Wait()

        match failures.TryDequeue() with
        | true, failure -> failure.Throw()
        | _ -> ()

    let runRange (schedule: Schedule) (source: Source<'a>) buffers (steps: FoldSteps<'a, 's, 'r>) range leave =
        let window = max 1 schedule.Window
        let gate = Gate<'s, 'p>(range, window, schedule.Cancel)
        use _ = schedule.Cancel.Register(fun () -> gate.Close())
        let workers = int (min (int64 (max 1 schedule.Workers)) (range.Stop - range.First))

        let threads = List<Thread>()

        try
            for _ in 1..workers do
                threads.Add(start (fun () -> work source buffers steps gate))

            leaveInOrder schedule source.Rows range leave gate
        finally
            gate.Close()
            threads |> Seq.iter _.Join()

    let private runWith schedule (source: Source<'a>) (buffers: SinkBuffer<'a, 'p>) (steps: FoldSteps<'a, 's, 'r>) =
        let merger = Merger steps.Merge

        runRange schedule source buffers steps { First = 0L; Stop = count source.Rows } (fun block state buffer ->
            buffers.Flush buffer
            buffers.Recycle buffer
            merger.Add({ First = block; Stop = block + 1L }, state))

        buffers.Complete()
        merger.End |> ValueOption.defaultWith steps.Fresh |> steps.Finish

    let run (schedule: Schedule) (source: Source<'a>) (sink: Sink<'a>) (fold: Fold<'a, 'r>) =
        sink.Open
            { new SinkUser<'a, 'r> with
                member _.Use(buffers, _) =
                    fold.Open
                        { new FoldUser<'a, 'r, 'r> with
                            member _.Use steps = runWith schedule source buffers steps } }
