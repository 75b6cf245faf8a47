/// What repeats itself in a chunk, found by looking up where the same bytes were last.
namespace SingleSharp.Core.Hdf5

open System
open System.Buffers.Binary
open System.Numerics

/// Where bytes were seen last, for one thread. Places are counted from 1, because 0 is none.
[<Sealed>]
type internal DeflateTables() =
    let mutable previous: int[] = Array.Empty()

    /// By a hash of several elements.
    member val Long: int[] = Array.zeroCreate DeflateTables.Slots

    /// By a hash of one element.
    member val Short: int[] = Array.zeroCreate DeflateTables.Slots

    /// The place with the same longer hash before each place of the window; only asked for where more than one is looked at.
    member _.Previous =
        if previous.Length = 0 then
            previous <- Array.zeroCreate DeflateTables.Window

        previous

    static member Slots = 1 <<< 13

    /// No repetition comes from further away.
    static member Window = 32768

[<RequireQualifiedAccess>]
module internal DeflateMatches =
    [<Literal>]
    let private slotBits = 13

    [<Literal>]
    let private window = 32768

    /// What is longer is not looked for any further.
    [<Literal>]
    let private longEnough = 128

    /// So many elements in a row without a repetition, and some are passed over: more of them the longer it goes on.
    [<Literal>]
    let private patience = 128

    [<Literal>]
    let private mostPassed = 32

    let inline private read4 (bytes: byte[]) at =
        BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(bytes, at, 4))

    let inline private read8 (bytes: byte[]) at =
        BinaryPrimitives.ReadUInt64LittleEndian(ReadOnlySpan(bytes, at, 8))

    /// How many bytes at both places are the same, of `most`, where the first ones are.
    let inline private same (bytes: byte[]) before at first most =
        let mutable length = first
        let mutable goesOn = true

        while goesOn && length + 8 <= most do
            let differ = read8 bytes (before + length) ^^^ read8 bytes (at + length)
            goesOn <- differ = 0UL
            length <- length + (if goesOn then 8 else BitOperations.TrailingZeroCount differ >>> 3)

        while goesOn && length < most && bytes[before + length] = bytes[at + length] do
            length <- length + 1

        length

    /// Of one element, or of four bytes.
    let inline private shortSlot stride (eight: uint64) =
        if stride = 8 then
            int ((eight * 0x9E3779B97F4A7C15UL) >>> (64 - slotBits))
        else
            int ((uint32 eight * 0x9E3779B1u) >>> (32 - slotBits))

    /// Of two elements of eight bytes, of three of four bytes, or of eight bytes.
    let inline private longSlot stride (bytes: byte[]) at (eight: uint64) =
        let more =
            if stride = 8 then read8 bytes (at + 8)
            elif stride = 4 then uint64 (read4 bytes (at + 8))
            else 0UL

        int (((eight ^^^ (more * 0x9E3779B97F4A7C15UL)) * 0xD6E8FEB86659FD93UL) >>> (64 - slotBits))

    /// How many upper bytes of an element are those of the element before.
    let inline private near stride (bytes: byte[]) at (eight: uint64) =
        if stride = 1 || at < stride then 0
        elif stride = 8 then BitOperations.LeadingZeroCount(eight ^^^ read8 bytes (at - 8)) >>> 3
        else BitOperations.LeadingZeroCount(uint32 eight ^^^ read4 bytes (at - 4)) >>> 3

    // Elements of four or eight bytes are compared as a whole, and at whole elements only. Where just an element's lower bytes are new,
    // as in ascending indices, its upper bytes repeat those before, which takes fewer bits than an element from far away. The first
    // place that is found is taken (greedily): its length decides, not what would be found one element later.
    let inline private gather stride depth (tables: DeflateTables) (block: DeflateBlock) (bytes: byte[]) length =
        let long = tables.Long
        let short = tables.Short
        let previous = if depth > 1 then tables.Previous else Array.Empty()
        let mask = window / stride - 1
        let tokens = block.Tokens
        let least = max 4 stride
        let longest = if stride = 1 then 258 else 256
        // Sixteen bytes are read at once.
        let last = length - 16
        let mutable count = 0
        let mutable at = 0
        let mutable first = 0
        let mutable misses = 0
        Array.Clear long
        Array.Clear short

        while at <= last do
            let eight = read8 bytes at
            let slot = longSlot stride bytes at eight
            let shortOne = shortSlot stride eight
            let most = min longest (length - at)
            let mutable candidate = long[slot] - 1
            let mutable found = 0
            let mutable place = 0

            // Not every place within a run is in the tables.
            if stride = 1 && at > 0 && read8 bytes (at - 1) = eight then
                found <- same bytes (at - 1) at 8 most
                place <- at - 1

            let mutable tries = if found < longEnough then depth else 0

            while tries > 0 && candidate >= 0 && at - candidate <= window do
                if
                    read8 bytes candidate = eight
                    && (found < 8 || found + 4 <= most && read4 bytes (candidate + found) = read4 bytes (at + found))
                then
                    let length = same bytes candidate at 8 most
                    let whole = length - length % stride

                    if whole > found then
                        found <- whole
                        place <- candidate

                tries <- if found < longEnough then tries - 1 else 0

                if tries > 0 then
                    candidate <- previous[candidate / stride &&& mask] - 1

            let upper = near stride bytes at eight
            let isNear = upper > 2 && upper < stride
            let candidate = short[shortOne] - 1

            if found = 0 && not isNear && candidate >= 0 && at - candidate <= window then
                let length =
                    if stride = 8 then
                        if read8 bytes candidate = eight then same bytes candidate at 8 most else 0
                    elif read4 bytes candidate = uint32 eight then
                        same bytes candidate at 4 most
                    else
                        0

                found <- length - length % stride
                place <- candidate

            if depth > 1 then
                previous[at / stride &&& mask] <- long[slot]

            long[slot] <- at + 1
            short[shortOne] <- at + 1

            if found >= (if isNear then 2 * least else least) then
                misses <- 0
                tokens[count] <- DeflateToken.repeat found (at - place)
                count <- count + 1
                let next = at + found

                let stop =
                    min (if stride = 1 && depth = 1 then min next (at + 16) else next) (last + 1)

                at <- at + stride

                while at < stop do
                    let eight = read8 bytes at
                    let slot = longSlot stride bytes at eight

                    if depth > 1 then
                        previous[at / stride &&& mask] <- long[slot]

                    long[slot] <- at + 1
                    short[shortSlot stride eight] <- at + 1
                    at <- at + stride

                at <- next
            else
                let passed =
                    if isNear then
                        1
                    else
                        misses <- misses + 1
                        Math.Clamp(misses / patience, 1, mostPassed)

                let next = min (at + stride * passed) (length - length % stride)
                let stop = if isNear then next - upper else next

                while at < stop do
                    tokens[count] <- DeflateToken.literal bytes[at]
                    count <- count + 1
                    at <- at + 1

                if isNear then
                    tokens[count] <- DeflateToken.repeat upper stride
                    count <- count + 1
                    at <- next

            if count > DeflateBlock.Most - 512 then
                block.Write((at = length), count, ReadOnlySpan(bytes, first, at - first))
                first <- at
                count <- 0

        while at < length do
            tokens[count] <- DeflateToken.literal bytes[at]
            count <- count + 1
            at <- at + 1

        if first < length || length = 0 then
            block.Write(true, count, ReadOnlySpan(bytes, first, length - first))

    let private eights depth tables block bytes length =
        gather 8 depth tables block bytes length

    let private fours depth tables block bytes length =
        gather 4 depth tables block bytes length

    let private ones depth tables block bytes length =
        gather 1 depth tables block bytes length

    /// Writes the blocks of the first bytes of an array, whose elements have 1, 4 or 8 bytes. So many earlier places are looked at for each
    /// element: more of them take longer and save bits.
    let write stride depth tables block bytes length =
        match stride with
        | 8 -> eights depth tables block bytes length
        | 4 -> fours depth tables block bytes length
        | _ -> ones depth tables block bytes length
