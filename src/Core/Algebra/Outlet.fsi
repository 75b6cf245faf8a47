/// A row-local map whose output streams away in block order.
namespace SingleSharp.Core

/// A row-local output with its pages in sight: what a worker makes of a block is a page, pages leave in block order.
type Pages<'a, 'p> =
    {
        /// An empty page for the block that begins at this row; called in a worker.
        Begin: int64 -> 'p
        /// Adds what the element gives; called in a worker.
        Fill: 'p -> 'a -> unit
        /// Is the page so full that it should leave before its block ends?
        IsFull: 'p -> bool
        /// Lets the page's contents leave and empties it; never called concurrently, and in block order.
        Flush: 'p -> unit
        /// The last flush of a block has been; the page may be used again.
        Recycle: 'p -> unit
        /// All blocks have left.
        Complete: unit -> unit
    }

/// Somebody who can use an outlet whatever the type of its pages.
type OutletUser<'a, 'z> =
    abstract Use<'p> : Pages<'a, 'p> -> 'z

/// A row-local map whose output streams away in block order, so that memory does not grow with the number of rows.
[<AbstractClass>]
type Outlet<'a> =
    internal new: unit -> Outlet<'a>
    abstract Open: OutletUser<'a, 'z> -> 'z

[<RequireQualifiedAccess>]
module Outlet =
    val ofPages: Pages<'a, 'p> -> Outlet<'a>
    /// Lets nothing out.
    val none<'a> : Outlet<'a>
    /// Both outputs from one read.
    /// Law (outlets): what leaves by each is what would leave by it alone, in row order.
    val both: Outlet<'a> -> Outlet<'a> -> Outlet<'a>
