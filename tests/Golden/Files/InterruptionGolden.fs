/// A run that is cancelled, killed or disturbed leaves the input as it was and no half of an output.
module internal SingleSharp.Golden.InterruptionGolden

open System
open System.Diagnostics
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Answers

/// Many blocks of cells.
let private counts = lazy (Made.counts 30000 30)

let private write (sandbox: Sandbox) =
    let path = sandbox.File "input.h5ad"
    NewFile.write path (Gzipped 10000) counts.Value
    path

let private recipes =
    [ "qc", (Recipe.ofSteps [ Qc.step Qc.defaults ])
      "preprocess", Recipe.standard
      "preprocess to the median",
      (Recipe.standard
       |> Recipe.add (
           NormalizeTotal.step
               { NormalizeTotal.defaults with
                   TargetSum = TargetSum.MedianOfPositive }
       )) ]

let private outputs =
    [ "to a new file", (fun (sandbox: Sandbox) -> NewFile(sandbox.File "output.h5ad"))
      "in place", (fun _ -> InPlace) ]

/// What a run must not change, whatever stops it.
let private untouched (sandbox: Sandbox) (path: string) (run: unit -> unit) =
    let before = File.ReadAllBytes path
    run ()
    Expect.equal sandbox.Names [ Path.GetFileName path ] "no other file"
    Expect.isTrue (before.AsSpan().SequenceEqual(ReadOnlySpan(File.ReadAllBytes path))) "the input, byte for byte"

let private interrupted recipe pass output (sandbox: Sandbox) =
    let path = write sandbox

    untouched sandbox path (fun () ->
        use source = new CancellationTokenSource()
        let mutable told = 0

        let settings =
            { Settings.standard with
                Cancel = source.Token
                Progress =
                    fun progress ->
                        told <- told + 1

                        if progress.Pass = pass && progress.CellsDone < progress.Cells then
                            source.Cancel() }

        Expect.throwsT<OperationCanceledException>
            (fun () -> Pipeline.run recipe settings (Input.file path) output |> ignore)
            "a cancelled run throws"

        Expect.isGreaterThan told 0 "the run had begun")

let private cancellations =
    [ for name, recipe in recipes do
          for how, output in outputs do
              let passes = if name.Contains "median" then [ 1; 2 ] else [ 1 ]

              for pass in passes do
                  test $"{name} {how}, cancelled in read {pass}" {
                      use sandbox = new Sandbox()
                      interrupted recipe pass (output sandbox) sandbox
                  }

      test "cancelled before it begins" {
          use sandbox = new Sandbox()
          let path = write sandbox

          untouched sandbox path (fun () ->
              let settings =
                  { Settings.standard with
                      Cancel = CancellationToken true }

              Expect.throwsT<OperationCanceledException>
                  (fun () -> Pipeline.run Recipe.standard settings (Input.file path) (NewFile(sandbox.File "output.h5ad")) |> ignore)
                  "a cancelled run throws")
      }

      test "a progress callback that throws" {
          use sandbox = new Sandbox()
          let path = write sandbox

          untouched sandbox path (fun () ->
              let settings =
                  { Settings.standard with
                      Progress = fun _ -> raise (DivideByZeroException()) }

              Expect.throws
                  (fun () -> Pipeline.run Recipe.standard settings (Input.file path) (NewFile(sandbox.File "output.h5ad")) |> ignore)
                  "the exception comes through")
      } ]

/// Somebody else writes to the input while it is read.
let private changed =
    test "an input that changes meanwhile" {
        use sandbox = new Sandbox()
        let path = write sandbox

        let settings =
            { Settings.standard with
                Progress = fun _ -> File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes 1.0) }

        match Pipeline.run Recipe.standard settings (Input.file path) (NewFile(sandbox.File "output.h5ad")) with
        | Error(InputChanged file) ->
            Expect.equal file path "the file"
            Expect.equal sandbox.Names [ "input.h5ad" ] "nothing is written"
        | other -> failtest $"a refusal is expected, not {other}"
    }

/// What a child does for us: a run that takes its time, so that it can be killed in the middle.
let slowly (recipe: string) (input: string) (output: string) =
    let settings =
        { Settings.standard with
            Progress =
                fun progress ->
                    Console.Out.WriteLine progress.CellsDone
                    Console.Out.Flush()
                    Thread.Sleep 200 }

    let place = if output = "" then InPlace else NewFile output
    Pipeline.run (recipes |> List.find (fun (name, _) -> name = recipe) |> snd) settings (Input.file input) place |> ignore

let private killed recipe (output: Sandbox -> string) =
    use sandbox = new Sandbox()
    let path = write sandbox
    let before = digest path
    let target = output sandbox
    let program, arguments = Child.selfArguments [ "--slowly"; recipe; path; target ]
    use child = Process.Start(Child.prepare program arguments [])

    // The child is in the middle of its read once it has told its progress twice.
    for _ in 1..2 do
        Expect.isNotNull (child.StandardOutput.ReadLine()) "the child makes progress"

    Expect.isFalse child.HasExited "the child is killed before it is done"
    child.Kill()
    child.WaitForExit()
    Expect.isFalse (target <> "" && File.Exists target) "no file under the name of the output"
    Expect.equal (digest path) before "the input"

    // What is left of the first run does not hinder the next one.
    match Pipeline.run (Recipe.ofSteps [ Qc.step Qc.defaults ]) Settings.standard (Input.file path) InPlace with
    | Ok _ -> ()
    | Error fault -> failtest (Fault.sentence fault)

let private kills =
    [ for recipe in [ "qc"; "preprocess" ] do
          test $"{recipe} to a new file, killed" { killed recipe (fun sandbox -> sandbox.File "output.h5ad") }
          test $"{recipe} in place, killed" { killed recipe (fun _ -> "") } ]

let all =
    testSequencedGroup "interruptions"
    <| testList "Interruptions" [ testList "cancelled" cancellations; changed; testList "killed" kills ]
