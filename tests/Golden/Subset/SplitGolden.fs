/// A file for each value of a column is what anndata's slicing makes of it (split.py), and a split that does not come to its end leaves whole
/// files and no table. It replaces nothing but what an earlier one made.
module internal SingleSharp.Golden.SplitGolden

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
open SingleSharp.Answers

let private made =
    lazy
        (Child.requirePython ()
         let folder = lasting.Value.File "split"
         Directory.CreateDirectory folder |> ignore
         Child.script "split.py" [ "make"; folder ] "" |> ignore
         folder)

let private input name = Path.Combine(made.Value, name)

let private split column (file: string) folder =
    Pipeline.split column true withoutNote (Input.file file) folder

let private judged column (file: string) (split: Split) =
    let problems = Child.script "split.py" [ "judge"; file; split.Manifest; column ] ""
    Expect.equal (problems.Trim()) "" $"{column}: what anndata's slicing makes of it"

/// The files of a folder, hidden ones too.
let private names (folder: string) =
    Directory.GetFiles folder |> Array.map Path.GetFileName |> Array.sort |> List.ofArray

/// Columns, and the cells that have no value of them.
let private columns =
    [ "kind", 5L
      "stage", 5L
      "cluster", 0L
      "number", 0L
      "truth", 0L
      "text", 0L
      "whole", 0L
      "flag", 0L
      "some", 6L
      "maybe", 7L
      "total counts", 0L
      "and", 0L
      "odd", 0L
      "unused", 0L
      "level", 0L ]

let private ofColumn (column, missing) =
    test $"by {column}" {
        use sandbox = new Sandbox()
        let file = input "every.h5ad"
        let split = split column file (sandbox.File "parts") |> need
        judged column file split
        Expect.equal split.CellsWithoutValue missing "cells without a value"
        Expect.equal (split.Files |> Seq.sumBy _.Cells) (split.Cells - missing) "every other cell is in one file"

        Expect.equal
            (split.Warnings |> Seq.exists (fun warning -> warning.Contains "no value"))
            (missing > 0L)
            "they are told, where there are some"

        Expect.equal (names (sandbox.File "parts")).Length (split.Files.Count + 1) "nothing else is there"
    }

/// What is refused, and in which words.
let private refusals =
    [ "real", "holds float64 values, which do not name samples"
      "nothing", "obs has no column nothing"
      "lone", "no cell has a value of the column lone" ]

let private refusal (column, why) =
    test $"refused: {column}" {
        use sandbox = new Sandbox()
        split column (input "every.h5ad") (sandbox.File "parts") |> refused [ "by: "; why ]
        Expect.isEmpty sandbox.Names "no folder is left behind"
    }

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

let private noted =
    test "its note tells how subset makes the same" {
        use sandbox = new Sandbox()
        let file = input "every.h5ad"

        for column in [ "kind"; "some"; "maybe"; "total counts"; "odd"; "level" ] do
            let split =
                Pipeline.split column true Settings.standard (Input.file file) (sandbox.File column) |> need

            for part in split.Files do
                let run = Pipeline.history Settings.standard part.Path |> need |> List.last
                let again = sandbox.File "again.h5ad"
                let recipe = Recipe.ofJson run.Recipe |> need
                Pipeline.run recipe Settings.standard (Input.file file) (NewFile again) |> need |> ignore
                Expect.equal (whole part.Path) (whole again) $"{column}: {part.Value}"
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

let private several =
    test "several inputs and 10x inputs are split as one" {
        use sandbox = new Sandbox()
        let a, b = sandbox.File "a.h5ad", sandbox.File "b.h5ad"
        NewFile.write a Unchunked (Made.counts 30 10)
        NewFile.write b Unchunked (Made.counts 20 10)

        let split =
            Pipeline.split "sample" true withoutNote (Input.files [ a; b ]) (sandbox.File "parts") |> need

        Expect.equal [ for file in split.Files -> file.Value, file.Cells ] [ "a", 30L; "b", 20L ] "the files"
        Expect.equal (names (sandbox.File "parts")) [ "a.h5ad"; "b.h5ad"; "manifest.csv" ] "no temporary file is left"

        let x path =
            [ for element in (digest path).Elements do
                  if element.Path.StartsWith "X/" then
                      element.Sha256 ]

        Expect.equal (x (Seq.head split.Files).Path) (x a) "what was joined is apart again"
    }

let private many =
    test "too many values are refused" {
        use sandbox = new Sandbox()

        split "id" (input "many.h5ad") (sandbox.File "parts")
        |> refused [ "by: the column id of obs has more than 1000 different values, so it does not name samples" ]
    }

let private spoken =
    test "the command, and its JSON" {
        use sandbox = new Sandbox()
        let folder = sandbox.File "parts"

        let outcome =
            Child.runTool
                [ "split"
                  input "every.h5ad"
                  "--by"
                  "kind"
                  "--out-dir"
                  folder
                  "--json"
                  "--progress"
                  "json" ]

        Expect.equal outcome.ExitCode 0 outcome.Errors
        let told = JsonDocument.Parse(outcome.Output).RootElement
        Expect.equal (told.GetProperty("n_obs_without_value").GetInt64()) 5L "cells without a value"

        let files =
            [ for file in told.GetProperty("files").EnumerateArray() -> file.GetProperty("path").GetString() ]

        Expect.all files File.Exists "every file is there"
        Expect.stringContains outcome.Errors "\"passes\":5" "a pass for each file"

        let again =
            Child.runTool
                [ "split"
                  input "every.h5ad"
                  "--by"
                  "kind"
                  "--out-dir"
                  folder
                  "--no-clobber" ]

        Expect.equal again.ExitCode 1 "the second time"
        Expect.stringContains again.Errors "--no-clobber" "why"
    }

let all =
    testList
        "Split"
        [ testList "columns" (List.map ofColumn columns)
          test "X in columns" {
              use sandbox = new Sandbox()
              let file = input "columns.h5ad"
              split "stage" file (sandbox.File "parts") |> need |> judged "stage" file
          }
          testList "refusals" (List.map refusal refusals)
          interrupted
          noted
          clobbering
          foreign
          left
          kept
          changed
          linked
          advice
          several
          many
          spoken ]
