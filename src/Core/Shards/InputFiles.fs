/// The files that a plan is about, and whether they are still what they were.
namespace SingleSharp.Core.Shards

open System
open System.IO
open System.Security.Cryptography
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

type internal InputFile =
    {
        Path: string
        Length: int64
        /// When it was written last, in ticks of UTC.
        Written: int64
        /// The SHA-256 of some pieces of it, in hexadecimal digits.
        Pieces: string
    }

[<RequireQualifiedAccess>]
module internal InputFiles =
    /// The first piece has the description of the file, and the others lie evenly spaced behind it.
    let private pieceBytes, pieces = 1 <<< 16, 128L

    /// The SHA-256 of pieces, whatever the addresses of the file count from.
    let piecesOf (device: Device) =
        use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
        let buffer: byte[] = Array.zeroCreate pieceBytes
        let length = device.Length
        let mutable last = -1L

        for piece in 0L .. pieces do
            // The last piece ends where the file does.
            let place = max 0L (length - int64 pieceBytes) * piece / pieces

            if place > last then
                last <- place
                let mutable got = 0
                let mutable now = -1

                while got < buffer.Length && now <> 0 do
                    now <- device.Read(place + int64 got, Span(buffer, got, buffer.Length - got))
                    got <- got + now

                hash.AppendData(buffer, 0, got)

        Convert.ToHexStringLower(hash.GetHashAndReset())

    let private opened (path: string) =
        new FileDevice(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite ||| FileShare.Delete))

    let private hash (path: string) =
        use device = opened path
        piecesOf device

    let private reading path missing (work: unit -> 'r) =
        try
            work ()
        with
        | :? FileNotFoundException
        | :? DirectoryNotFoundException -> Fault.throw missing
        | :? IOException as trouble -> Fault.throw (Unreadable(path, Fault.reason trouble))
        | :? UnauthorizedAccessException -> Fault.throw (Unreadable(path, "you may not read it"))

    /// Length and pieces of a file that may not be there.
    let tryStamp path =
        let path = AtomicReplace.resolve path

        if File.Exists path then
            reading path (Unreadable(path, "it is gone")) (fun () ->
                use device = opened path
                ValueSome(struct ((device :> Device).Length, piecesOf device)))
        else
            ValueNone

    /// What a symbolic link leads to counts, not the link.
    let infoOf (path: string) = FileInfo(AtomicReplace.resolve path)

    let ofPath path =
        reading path (NotFound path) (fun () ->
            let info = infoOf path

            { Path = path
              Length = info.Length
              Written = info.LastWriteTimeUtc.Ticks
              Pieces = hash path })

    /// Refuses a file that is another one than was planned for. A copy has another time, and the same bytes.
    let require (planned: InputFile) =
        // A machine that has lost its folders is no reason for others not to try.
        let missing =
            Unreadable(planned.Path, "it is not there on this machine; its folder may not be mounted")

        reading planned.Path missing (fun () ->
            let info = infoOf planned.Path

            if info.Length <> planned.Length || info.LastWriteTimeUtc.Ticks <> planned.Written && hash planned.Path <> planned.Pieces then
                Fault.throw (
                    InvalidOption(
                        "the plan",
                        $"{planned.Path} is no longer the file that the plan was made for; make the plan anew, and its parts"
                    )
                ))
