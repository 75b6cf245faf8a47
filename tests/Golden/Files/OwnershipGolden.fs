/// Whose a file is, and who may read it, after a run: what it was before, and never more than its input.
module internal SingleSharp.Golden.OwnershipGolden

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Run
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Answers

let private owned (owner: string) (mode: string) path =
    must "/bin/chown" [ "-h"; owner; path ] |> ignore
    must "/bin/chmod" [ mode; path ] |> ignore

/// Owner, group and permissions as stat tells them.
let private stateOf (path: string) =
    must "/usr/bin/stat" [ "-c"; "%u:%g %a"; path ]

let private run recipe input output =
    Pipeline.run recipe Settings.standard (Input.file input) output |> need |> ignore

/// The ways to replace or change a file: in place, or by the name of an output.
let private ways: (string * (Sandbox -> string -> unit)) list =
    [ "log1p in place", (fun _ path -> run log1p path InPlace)
      "qc in place", (fun _ path -> run qc path InPlace)
      "qc over it", (fun _ path -> run qc sample (NewFile path))
      "convert over it",
      (fun _ path ->
          Pipeline.convert
              MatrixName.X
              false
              Settings.standard
              { Paths = [ sample; sample ]
                Convert = joined }
              path
          |> need
          |> ignore) ]

let private kept =
    [ for name, change in ways do
          for mode in [ "644"; "640"; "6755"; "600" ] do
              test $"root, {name}, a file of another user with {mode}" {
                  requireRoot ()
                  use sandbox = new Sandbox()
                  let path = sandbox.Copy(sample, "x.h5ad")
                  owned nobody mode path
                  change sandbox path
                  Expect.equal (stateOf path) $"{nobody} {mode}" "owner, group and permissions"
              }

          test $"{name}: access lists and attributes stay" {
              use sandbox = new Sandbox()
              let path = sandbox.Copy(sample, "x.h5ad")
              must "/bin/chmod" [ "640"; path ] |> ignore

              let attribute =
                  Child.run
                      "/usr/bin/python3"
                      [ "-c"
                        "import os, sys; os.setxattr(sys.argv[1], 'user.study', b'\\x00mine')"
                        path ]
                      []
                      ""

              if attribute.ExitCode <> 0 then
                  skiptest "skipped: no extended attributes here"

              must "/usr/bin/setfacl" [ "-m"; "u:1:r,g:2:rw,m::r"; path ] |> ignore
              let before = must "/usr/bin/getfacl" [ "-cn"; path ], stateOf path
              change sandbox path
              Expect.equal (must "/usr/bin/getfacl" [ "-cn"; path ], stateOf path) before "the list"

              let value =
                  must "/usr/bin/python3" [ "-c"; "import os, sys; print(os.getxattr(sys.argv[1], 'user.study'))"; path ]

              Expect.equal value "b'\\x00mine'" "the attribute"
          } ]

/// The tool, run by nobody.
let private asNobody arguments =
    requireRoot ()

    if not (File.Exists "/usr/bin/setpriv") then
        skiptest "skipped: no setpriv"

    let outcome =
        Child.run
            "/usr/bin/setpriv"
            ([ "--reuid=65534"
               "--regid=65534"
               "--clear-groups"
               "dotnet"
               tool
               "--quiet" ]
             @ arguments)
            [ "HOME", "/nonexistent" ]
            ""

    if outcome.Errors.Contains "ermission denied" && outcome.Errors.Contains "singlesharp.dll" then
        skiptest "skipped: others may not read this build"

    outcome

/// A folder where everybody may write, in one that everybody may enter.
let private openFolder (sandbox: Sandbox) (mode: string) =
    must "/bin/chmod" [ "755"; sandbox.Folder ] |> ignore
    let folder = Directory.CreateDirectory(sandbox.File "open").FullName
    must "/bin/chmod" [ mode; folder ] |> ignore
    folder

let private lost =
    [ for before, after in [ "666", "666"; "6767", "766"; "646", "644"; "4606", "600" ] do
          test $"who may not keep the owner drops set-user-ID and widens nothing: {before}" {
              requireRoot ()
              use sandbox = new Sandbox()
              let folder = openFolder sandbox "777"
              let path = sandbox.Copy(sample, "open/x.h5ad")
              owned "0:0" before path
              let outcome = asNobody [ "log1p"; path; "--in-place" ]
              Expect.equal outcome.ExitCode 0 outcome.Errors
              Expect.equal (stateOf path) $"{nobody} {after}" "what is left"
              Expect.equal (Directory.GetFileSystemEntries folder) [| path |] "nothing else"
          }

      test "a file that only its owner may write to" {
          requireRoot ()
          use sandbox = new Sandbox()
          openFolder sandbox "777" |> ignore
          let path = sandbox.Copy(sample, "open/x.h5ad")
          owned "0:0" "644" path

          for arguments in [ [ "log1p"; path; "--in-place" ]; [ "qc"; sample; "--out"; path ] ] do
              let outcome = asNobody arguments
              Expect.equal outcome.ExitCode 1 outcome.Errors
              Expect.stringContains outcome.Errors "cannot be written" "the sentence"

          Expect.equal (stateOf path) "0:0 644" "the file stays"
      }

      test "a folder that nobody may list, where something of a run that was killed may lie" {
          requireRoot ()
          use sandbox = new Sandbox()
          openFolder sandbox "333" |> ignore
          let target = sandbox.File "open/out.h5ad"
          let outcome = asNobody [ "log1p"; sample; "--out"; target ]
          Expect.equal outcome.ExitCode 0 outcome.Errors
          Expect.equal ((stateOf target).Split(' ')[0]) nobody "the file is there"
      }

      test "a folder where only the owner may replace a file" {
          requireRoot ()
          use sandbox = new Sandbox()
          openFolder sandbox "1777" |> ignore
          let path = sandbox.Copy(sample, "open/x.h5ad")
          owned "0:0" "666" path
          let outcome = asNobody [ "log1p"; path; "--in-place" ]
          Expect.equal outcome.ExitCode 1 outcome.Errors
          Expect.stringContains outcome.Errors "its folder lets only the owner of a file replace it" "the sentence"
          // Columns are added to the file itself.
          Expect.equal (asNobody [ "qc"; path; "--in-place" ]).ExitCode 0 "qc"
          Expect.equal (stateOf path) "0:0 666" "the file is the same"
      } ]

let private fresh =
    [ for input, output in
          [ "600", "600"
            "640", "640"
            "604", "604"
            "644", "644"
            "666", "644"
            "400", "600" ] do
          test $"a new file of one with {input}" {
              use sandbox = new Sandbox()
              let path = sandbox.Copy(sample, "x.h5ad")
              must "/bin/chmod" [ input; path ] |> ignore
              let target = sandbox.File "out.h5ad"

              let outcome =
                  Child.run "/bin/sh" [ "-c"; $"umask 022; dotnet {tool} log1p {path} --out {target} --quiet" ] [] ""

              Expect.equal outcome.ExitCode 0 outcome.Errors
              Expect.equal ((stateOf target).Split(' ')[1]) output "who may read it"
          }

      test "a new file of several, and of a list" {
          use sandbox = new Sandbox()
          let one = sandbox.Copy(sample, "one.h5ad")
          let two = sandbox.Copy(sample, "two.h5ad")
          must "/bin/chmod" [ "644"; one ] |> ignore
          must "/bin/chmod" [ "600"; two ] |> ignore
          // The group has no rights; those that show are the mask's.
          must "/usr/bin/setfacl" [ "-m"; "u:1:r,g::-,o::-"; two ] |> ignore
          let target = sandbox.File "out.h5ad"

          Pipeline.convert
              MatrixName.X
              false
              Settings.standard
              { Paths = [ one; two ]
                Convert = joined }
              target
          |> need
          |> ignore

          Expect.equal ((stateOf target).Split(' ')[1]) "600" "who may read it"
      }

      test "a group that may not read the input has no rights to what is made of it" {
          requireRoot ()
          use sandbox = new Sandbox()
          let path = sandbox.Copy(sample, "x.h5ad")
          owned nobody "640" path
          run log1p path (NewFile(sandbox.File "out.h5ad"))
          Expect.equal (stateOf (sandbox.File "out.h5ad")) "0:0 600" "who may read it"
      }

      test "what is looked at through a temporary file is nobody else's" {
          use sandbox = new Sandbox()
          let folder = Directory.CreateDirectory(sandbox.File "mtx").FullName
          let temporary = Directory.CreateDirectory(sandbox.File "temporary").FullName
          File.WriteAllText(Path.Combine(folder, "matrix.mtx"), "%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 3\n")
          File.WriteAllText(Path.Combine(folder, "genes.tsv"), "g\tg\n")
          File.WriteAllText(Path.Combine(folder, "barcodes.tsv"), "c\n")
          let before = Environment.GetEnvironmentVariable "TMPDIR"
          Environment.SetEnvironmentVariable("TMPDIR", temporary)

          try
              Inputs.asFile (Input.files [ folder ]) Recipe.standard Settings.standard None (fun file _ _ ->
                  Expect.equal (Path.GetDirectoryName file) temporary "where it is"
                  Expect.equal ((stateOf file).Split(' ')[1]) "600" "who may read it")
          finally
              Environment.SetEnvironmentVariable("TMPDIR", before)
      }

      test "nobody may read a temporary file" {
          use sandbox = new Sandbox()
          let seen = ResizeArray()

          let settings =
              { Settings.standard with
                  Progress =
                      fun _ ->
                          for path in Directory.GetFiles(sandbox.Folder, ".singlesharp-*") do
                              seen.Add(File.GetUnixFileMode path) }

          Pipeline.run Recipe.standard settings (Input.file sample) (NewFile(sandbox.File "out.h5ad")) |> need |> ignore
          Expect.equal (List.distinct (List.ofSeq seen)) [ UnixFileMode.UserRead ||| UnixFileMode.UserWrite ] "its permissions"
      } ]

let all =
    testSequenced <| testList "Ownership" [ testList "kept" kept; testList "lost" lost; testList "new" fresh ]
