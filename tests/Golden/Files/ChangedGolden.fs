/// What somebody else does to the input in the course of a run is noticed, and left as it is.
module internal SingleSharp.Golden.ChangedGolden

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Golden.SentenceGolden

/// Somebody does this to the input in the course of a run.
let private meanwhile disturb =
    { Settings.standard with
        Progress = fun _ -> disturb () }

/// Commands of a shell, which ask nobody for a lock.
let private shell (commands: string) =
    let outcome = Child.run "/bin/sh" [ "-c"; commands ] [] ""
    Expect.equal outcome.ExitCode 0 outcome.Errors

let private changes =
    [ for name, disturb in
          [ "is touched", (fun (_: Sandbox) (path: string) -> File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes 1.0))
            "grows", (fun _ path -> shell $"printf more >> {path}")
            "has other values, and its time is set back",
            (fun _ path ->
                shell
                    $"touch -r {path} {path}.age; printf x | dd of={path} bs=1 seek=30000 conv=notrunc status=none; touch -r {path}.age {path}; rm {path}.age")
            "is replaced by one of the same length and age", (fun _ path -> shell $"cp -p {path} {path}.other; mv {path}.other {path}")
            "is deleted", (fun _ path -> File.Delete path) ] do
          test $"the input {name} during a run" {
              for recipe, isInPlace in [ Recipe.standard, false; Recipe.standard, true; qc, false; qc, true ] do
                  withInput (fun sandbox input ->
                      let output = if isInPlace then InPlace else NewFile(sandbox.File "out.h5ad")
                      let mutable left = ""

                      let disturb () =
                          if left = "" then
                              disturb sandbox input
                              left <- if File.Exists input then hashOf input else "deleted"

                      match Pipeline.run recipe (meanwhile disturb) (Input.file input) output with
                      | Error(InputChanged path) -> Expect.equal path input "its path"
                      | other -> failtest $"{other}"

                      Expect.equal (if File.Exists input then hashOf input else "deleted") left "what the other one made of it"
                      Expect.isFalse (File.Exists(sandbox.File "out.h5ad")) "no output"
                      Expect.isFalse (sandbox.Names |> List.exists _.EndsWith(".tmp")) "nothing is left")
          }

      test "the file that columns are added to is replaced during a run" {
          withInput (fun sandbox input ->
              let replace () =
                  let other = sandbox.File "other.h5ad"
                  File.Copy(sample, other)
                  File.Move(other, input, true)

              match Pipeline.run qc (meanwhile replace) (Input.file input) InPlace with
              | Error(InputChanged path) -> Expect.equal path input "its path"
              | other -> failtest $"{other}"

              Expect.equal (File.ReadAllBytes input) (File.ReadAllBytes sample) "the other file stays as it is")
      } ]

let all = testSequencedGroup "changes" <| testList "Changes" changes
