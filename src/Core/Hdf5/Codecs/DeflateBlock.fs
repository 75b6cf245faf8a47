/// A block of a deflate stream (RFC 1951, section 3.2): what was gathered is written in the form that is shortest.
namespace SingleSharp.Core.Hdf5

open System
open System.Buffers.Binary
open System.Numerics

/// A byte as it is, or the repetition of earlier ones, in an int: the upper bits are the byte, or 256 and a length; the lower 16 bits are a
/// distance less one.
[<RequireQualifiedAccess>]
module internal DeflateToken =
    let inline literal (value: byte) = int value <<< 16

    let inline repeat length distance =
        ((256 + length) <<< 16) ||| (distance - 1)

    let inline kind token = token >>> 16
    let inline isRepeat kind = kind > 255
    let inline distance token = token &&& 0xFFFF

    /// Kinds of tokens: bytes, and lengths up to 258.
    [<Literal>]
    let Kinds = 515

/// Writes block after block, for one thread. What is gathered goes into `Tokens` first.
[<Sealed>]
type internal DeflateBlock() =
    static let endOfBlock = 256

    /// The symbol of a length: 257 and up, in groups of four that have one more extra bit each.
    static let symbolOfLength length =
        let over = length - 3

        if length = 258 then
            285
        elif over < 8 then
            257 + over
        else
            253 + 4 * BitOperations.Log2(uint32 over) + ((over >>> (BitOperations.Log2(uint32 over) - 2)) &&& 3)

    static let extraOfLength length =
        if length < 11 || length = 258 then 0 else BitOperations.Log2(uint32 (length - 3)) - 2

    static let lengthSymbols =
        Array.init 259 (fun length -> if length < 3 then 0 else symbolOfLength length)

    /// The symbol of a distance less one: its highest bit and the one below it.
    static let symbolOfDistance distance =
        if distance < 4 then
            distance
        else
            let log = BitOperations.Log2(uint32 distance)
            2 * log + ((distance >>> (log - 1)) &&& 1)

    /// The code of blocks that describe none.
    static let fixedLiterals =
        Huffman.OfLengths(
            Array.init 288 (fun symbol ->
                if symbol < 144 then 8
                elif symbol < 256 then 9
                elif symbol < 280 then 7
                else 8)
        )

    static let fixedDistances = Huffman.OfLengths(Array.create 30 5)

    /// What a stored block takes beside its bytes, at most: three bits, the rest of a byte, and the length twice.
    static let storedBits = 42L

    static let mostStored = 65535

    let tokens: int[] = Array.zeroCreate DeflateBlock.Most
    let mutable count = 0
    let literals = Huffman(288, 15)
    let distances = Huffman(30, 15)
    let description = CodeLengths()
    let writer = BitWriter()
    let tallies: int[] = Array.zeroCreate DeflateToken.Kinds
    // The bits of each kind and of each distance's symbol, above five bits that say how many.
    let kindBits: int[] = Array.zeroCreate DeflateToken.Kinds
    let distanceBits: int[] = Array.zeroCreate 30

    /// Counts the symbols of the tokens.
    let tally () =
        Array.Clear tallies
        Array.Clear literals.Frequencies
        Array.Clear distances.Frequencies
        let frequencies = distances.Frequencies

        for token in ReadOnlySpan(tokens, 0, count) do
            let kind = DeflateToken.kind token
            tallies[kind] <- tallies[kind] + 1

            if DeflateToken.isRepeat kind then
                let symbol = symbolOfDistance (DeflateToken.distance token)
                frequencies[symbol] <- frequencies[symbol] + 1

        Array.blit tallies 0 literals.Frequencies 0 256
        literals.Frequencies[endOfBlock] <- 1

        for length in 3..258 do
            let symbol = lengthSymbols[length]
            literals.Frequencies[symbol] <- literals.Frequencies[symbol] + tallies[256 + length]

    /// Bits behind the symbols of repetitions.
    let extraBits () =
        let mutable sum = 0L

        for symbol in 265..284 do
            sum <- sum + int64 literals.Frequencies[symbol] * int64 ((symbol - 261) / 4)

        for symbol in 4..29 do
            sum <- sum + int64 distances.Frequencies[symbol] * int64 (symbol / 2 - 1)

        sum

    let fillBits (literals: Huffman) (distances: Huffman) =
        for value in 0..255 do
            kindBits[value] <- (literals.Codes[value] <<< 5) ||| literals.Lengths[value]

        for length in 3..258 do
            let symbol = lengthSymbols[length]
            let extra = extraOfLength length
            let size = literals.Lengths[symbol]

            let bits =
                literals.Codes[symbol] ||| (((length - 3) &&& ((1 <<< extra) - 1)) <<< size)

            kindBits[256 + length] <- (bits <<< 5) ||| (size + extra)

        for symbol in 0..29 do
            distanceBits[symbol] <- (distances.Codes[symbol] <<< 5) ||| distances.Lengths[symbol]

    /// Writes the tokens and the end of the block.
    let writeTokens (literals: Huffman) (distances: Huffman) =
        fillBits literals distances
        let target = writer.Target
        let kindBits = kindBits
        let distanceBits = distanceBits
        let mutable bits = writer.Pending
        let mutable size = writer.Count
        let mutable into = writer.At

        for token in ReadOnlySpan(tokens, 0, count) do
            let kind = DeflateToken.kind token
            let entry = kindBits[kind]
            bits <- bits ||| (uint64 (entry >>> 5) <<< size)
            size <- size + (entry &&& 31)

            if DeflateToken.isRepeat kind then
                let distance = DeflateToken.distance token
                let symbol = symbolOfDistance distance
                let entry = distanceBits[symbol]
                bits <- bits ||| (uint64 (entry >>> 5) <<< size)
                size <- size + (entry &&& 31)

                if symbol > 3 then
                    let extra = symbol / 2 - 1
                    bits <- bits ||| (uint64 (distance &&& ((1 <<< extra) - 1)) <<< size)
                    size <- size + extra

            // No more than 7 bits waited, 20 of a length and 28 of a distance.
            BinaryPrimitives.WriteUInt64LittleEndian(Span(target, into, 8), bits)
            into <- into + (size >>> 3)
            bits <- bits >>> (size &&& ~~~7)
            size <- size &&& 7

        writer.Resume(into, bits, size)
        writer.Put(literals.Codes[endOfBlock], literals.Lengths[endOfBlock])

    let writeStored isLast (bytes: ReadOnlySpan<byte>) =
        let mutable at = 0
        let mutable goesOn = true

        while goesOn do
            let now = min mostStored (bytes.Length - at)
            goesOn <- at + now < bytes.Length
            writer.Put((if isLast && not goesOn then 1 else 0), 3)
            writer.Align()
            writer.Put(now, 16)
            writer.Put(now ^^^ 0xFFFF, 16)
            writer.Copy(bytes.Slice(at, now))
            at <- at + now

    /// The most tokens of a block.
    static member Most = 1 <<< 14

    member _.Tokens = tokens

    /// Begins a stream at a place of the target.
    member _.Start(target, first) = writer.Start(target, first)

    /// Writes N tokens, which stand for these bytes.
    member _.Write(isLast: bool, tokenCount: int, bytes: ReadOnlySpan<byte>) =
        count <- tokenCount
        tally ()
        literals.Build()
        distances.Build()
        let extra = extraBits ()
        let described = description.Describe(literals, distances)

        let own =
            described + literals.BitsOf literals.Frequencies + distances.BitsOf distances.Frequencies + extra

        let usual =
            fixedLiterals.BitsOf literals.Frequencies + fixedDistances.BitsOf distances.Frequencies + extra

        let stored =
            8L * int64 bytes.Length + storedBits * int64 (bytes.Length / mostStored + 1)

        let last = if isLast then 1 else 0

        if stored <= min own usual then
            writeStored isLast bytes
        elif usual <= own then
            writer.Put(last ||| 2, 3)
            writeTokens fixedLiterals fixedDistances
        else
            writer.Put(last ||| 4, 3)
            description.Write writer
            writeTokens literals distances

    /// Ends the stream with these bytes as they are.
    member _.Store(bytes: ReadOnlySpan<byte>) = writeStored true bytes

    /// Fills the last byte and says where the target goes on.
    member _.Finish() =
        writer.Align()
        writer.At
