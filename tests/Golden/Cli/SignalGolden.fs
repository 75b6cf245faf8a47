/// How a run is cancelled: by signals, and by the end of the program that started it.
module internal SingleSharp.Golden.SignalGolden

open System
open System.Diagnostics
open System.Runtime.InteropServices
open Expecto
open SingleSharp.Answers
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Golden.ProtocolGolden

[<DllImport("libc", EntryPoint = "kill")>]
extern int send(int id, int signal)

/// Shells have programs in the background ignore Ctrl-C, and so may these tests be started; env takes that back.
let private listening arguments =
    if OperatingSystem.IsLinux() then
        Child.prepare "env" ("--default-signal=INT" :: "dotnet" :: tool :: arguments) []
    else
        Child.prepare "dotnet" (tool :: arguments) []

/// Sends a signal in the middle of the first read.
let private signalled signal arguments =
    use child = Process.Start(listening arguments)
    let output = child.StandardOutput.ReadToEndAsync()
    Expect.isNotNull (child.StandardError.ReadLine()) "the first line of progress"
    Expect.isFalse child.HasExited "it is in the middle"
    send (child.Id, signal) |> ignore
    let errors = child.StandardError.ReadToEnd()
    child.WaitForExit()

    { Child.ExitCode = child.ExitCode
      Child.Output = output.Result
      Child.Errors = errors }

let private signals =
    [ for name, signal, code in [ "SIGINT", 2, 130; "SIGTERM", 15, 143; "SIGHUP", 1, 129 ] do
          for place in [ [ "--out"; "output.h5ad" ]; [ "--in-place" ] ] do
              test $"{name} {List.head place}" {
                  use sandbox = new Sandbox()
                  let path = sandbox.File "input.h5ad"
                  NewFile.write path (Gzipped 1000) (Made.counts 30000 30)
                  let before = digest path

                  let place =
                      place |> List.map (fun word -> if word = "output.h5ad" then sandbox.File word else word)

                  let outcome =
                      signalled
                          signal
                          ("preprocess" :: path :: place @ [ "--json"; "--progress"; "json"; "--workers"; "1"; "--target-sum"; "median" ])

                  Expect.equal outcome.ExitCode code outcome.Errors
                  Expect.equal (errorOf outcome) ("cancelled", None, None) "the document"
                  Expect.stringEnds outcome.Errors "cancelled: no result was written.\n" "the sentence"
                  Expect.equal sandbox.Names [ "input.h5ad" ] "nothing is left behind"
                  Expect.equal (digest path) before "the input"
              } ]

/// A program that ends in the middle of the first read closes the pipe that it has to the tool.
let private tied =
    test "the end of stdin cancels, for a program that asks for it" {
        use sandbox = new Sandbox()
        let path = sandbox.File "input.h5ad"
        NewFile.write path (Gzipped 1000) (Made.counts 30000 30)
        let before = digest path

        let run environment =
            let words =
                [ "preprocess"
                  path
                  "--in-place"
                  "--json"
                  "--progress"
                  "json"
                  "--workers"
                  "1"
                  "--target-sum"
                  "median" ]

            use child = Process.Start(Child.prepare "dotnet" (tool :: words) environment)
            let output = child.StandardOutput.ReadToEndAsync()
            Expect.isNotNull (child.StandardError.ReadLine()) "the first line of progress"
            child.StandardInput.Close()
            let errors = child.StandardError.ReadToEnd()
            child.WaitForExit()

            { Child.ExitCode = child.ExitCode
              Child.Output = output.Result
              Child.Errors = errors }

        let outcome = run [ "SINGLESHARP_UNTIL", "stdin" ]
        Expect.equal outcome.ExitCode 130 outcome.Errors
        Expect.equal (errorOf outcome) ("cancelled", None, None) "the document"
        Expect.equal sandbox.Names [ "input.h5ad" ] "nothing is left behind"
        Expect.equal (digest path) before "the input"
        Expect.equal (run []).ExitCode 0 "nobody else is cancelled"
    }

let all = testSequenced (testList "Signals" (signals @ [ tied ]))
