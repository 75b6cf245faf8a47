/// Bits as deflate packs them into bytes, the first one lowest (RFC 1951, section 3.1.1).
namespace SingleSharp.Core.Hdf5

open System
open System.Buffers.Binary

/// Writes into one array after another, for one thread.
[<Sealed>]
type internal BitWriter() =
    let mutable target: byte[] = Array.Empty()
    let mutable at = 0
    let mutable pending = 0UL
    let mutable count = 0

    /// Begins at a place of an array.
    member _.Start(into: byte[], first) =
        target <- into
        at <- first
        pending <- 0UL
        count <- 0

    member _.Target = target

    /// Where the next whole byte goes.
    member _.At = at

    /// Bits that are no whole byte yet, and how many.
    member _.Pending = pending

    member _.Count = count

    /// Goes on where somebody else has written.
    member _.Resume(place, bits, bitCount) =
        at <- place
        pending <- bits
        count <- bitCount

    /// Writes up to 32 bits. Eight bytes are touched, of which later ones overwrite what is not used yet.
    member _.Put(value: int, bits) =
        pending <- pending ||| (uint64 value <<< count)
        count <- count + bits
        BinaryPrimitives.WriteUInt64LittleEndian(Span(target, at, 8), pending)
        at <- at + (count >>> 3)
        pending <- pending >>> (count &&& ~~~7)
        count <- count &&& 7

    /// Fills the byte up with zeros.
    member writer.Align() =
        if count > 0 then
            writer.Put(0, 8 - count)

    /// Writes bytes behind a whole byte.
    member _.Copy(bytes: ReadOnlySpan<byte>) =
        bytes.CopyTo(Span(target, at, bytes.Length))
        at <- at + bytes.Length
