/// A split that does not come to its end leaves whole files and no table. It replaces nothing but what an earlier one made.
module internal SingleSharp.Golden.SplitFaultsGolden

open System
open System.IO
open System.Text.Json
open System.Threading
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Golden.SplitSamples
open SingleSharp.Answers

let private interrupted =
    test "cancelled, it leaves whole files and no table" {
        use sandbox = new Sandbox()
        let file, folder = input "every.h5ad", sandbox.File "parts"
        split "kind" file folder |> need |> ignore
        File.WriteAllText(Path.Combine(folder, "a.h5ad"), "not yet replaced")
        use source = new CancellationTokenSource()

        let settings =
            { withoutNote with
                Cancel = source.Token
                Progress =
                    fun progress ->
                        if progress.Pass = 3 then
                            source.Cancel() }

        Expect.throwsT<OperationCanceledException>
            (fun () -> Pipeline.split "kind" true settings (Input.file file) folder |> ignore)
            "cancelled"

        Expect.equal (names folder) [ "T_cell.h5ad"; "a.h5ad"; "b.h5ad"; "it_s.h5ad"; "x_y.h5ad" ] "no table"

        for name in names folder do
            Expect.isTrue (need (Pipeline.verify Settings.standard (Path.Combine(folder, name)))).IsSound $"{name} is whole"
    }

let private clobbering =
    test "files that are there are kept or replaced" {
        use sandbox = new Sandbox()
        let file, folder = input "every.h5ad", sandbox.File "parts"
        Directory.CreateDirectory folder |> ignore
        let own = Path.Combine(folder, "b.h5ad")
        File.WriteAllText(own, "mine")

        Pipeline.split "kind" false withoutNote (Input.file file) folder
        |> refused [ "b.h5ad cannot be written: there is such a file already" ]

        Expect.equal (names folder) [ "b.h5ad" ] "nothing was written"
        Expect.equal (File.ReadAllText own) "mine" "it is as it was"
        File.Delete own
        split "kind" file folder |> need |> judged "kind" file
        File.WriteAllText(own, "made by the first")
        split "kind" file folder |> need |> judged "kind" file
        let copy = sandbox.Copy(file, "input.h5ad")
        File.Move(copy, own, true)
        split "kind" own folder |> refused [ "it is the input itself"; "out_dir" ]
        Expect.equal (File.ReadAllBytes own) (File.ReadAllBytes file) "the input is as it was"
    }

/// What no split made is somebody's own.
let private foreign =
    test "what no earlier split made is not replaced" {
        for name, text in
            [ "b.h5ad", "mine"
              "manifest.csv", "sample,age\ns1,40\n"
              "manifest.csv", "value,file,cells\nb,../b.h5ad,3\n"
              "manifest.csv", "value,file,cells\nb,\"b.h5ad,3\n" ] do
            use sandbox = new Sandbox()
            let own = sandbox.File name
            File.WriteAllText(own, text)

            split "kind" (input "every.h5ad") sandbox.Folder
            |> refused [ $"{name} cannot be written: there is such a file already"; "move the file" ]

            Expect.equal sandbox.Names [ name ] "nothing was written"
            Expect.equal (File.ReadAllText own) text "it is as it was"
    }

let private left =
    test "files of an earlier split that stay are told" {
        use sandbox = new Sandbox()
        let file, folder = input "every.h5ad", sandbox.File "parts"
        split "kind" file folder |> need |> ignore
        let again = split "kind" file folder |> need
        Expect.isFalse (again.Warnings |> Seq.exists (fun warning -> warning.Contains "earlier")) "all are replaced"
        let other = split "stage" file folder |> need
        judged "stage" file other

        Expect.exists
            other.Warnings
            (fun warning -> warning.Contains "5 files of an earlier split stay" && warning.Contains "T_cell.h5ad")
            "which ones stay"

        split "kind" file folder |> refused [ "there is such a file already" ]
    }

let private kept =
    test "the table of an earlier split stays until a file of this one is complete" {
        use sandbox = new Sandbox()
        let file, folder = input "every.h5ad", sandbox.File "parts"
        let earlier = split "kind" file folder |> need
        let before = File.ReadAllText earlier.Manifest
        use source = new CancellationTokenSource()

        let settings =
            { withoutNote with
                Cancel = source.Token
                Progress = fun _ -> source.Cancel() }

        Expect.throwsT<OperationCanceledException>
            (fun () -> Pipeline.split "kind" true settings (Input.file file) folder |> ignore)
            "cancelled"

        Expect.equal (File.ReadAllText earlier.Manifest) before "the table"
        split "kind" file folder |> need |> judged "kind" file
    }

let private changed =
    test "an input that changes meanwhile: the files that are whole are told" {
        use sandbox = new Sandbox()
        let file, folder = sandbox.Copy(input "every.h5ad"), sandbox.File "parts"
        let warnings = ResizeArray<string>()

        let settings =
            { withoutNote with
                Warn = warnings.Add
                Progress =
                    fun progress ->
                        if progress.Pass = 2 then
                            File.SetLastWriteTimeUtc(file, DateTime(2001, 2, 3)) }

        match Pipeline.split "kind" true settings (Input.file file) folder with
        | Error(InputChanged path) -> Expect.equal path file "its path"
        | other -> failtest $"{other}"

        Expect.equal (names folder) [ "T_cell.h5ad" ] "the first file alone"

        Expect.exists
            warnings
            (fun warning -> warning.Contains "of 5 files one is written and whole (T_cell.h5ad), and there is no manifest.csv")
            "what is there"
    }

let private linked =
    test "two names of one file are refused" {
        use sandbox = new Sandbox()
        let file, folder = input "every.h5ad", sandbox.File "parts"
        split "kind" file folder |> need |> ignore
        let a, b = Path.Combine(folder, "a.h5ad"), Path.Combine(folder, "b.h5ad")
        File.Delete b
        File.CreateSymbolicLink(b, a) |> ignore
        let before = File.ReadAllBytes a

        split "kind" file folder |> refused [ "b.h5ad cannot be written"; "has just made for another value" ]

        Expect.equal (File.ReadAllBytes a) before "the file of the first value"
    }

let private advice =
    test "faults advise another folder, and leave none behind" {
        use sandbox = new Sandbox()
        let file, folder = input "every.h5ad", sandbox.File "parts"
        Directory.CreateDirectory(Path.Combine(folder, "b.h5ad")) |> ignore
        split "kind" file folder |> refused [ "b.h5ad cannot be written: it is a folder; choose another folder (out_dir)" ]
        Directory.Delete(folder, true)
        split "nothing" file (sandbox.File "new1/new2/new3/") |> refused [ "obs has no column nothing" ]
        Expect.isEmpty sandbox.Names "no folder is left behind"
    }

let all =
    testList "SplitFaults" [ interrupted; clobbering; foreign; left; kept; changed; linked; advice ]
