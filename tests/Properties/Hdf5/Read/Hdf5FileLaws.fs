/// A file that is open to be changed is nobody else's until it is changed or replaced.
module internal SingleSharp.Properties.Hdf5FileLaws

open System
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing

let private counts cells : Counts =
    { CellNames = Array.init cells string
      GeneNames = [| "g" |]
      Indptr = Array.zeroCreate (cells + 1)
      Indices = [||]
      Data = [||] }

/// A file with one more cell takes the place of the one that is held. Is it refused, nothing happens.
let private addCell (path: string) =
    try
        using (GenFiles.openWrite path) (fun file ->
            let fresh = path + "." + Guid.NewGuid().ToString "N"
            NewFile.write fresh Unchunked (counts (int file.X.Cells + 1))
            File.Move(fresh, path, true))

        true
    with FaultException(Unreadable(_, why)) when why.Contains "another program has it open" ->
        false

/// Law (alone): of files that replace one another, each builds on the one before.
let private alone =
    test "alone" {
        GenFiles.withPath (fun path ->
            NewFile.write path Unchunked (counts 1)

            // Who is refused tries again: how often that happens hangs on the machine.
            let work () =
                let mutable left = 12

                while left > 0 do
                    if addCell path then left <- left - 1 else Thread.Yield() |> ignore

            let threads = [ for _ in 1..4 -> Thread(ThreadStart work) ]
            threads |> List.iter _.Start()
            threads |> List.iter _.Join()

            let cells = using (GenFiles.openRead path) (fun file -> file.X.Cells)
            Expect.equal cells (1L + 4L * 12L) "one cell for each")
    }

/// Somebody replaces the file between opening it and holding it.
let private replaced =
    test "a file that is replaced at the door is not the one that is held" {
        if not (OperatingSystem.IsLinux()) then
            skiptest "files have no numbers here"

        GenFiles.withPath (fun path ->
            for times in [ 1; 3 ] do
                File.WriteAllText(path, "0")
                let opened = ref 0

                let opening () =
                    let handle = Hdf5File.openHandle path FileAccess.ReadWrite FileShare.None
                    opened.Value <- opened.Value + 1

                    if opened.Value <= times then
                        File.WriteAllText(path + ".next", string opened.Value)
                        File.Move(path + ".next", path, true)

                    handle

                use handle = Hdf5File.hold path opening
                let content: byte[] = Array.zeroCreate 1
                RandomAccess.Read(handle, Span content, 0L) |> ignore
                Expect.equal (char content[0]) (char (string times)) "the newest"
                Expect.equal (Status.ofHandle handle).Node (Status.tryFind path).Value.Node "the one that the name leads to")
    }

/// Somebody does so without end.
let private replacedForEver =
    test "a file that is replaced at the door time and again is refused, and not held under another name" {
        if not (OperatingSystem.IsLinux()) then
            skiptest "files have no numbers here"

        GenFiles.withPath (fun path ->
            File.WriteAllText(path, "0")
            let opened = ref 0

            let opening () =
                let handle = Hdf5File.openHandle path FileAccess.ReadWrite FileShare.None
                opened.Value <- opened.Value + 1
                File.WriteAllText(path + ".next", string opened.Value)
                File.Move(path + ".next", path, true)
                handle

            GenFiles.isFault "keeps replacing it" (fun () -> Hdf5File.hold path opening)
            Expect.isLessThan opened.Value 1000 "it ends"
            // Nobody holds it.
            using (File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) ignore)
    }

let tests =
    testSequenced <| testList "Hdf5File" [ alone; replaced; replacedForEver ]
