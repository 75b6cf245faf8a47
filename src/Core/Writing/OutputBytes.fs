/// The output of row batches as it is stored.
namespace SingleSharp.Core.Writing

open System
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Reading

[<RequireQualifiedAccess>]
module internal OutputBytes =
    /// The part of a row that lies among the values [first, first + count).
    let inline private part (rowBatch: RowBatch) row first count =
        struct (max first rowBatch.Offsets[row], min (first + count) rowBatch.Offsets[row + 1])

    /// Output of rows of counts, which is looked up by count.
    let private ofPairs datatype (rowBatch: RowBatch) first count (target: Span<byte>) =
        let size = Datatype.size datatype

        for row in 0 .. rowBatch.Cells - 1 do
            let struct (start, stop) = part rowBatch row first count

            if start < stop then
                let bytes = target.Slice((start - first) * size, (stop - start) * size)

                if not (rowBatch.Counts.Has row) then
                    Narrow.encode datatype rowBatch.OutputOfOthers start bytes
                elif size = sizeof<float32> then
                    rowBatch.Counts.Look(row, start, MemoryMarshal.Cast<byte, float32> bytes)
                else
                    rowBatch.Counts.Look(row, start, MemoryMarshal.Cast<byte, float> bytes)

    /// The bytes of Output[first .. first + count − 1], already rounded to their type.
    let encode datatype (rowBatch: RowBatch) first count (target: Span<byte>) =
        match datatype with
        | Float(4, false)
        | Float(8, false) when rowBatch.IsOfPairs -> ofPairs datatype rowBatch first count target
        | _ -> Narrow.encode datatype rowBatch.OutputToRead first (target.Slice(0, count * Datatype.size datatype))
