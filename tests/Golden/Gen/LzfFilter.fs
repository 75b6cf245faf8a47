/// LZF for PureHDF, which does not have it, so that the reader that is not under test reads what h5py compressed by it.
module internal SingleSharp.Golden.LzfFilter

open System
open PureHDF.Filters

/// Runs of literal bytes (a byte below 32 says how many follow, less one) and copies of what was decoded before: three bits of
/// length, of which 7 means that another byte follows, and thirteen bits of distance, less one.
let private decode (stored: ReadOnlySpan<byte>) (target: Span<byte>) =
    let mutable read = 0
    let mutable written = 0

    while read < stored.Length do
        let first = int stored[read]
        read <- read + 1

        if first < 32 then
            stored.Slice(read, first + 1).CopyTo(target.Slice written)
            read <- read + first + 1
            written <- written + first + 1
        else
            let mutable length = first >>> 5

            if length = 7 then
                length <- length + int stored[read]
                read <- read + 1

            let distance = ((first &&& 31) <<< 8) + int stored[read] + 1
            read <- read + 1

            for _ in 1 .. length + 2 do
                target[written] <- target[written - distance]
                written <- written + 1

type private LzfFilter() =
    interface IH5Filter with
        member _.FilterId = 32000us
        member _.Name = "lzf"

        member _.Filter(info) =
            // What does not become shorter is stored as it is, and PureHDF does not look at the mask that says so.
            if info.Buffer.Length = info.ChunkSize then
                info.Buffer
            else
                let target: byte[] = Array.zeroCreate info.ChunkSize
                decode (Memory.op_Implicit info.Buffer: ReadOnlyMemory<byte>).Span (Span target)
                target.AsMemory()

        member _.GetParameters(_, _, _) = invalidOp "it only reads"

/// Makes the filter known, once.
let register = lazy (H5Filter.Register(LzfFilter()))
