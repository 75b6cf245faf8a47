/// Scratch files leave nothing behind.
module internal SingleSharp.Properties.ScratchFileLaws

open System
open System.IO
open Expecto
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

let tests =
    testList
        "ScratchFile"
        [ test "the scratch file goes with its owner" {
              let folder = Directory.CreateTempSubdirectory "singlesharp"
              let scratch = new ScratchFile(folder.FullName)
              scratch.Disk.Write(0L, ReadOnlySpan [| 1uy |])
              (scratch :> IDisposable).Dispose()
              Expect.isEmpty (folder.GetFiles()) "nothing is left"
              folder.Delete()
          }

          test "nobody else may read what is on its way" {
              if OperatingSystem.IsWindows() then
                  skiptest "Windows has no mode bits"

              let folder = Directory.CreateTempSubdirectory "singlesharp"
              use scratch = new ScratchFile(folder.FullName)
              let path = TempFile.pathIn folder.FullName
              use temporary = TempFile.create path FileShare.None FileOptions.None
              let mine = UnixFileMode.UserRead ||| UnixFileMode.UserWrite

              for handle in [ scratch.Disk.Device.Handle.Value; temporary ] do
                  Expect.equal (File.GetUnixFileMode handle) mine "its permissions"

              folder.Delete true
          }

          test "a folder that vanishes while a file is written is a fault, and no bug of ours" {
              if OperatingSystem.IsWindows() then
                  skiptest "a file that is open keeps its folder there"

              let folder = Directory.CreateTempSubdirectory "singlesharp"

              GenFiles.isFault "its folder has vanished" (fun () ->
                  AtomicReplace.replace (Path.Combine(folder.FullName, "x.h5ad")) 0L (fun disk ->
                      disk.Write(0L, ReadOnlySpan [| 1uy |])
                      folder.Delete true))
          }

          test "a folder that is not there is a fault" {
              GenFiles.isFault "cannot be written" (fun () -> new ScratchFile(Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString())))
          } ]
