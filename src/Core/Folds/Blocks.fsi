/// The only runner, and the only file with threads: blocks of rows in parallel, merged in block order.
namespace SingleSharp.Core.Folds

open System
open System.Threading
open SingleSharp.Core

/// Reads rows for one worker. Its buffers are its own: an element is valid only until `visit` returns.
type internal RowReader<'a> =
    inherit IDisposable
    /// Visits the rows [first, first + count) in order, cut into as many elements as the reader finds convenient.
    abstract Read: first: int64 * count: int * visit: ('a -> unit) -> unit

/// Where rows come from.
type internal Source<'a> =
    {
        Rows: int64
        /// Opens one more reader; called once per worker, from the worker.
        Open: unit -> RowReader<'a>
    }

/// How to run a pass; nothing here can change a result.
type internal Schedule =
    {
        Workers: int
        /// Blocks begun and not yet merged, at most.
        Window: int
        Cancel: CancellationToken
        /// Told the number of rows done, in block order, on the calling thread.
        RowsDone: int64 -> unit
    }

/// The blocks [First, Stop).
[<Struct>]
type internal BlockRange = { First: int64; Stop: int64 }

/// A worker failed at these rows. Whatever the schedule, it is the first failing block that is reported.
exception internal BlockFailed of firstRow: int64 * rows: int * cause: exn

/// Merges states from left to right: blocks into their segment, segments into the result.
[<Sealed>]
type internal Merger<'s> =
    new: merge: ('s -> 's -> 's) -> Merger<'s>
    /// How many blocks there were.
    member Blocks: int64
    /// Adds the state of one block, or of the first blocks of a segment; the blocks follow those before.
    member Add: BlockRange * state: 's -> unit
    /// The result, asked for once, when all states have been added; none where there was no state.
    member End: 's voption

[<RequireQualifiedAccess>]
module internal Blocks =
    /// Rows in a block. Part of the meaning of every floating-point result: never change it.
    val rowsPerBlock: int
    /// Blocks in a segment. Part of the meaning of every floating-point result: never change it.
    val blocksPerSegment: int
    /// The number of blocks that N rows make.
    val count: rows: int64 -> int64
    /// The rows of a block: its first row and how many there are.
    val extent: rows: int64 -> block: int64 -> struct (int64 * int)
    /// One worker, one block at a time.
    val sequential: Schedule

    /// Does N pieces of work, of which none depends on another, on N threads, the caller's own among them. Which thread does which
    /// piece is left open. What a piece throws ends the others soon, and is thrown again.
    val each: workers: int -> pieces: int -> work: (int -> unit) -> unit

    /// Folds the rows and lets the sink's buffers out in order.
    /// Law (schedule): run schedule source sink fold = Fold.runParts fold (segments of blocks), bit for bit, whatever the schedule.
    val run: Schedule -> Source<'a> -> Sink<'a> -> Fold<'a, 'r> -> 'r

    /// Folds some blocks, and gives `leave` the state and the buffer of each, in order, on the calling thread.
    val runRange:
        Schedule -> Source<'a> -> SinkBuffer<'a, 'p> -> FoldSteps<'a, 's, 'r> -> BlockRange -> leave: (int64 -> 's -> 'p -> unit) -> unit
