/// A file that somebody has to agree to be written to, each time.
namespace SingleSharp.Core.Files

[<Sealed>]
type internal WatchedDevice(inner: Device, agree: unit -> unit) =
    interface Device with
        member _.Length = inner.Length
        member _.Stamp = inner.Stamp
        member _.Read(position, target) = inner.Read(position, target)

        member _.Write(position, source) =
            agree ()
            inner.Write(position, source)

        member _.SetLength length = inner.SetLength length
        member _.StartFlush() = inner.StartFlush()
        member _.Flush() = inner.Flush()
        member _.Handle = inner.Handle
        member _.Dispose() = inner.Dispose()
