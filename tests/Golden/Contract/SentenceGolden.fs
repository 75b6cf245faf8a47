/// What can be wrong with where a run reads and writes: one sentence each, and nothing is lost.
module internal SingleSharp.Golden.SentenceGolden

open System
open System.Diagnostics
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

/// The hash of a file, whoever has locked it: .NET would ask for a lock to read.
let hashOf (path: string) =
    let outcome = Child.run "/usr/bin/sha256sum" [ path ] [] ""
    Expect.equal outcome.ExitCode 0 outcome.Errors
    outcome.Output

/// Every name below the folder with what it holds, links by where they lead.
let private state (sandbox: Sandbox) =
    [ for name in sandbox.Names do
          let path = sandbox.File name

          name,
          if Directory.Exists path then "a folder"
          elif isNull (FileInfo(path).LinkTarget) then hashOf path
          else FileInfo(path).LinkTarget ]

/// The run ends in a fault of this kind, with these words, and leaves the folder as it was.
let private refusedWith settings recipe (sandbox: Sandbox) input output kind words =
    let before = state sandbox

    match Pipeline.run recipe settings (Input.file input) output with
    | Ok _ -> failtest "a fault is expected"
    | Error fault ->
        let sentence = Fault.sentence fault
        Expect.equal (Fault.kind fault) kind sentence
        Expect.stringContains sentence words "the sentence"
        Expect.isTrue (sentence.EndsWith '.' && not (sentence.Contains '\n')) $"one sentence: {sentence}"
        Expect.equal (state sandbox) before "nothing is written"

let private refused recipe = refusedWith Settings.standard recipe

let withInput work =
    use sandbox = new Sandbox()
    work sandbox (sandbox.Copy(sample, "input.h5ad"))

/// ln, which .NET has no word for.
let private hardLink (target: string) (link: string) =
    Expect.equal (Child.run "/bin/ln" [ target; link ] [] "").ExitCode 0 "ln"

let private itself =
    [ for name, make in
          [ "the same path", (fun (_: Sandbox) input -> input)
            "another way to it",
            (fun sandbox _ ->
                Directory.CreateDirectory(sandbox.File "sub") |> ignore
                sandbox.File "sub/../input.h5ad")
            "a symbolic link",
            (fun sandbox input ->
                File.CreateSymbolicLink(sandbox.File "link.h5ad", input) |> ignore
                sandbox.File "link.h5ad")
            "a symbolic link to its folder",
            (fun sandbox _ ->
                Directory.CreateSymbolicLink(sandbox.File "here", sandbox.Folder) |> ignore
                sandbox.File "here/input.h5ad")
            "a hard link",
            (fun sandbox input ->
                hardLink input (sandbox.File "other.h5ad")
                sandbox.File "other.h5ad") ] do
          test $"the output is the input by {name}" {
              withInput (fun sandbox input ->
                  refused Recipe.standard sandbox input (NewFile(make sandbox input)) FaultKind.CannotWrite "it is the input itself")
          }

      test "a copy is not the input, even of the same age" {
          withInput (fun sandbox input ->
              let copy = sandbox.Copy(sample, "copy.h5ad")
              File.SetLastWriteTimeUtc(copy, File.GetLastWriteTimeUtc input)

              match Pipeline.run qc Settings.standard (Input.file input) (NewFile copy) with
              | Ok _ -> ()
              | Error fault -> failtest (Fault.sentence fault))
      } ]

let private places =
    [ test "the output is a folder" {
          withInput (fun sandbox input ->
              Directory.CreateDirectory(sandbox.File "out") |> ignore
              refused qc sandbox input (NewFile(sandbox.File "out")) FaultKind.CannotWrite "it is a folder")
      }
      test "the output's folder is missing" {
          withInput (fun sandbox input ->
              refused qc sandbox input (NewFile(sandbox.File "nowhere/out.h5ad")) FaultKind.CannotWrite "its folder does not exist")
      }
      test "a read-only file" {
          withInput (fun sandbox input ->
              let older = sandbox.Copy(sample, "older.h5ad")

              for path in [ input; older ] do
                  File.SetUnixFileMode(path, UnixFileMode.UserRead ||| UnixFileMode.GroupRead)

              refused qc sandbox input InPlace FaultKind.CannotWrite "it is read-only"
              refused Recipe.standard sandbox input InPlace FaultKind.CannotWrite "it is read-only"
              refused qc sandbox input (NewFile older) FaultKind.CannotWrite "it is read-only")
      }
      test "a folder where nobody may write" {
          if Environment.UserName = "root" then
              skiptest "skipped: root may write anywhere"

          withInput (fun sandbox input ->
              let folder = Directory.CreateDirectory(sandbox.File "shut")
              folder.UnixFileMode <- UnixFileMode.UserRead ||| UnixFileMode.UserExecute

              try
                  refused qc sandbox input (NewFile(sandbox.File "shut/out.h5ad")) FaultKind.CannotWrite "you may not write to its folder"
              finally
                  folder.UnixFileMode <- UnixFileMode.UserRead ||| UnixFileMode.UserWrite ||| UnixFileMode.UserExecute)
      } ]

/// Runs commands of a shell where a file system of so many KiB is mounted over a folder; skipped where that is not allowed.
let private mounted (folder: string) options (commands: string) =
    let attempt script =
        if File.Exists "/usr/bin/unshare" then
            Child.run
                "/usr/bin/unshare"
                [ "-rm"
                  "/bin/sh"
                  "-c"
                  $"mount -t tmpfs -o {options} none '{folder}' && {script}" ]
                []
                ""
        else
            skiptest "skipped: no unshare"

    if (attempt "true").ExitCode <> 0 then
        skiptest "skipped: nothing can be mounted here"

    attempt commands

/// A run of the tool ends in this sentence.
let private told (words: string) (outcome: Child.Outcome) =
    Expect.equal outcome.ExitCode 1 outcome.Errors
    Expect.stringContains outcome.Errors words "the sentence"
    Expect.equal (outcome.Errors.Trim().Split '\n').Length 1 $"one sentence: {outcome.Errors}"

let private disks =
    [ test "a full disk, a new file" {
          withInput (fun sandbox input ->
              let folder = Directory.CreateDirectory(sandbox.File "disk").FullName

              mounted folder "size=16k" $"dotnet {tool} qc {input} --out {folder}/out.h5ad --quiet; code=$?; ls -A {folder}; exit $code"
              |> fun outcome ->
                  told "its disk has only" outcome
                  Expect.isFalse (outcome.Errors.Contains "about 0") "a size that says something"
                  Expect.equal outcome.Output "" "nothing is left")
      }
      test "a full disk, in place" {
          withInput (fun sandbox input ->
              let folder = Directory.CreateDirectory(sandbox.File "disk").FullName
              let kept = $"{folder}/input.h5ad"

              mounted
                  folder
                  "size=4m"
                  $"cp {input} {kept} && (head -c 5000000 /dev/zero > {folder}/filler 2>/dev/null; dotnet {tool} qc {kept} --in-place --quiet; code=$?; cmp {input} {kept} && exit $code)"
              |> told "its disk has only")
      }
      test "a disk that only reads" {
          withInput (fun sandbox input ->
              let folder = Directory.CreateDirectory(sandbox.File "disk").FullName

              mounted folder "size=4m,ro" $"dotnet {tool} qc {input} --out {folder}/out.h5ad --quiet"
              |> told "Read-only file system: nothing can be written to")
      }
      test "a name that is too long" {
          withInput (fun sandbox input ->
              refused
                  qc
                  sandbox
                  input
                  (NewFile(sandbox.File(String('x', 300))))
                  FaultKind.CannotWrite
                  "its name is too long for that folder")
      }
      test "a limit that is met in the middle of a run" {
          withInput (fun sandbox input ->
              let fresh = sandbox.File "out.h5ad"

              for output in [ $"--out {fresh}"; "--in-place" ] do
                  let before = state sandbox

                  // 60 KiB for each file; what the runtime itself makes of machine code would be more.
                  Child.run
                      "/bin/bash"
                      [ "-c"
                        $"ulimit -f 60; DOTNET_EnableWriteXorExecute=0 dotnet {tool} pipeline {input} {output} --quiet" ]
                      []
                      ""
                  |> told "File too large: a file may not be so large in"

                  Expect.equal (state sandbox) before "everything is as it was")
      } ]

let private memory =
    test "no memory left" {
        use sandbox = new Sandbox()
        let input = sandbox.File "wide.h5ad"
        NewFile.write input Unchunked (Made.tissue 2010 2000)

        // The matrices of products take 15 MiB each, and the runtime is given 32 for everything.
        Child.run
            "dotnet"
            [ tool
              "pca"
              input
              "--mask-var"
              "none"
              "--n-comps"
              "5"
              "--memory"
              "4G"
              "--in-place"
              "--quiet" ]
            [ "DOTNET_GCHeapHardLimit", "0x2000000" ]
            ""
        |> told "There is no memory left on this machine or in this container"

        Expect.equal sandbox.Names [ "wide.h5ad" ] "nothing is left"
    }

/// Something holds the file while the work is done.
let private heldBy mode (path: string) work =
    Child.requirePython ()

    let script =
        "import h5py, sys; f = h5py.File(sys.argv[1], sys.argv[2]); print('open', flush=True); sys.stdin.read()"

    use child =
        Process.Start(Child.prepare "/usr/bin/python3" [ "-c"; script; path; mode ] [ "PYTHONWARNINGS", "ignore" ])

    Expect.equal (child.StandardOutput.ReadLine()) "open" "h5py opens it"

    try
        work ()
    finally
        child.StandardInput.Close()
        child.WaitForExit()

let private locks =
    [ test "h5py has the input open for writing" {
          withInput (fun sandbox input ->
              heldBy "r+" input (fun () ->
                  let output = NewFile(sandbox.File "out.h5ad")
                  refused qc sandbox input output FaultKind.Unreadable "another program has it open for writing"
                  refused Recipe.standard sandbox input InPlace FaultKind.Unreadable "another program has it open"
                  refused qc sandbox input InPlace FaultKind.Unreadable "another program has it open"))
      }
      test "h5py reads the input" {
          withInput (fun sandbox input ->
              heldBy "r" input (fun () ->
                  refused qc sandbox input InPlace FaultKind.Unreadable "another program has it open; close it there"
                  refused Recipe.standard sandbox input InPlace FaultKind.Unreadable "another program has it open; close it there"

                  match Pipeline.run qc Settings.standard (Input.file input) (NewFile(sandbox.File "out.h5ad")) with
                  | Ok _ -> ()
                  | Error fault -> failtest (Fault.sentence fault)))
      } ]

let private leftovers =
    test "what killed runs left goes, but for what somebody holds" {
        withInput (fun sandbox input ->
            let leave name (minutes: float) =
                let path = sandbox.File name
                File.WriteAllText(path, "half")
                File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes -minutes)
                path

            let name (letter: string) =
                $".singlesharp-{String.replicate 32 letter}.tmp"

            leave (name "a") 10.0 |> ignore
            leave (name "b") 0.0 |> ignore
            leave ".singlesharp-notes.tmp" 10.0 |> ignore
            let held = leave (name "c") 10.0

            using (File.OpenHandle(held, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) (fun _ ->
                match Pipeline.run qc Settings.standard (Input.file input) (NewFile(sandbox.File "out.h5ad")) with
                | Ok _ -> ()
                | Error fault -> failtest (Fault.sentence fault))

            Expect.equal
                sandbox.Names
                (List.sort [ "input.h5ad"; "out.h5ad"; name "b"; name "c"; ".singlesharp-notes.tmp" ])
                "the stale one alone is gone")
    }

let all =
    testSequenced
    <| testList
        "Sentences"
        [ testList "the input itself" itself
          testList "places" places
          testList "disks" disks
          memory
          testList "locks" locks
          leftovers ]
