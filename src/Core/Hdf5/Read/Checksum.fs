/// The two checksums of HDF5: one for metadata, one for chunks.
namespace SingleSharp.Core.Hdf5

open System
open System.Buffers.Binary
open System.Numerics
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal Checksum =
    /// Bob Jenkins's lookup3 (hashlittle, initial value 0), which HDF5 stores behind its newer metadata.
    let lookup3 (key: ReadOnlySpan<byte>) =
        let mutable a = 0xdeadbeefu + uint32 key.Length
        let mutable b = a
        let mutable c = a
        let mutable rest = key

        while rest.Length > 12 do
            a <- a + BinaryPrimitives.ReadUInt32LittleEndian rest
            b <- b + BinaryPrimitives.ReadUInt32LittleEndian(rest.Slice 4)
            c <- c + BinaryPrimitives.ReadUInt32LittleEndian(rest.Slice 8)
            a <- (a - c) ^^^ BitOperations.RotateLeft(c, 4)
            c <- c + b
            b <- (b - a) ^^^ BitOperations.RotateLeft(a, 6)
            a <- a + c
            c <- (c - b) ^^^ BitOperations.RotateLeft(b, 8)
            b <- b + a
            a <- (a - c) ^^^ BitOperations.RotateLeft(c, 16)
            c <- c + b
            b <- (b - a) ^^^ BitOperations.RotateLeft(a, 19)
            a <- a + c
            c <- (c - b) ^^^ BitOperations.RotateLeft(b, 4)
            b <- b + a
            rest <- rest.Slice 12

        if rest.Length = 0 then
            c
        else
            let last = Span<byte>(Array.zeroCreate 12)
            rest.CopyTo last
            a <- a + BinaryPrimitives.ReadUInt32LittleEndian(Span.op_Implicit last: ReadOnlySpan<byte>)
            b <- b + BinaryPrimitives.ReadUInt32LittleEndian(Span.op_Implicit (last.Slice 4): ReadOnlySpan<byte>)
            c <- c + BinaryPrimitives.ReadUInt32LittleEndian(Span.op_Implicit (last.Slice 8): ReadOnlySpan<byte>)
            c <- (c ^^^ b) - BitOperations.RotateLeft(b, 14)
            a <- (a ^^^ c) - BitOperations.RotateLeft(c, 11)
            b <- (b ^^^ a) - BitOperations.RotateLeft(a, 25)
            c <- (c ^^^ b) - BitOperations.RotateLeft(b, 16)
            a <- (a ^^^ c) - BitOperations.RotateLeft(c, 4)
            b <- (b ^^^ a) - BitOperations.RotateLeft(a, 14)
            (c ^^^ b) - BitOperations.RotateLeft(b, 24)

    /// Reads a piece of metadata behind which its checksum stands, and refuses it where the two do not fit.
    let readSealed (disk: RandomAccessFile) where (address: int64) (size: int64) =
        let bytes = disk.Read(address, size + 4L)
        let content = bytes.Length - 4

        if lookup3 (ReadOnlySpan(bytes, 0, content)) <> BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(bytes, content, 4)) then
            disk.Damaged where "its checksum does not fit"

        bytes[.. content - 1]

    /// Fletcher's checksum over big-endian 16-bit words, as HDF5's filter 3 appends it to a chunk.
    let fletcher32 (data: ReadOnlySpan<byte>) =
        let mutable sum1 = 0u
        let mutable sum2 = 0u
        let mutable i = 0

        while i + 1 < data.Length do
            // 360 words is the most that fits 32 bits before the sums must be folded.
            let stop = min (data.Length &&& ~~~1) (i + 720)

            while i < stop do
                sum1 <- sum1 + uint32 (BinaryPrimitives.ReadUInt16BigEndian(data.Slice i))
                sum2 <- sum2 + sum1
                i <- i + 2

            sum1 <- (sum1 &&& 0xffffu) + (sum1 >>> 16)
            sum2 <- (sum2 &&& 0xffffu) + (sum2 >>> 16)

        if data.Length % 2 = 1 then
            sum1 <- sum1 + (uint32 data[data.Length - 1] <<< 8)
            sum2 <- sum2 + sum1
            sum1 <- (sum1 &&& 0xffffu) + (sum1 >>> 16)
            sum2 <- (sum2 &&& 0xffffu) + (sum2 >>> 16)

        sum1 <- (sum1 &&& 0xffffu) + (sum1 >>> 16)
        sum2 <- (sum2 &&& 0xffffu) + (sum2 >>> 16)
        (sum2 <<< 16) ||| sum1
