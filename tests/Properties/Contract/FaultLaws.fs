/// What the operating system's trouble becomes: one sentence that names the folder and says what to do.
module internal SingleSharp.Properties.FaultLaws

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.Writing

let private folder = Path.GetTempPath().TrimEnd '/'
let private path = Path.Combine(folder, "out.h5ad")

let private written =
    [ for name, number, words in
          [ "ENOSPC", 28, "make room there"
            "a full disk on Windows", 0x80070070, "make room there"
            "EDQUOT", 122, "make room there"
            "EDQUOT of macOS", 69, "make room there"
            "EROFS", 30, "choose another folder"
            "EFBIG", 27, "raise the limit" ] do
          test name {
              let sentence =
                  Fault.sentence (Fault.ofWrite path (IOException("It does not work : '/x'", number)))

              Expect.stringStarts sentence $"{path} cannot be written: It does not work: " "what the system says"
              Expect.stringContains sentence $" {folder}" "the folder"
              Expect.stringContains sentence words "what to do"
              Expect.isTrue (sentence.EndsWith '.' && not (sentence.Contains "'/x'")) sentence
          }

      test "a scratch folder is named itself" {
          Expect.stringContains
              (Fault.sentence (Fault.ofWrite folder (IOException("Full", 28))))
              $"the disk of {folder} is full"
              "the folder"
      }

      test "ENAMETOOLONG" {
          Expect.stringContains (Fault.sentence (Fault.ofWrite path (PathTooLongException()))) "choose a shorter one" "what to do"
      }

      test "a full disk is another one elsewhere, a permission is not" {
          for trouble, isTemporary in
              [ IOException("No space left on device", 28) :> exn, true
                IOException("Input/output error", 5), true
                UnauthorizedAccessException(), false ] do
              let fault = Fault.ofWrite path trouble
              Expect.equal (Fault.isTemporary fault) isTemporary (Fault.sentence fault)

          Expect.isFalse (Fault.isTemporary (Unreadable(path, "you have no permission"))) "reading"
      }

      test "every write of a disk tells it so" {
          let device =
              { new Device with
                  member _.Length = 0L

                  member _.Stamp =
                      { Length = 0L
                        Written = 0L
                        Changed = 0L }

                  member _.Read(_, _) = 0

                  member _.Write(_, _) =
                      raise (IOException("No space left on device", 28))

                  member _.SetLength _ =
                      raise (IOException("No space left on device", 28))

                  member _.StartFlush() = ()

                  member _.Flush() =
                      raise (IOException("Disk quota exceeded", 122))

                  member _.Handle = ValueNone
                  member _.Dispose() = () }

          use disk = new RandomAccessFile(path, device, 0L)

          for work in
              [ fun () -> disk.Write(0L, ReadOnlySpan [| 1uy |])
                fun () -> disk.SetLength 1L
                fun () -> disk.Sync() ] do
              GenFiles.isFault "make room there" work
      } ]

let private memory =
    [ test "no memory left is a fault, from inside a block too" {
          for trouble in [ OutOfMemoryException() :> exn; BlockFailed(0L, 1, OutOfMemoryException()) ] do
              match Fault.tryFind trouble with
              | Some fault ->
                  Expect.equal (Fault.kind fault) FaultKind.InsufficientMemory "its kind"
                  Expect.stringContains (Fault.sentence fault) "lower memory or workers" "what to do"
              | None -> failtest "a fault is expected"
      }

      test "a question that runs out of memory has no answer" {
          GenFiles.withPath (fun path ->
              NewFile.write
                  path
                  Unchunked
                  { CellNames = [| "a" |]
                    GeneNames = [| "g" |]
                    Indptr = [| 0; 1 |]
                    Indices = [| 0 |]
                    Data = [| 1.0f |] }

              let settings =
                  { Settings.standard with
                      Progress = fun _ -> raise (OutOfMemoryException()) }

              match Pipeline.run (Recipe.ofSteps [ Qc.step Qc.defaults ]) settings (Input.file path) InPlace with
              | Error OutOfMemory -> ()
              | other -> failtest $"{other}")
      } ]

let private sizes =
    test "a size is told in a unit that leaves something of it" {
        for bytes, text in
            [ 0L, "0 bytes"
              10239L, "10239 bytes"
              10240L, "10 KiB"
              10485759L, "10239 KiB"
              10485760L, "10 MiB"
              1L <<< 40, "1048576 MiB" ] do
            Expect.equal (Fault.size bytes) text "the text"
    }

let tests =
    testList "Fault" [ testList "written" written; testList "memory" memory; sizes ]
