/// What sorting values into rows takes, in bytes: stripes of cells, buckets of stripes, buffers of buckets.
namespace SingleSharp.Core.Reading

open System
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal SortMemory =
    /// Bytes of a value while its bucket is sorted.
    let sortedBytes = 16L + 12L

    /// Bytes for each stripe: how many values it has, which of its cells are full, and its bucket.
    let stripeBytes = 8L + 8L + 4L

    let stripesOf rows =
        (rows + Buckets.stripe - 1L) / Buckets.stripe

    /// The bytes of a buffer of a bucket, at least and at most.
    let leastBuffer = 4096L

    let mostBuffer = 65536L

    /// Bytes of what sorts N values of N rows: counts of stripes, and a bucket.
    let sortBytes rows values =
        Memory.times (stripesOf rows) stripeBytes
        |> Memory.plus (min values (int64 Buckets.mostValues) * sortedBytes)
        |> Memory.plus (int64 Buckets.mostCells * 8L)

    /// How many buckets there are, about.
    let bucketsOf rows values =
        1L + rows / int64 Buckets.mostCells + values / int64 Buckets.mostValues

    /// Refuses stripes that are more than what a bucket usually has and do not fit into memory: they cannot be sorted.
    let requireRoom (disk: RandomAccessFile) path least allowed (most: int64) =
        if most > int64 (Array.MaxLength / 16) then
            disk.Unsupported path $"{Buckets.stripe} neighbouring cells have {most} values"

        let needed = least + (most - int64 Buckets.mostValues) * sortedBytes

        if most > int64 Buckets.mostValues && needed > allowed then
            Fault.throw (Fault.memory needed allowed)

    /// Buffers of buckets share N bytes, as long as each has a buffer.
    let bufferBytes memory buckets =
        int (max leastBuffer (min mostBuffer (memory / int64 (max 1 buckets))))
