/// Clones are copies but for what is skipped; a target is replaced as a whole or not at all.
module internal SingleSharp.Properties.CopyRangesLaws

open System
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Properties.GenHdf5

let private inFolder (work: string -> 'a) =
    let folder = Directory.CreateTempSubdirectory "singlesharp-laws-"

    try
        work folder.FullName
    finally
        folder.Delete true

let private diskOver path origin =
    new RandomAccessFile(path, File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite), origin)

let private writing (bytes: byte[]) (disk: RandomAccessFile) = disk.Write(0L, ReadOnlySpan bytes)

let private old, newer = [| 1uy; 2uy; 3uy |], [| 9uy; 8uy |]

exception private Deliberate

let tests =
    testList
        "CopyRanges"
        [ Law.holds "everything is copied but what is skipped" (fun (AnyHoles(length, holes)) (seed: int) (hasUserBlock: bool) ->
              let origin = if hasUserBlock then 512 else 0
              let bytes = Array.zeroCreate<byte>(origin + int length + 20)
              (Random seed).NextBytes bytes

              GenFiles.withBytes bytes (fun path ->
                  GenFiles.withPath (fun target ->
                      use source = diskOver path (int64 origin)

                      using (diskOver target (int64 origin)) (fun disk ->
                          CopyRanges.copy source disk length holes CancellationToken.None)

                      let wanted = bytes[.. origin + int length - 1]

                      for struct (start, size) in holes do
                          Array.Clear(wanted, origin + int start, int size)

                      File.ReadAllBytes target = wanted)))

          test "more bytes than are copied at a time" {
              let bytes = Array.zeroCreate<byte> 9_000_001
              (Random 1).NextBytes bytes

              GenFiles.withBytes bytes (fun path ->
                  GenFiles.withPath (fun target ->
                      use source = diskOver path 0L

                      using (diskOver target 0L) (fun disk ->
                          CopyRanges.copy source disk bytes.LongLength [ struct (5_000_000L, 100L) ] CancellationToken.None)

                      Array.Clear(bytes, 5_000_000, 100)
                      Expect.isTrue (File.ReadAllBytes target = bytes) "all of them"))
          }

          test "a cancelled copy stops" {
              GenFiles.withBytes old (fun path ->
                  GenFiles.withPath (fun target ->
                      use source = diskOver path 0L
                      use disk = diskOver target 0L

                      Expect.throwsT<OperationCanceledException>
                          (fun () -> CopyRanges.copy source disk 3L [] (CancellationToken true))
                          "cancelled"))
          }

          test "a new file appears, an old one is replaced, and nothing else is left" {
              inFolder (fun folder ->
                  let target = Path.Combine(folder, "x.h5ad")

                  for bytes in [ old; newer ] do
                      Expect.equal
                          (AtomicReplace.replace target 0L (fun disk ->
                              writing bytes disk
                              42))
                          42
                          "the result"

                      Expect.equal (File.ReadAllBytes target) bytes "the content"
                      Expect.equal (Directory.GetFileSystemEntries folder) [| target |] "no other file")
          }

          test "after an exception the target is as it was and the temporary file is gone" {
              inFolder (fun folder ->
                  let target = Path.Combine(folder, "x.h5ad")

                  let fail () =
                      Expect.throwsT<Deliberate>
                          (fun () ->
                              AtomicReplace.replace target 0L (fun disk ->
                                  writing newer disk
                                  raise Deliberate))
                          "passed on"

                  fail ()
                  Expect.isEmpty (Directory.GetFileSystemEntries folder) "no file"
                  File.WriteAllBytes(target, old)
                  fail ()
                  Expect.equal (File.ReadAllBytes target) old "the old content"
                  Expect.equal (Directory.GetFileSystemEntries folder) [| target |] "no other file")
          }

          test "behind symbolic links the file itself is replaced, and the links stay" {
              inFolder (fun folder ->
                  let path name = Path.Combine(folder, name)
                  let elsewhere = Directory.CreateDirectory(path "elsewhere").FullName
                  let real = Path.Combine(elsewhere, "real.h5ad")
                  File.WriteAllBytes(real, old)
                  File.CreateSymbolicLink(path "first", Path.Combine("elsewhere", "real.h5ad")) |> ignore
                  File.CreateSymbolicLink(path "second", path "first") |> ignore
                  AtomicReplace.replace (path "second") 0L (writing newer)
                  Expect.equal (File.ReadAllBytes real) newer "the file behind both"
                  Expect.isNotNull (FileInfo(path "second").LinkTarget) "still a link"
                  Expect.isNotNull (FileInfo(path "first").LinkTarget) "still a link"
                  Expect.equal (AtomicReplace.resolve (path "second")) real "where it leads"
                  Expect.equal (Directory.GetFileSystemEntries elsewhere) [| real |] "no other file")
          }

          test "the permissions of the target are kept" {
              if OperatingSystem.IsWindows() then
                  skiptest "Windows has no mode bits"

              inFolder (fun folder ->
                  let target = Path.Combine(folder, "x.h5ad")
                  File.WriteAllBytes(target, old)

                  for mode in
                      [ UnixFileMode.UserRead ||| UnixFileMode.UserWrite
                        UnixFileMode.UserRead ||| UnixFileMode.UserWrite ||| UnixFileMode.GroupRead ||| UnixFileMode.OtherRead
                        UnixFileMode.UserRead ] do
                      File.SetUnixFileMode(target, mode)
                      AtomicReplace.replace target 0L (writing newer)
                      Expect.equal (File.GetUnixFileMode target) mode "its mode")
          }

          test "where nothing can be written, the fault says why" {
              inFolder (fun folder ->
                  GenFiles.isFault "its folder does not exist" (fun () ->
                      AtomicReplace.replace (Path.Combine(folder, "no", "x")) 0L (writing newer))
                  // A folder stands where the file should be.
                  let taken = Directory.CreateDirectory(Path.Combine(folder, "taken")).FullName
                  GenFiles.isFault "cannot be written" (fun () -> AtomicReplace.replace taken 0L (writing newer))
                  Expect.equal (Directory.GetFileSystemEntries folder) [| taken |] "no other file")
          } ]
