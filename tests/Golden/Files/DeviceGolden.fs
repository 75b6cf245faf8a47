/// Names that lead to something else than a regular file: none of it is replaced, and none of it makes a run wait for ever.
module internal SingleSharp.Golden.DeviceGolden

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private shell (program: string) arguments =
    if not (File.Exists program) then
        skiptest $"skipped: no {program}"

    let outcome = Child.run program arguments [] ""

    if outcome.ExitCode <> 0 then
        skiptest $"skipped: {program} may not: {outcome.Errors.Trim()}"

let private pipe (path: string) = shell "/usr/bin/mkfifo" [ path ]

let private socket (path: string) =
    shell
        "/usr/bin/python3"
        [ "-c"
          "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])"
          path ]

let private natures =
    [ "a pipe", pipe
      "a socket", socket
      // As /dev/null is, which a test must never touch.
      "a device", (fun path -> shell "/usr/bin/mknod" [ path; "c"; "1"; "3" ])
      "a device", (fun path -> shell "/usr/bin/mknod" [ path; "b"; "7"; "99" ]) ]

let private whatIs (path: string) =
    (Child.run "/usr/bin/stat" [ "-c"; "%F %i %a"; path ] [] "").Output

let private outputs =
    [ for i, (nature, make) in List.indexed natures do
          for how in [ "itself"; "behind a symbolic link" ] do
              test $"the output is {nature} ({i}), {how}" {
                  use sandbox = new Sandbox()
                  let input = sandbox.Copy(sample, "input.h5ad")
                  let node = sandbox.File "node"
                  make node

                  let target =
                      if how = "itself" then
                          node
                      else
                          File.CreateSymbolicLink(sandbox.File "link", node) |> ignore
                          sandbox.File "link"

                  let before = whatIs node, sandbox.Names

                  for outcome in
                      [ Pipeline.run qc Settings.standard (Input.file input) (NewFile target) |> Result.map ignore
                        Pipeline.run Recipe.standard Settings.standard (Input.file input) (NewFile target) |> Result.map ignore
                        Pipeline.convert
                            MatrixName.X
                            false
                            Settings.standard
                            { Paths = [ input; sample ]
                              Convert = joined }
                            target
                        |> Result.map ignore ] do
                      match outcome with
                      | Error(CannotWrite(path, why)) ->
                          Expect.equal path target "the path"
                          Expect.stringContains why $"it is {nature}, not a file" "the sentence"
                      | other -> failtest $"{other}"

                  Expect.equal (whatIs node, sandbox.Names) before "everything is as it was"
              }

      test "the output is stdout, which is a pipe" {
          use sandbox = new Sandbox()

          let outcome = Child.runTool [ "qc"; sample; "--out"; "/dev/stdout"; "--quiet" ]

          Expect.equal outcome.ExitCode 1 outcome.Errors
          Expect.stringContains outcome.Errors "it is a pipe, not a file" "the sentence"
      }

      test "the demo finds a pipe under the name of its file" {
          use sandbox = new Sandbox()
          pipe (sandbox.File "pbmc_like.h5ad")

          let outcome =
              Child.run "/usr/bin/timeout" [ "60"; "dotnet"; tool; "demo"; "--out-dir"; sandbox.Folder; "--quiet" ] [] ""

          Expect.equal outcome.ExitCode 1 outcome.Errors
          Expect.stringContains outcome.Errors "it is a pipe, not a file" "the sentence"
          Expect.equal sandbox.Names [ "pbmc_like.h5ad" ] "nothing is written"
      }

      test "the demo takes the place of its files in one step" {
          use sandbox = new Sandbox()
          let older = sandbox.File "pbmc_like.h5ad"
          File.WriteAllText(older, "older")
          let hard = sandbox.File "hard"
          shell "/bin/ln" [ older; hard ]

          let outcome = Child.runTool [ "demo"; "--out-dir"; sandbox.Folder; "--quiet" ]

          Expect.equal outcome.ExitCode 0 outcome.Errors
          Expect.equal (File.ReadAllText hard) "older" "the file that was there is not written to"
          Expect.isGreaterThan (FileInfo(older).Length) 100000L "the new one has its name"
      } ]

/// Leaves something under the name of a temporary file of a run that was killed long ago.
let private stale (sandbox: Sandbox) make =
    let path = sandbox.File $".singlesharp-{Guid.NewGuid():N}.tmp"
    make path
    Child.run "/usr/bin/touch" [ "-h"; "-d"; "1 hour ago"; path ] [] "" |> ignore
    path

let private sweeping =
    test "nothing but regular files is tidied up, and no run waits for a pipe" {
        use sandbox = new Sandbox()
        let kept = stale sandbox pipe
        let link = stale sandbox (fun path -> File.CreateSymbolicLink(path, kept) |> ignore)
        let gone = stale sandbox (fun path -> File.WriteAllText(path, "half"))

        let outcome =
            Child.run
                "/usr/bin/timeout"
                [ "60"
                  "dotnet"
                  tool
                  "log1p"
                  sample
                  "--out"
                  sandbox.File "out.h5ad"
                  "--quiet" ]
                []
                ""

        Expect.equal outcome.ExitCode 0 outcome.Errors
        Expect.isFalse (File.Exists gone) "the regular file goes"
        Expect.equal sandbox.Names (List.sort [ "out.h5ad"; Path.GetFileName kept; Path.GetFileName link ]) "the others stay"
    }

let all = testList "Devices" (sweeping :: outputs)
