/// Counts in sentences: 1 cell, but 2 cells.
namespace SingleSharp.Core.Contract

[<RequireQualifiedAccess>]
module internal Plural =
    /// A count, and what is said after it of one and of several.
    let say (count: int64) (one: string) (several: string) =
        $"{count} {if count = 1L then one else several}"

    /// N things, whose plural ends in s.
    let things count thing = say count thing (thing + "s")
