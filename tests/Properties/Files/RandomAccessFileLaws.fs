/// What lies in a file is read as it is, and whatever is said to lie beyond its end is damage.
module internal SingleSharp.Properties.RandomAccessFileLaws

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Files

/// A file of these bytes whose addresses count from some origin.
let private withFile (bytes: byte[]) origin (work: RandomAccessFile -> 'a) =
    GenFiles.withPath (fun path ->
        File.WriteAllBytes(path, bytes)
        use disk = new RandomAccessFile(path, File.OpenHandle path, origin)
        work disk)

/// What a read gives, or nothing where it is damage.
let private attempt (read: unit -> 'a) =
    try
        Some(read ())
    with FaultException(Damaged _) ->
        None

let private within (bytes: byte[]) origin address count =
    if count >= 0L && address >= -origin && address <= int64 bytes.Length - origin - count then
        Some(Array.sub bytes (int (origin + address)) (int count))
    else
        None

let tests =
    testList
        "RandomAccessFile"
        [ Law.holds "a read is what is there, or damage" (fun (bytes: byte[]) (origin: byte) (reads: (sbyte * byte) list) ->
              let origin = int64 origin % (int64 bytes.Length + 1L)

              let reads =
                  (0L, 0L)
                  :: (0L, int64 bytes.Length - origin)
                  :: (-origin, int64 bytes.Length)
                  :: [ for address, count in reads -> int64 address, int64 count % 9L ]

              withFile bytes origin (fun disk ->
                  disk.Length = int64 bytes.Length - origin
                  && reads
                     |> List.forall (fun (address, count) ->
                         let into () =
                             let target: byte[] = Array.zeroCreate (int count)
                             disk.ReadInto(address, Span target)
                             target

                         attempt into = within bytes origin address count
                         // What is read at once is bounded by what lies behind the origin.
                         && (count > disk.Length || attempt (fun () -> disk.Read(address, count)) = within bytes origin address count))))

          test "addresses and counts that no file has" {
              withFile [| 1uy; 2uy; 3uy |] 1L (fun disk ->
                  for address in [ Int64.MinValue; -2L; 3L; Int64.MaxValue - 1L; Int64.MaxValue ] do
                      Expect.isNone (attempt (fun () -> disk.ReadInto(address, Span(Array.zeroCreate<byte> 2)))) $"at {address}"

                  for count in [ Int64.MinValue; -1L; 3L; int64 Int32.MaxValue + 1L; Int64.MaxValue ] do
                      Expect.isNone (attempt (fun () -> disk.Read(0L, count))) $"{count} bytes")
          }

          test "more than is allowed is refused, but not what a file is described by" {
              withFile [||] 0L (fun disk ->
                  disk.Allowed <- 1L
                  disk.Require(8L <<< 20)

                  match GenFiles.faultOf (fun () -> disk.Require((8L <<< 20) + 1L)) with
                  | InsufficientMemory _ -> ()
                  | other -> failtest (Fault.sentence other))
          }

          Law.holds "fields are little-endian, one after another, and none is beyond the end" (fun (bytes: byte[]) (widths: byte list) ->
              withFile [||] 0L (fun disk ->
                  let cursor = Cursor(disk, "here", bytes, 0)
                  let mutable at = 0

                  widths
                  |> List.forall (fun width ->
                      let width = int width % 9

                      let expected =
                          if width > bytes.Length - at then
                              None
                          else
                              Some(Array.foldBack (fun digit number -> (number <<< 8) ||| int64 digit) bytes[at .. at + width - 1] 0L)

                      let found = attempt (fun () -> cursor.Number width)

                      if expected.IsSome then
                          at <- at + width

                      found = expected && cursor.Position = at && cursor.Left = bytes.Length - at))) ]
