/// Scratch files leave nothing behind.
module SingleSharp.Properties.ScratchLaws

open System
open System.IO
open Expecto
open SingleSharp.Core

let tests =
    testList
        "Scratch"
        [ test "the scratch file goes with its owner" {
              let folder = Directory.CreateTempSubdirectory "singlesharp"
              let scratch = new Scratch(folder.FullName)
              scratch.Disk.Write(0L, ReadOnlySpan [| 1uy |])
              (scratch :> IDisposable).Dispose()
              Expect.isEmpty (folder.GetFiles()) "nothing is left"
              folder.Delete()
          }

          test "nobody else may read it" {
              use scratch = new Scratch(Path.GetTempPath())

              match scratch.Disk.Device.Handle with
              | ValueSome handle when not (OperatingSystem.IsWindows()) ->
                  Expect.equal (File.GetUnixFileMode handle) (UnixFileMode.UserRead ||| UnixFileMode.UserWrite) "the mode"
              | _ -> ()
          }

          test "a folder that is not there is a fault" {
              GenFiles.isFault "cannot be written" (fun () -> new Scratch(Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString())))
          } ]
