/// The output that tasks write together: one for all machines that look at once, and one that a merge has to itself.
module internal SingleSharp.Properties.UnfinishedOutputLaws

open System
open System.IO
open System.Threading
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Shards
open SingleSharp.Core.Writing
open SingleSharp.Properties.GenStudies

/// An unfinished output of some plan.
let private withOutput (work: (string -> string) -> UnfinishedOutput -> 'r) =
    inFolder (fun path ->
        NewFile.write (path "in.h5ad") Unchunked (AnnDataFiles.counts AnnDataFiles.manyRows)
        let recipe = Recipe.ofSteps [ Qc.step Qc.defaults ]

        let run =
            Answers.need (Shard.plan (Shards 2) recipe Settings.standard (Input.file (path "in.h5ad")) (path "out.h5ad"))

        Directory.CreateDirectory(path "parts") |> ignore
        work path (UnfinishedOutput(path "parts", run.Plan)))

let private find (output: UnfinishedOutput) =
    let struct (name, path) = output.Find(0L, TimeSpan.Zero, CancellationToken.None)

    name, path

/// What some machines get that ask at the same moment.
let private atOnce machines (ask: unit -> 'r) =
    use start = new Barrier(machines)
    let answers = Array.zeroCreate machines

    let threads =
        [ for machine in 0 .. machines - 1 ->
              Thread(fun () ->
                  start.SignalAndWait()
                  answers[machine] <- ask ()) ]

    threads |> List.iter _.Start()
    threads |> List.iter _.Join()
    List.ofArray answers

let private beside (path: string -> string) =
    Directory.GetFiles(Path.GetDirectoryName(path "out.h5ad"), "out.h5ad.*")

let tests =
    testList
        "UnfinishedOutput"
        [ test "machines that look at once find one file, also when it was lost" {
              for _ in 1..20 do
                  withOutput (fun path output ->
                      let first = atOnce 6 (fun () -> find output) |> List.distinct |> List.exactlyOne
                      Expect.equal (beside path) [| snd first |] "no other file"
                      Expect.isTrue (output.IsThere(fst first)) "it is there"
                      File.Delete(snd first)
                      Expect.isFalse (output.IsThere(fst first)) "it is gone"
                      let second = atOnce 6 (fun () -> find output) |> List.distinct |> List.exactlyOne
                      Expect.notEqual (fst second) (fst first) "another name"
                      Expect.isFalse (output.IsThere(fst first)) "its parts are those of another attempt"
                      Expect.equal (beside path) [| snd second |] "no other file")
          }

          test "each merge has a file of its own, with all that was written" {
              withOutput (fun path output ->
                  let name, file = find output
                  let content = Array.init 300_000 byte
                  File.WriteAllBytes(file, content)
                  let first = output.Claim(name, CancellationToken.None)
                  Expect.isTrue (output.IsThere name) "parts are still worth something"
                  Expect.isTrue (output.IsClaimed(Path.GetFileName first)) "it has not its name"

                  for claimed in atOnce 3 (fun () -> output.Claim(name, CancellationToken.None)) do
                      Expect.notEqual claimed first "another file"
                      Expect.isTrue (File.ReadAllBytes(claimed).AsSpan().SequenceEqual(ReadOnlySpan content)) "the same bytes"

                  Expect.equal (beside path).Length 4 "each has its own"

                  // Those of merges that were killed long ago go.
                  for file in beside path do
                      File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours -1.0)

                  let last = output.Claim(name, CancellationToken.None)
                  Expect.equal (beside path) [| last |] "one is left"
                  output.GiveBack(name, last)
                  Expect.equal (snd (find output)) file "it has its old name"
                  output.Tidy()
                  Expect.isEmpty (beside path) "nothing is left"

                  match
                      (try
                          Ok(output.Claim(name, CancellationToken.None))
                       with FaultException fault ->
                           Error fault)
                  with
                  | Error(CannotWrite _) -> ()
                  | other -> failtest $"%A{other}")
          }

          test "a pointer that is damaged gives place to another" {
              for text in [ ""; "../out.h5ad.unfinished"; "out.h5ad.\000.unfinished"; "x" ] do
                  withOutput (fun path output ->
                      let name, _ = find output
                      File.WriteAllText(Path.Combine(path "parts", "output.0.begun"), text)
                      Expect.isFalse (output.IsThere name) "nobody knows of it"
                      let next, _ = find output
                      Expect.isTrue (output.IsThere next) "the next one")
          } ]
