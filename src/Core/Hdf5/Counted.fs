/// Counts in sentences: 1 cell, but 2 cells.
namespace SingleSharp.Core

[<RequireQualifiedAccess>]
module Counted =
    /// A count, and what is said after it of one and of several.
    let say (count: int64) (one: string) (several: string) =
        $"{count} {if count = 1L then one else several}"

    /// So many things, whose plural ends in s.
    let things count thing = say count thing (thing + "s")
