/// A row-local map whose output streams away in block order.
namespace SingleSharp.Core.Folds

open System.IO

/// A row-local output with its buffers in sight: what a worker makes of a block is a buffer, buffers leave in block order.
type internal SinkBuffer<'a, 'p> =
    {
        /// An empty buffer for the block that begins at this row; called in a worker.
        Begin: int64 -> 'p
        /// Adds what the element gives; called in a worker.
        Fill: 'p -> 'a -> unit
        /// Is the buffer so full that it should leave before its block ends?
        IsFull: 'p -> bool
        /// Lets the buffer's contents leave and empties it; never called concurrently, and in block order.
        Flush: 'p -> unit
        /// The last flush of a block has been; the buffer may be used again.
        Recycle: 'p -> unit
        /// All blocks have left.
        Complete: unit -> unit
    }

/// When what a shard has saved of a sink is let out.
[<RequireQualifiedAccess>]
type internal SinkUse =
    /// Whenever the pass is over: what later passes go by.
    | Always
    /// When the output is written.
    | InTheEnd
    /// When somebody asks for it.
    | OnDemand

/// What takes the place of Flush where the output of a pass is saved. Law (saved): what is saved and restored in order leaves as if it were
/// flushed.
type internal SavedSink<'p> =
    {
        /// Writes what a buffer would let out, and empties it.
        Save: BinaryWriter -> 'p -> unit
        /// Lets out what was saved, where its use is one of those that are wanted.
        Restore: (SinkUse -> bool) -> BinaryReader -> unit
        /// Is there anything to let out of these uses? Parts of which nothing is wanted are not read.
        Leaves: (SinkUse -> bool) -> bool
    }

/// Somebody who can use a sink whatever the type of its buffers.
type internal SinkUser<'a, 'z> =
    abstract Use<'p> : SinkBuffer<'a, 'p> * SavedSink<'p> -> 'z

/// A row-local map whose output streams away in block order, so that memory does not grow with the number of rows.
[<AbstractClass>]
type internal Sink<'a> =
    internal new: unit -> Sink<'a>
    abstract Open: SinkUser<'a, 'z> -> 'z

[<RequireQualifiedAccess>]
module internal Sink =
    /// A sink of which nothing is saved.
    val ofBuffer: SinkBuffer<'a, 'p> -> Sink<'a>
    /// A sink whose buffers can be saved; `restore` reads what was saved and lets it out.
    val ofSaved: save: (BinaryWriter -> 'p -> unit) -> restore: (BinaryReader -> unit) -> SinkBuffer<'a, 'p> -> Sink<'a>
    /// Says when what was saved is let out.
    val used: SinkUse -> Sink<'a> -> Sink<'a>
    /// Lets nothing out.
    val none<'a> : Sink<'a>
    /// Both outputs from one read.
    /// Law (sinks): what leaves by each is what would leave by it alone, in row order.
    val both: Sink<'a> -> Sink<'a> -> Sink<'a>
