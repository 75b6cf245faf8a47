/// What is wrong with inputs of a conversion is told in one sentence, and nothing is left behind, however a run ends.
module internal SingleSharp.Golden.ImportFaults

open System
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared

let private standard = Input.convert

let made =
    lazy
        (let folder = lasting.Value.File "imports"
         Directory.CreateDirectory folder |> ignore
         Child.script "imports.py" [ "make"; folder ] "" |> ignore
         folder)

/// One of the inputs that imports.py makes.
let private input name =
    Child.requirePython ()
    Path.Combine(made.Value, name)

let private faultOf result =
    match result with
    | Ok _ -> failtest "no fault"
    | Error fault -> Fault.sentence fault

/// Refused with a sentence that has these parts, and nothing is written.
let private refused name recipe (inputs: unit -> string list) (parts: string list) =
    test name {
        use sandbox = new Sandbox()

        let sentence =
            Pipeline.convert
                MatrixName.X
                false
                Settings.standard
                { Paths = (inputs ())
                  Convert = recipe }
                (sandbox.File "output.h5ad")
            |> faultOf

        for part in parts do
            Expect.stringContains sentence part "the sentence"

        Expect.isEmpty sandbox.Names "nothing is left behind"
    }

let private choices =
    [ refused
          "a genome that is not there"
          { standard with Genome = Some "mm39" }
          (fun () -> [ input "two_genomes.h5" ])
          [ "genome: "; "hg19, mm10" ]
      refused "which of several genomes" standard (fun () -> [ input "two_genomes.h5" ]) [ "genome: "; "say which of hg19, mm10" ]
      refused
          "a genome that no feature has"
          { standard with Genome = Some "mm39" }
          (fun () -> [ input "probes.h5" ])
          [ "genome: "; "hg19, mm10" ]
      refused
          "a type that no feature has"
          { standard with
              FeatureType = Some "Peaks" }
          (fun () -> [ input "v3" ])
          [ "feature_type: "; "Antibody Capture, Gene Expression, or all" ]
      refused
          "a type where there are none"
          { standard with
              FeatureType = Some "Peaks" }
          (fun () -> [ input "v2" ])
          [ "feature_type: "; "Peaks" ]
      refused "the genome of a folder" { standard with Genome = Some "mm10" } (fun () -> [ input "v2" ]) [ "genome: " ]
      refused
          "a genome of .h5ad files"
          { standard with Genome = Some "mm10" }
          (fun () -> [ input "first.h5ad"; input "whole.h5ad" ])
          [ "genome: " ]
      refused "one .h5ad file" standard (fun () -> [ input "first.h5ad" ]) [ "is an .h5ad file already" ]
      refused "no input" standard (fun () -> []) [ "there is no input" ]
      refused
          "equal names of genes"
          standard
          (fun () -> [ require "data/tenx/1K_pbmc_citeseq.h5"; input "v2" ])
          [ "TBCE occurs twice"; "pass make_unique" ]
      refused "equal names of samples" standard (fun () -> [ input "v2"; input "v2" ]) [ "two inputs are called v2" ]
      refused
          "too few samples"
          { standard with SampleNames = [ "a" ] }
          (fun () -> [ input "v2"; input "v3" ])
          [ "1 name does not fit 2 inputs" ]
      refused "a file that is not there" standard (fun () -> [ input "v2"; "nowhere.h5" ]) [ "nowhere.h5 does not exist" ]
      refused "a folder of other things" standard (fun () -> [ made.Value ]) [ "matrix.mtx(.gz)" ] ]

/// A copy of the folder v2 with one of its files changed.
let private spoilt name (file: string) (change: string -> string) (parts: string list) =
    test name {
        use sandbox = new Sandbox()
        let folder = sandbox.File "spoilt"
        Directory.CreateDirectory folder |> ignore

        for path in Directory.GetFiles(input "v2") do
            File.Copy(path, Path.Combine(folder, Path.GetFileName path))

        let path = Path.Combine(folder, file)
        File.WriteAllText(path, change (File.ReadAllText path))

        let sentence =
            Pipeline.convert
                MatrixName.X
                false
                Settings.standard
                { Paths = [ folder ]
                  Convert = standard }
                (sandbox.File "output.h5ad")
            |> faultOf

        for part in path :: parts do
            Expect.stringContains sentence part "the sentence"

        Expect.equal sandbox.Names [ "spoilt" ] "nothing is left behind"
    }

let private lines (change: string[] -> string[]) (text: string) =
    String.Join('\n', change (text.Split '\n'))

let private folders =
    [ spoilt
          "an entry twice"
          "matrix.mtx"
          (lines (fun lines -> lines |> Array.mapi (fun i line -> if i = 7 then lines[5] else line)))
          [ "stores more than one value for cell AAAC"; "gene "; "pass sum_duplicates" ]
      spoilt "too few cells" "barcodes.tsv" (lines (Array.truncate 30)) [ "it names 30 cells, but the matrix has 60" ]
      spoilt "too many genes" "genes.tsv" (fun text -> text + "E\tg\n") [ "line 41"; "the matrix has only 40 genes" ]
      spoilt
          "a gene without a name"
          "genes.tsv"
          (lines (Array.mapi (fun i line -> if i = 2 then "alone" else line)))
          [ "line 3"; "1 column where 2" ]
      spoilt "cut off" "matrix.mtx" (lines (Array.truncate 50)) [ "it has"; "instead of"; "cut off" ]
      spoilt
          "no number"
          "matrix.mtx"
          (lines (Array.mapi (fun i line -> if i = 9 then "3 4 many" else line)))
          [ "line 10"; "should be a number" ] ]

let private steps =
    (Recipe.ofSteps [ Qc.step Qc.defaults; NormalizeTotal.step NormalizeTotal.defaults ])

let private runs =
    [ test "a run on a 10x input is the run on what it is converted to" {
          use sandbox = new Sandbox()
          // A note would name the input.
          let settings =
              { Settings.standard with
                  Provenance = false }

          for name in [ "v3_shuffled"; "probes.h5" ] do
              let converted = sandbox.File "converted.h5ad"

              Pipeline.convert
                  MatrixName.X
                  false
                  Settings.standard
                  { Paths = [ input name ]
                    Convert = standard }
                  converted
              |> Result.isOk
              |> ignore

              Pipeline.run steps settings (Input.file converted) (NewFile(sandbox.File "one.h5ad")) |> Result.isOk |> ignore

              match Pipeline.run steps settings (Input.file (input name)) (NewFile(sandbox.File "two.h5ad")) with
              | Error fault -> failtest (Fault.sentence fault)
              | Ok report -> Expect.equal report.Input (input name) "the input in the report"

              Expect.isTrue (File.ReadAllBytes(sandbox.File "one.h5ad") = File.ReadAllBytes(sandbox.File "two.h5ad")) "the same bytes"
              Expect.equal sandbox.Names [ "converted.h5ad"; "one.h5ad"; "two.h5ad" ] "nothing else is left"
      }
      test "a fault names the input, and nothing is left behind" {
          use sandbox = new Sandbox()
          let path = sandbox.File "output.h5ad"

          let recipe = (Recipe.ofSteps [ Pca.step { Pca.defaults with NComps = Some 1000 } ])

          Pipeline.run recipe Settings.standard (Input.file (input "v3")) (NewFile path) |> faultOf |> ignore

          let sentence =
              Pipeline.run steps { Settings.standard with Memory = 1L } (Input.file (input "v3")) (NewFile path) |> faultOf

          Expect.stringContains sentence "memory" "over budget"

          let sentence =
              Pipeline.run steps Settings.standard (Input.file (input "v3")) InPlace |> faultOf

          Expect.stringContains sentence "in_place: " "the option"
          Expect.stringContains sentence "out=FILE" "what to do"

          let sentence =
              Pipeline.run steps Settings.standard (Input.file (input "v3")) (NewFile(sandbox.File "no/such/folder.h5ad")) |> faultOf

          Expect.stringContains sentence "no/such/folder.h5ad cannot be written" "the target"
          Expect.isEmpty sandbox.Names "nothing is left behind"
      }
      test "the target is no part of the input" {
          use sandbox = new Sandbox()
          let copy = sandbox.Copy(input "probes.h5")

          let sentence =
              Pipeline.convert MatrixName.X false Settings.standard { Paths = [ copy ]; Convert = standard } copy |> faultOf

          Expect.stringContains sentence "it belongs to the input itself" "the sentence"
          Expect.isTrue (File.ReadAllBytes copy = File.ReadAllBytes(input "probes.h5")) "the input is as it was"
      }
      test "a cancelled run leaves nothing behind, whenever it is cancelled" {
          use sandbox = new Sandbox()

          for after in 0..6 do
              use cancel = new CancellationTokenSource()
              let mutable told = 0

              if after = 0 then
                  cancel.Cancel()

              let settings =
                  { Settings.standard with
                      Cancel = cancel.Token
                      Progress =
                          fun _ ->
                              told <- told + 1

                              if told = after then
                                  cancel.Cancel() }

              try
                  Pipeline.run steps settings (Input.file (input "v3_shuffled")) (NewFile(sandbox.File "output.h5ad")) |> ignore
                  File.Delete(sandbox.File "output.h5ad")
              with :? OperationCanceledException ->
                  ()

              Expect.isEmpty sandbox.Names $"nothing is left behind after {after} reports"
      }
      test "info and plan look at 10x inputs too" {
          match Pipeline.info Recipe.standard Settings.standard (Input.file (input "v3")) with
          | Ok info ->
              Expect.equal (info.Path, info.Cells) (input "v3", 60L) "the input"
              Expect.equal info.Plan.Passes.Count 1 "the plan"
          | Error fault -> failtest (Fault.sentence fault)

          match Pipeline.plan Recipe.full Settings.standard (Input.file (input "probes.h5")) with
          | Ok plan -> Expect.equal plan.Passes.Count 2 "reads"
          | Error fault -> failtest (Fault.sentence fault)
      } ]

/// Bytes turned around one at a time all over a file: a result or a fault, never a crash.
let private damaged name step =
    test $"damage in {name}" {
        use sandbox = new Sandbox()
        let bytes = File.ReadAllBytes(input name)
        let path = sandbox.File "input.h5"
        let output = sandbox.File "output.h5ad"

        for at in step / 2 .. step .. bytes.Length - 1 do
            let spoilt = Array.copy bytes
            spoilt[at] <- spoilt[at] ^^^ 0xFFuy
            File.WriteAllBytes(path, spoilt)

            match Pipeline.convert MatrixName.X false Settings.standard { Paths = [ path ]; Convert = standard } output with
            | Ok _ -> File.Delete output
            | Error _ -> Expect.equal sandbox.Names [ "input.h5" ] $"nothing is left behind, with byte {at} turned around"
    }

let all =
    testList
        "Import faults"
        [ testList "choices" choices
          testList "folders" folders
          testList "runs" runs
          damaged "probes.h5" 37 ]
