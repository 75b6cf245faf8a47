/// What is packed comes out as it went in, or is said to be cut off: never a part of it as if it were all.
module internal SingleSharp.Properties.GunzipLaws

open System
open System.IO
open System.IO.Compression
open Expecto
open SingleSharp.Core.Reading

let private packed level (bytes: byte[]) =
    use packed = new MemoryStream()
    using (new GZipStream(packed, (level: CompressionLevel), true)) (fun stream -> stream.Write(ReadOnlySpan bytes))
    packed.ToArray()

/// A stream that gives a few bytes at a time.
type private Slow(bytes: byte[], step: int) =
    inherit Stream()
    let mutable at = 0

    override _.Read(target: Span<byte>) =
        let now = min (min step target.Length) (bytes.Length - at)
        bytes.AsSpan(at, now).CopyTo target
        at <- at + now
        now

    override slow.Read(target: byte[], offset: int, count: int) = slow.Read(Span(target, offset, count))
    override _.CanRead = true
    override _.CanSeek = false
    override _.CanWrite = false
    override _.Length = raise (NotSupportedException())

    override _.Position
        with get () = raise (NotSupportedException())
        and set _ = raise (NotSupportedException())

    override _.Flush() = ()
    override _.Seek(_, _) = raise (NotSupportedException())
    override _.SetLength _ = raise (NotSupportedException())
    override _.Write(_: byte[], _: int, _: int) = raise (NotSupportedException())

/// Everything that comes out, some bytes at a time, before the end or the exception.
let private read step room (bytes: byte[]) =
    use gunzip = new Gunzip(new Slow(bytes, step))
    use all = new MemoryStream()
    let target: byte[] = Array.zeroCreate room

    let outcome =
        try
            let mutable got = gunzip.Read(Span target)

            while got > 0 do
                all.Write(target, 0, got)
                got <- gunzip.Read(Span target)

            Ok()
        with
        | :? EndOfStreamException -> Error "cut off"
        | :? InvalidDataException -> Error "damaged"

    all.ToArray(), outcome

let private levels =
    [ CompressionLevel.Optimal
      CompressionLevel.NoCompression
      CompressionLevel.Fastest ]

let private some (seed: int) count =
    let random = Random seed
    // Words that compress, and noise that does not.
    Array.init count (fun i -> if i % 300 < 200 then byte ('a' + char (i % 7)) else byte (random.Next 256))

let tests =
    testList
        "Gunzip"
        [ Law.holdsFor 60 "members come out one after another" (fun (seed: int) (counts: uint16 list) (step: byte) (room: byte) ->
              let members =
                  counts |> List.truncate 5 |> List.mapi (fun i count -> levels[i % 3], some (seed + i) (int count % 3000))

              let members = (CompressionLevel.Optimal, "x\n"B) :: members

              let bytes =
                  members |> List.map (fun (level, bytes) -> packed level bytes) |> Array.concat

              read (1 + int step) (1 + int room) bytes = (members |> List.map snd |> Array.concat, Ok()))

          Law.holdsFor
              100
              "what is cut off is told, and only what was there comes out"
              (fun (seed: int) (count: uint16) (at: uint32) (two: bool) ->
                  let content = some seed (1 + int count % 5000)
                  let first = if two then packed CompressionLevel.Optimal "first\n"B else [||]
                  let bytes = Array.append first (packed levels[abs (seed % 3)] content)
                  let whole = if two then Array.append "first\n"B content else content
                  let cut = first.Length + 1 + int (at % uint32 (bytes.Length - first.Length - 1))
                  let found, outcome = read 1000 4096 bytes[.. cut - 1]
                  outcome = Error "cut off" && found.Length <= whole.Length && whole.AsSpan().StartsWith(ReadOnlySpan found))

          test "every cut of a small file" {
              for level in levels do
                  let bytes = packed level (some 3 700)

                  for cut in 2 .. bytes.Length - 1 do
                      Expect.equal (snd (read 7 100 bytes[.. cut - 1])) (Error "cut off") $"after {cut} of {bytes.Length} bytes"
          }

          test "a wrong checksum, and a wrong length" {
              for back in [ 8; 4 ] do
                  let bytes = packed CompressionLevel.Optimal (some 1 500)
                  bytes[bytes.Length - back] <- bytes[bytes.Length - back] ^^^ 1uy
                  Expect.isTrue (snd (read 100 100 bytes)).IsError $"{back} bytes before the end"
          }

          test "what was packed once more, or looks like the mark, is only content" {
              let inner =
                  packed CompressionLevel.Optimal "the end of singlesharp's packed the end of singlesharp's packed "B

              for content in [ inner; Array.append inner inner; "the end of singlesharp's packed "B ] do
                  Expect.equal (read 5 10 (packed CompressionLevel.NoCompression content)) (content, Ok()) "the content"
          } ]
