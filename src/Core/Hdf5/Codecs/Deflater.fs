/// Compresses into zlib streams (RFC 1950) that are the same on every machine.
namespace SingleSharp.Core.Hdf5

open System
open System.Buffers.Binary

/// Compresses for one thread.
[<Sealed>]
type internal Deflater() =
    static let samples = 2048

    /// The bytes of an element, as far as they matter here: 1, 4 or 8. Bytes of longer elements are more often those of four or eight bytes
    /// before than those of one or two before.
    static let strideOf (bytes: ReadOnlySpan<byte>) =
        // An odd step comes to every byte of an element.
        let step = (bytes.Length / samples) ||| 1
        let mutable one = 0
        let mutable two = 0
        let mutable four = 0
        let mutable eight = 0
        let mutable count = 0
        let mutable at = 8

        while at < bytes.Length do
            let here = bytes[at]
            one <- one + (if bytes[at - 1] = here then 1 else 0)
            two <- two + (if bytes[at - 2] = here then 1 else 0)
            four <- four + (if bytes[at - 4] = here then 1 else 0)
            eight <- eight + (if bytes[at - 8] = here then 1 else 0)
            count <- count + 1
            at <- at + step

        /// Does one distance explain a fifth of what another one leaves?
        let explains more less = more - less > (count - less) / 5
        let short = max one two

        if explains eight short && explains eight four then 8
        elif explains four short then 4
        else 1

    /// How many earlier places are looked at.
    static let depthOf level =
        match level with
        | 6 -> 32
        | 7 -> 64
        | 8 -> 128
        | 9 -> 512
        | _ -> 1

    /// The first two bytes of a stream: a window of 32 KiB, how hard it was tried, and a check (RFC 1950, section 2.2).
    static let headerOf level =
        match level with
        | 0
        | 1 -> 0x7801us
        | 6 -> 0x789Cus
        | 7
        | 8
        | 9 -> 0x78DAus
        | _ -> 0x785Eus

    let block = DeflateBlock()
    let tables = DeflateTables()

    /// Bytes of tables and tokens, and what .NET inflates with.
    static member OwnMemory = 384L * 1024L

    /// The most bytes that N can take: a stored block has less than six bytes of its own, a block of tokens that is no longer stands for
    /// 15,872 bytes or more, and bits are written eight bytes at a time.
    static member Bound(length: int) = Checked.(+) length (length / 2048 + 64)

    /// Compresses the first bytes of an array and says how many bytes that took. Level 0 stores, 1 to 5 look at one earlier place,
    /// 6 to 9 at ever more.
    /// Law (deflate): inflate (compress bytes) = bytes, whatever was compressed before.
    member _.Compress(level: int, source: byte[], length: int, target: byte[]) =
        let bytes = ReadOnlySpan(source, 0, length)
        BinaryPrimitives.WriteUInt16BigEndian(Span target, headerOf level)
        block.Start(target, 2)

        if level = 0 then
            block.Store bytes
        else
            DeflateMatches.write (strideOf bytes) (depthOf level) tables block source length

        let stop = block.Finish()
        BinaryPrimitives.WriteUInt32BigEndian(Span(target, stop, 4), Adler32.ofBytes bytes)
        stop + 4
