/// A small file in memory, in which whatever was never written takes no room.
namespace SingleSharp.Core.Files

open System
open System.Collections.Generic
open Microsoft.Win32.SafeHandles

[<Sealed>]
type internal MemoryDevice() =
    let pageBytes = 1 <<< 16
    let pages = Dictionary<int64, byte[]>()
    let mutable length = 0L

    /// Visits the parts of the pages that some bytes lie in: the page, the place in it, the place among the bytes, and how many.
    let visit (position: int64) count (each: int64 -> int -> int -> int -> unit) =
        let mutable at = 0

        while at < count do
            let start = int ((position + int64 at) % int64 pageBytes)
            let now = min (count - at) (pageBytes - start)
            each ((position + int64 at) / int64 pageBytes) start at now
            at <- at + now

    interface Device with
        member _.Length = length

        member _.Stamp =
            { Length = length
              Written = 0L
              Changed = 0L }

        member _.Read(position, target) =
            let count = int (max 0L (min (int64 target.Length) (length - position)))
            let bytes: byte[] = Array.zeroCreate count

            visit position count (fun page start at now ->
                match pages.TryGetValue page with
                | true, found -> Buffer.BlockCopy(found, start, bytes, at, now)
                | _ -> ())

            bytes.CopyTo target
            count

        member _.Write(position, source) =
            let bytes = source.ToArray()
            length <- max length (position + int64 bytes.Length)

            visit position bytes.Length (fun page start at now ->
                match pages.TryGetValue page with
                | true, found -> Buffer.BlockCopy(bytes, at, found, start, now)
                | _ ->
                    let fresh: byte[] = Array.zeroCreate pageBytes
                    Buffer.BlockCopy(bytes, at, fresh, start, now)
                    pages[page] <- fresh)

        member _.SetLength until = length <- until
        member _.StartFlush() = ()
        member _.Flush() = ()
        member _.Handle: SafeFileHandle voption = ValueNone
        member _.Dispose() = ()
