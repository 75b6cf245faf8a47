/// Bytes on disk and in hand, never read past their end: every offset and length in a file is somebody's claim.
namespace SingleSharp.Core.Files

open System
open System.Buffers.Binary
open System.IO
open System.Text
open Microsoft.Win32.SafeHandles
open SingleSharp.Core
open SingleSharp.Core.Contract

/// A file whose addresses count from `origin`, where its HDF5 superblock stands.
[<Sealed>]
type internal RandomAccessFile(path: string, device: Device, origin: int64) =
    /// At least so long is the file.
    let mutable known = 0L

    new(path, handle: SafeFileHandle, origin) = new RandomAccessFile(path, (new FileDevice(handle) :> Device), origin)

    member _.Path = path
    member _.Device = device
    member _.Origin = origin
    member _.Length = device.Length - origin

    /// Bytes of memory that whoever reads from here may take at a time, the runtime's own aside.
    member val Allowed = Int64.MaxValue with get, set

    /// What is allowed in any case: what a file is described by takes no more.
    member disk.Room = max disk.Allowed (8L <<< 20)

    /// Refuses work that takes more memory than is allowed.
    member disk.Require(needed: int64) =
        if needed > disk.Room then
            Fault.throw (Fault.memory needed disk.Allowed)

    member disk.Damaged where what : 'a =
        Fault.throw (Damaged(path, where, what))

    member disk.Unsupported where what : 'a =
        Fault.throw (Unsupported(path, where, what))

    /// Fills the whole span from the address.
    member disk.ReadInto(address: int64, target: Span<byte>) =
        let stop = address + int64 target.Length

        // Asking for the length is a system call, and what was there once is still there.
        if stop > known then
            known <- disk.Length

        // The user block stands before the first address.
        if address < -origin || stop < address || stop > known then
            disk.Damaged
                $"byte {address}"
                $"{target.Length} bytes are said to be there, but the file has only {disk.Length} (is it cut off?)"

        let mutable got = 0

        while got < target.Length do
            let now =
                try
                    device.Read(origin + address + int64 got, target.Slice got)
                with :? IOException as trouble ->
                    Fault.throw (Unreadable(path, Fault.reason trouble))

            if now = 0 then
                disk.Damaged $"byte {address}" "the file ends in the middle of a read"

            got <- got + now

    /// The bytes at the address. The caller bounds the count; this bounds it by the file, and by the memory allowed, of which what is
    /// made of the bytes takes some more.
    member disk.Read(address: int64, count: int64) =
        if count < 0L || count > disk.Length || count > int64 Array.MaxLength then
            disk.Damaged $"byte {address}" $"a piece of {count} bytes is said to be there, but the file has {disk.Length} (is it cut off?)"

        disk.Require(4L * count)
        let bytes = Array.zeroCreate (int count)
        disk.ReadInto(address, bytes.AsSpan())
        bytes

    member _.Write(address: int64, source: ReadOnlySpan<byte>) =
        try
            device.Write(origin + address, source)
        with Fault.WriteTrouble trouble ->
            Fault.throw (Fault.ofWrite path trouble)

    member _.SetLength(length: int64) =
        try
            device.SetLength(origin + length)
        with Fault.WriteTrouble trouble ->
            Fault.throw (Fault.ofWrite path trouble)

    /// Returns when everything written is on the device.
    member _.Sync() =
        try
            device.Flush()
        with Fault.WriteTrouble trouble ->
            Fault.throw (Fault.ofWrite path trouble)

    interface IDisposable with
        member _.Dispose() = device.Dispose()

/// Reads little-endian fields one after another; a field past the end is damage at `where`.
[<Sealed>]
type internal Cursor(disk: RandomAccessFile, where: string, bytes: byte[], start: int) =
    let mutable position = start

    member _.Position = position
    member _.Left = bytes.Length - position

    member _.Span(count: int) =
        if count < 0 || count > bytes.Length - position then
            disk.Damaged where "it ends before its last field"

        let span = ReadOnlySpan<byte>(bytes, position, count)
        position <- position + count
        span

    member cursor.Skip(count: int) =
        let _ = cursor.Span count
        ()

    member cursor.Bytes(count: int) = cursor.Span(count).ToArray()

    member cursor.U8() =
        let span = cursor.Span 1
        int span[0]

    member cursor.U16() =
        int (BinaryPrimitives.ReadUInt16LittleEndian(cursor.Span 2))

    member cursor.U32() =
        BinaryPrimitives.ReadUInt32LittleEndian(cursor.Span 4)

    /// A length or an address; all ones means undefined and reads as -1.
    member cursor.I64() =
        BinaryPrimitives.ReadInt64LittleEndian(cursor.Span 8)

    /// A number of any width up to eight bytes.
    member cursor.Number(width: int) =
        let span = cursor.Span width
        let mutable value = 0L

        for i in span.Length - 1 .. -1 .. 0 do
            value <- (value <<< 8) ||| int64 span[i]

        value

    member cursor.Expect(signature: string) =
        if Encoding.Latin1.GetString(cursor.Span 4) <> signature then
            disk.Damaged where $"the signature {signature} is missing"

    /// An int32 that is a count of something in memory: not negative and not beyond the bound.
    member _.Bounded(value: int64, bound: int64) =
        if value < 0L || value > bound then
            disk.Damaged where $"a count of {value} is out of range"

        int value

[<RequireQualifiedAccess>]
module internal Bytes =
    /// The undefined address.
    let undefined = -1L

    let u16 (value: int) =
        let bytes = Array.zeroCreate 2
        BinaryPrimitives.WriteUInt16LittleEndian(Span bytes, Checked.uint16 value)
        bytes

    let u32 (value: uint32) =
        let bytes = Array.zeroCreate 4
        BinaryPrimitives.WriteUInt32LittleEndian(Span bytes, value)
        bytes

    let i64 (value: int64) =
        let bytes = Array.zeroCreate 8
        BinaryPrimitives.WriteInt64LittleEndian(Span bytes, value)
        bytes

    let align8 (value: int64) = (value + 7L) &&& ~~~7L

    /// The bytes up to the first NUL as text.
    let text (bytes: ReadOnlySpan<byte>) =
        let length = bytes.IndexOf 0uy
        Utf8.text (if length < 0 then bytes else bytes.Slice(0, length))

    let concat (pieces: byte[] list) = Array.concat pieces
