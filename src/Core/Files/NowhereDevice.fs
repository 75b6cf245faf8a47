/// A file that is read like another, and of which nothing is kept that is written.
namespace SingleSharp.Core.Files

open Microsoft.Win32.SafeHandles

[<Sealed>]
type internal NowhereDevice(like: RandomAccessFile) =
    interface Device with
        member _.Length = like.Length
        member _.Stamp = like.Device.Stamp

        member _.Read(position, target) =
            like.Device.Read(like.Origin + position, target)

        member _.Write(_, _) = ()
        member _.SetLength _ = ()
        member _.StartFlush() = ()
        member _.Flush() = ()
        member _.Handle: SafeFileHandle voption = ValueNone
        member _.Dispose() = ()
