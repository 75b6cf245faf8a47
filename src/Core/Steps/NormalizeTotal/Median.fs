/// The median of a number per cell, exact, without holding the numbers in memory.
namespace SingleSharp.Core.Steps

open System
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal Median =
    let private batch = 65536

    /// An order-preserving number for a float: its bits, with negative floats turned around.
    let private rankable (value: float) =
        let bits = BitConverter.DoubleToInt64Bits value
        if bits < 0L then ~~~(uint64 bits) else uint64 bits ||| 0x8000000000000000UL

    let private ofRankable (key: uint64) =
        BitConverter.Int64BitsToDouble(if key >= 0x8000000000000000UL then int64 (key &&& 0x7fffffffffffffffUL) else int64 (~~~key))

    let private each (disk: RandomAccessFile) (count: int64) (visit: float -> unit) =
        let buffer = Array.zeroCreate (8 * batch)

        for start in 0L .. int64 batch .. count - 1L do
            let now = int (min (int64 batch) (count - start))
            disk.ReadInto(8L * start, Span(buffer, 0, 8 * now))

            for i in 0 .. now - 1 do
                visit (BitConverter.ToDouble(buffer, 8 * i))

    /// The number at a position in ascending order among those counted: sixteen bits of it become known with each reading.
    let private select (disk: RandomAccessFile) count isCounted position =
        let histogram: int64[] = Array.zeroCreate 65536

        let rec narrow (prefix: uint64) (remaining: int64) shift =
            if shift < 0 then
                ofRankable prefix
            else
                Array.Clear histogram

                each disk count (fun value ->
                    if isCounted value then
                        let key = rankable value

                        if shift = 48 || ((key ^^^ prefix) >>> (shift + 16)) = 0UL then
                            let digit = int ((key >>> shift) &&& 0xffffUL)
                            histogram[digit] <- histogram[digit] + 1L)

                let mutable digit = 0
                let mutable below = 0L

                while below + histogram[digit] <= remaining do
                    below <- below + histogram[digit]
                    digit <- digit + 1

                narrow (prefix ||| (uint64 digit <<< shift)) (remaining - below) (shift - 16)

        narrow 0UL position 48

    /// The median of the counted ones of `count` float64 numbers on the disk; the mean of the two middle ones in the
    /// matrix's type where their number is even, as NumPy computes it. NaN when none is counted, or when a NaN is.
    let ofNumbers precision (disk: RandomAccessFile) count (isCounted: float -> bool) =
        let mutable counted = 0L
        let mutable isKnown = true

        each disk count (fun value ->
            if isCounted value then
                counted <- counted + 1L
                isKnown <- isKnown && not (Double.IsNaN value))

        let at position = select disk count isCounted position

        if counted = 0L || not isKnown then
            nan
        elif counted % 2L = 1L then
            at (counted / 2L)
        else
            let round = Precision.round precision
            round (round (at (counted / 2L - 1L) + at (counted / 2L)) / 2.0)
