/// scratch: where scratch files go, of which nothing is left, and what is no place for them.
module internal SingleSharp.Golden.ScratchGolden

open System
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Answers
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private bytesOf (path: string) = File.ReadAllBytes path

let private case name = here $"edge/{name}/input.h5ad"

let private scratchOf (sandbox: Sandbox) =
    Directory.CreateDirectory(sandbox.File "scratch").FullName

let private settings folder =
    { withoutNote with
        Scratch = Some folder }

/// Names that stood in a folder while something was done.
let private seenIn (folder: string) work =
    let seen = Collections.Concurrent.ConcurrentDictionary<string, bool>()
    use watcher = new FileSystemWatcher(folder)
    watcher.Created.Add(fun made -> seen[made.Name] <- true)
    watcher.EnableRaisingEvents <- true
    work ()
    let clock = Diagnostics.Stopwatch.StartNew()

    while seen.IsEmpty && clock.Elapsed < TimeSpan.FromSeconds 5.0 do
        Thread.Sleep 10

    List.ofSeq seen.Keys

/// Runs that need scratch files.
let private needing =
    [ "columns, which are put together", Input.file (case "x_csc"), log1p
      "dense rows in chunks", Input.file (case "layout_dense_chunked"), log1p
      "components",
      Input.file sample,
      Recipe.ofSteps
          [ Pca.step
                { Pca.defaults with
                    NComps = Some 5
                    MaskVar = MaskVar.AllGenes } ]
      "several inputs",
      { Paths = [ sample; case "x_csc" ]
        Convert = joined },
      log1p ]

let all =
    testList
        "Scratch"
        [ for name, input, recipe in needing do
              test $"there, and gone: {name}" {
                  use sandbox = new Sandbox()
                  let scratch = scratchOf sandbox
                  Directory.CreateDirectory(sandbox.File "out") |> ignore
                  let output = sandbox.File "out/out.h5ad"
                  let plain = sandbox.File "plain.h5ad"

                  let seen =
                      seenIn scratch (fun () -> need (Pipeline.run recipe (settings scratch) input (NewFile output)) |> ignore)

                  Expect.isNonEmpty seen "scratch files are made there"
                  Expect.isEmpty (Directory.GetFileSystemEntries scratch) "and none is left"
                  Expect.equal (Directory.GetFileSystemEntries(sandbox.File "out")) [| output |] "nor beside the output"
                  need (Pipeline.run recipe withoutNote input (NewFile plain)) |> ignore
                  Expect.equal (bytesOf output) (bytesOf plain) "the same bytes"
                  Expect.equal (File.GetUnixFileMode output) (File.GetUnixFileMode plain) "for the same readers"
              }

          test "in place, what is appended waits there" {
              use sandbox = new Sandbox()
              let scratch = scratchOf sandbox
              let file = sandbox.Copy sample

              let seen =
                  seenIn scratch (fun () -> need (Pipeline.run qc (settings scratch) (Input.file file) InPlace) |> ignore)

              Expect.isNonEmpty seen "it waits there"
              Expect.isEmpty (Directory.GetFileSystemEntries scratch) "nothing is left"
          }

          test "nothing is left of a run that is refused half way" {
              use sandbox = new Sandbox()
              let scratch = scratchOf sandbox

              let input =
                  { Paths = [ case "negative_values"; sample ]
                    Convert = joined }

              Pipeline.run Recipe.standard (settings scratch) input (NewFile(sandbox.File "out.h5ad"))
              |> refused [ "negative_values" ]

              Expect.isEmpty (Directory.GetFileSystemEntries scratch) "nothing is left"
              Expect.equal sandbox.Names [ "scratch" ] "nor elsewhere"
          }

          test "what a run left there that was killed goes, and nothing else" {
              use sandbox = new Sandbox()
              let scratch = scratchOf sandbox

              let file name (age: TimeSpan) =
                  let path = Path.Combine(scratch, name)
                  File.WriteAllText(path, "left")
                  File.SetLastWriteTimeUtc(path, DateTime.UtcNow - age)
                  name

              let hour = TimeSpan.FromHours 1.0
              file $".singlesharp-{Guid.NewGuid():N}.tmp" hour |> ignore

              let others =
                  [ file $".singlesharp-{Guid.NewGuid():N}.tmp" TimeSpan.Zero
                    file "mine.tmp" hour ]

              need (Pipeline.run log1p (settings scratch) (Input.file sample) (NewFile(sandbox.File "out.h5ad"))) |> ignore
              Expect.equal (Directory.GetFiles scratch |> Array.map Path.GetFileName |> Set.ofArray) (Set.ofList others) "what is left"
          }

          test "the environment says where, unless an option does" {
              use sandbox = new Sandbox()
              let nowhere = sandbox.File "nowhere"
              let scratch = scratchOf sandbox
              let environment = [ "SINGLESHARP_SCRATCH", nowhere ]

              let tool words =
                  Child.run "dotnet" (tool :: words @ [ "--quiet" ]) environment ""

              let run words =
                  tool ([ "log1p"; sample; "--out"; sandbox.File "out.h5ad" ] @ words)

              let outcome = run []
              Expect.equal outcome.ExitCode 1 "refused"

              Expect.stringContains
                  outcome.Errors
                  $"the environment variable SINGLESHARP_SCRATCH: there is no folder {nowhere}; make it first"
                  "the sentence"

              let outcome = run [ "--scratch"; nowhere ]
              Expect.stringContains outcome.Errors $"--scratch: there is no folder {nowhere}; make it first" "the sentence"
              Expect.equal (run [ "--scratch"; scratch ]).ExitCode 0 "the option comes first"
              Expect.equal (tool [ "digest"; sample ]).ExitCode 0 "of no concern to digest"
          }

          test "no folder" {
              use sandbox = new Sandbox()
              let file = sandbox.Copy sample
              let output = NewFile(sandbox.File "out.h5ad")

              for folder in [ sandbox.File "nowhere"; file; "" ] do
                  let settings = settings folder
                  let words = [ "scratch: "; $"there is no folder {folder}"; "make it first" ]
                  Pipeline.run log1p settings (Input.file file) output |> refused words
                  Pipeline.plan log1p settings (Input.file file) |> refused words
                  Pipeline.info log1p settings (Input.file file) |> refused words
                  Pipeline.convert MatrixName.Raw false settings (Input.file file) (sandbox.File "out.h5ad") |> refused words

              Expect.equal sandbox.Names [ Path.GetFileName file ] "nothing is written"
          }

          test "a folder where nobody may write" {
              use sandbox = new Sandbox()

              // Not even root makes files there.
              if not (Directory.Exists "/proc/sys") then
                  skiptest "skipped: no /proc"

              Pipeline.run log1p (settings "/proc/sys") (Input.file sample) (NewFile(sandbox.File "out.h5ad"))
              |> refused [ "/proc/sys cannot be written"; "scratch" ]

              Expect.isEmpty sandbox.Names "nothing is written"
          } ]
