/// Laws of what waits beside a file until it is complete.
module internal SingleSharp.Properties.AdditionsLaws

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

/// Bytes that are added behind an old end, gaps allowed.
let private write (disk: RandomAccessFile) (start: int64) (writes: (byte * byte[]) list) =
    for gap, bytes in writes do
        disk.Write(start + int64 gap, ReadOnlySpan bytes)

/// What a file in memory would be.
let private meaning (old: byte[]) (writes: (byte * byte[]) list) length =
    let file = Array.zeroCreate<byte>(old.Length + 1000)
    old.CopyTo(file, 0)

    for gap, bytes in writes do
        bytes.CopyTo(file, old.Length + int gap)

    Array.truncate (old.Length + length) file

let private withAdditions (old: byte[]) require work =
    GenFiles.withBytes old (fun path ->
        use disk =
            new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite), 0L)

        let answer =
            using (new Additions(disk, Path.GetDirectoryName path, require)) (fun additions -> work path disk additions)

        answer)

let private bounded (writes: (byte * byte[]) list) =
    writes |> List.map (fun (gap, bytes) -> gap, Array.truncate 500 (if isNull bytes then [||] else bytes))

/// Law (additions): until the flush the file is as it was, times included, and what is read is the old content with the new one
/// behind it; afterwards that is the file.
let private additions =
    Law.holdsFor 100 "additions" (fun (old: byte[]) (writes: (byte * byte[]) list) (more: byte) ->
        let writes = bounded writes

        let length =
            (writes |> List.map (fun (gap, bytes) -> int gap + bytes.Length) |> List.fold max 0) + int more

        let expected = meaning old writes length

        withAdditions old ignore (fun path disk additions ->
            let before = disk.Device.Stamp
            write additions.Disk old.LongLength writes
            additions.Disk.SetLength(old.LongLength + int64 length)
            let seen = additions.Disk.Read(0L, additions.Disk.Length)
            let isUntouched = disk.Device.Stamp = before && not additions.AreThere
            additions.Disk.Sync()

            let isComplete =
                additions.AreThere && additions.Disk.Read(0L, additions.Disk.Length) = expected

            seen = expected && isUntouched && isComplete && File.ReadAllBytes path = expected))

/// Law (refusal): what is refused leaves the file as it was.
let private refusal =
    Law.holdsFor 20 "refusal" (fun (old: byte[]) (writes: (byte * byte[]) list) ->
        let refuse () = Fault.throw (InputChanged "it")

        withAdditions old refuse (fun path disk additions ->
            let before = disk.Device.Stamp
            write additions.Disk old.LongLength (bounded writes)

            let isRefused =
                try
                    additions.Disk.Sync()
                    false
                with FaultException(InputChanged _) ->
                    true

            isRefused && not additions.AreThere && disk.Device.Stamp = before && File.ReadAllBytes path = old))

let tests =
    testList
        "Additions"
        [ additions
          refusal
          test "old bytes are not written before the new ones are there" {
              withAdditions [| 1uy; 2uy |] ignore (fun path _ additions ->
                  Expect.throwsT<InvalidOperationException> (fun () -> additions.Disk.Write(0L, ReadOnlySpan [| 9uy |])) "too early"
                  additions.Disk.Sync()
                  additions.Disk.Write(0L, ReadOnlySpan [| 9uy |])
                  Expect.equal (File.ReadAllBytes path) [| 9uy; 2uy |] "in time")
          } ]
