/// What is added to a file, in a scratch file until it is complete: until then the file stays as it is, to its last time stamp.
namespace SingleSharp.Core.Hdf5

open System
open SingleSharp.Core.Files

/// The file with everything that will stand behind its end, which is there from the first flush on. Only then may old bytes be
/// written, and only if `require` is content: whatever changes the file before, it was somebody else.
[<Sealed>]
type internal Additions(disk: RandomAccessFile, folder: string, require: unit -> unit) =
    let pieceBytes = 1024 * 1024
    let device = disk.Device
    let start = device.Length
    let scratch = new ScratchFile(folder)
    let added = scratch.Disk.Device
    let mutable stop = start
    let mutable isThere = false

    let move () =
        let piece: byte[] = Array.zeroCreate (int (min (int64 pieceBytes) (stop - start)))
        let mutable at = start

        while at < stop do
            let count = int (min (int64 piece.Length) (stop - at))
            scratch.Disk.ReadInto(at - start, Span(piece, 0, count))
            device.Write(at, ReadOnlySpan(piece, 0, count))
            at <- at + int64 count

    let overlay =
        { new Device with
            member _.Length = if isThere then device.Length else stop
            member _.Stamp = device.Stamp

            member _.Read(position, target) =
                if isThere then device.Read(position, target)
                elif position >= start then added.Read(position - start, target)
                else device.Read(position, target.Slice(0, int (min (int64 target.Length) (start - position))))

            member _.Write(position, source) =
                if isThere then
                    device.Write(position, source)
                elif position < start then
                    invalidOp $"byte {position} is old, and what is new is not there yet"
                else
                    scratch.Disk.Write(position - start, source)
                    stop <- max stop (position + int64 source.Length)

            member _.SetLength length =
                if isThere then
                    device.SetLength length
                else
                    scratch.Disk.SetLength(length - start)
                    stop <- length

            member _.StartFlush() = ()

            member _.Flush() =
                if not isThere then
                    require ()
                    isThere <- true
                    move ()

                device.Flush()

            // The kernel would copy from what is not there.
            member _.Handle = ValueNone
            member _.Dispose() = () }

    /// Has any of it come into the file itself?
    member _.AreThere = isThere

    member val Disk = new RandomAccessFile(disk.Path, overlay, disk.Origin)

    interface IDisposable with
        member _.Dispose() = (scratch :> IDisposable).Dispose()
