/// Which blocks of a stage are whose.
namespace SingleSharp.Core.Shards

open SingleSharp.Core.Folds

[<RequireQualifiedAccess>]
module internal ShardCut =
    /// The blocks of N rows that a task of N takes: whole segments where there are as many, so that a part has one state for each.
    /// Laws (cut): the ranges of all tasks follow one another and are all blocks; those of two stages over as many rows are the same.
    let range (rows: int64) (tasks: int) (task: int) : BlockRange =
        let blocks = Blocks.count rows
        let perSegment = int64 Blocks.blocksPerSegment
        let segments = (blocks + perSegment - 1L) / perSegment

        let unit = if segments >= int64 tasks then perSegment else 1L
        let units = (blocks + unit - 1L) / unit

        let start task =
            min blocks (int64 task * units / int64 tasks * unit)

        { First = start task
          Stop = start (task + 1) }

    /// States that a part has at most: of whole segments, or of the blocks of one that began before.
    let states (rows: int64) (tasks: int) =
        let blocks = Blocks.count rows
        let perSegment = int64 Blocks.blocksPerSegment
        let segments = (blocks + perSegment - 1L) / perSegment

        if segments >= int64 tasks then
            (segments + int64 tasks - 1L) / int64 tasks
        else
            (blocks + int64 tasks - 1L) / int64 tasks
