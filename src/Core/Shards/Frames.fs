/// Records in a file, cut into frames with a checksum each: written without knowing how long they will be, passed over without reading them.
namespace SingleSharp.Core.Shards

open System
open System.Buffers.Binary
open System.IO
open System.Numerics
open System.Security.Cryptography
open SingleSharp.Core.Files

// A frame is its kind (a byte), whether it is the last of its record (a byte), the length of what it holds (int32), the CRC-32C of that
// (uint32), the CRC-32C of all this (uint32), and what it holds. The head has its own checksum, since frames are passed over by their heads.

/// What a part is not, and why: the end of a sentence that begins with its name.
exception internal PartTrouble of why: string

[<RequireQualifiedAccess>]
module internal Frame =
    let head = 14

    /// Bytes of the head that its own checksum is of.
    let checkedHead = 10

    /// Bytes that a frame holds at most.
    let room = 1 <<< 16

    /// CRC-32C, as iSCSI has it (RFC 3720).
    let checksum (bytes: ReadOnlySpan<byte>) =
        let mutable crc = ~~~0u
        let mutable at = 0

        while at + 8 <= bytes.Length do
            crc <- BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice at))
            at <- at + 8

        while at < bytes.Length do
            crc <- BitOperations.Crc32C(crc, bytes[at])
            at <- at + 1

        ~~~crc

/// Writes records of frames one after another, and hashes all that it writes.
[<Sealed>]
type internal FrameWriter(target: Stream) =
    inherit OneWayStream()

    let hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
    let held: byte[] = Array.zeroCreate Frame.room
    let mutable used = 0
    let mutable kind = 0uy

    let put (bytes: ReadOnlySpan<byte>) =
        hash.AppendData bytes
        target.Write bytes

    let leave isLast =
        let head: byte[] = Array.zeroCreate Frame.head
        let bytes = ReadOnlySpan(held, 0, used)
        head[0] <- kind
        head[1] <- if isLast then 1uy else 0uy
        BinaryPrimitives.WriteInt32LittleEndian(Span(head, 2, 4), used)
        BinaryPrimitives.WriteUInt32LittleEndian(Span(head, 6, 4), Frame.checksum bytes)

        BinaryPrimitives.WriteUInt32LittleEndian(
            Span(head, Frame.checkedHead, 4),
            Frame.checksum (ReadOnlySpan(head, 0, Frame.checkedHead))
        )

        put (ReadOnlySpan head)
        put bytes
        used <- 0

    /// Writes a record of this kind.
    member writer.Record(ofKind, write: BinaryWriter -> unit) =
        kind <- ofKind
        use inner = new BinaryWriter(writer, Text.Encoding.UTF8, true)
        write inner
        inner.Flush()
        leave true

    /// The SHA-256 of what was written so far.
    member _.Hash() = hash.GetCurrentHash()

    override _.Write(bytes: ReadOnlySpan<byte>) =
        let mutable at = 0

        while at < bytes.Length do
            if used = Frame.room then
                leave false

            let now = min (bytes.Length - at) (Frame.room - used)
            bytes.Slice(at, now).CopyTo(Span(held, used, now))
            used <- used + now
            at <- at + now

    override _.CanWrite = true

    override _.Dispose(disposing: bool) =
        if disposing then
            hash.Dispose()

/// Reads the records that follow in a file. A thorough reader also reads, and checks, what is passed over.
[<Sealed>]
type internal FrameReader(source: FileStream, isThorough: bool) =
    inherit OneWayStream()

    let head: byte[] = Array.zeroCreate Frame.head
    // As large as the largest frame so far: most parts are asked for their header alone.
    let mutable held: byte[] = Array.Empty()
    let mutable length = 0
    let mutable at = 0
    let mutable isLast = true

    let require isSound =
        if not isSound then
            raise (PartTrouble "is damaged")

    let requireSum bytes at =
        require (Frame.checksum bytes = BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(head, at, 4)))

    let readHead () =
        source.ReadExactly(head, 0, head.Length)
        requireSum (ReadOnlySpan(head, 0, Frame.checkedHead)) Frame.checkedHead
        length <- BinaryPrimitives.ReadInt32LittleEndian(ReadOnlySpan(head, 2, 4))
        require (length >= 0 && length <= Frame.room)
        isLast <- head[1] = 1uy
        at <- 0

    let load () =
        if held.Length < length then
            held <- Array.zeroCreate length

        source.ReadExactly(held, 0, length)
        requireSum (ReadOnlySpan(held, 0, length)) 6

    /// Passes over a frame whose head was read.
    let pass () =
        if isThorough then load () else source.Seek(int64 length, SeekOrigin.Current) |> ignore

    /// Passes over frames as far as the wanted place of a record.
    let skip (count: int64) =
        let mutable left = count

        while left > 0L do
            if at = length then
                require (not isLast)
                readHead ()

                if left >= int64 length then
                    pass ()
                    left <- left - int64 length
                    at <- length
                else
                    load ()
            else
                let now = int (min left (int64 (length - at)))
                at <- at + now
                left <- left - int64 now

    new(source) = new FrameReader(source, false)

    /// Goes to the next record, past what is left of this one. Its content has not been read yet.
    member _.Next() =
        while not isLast do
            readHead ()
            pass ()

        readHead ()
        let kind = head[0]
        kind

    /// Begins to read the record that Next has found.
    member _.Begin() = load ()

    /// Passes over the first frame of the record that Next has found.
    member _.Pass() = pass ()

    override _.Read(target: Span<byte>) =
        let mutable got = 0

        if target.Length > 0 then
            while at = length && not isLast do
                readHead ()
                load ()

            got <- min target.Length (length - at)
            ReadOnlySpan(held, at, got).CopyTo target
            at <- at + got

        got

    override _.Seek(offset, origin) =
        if origin <> SeekOrigin.Current || offset < 0L then
            raise (NotSupportedException())

        skip offset
        0L

    override _.CanRead = true
