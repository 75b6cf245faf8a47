/// Several at work on one file, and strangers in one folder: no update is lost, and no link of another user is followed.
module internal SingleSharp.Golden.TogetherGolden

open System.Diagnostics
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Answers

let private start arguments =
    Process.Start(Child.prepare "dotnet" (tool :: "--quiet" :: arguments) [])

/// The exit code of a run, and what it says of trouble.
let private ended (child: Process) =
    child.StandardOutput.ReadToEnd() |> ignore
    let errors = child.StandardError.ReadToEnd()
    child.WaitForExit()
    child.ExitCode, errors

let private refusal = "another program has it open"

/// Two commands at once: both take effect, one after the other, or one is refused. How often which.
let private race (sandbox: Sandbox) times (first: string list) (second: string list) =
    let path = sandbox.File "race.h5ad"

    let after commands =
        File.Copy(sample, path, true)

        for command in commands do
            let code, errors = ended (start (command path))
            Expect.equal code 0 errors

        whole path

    let inPlace (command: string list) path = command @ [ path; "--in-place" ]

    let one, two = inPlace first, inPlace second
    let alone = after [ one ], after [ two ]
    let both = [ after [ one; two ]; after [ two; one ] ]

    let outcomes =
        [ for _ in 1..times do
              File.Copy(sample, path, true)
              use a = start (one path)
              use b = start (two path)
              let outcome = ended a, ended b
              let found = whole path

              match outcome with
              | (0, _), (0, _) -> Expect.contains both found "both take effect"
              | (0, _), (1, errors) ->
                  Expect.stringContains errors refusal "the second is told so"
                  Expect.equal found (fst alone) "the first takes effect"
              | (1, errors), (0, _) ->
                  Expect.stringContains errors refusal "the first is told so"
                  Expect.equal found (snd alone) "the second takes effect"
              | other -> failtest $"{other}"

              Expect.equal sandbox.Names [ "race.h5ad" ] "nothing is left"
              fst (fst outcome) = fst (snd outcome) ]

    let through = outcomes |> List.filter id |> List.length
    printfn $"together: {first.Head} and {second.Head} {times} times at once, {times - through} times one is refused"

let private filter = [ "filter"; "--min-genes"; "30" ]

let private races =
    [ test "filter and log1p in place, 25 times" {
          use sandbox = new Sandbox()
          race sandbox 25 filter [ "log1p" ]
      }
      test "qc and log1p in place, 10 times" {
          use sandbox = new Sandbox()
          race sandbox 10 [ "qc" ] [ "log1p" ]
      } ]

let private recipes = [ "qc", qc; "log1p", log1p ]

/// While one run changes a file in place, another one in the same process is refused, under any name.
let private meanwhile =
    [ for first, recipe in recipes do
          for second, other in recipes do
              for name in [ "the same name"; "a hard link" ] do
                  test $"{second} in place during {first} in place, by {name}" {
                      use sandbox = new Sandbox()
                      let path = sandbox.Copy(sample, "x.h5ad")

                      let again =
                          if name = "the same name" then
                              path
                          else
                              let link = sandbox.File "link.h5ad"
                              Expect.equal (Child.run "/bin/ln" [ path; link ] [] "").ExitCode 0 "ln"
                              link

                      let refused = ref 0

                      let settings =
                          { Settings.standard with
                              Progress =
                                  fun _ ->
                                      match Pipeline.run other Settings.standard (Input.file again) InPlace with
                                      | Error(Unreadable(_, why)) when why.Contains refusal -> refused.Value <- refused.Value + 1
                                      | outcome -> failtest $"{outcome}" }

                      match Pipeline.run recipe settings (Input.file path) InPlace with
                      | Ok _ -> Expect.isGreaterThan refused.Value 0 "it was tried"
                      | Error fault -> failtest (Fault.sentence fault)
                  } ]

/// A folder like /tmp, and a symbolic link in it that is another user's.
let private trap (sandbox: Sandbox) victim =
    requireRoot ()
    let folder = Directory.CreateDirectory(sandbox.File "shared").FullName
    must "/bin/chmod" [ "1777"; folder ] |> ignore
    let link = Path.Combine(folder, "link.h5ad")
    File.CreateSymbolicLink(link, victim) |> ignore
    must "/bin/chown" [ "-h"; nobody; link ] |> ignore
    link

let private links =
    [ for state in [ "a file"; "nothing" ] do
          test $"a link of another user in a folder where everybody may write, to {state}" {
              use sandbox = new Sandbox()
              let victim = sandbox.File "victim.h5ad"

              if state = "a file" then
                  File.Copy(sample, victim)

              let link = trap sandbox victim
              let before = sandbox.Names

              let refused outcome =
                  match outcome with
                  | Error(CannotWrite(_, why)) -> Expect.stringContains why "belongs to another user" "the sentence"
                  | other -> failtest $"{other}"

              refused (Pipeline.run qc Settings.standard (Input.file sample) (NewFile link) |> Result.map ignore)

              refused (
                  Pipeline.convert
                      MatrixName.X
                      false
                      Settings.standard
                      { Paths = [ sample; sample ]
                        Convert = joined }
                      link
                  |> Result.map ignore
              )

              if state = "a file" then
                  for _, recipe in recipes do
                      match Pipeline.run recipe Settings.standard (Input.file link) InPlace with
                      | Error(CannotWrite _ | Unreadable _) -> ()
                      | other -> failtest $"{other}"

                  Expect.equal (File.ReadAllBytes victim) (File.ReadAllBytes sample) "the file behind it"

              Expect.equal sandbox.Names before "nothing is made"
          }

      test "a link of one's own there, and another user's elsewhere" {
          use sandbox = new Sandbox()
          let victim = sandbox.Copy(sample, "victim.h5ad")
          let link = trap sandbox victim

          for path, mode, owner in [ link, "1777", "0:0"; link, "755", nobody ] do
              must "/bin/chmod" [ mode; Path.GetDirectoryName path ] |> ignore
              must "/bin/chown" [ "-h"; owner; path ] |> ignore

              match Pipeline.run qc Settings.standard (Input.file sample) (NewFile path) with
              | Ok _ -> Expect.isNotNull (FileInfo(path).LinkTarget) "the link stays"
              | Error fault -> failtest (Fault.sentence fault)
      }

      test "a file of another user there, under the name of an output" {
          use sandbox = new Sandbox()
          let folder = Path.GetDirectoryName(trap sandbox (sandbox.File "victim.h5ad"))
          let waiting = sandbox.Copy(sample, "shared/out.h5ad")
          must "/bin/chown" [ nobody; waiting ] |> ignore

          match Pipeline.run qc Settings.standard (Input.file sample) (NewFile waiting) with
          | Error(CannotWrite(_, why)) -> Expect.stringContains why "belongs to another user" "the sentence"
          | other -> failtest $"{other}"

          // In place it is his file, and stays his.
          match Pipeline.run Recipe.standard Settings.standard (Input.file waiting) InPlace with
          | Ok _ -> Expect.equal (must "/usr/bin/stat" [ "-c"; "%u:%g"; waiting ]) nobody folder
          | Error fault -> failtest (Fault.sentence fault)
      } ]

let all =
    testSequenced
    <| testList
        "Together"
        [ testList "races" races
          testList "meanwhile" meanwhile
          testList "links" links ]
