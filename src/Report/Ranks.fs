/// Ranks of all cells in a memory that does not depend on how many there are.
namespace SingleSharp.Reporting

open System

[<RequireQualifiedAccess>]
module internal Ranks =
    /// A positive float32 keeps its exponent and 7 bits behind it: integers to 255 are told apart, larger values within 0.8 %.
    let private dropped = 16

    /// Points (rank, value) of a curve over all positive values, from the largest on.
    let curve (batches: seq<float[]>) =
        let counts: int64[] = Array.zeroCreate (1 <<< (32 - dropped))

        for batch in batches do
            for value in batch do
                let single = float32 value

                if single > 0.0f && Single.IsFinite single then
                    let bin = int (BitConverter.SingleToUInt32Bits single >>> dropped)
                    counts[bin] <- counts[bin] + 1L

        let mutable rank = 0L

        [| for bin in counts.Length - 1 .. -1 .. 0 do
               if counts[bin] > 0L then
                   let value = float (BitConverter.UInt32BitsToSingle(uint32 bin <<< dropped))

                   // Both ends of a plateau, as cells of equal counts make one.
                   if counts[bin] > 1L || rank = 0L then
                       float (rank + 1L), value

                   rank <- rank + counts[bin]

                   if counts[bin] > 1L || rank > 1L then
                       float rank, value |]
        |> Array.distinct
