/// Adler-32, the checksum behind a zlib stream (RFC 1950, section 8.2).
namespace SingleSharp.Core.Hdf5

open System
open System.Buffers.Binary

[<RequireQualifiedAccess>]
module internal Adler32 =
    [<Literal>]
    let private Modulus = 65521UL

    /// Sums of this many bytes fit into 64 bits by far; a multiple of eight.
    [<Literal>]
    let private BytesAtOnce = 65536

    /// Every second byte of eight, each in 16 bits.
    [<Literal>]
    let private Even = 0x00FF00FF00FF00FFUL

    let ofBytes (bytes: ReadOnlySpan<byte>) =
        let mutable sum = 1UL
        let mutable sums = 0UL
        let mutable at = 0

        while at < bytes.Length do
            let stop = at + min BytesAtOnce (bytes.Length - at)

            // Eight bytes at a time: a product's upper 16 bits are the four numbers, each times a weight, added up.
            while at + 8 <= stop do
                let eight = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice at)
                let even = eight &&& Even
                let odd = (eight >>> 8) &&& Even
                sums <- sums + 8UL * sum + ((even * 0x0008000600040002UL) >>> 48) + ((odd * 0x0007000500030001UL) >>> 48)
                sum <- sum + (((even + odd) * 0x0001000100010001UL) >>> 48)
                at <- at + 8

            while at < stop do
                sum <- sum + uint64 bytes[at]
                sums <- sums + sum
                at <- at + 1

            sum <- sum % Modulus
            sums <- sums % Modulus

        uint32 ((sums <<< 16) ||| sum)
