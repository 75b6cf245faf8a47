/// The output that tasks write together: whoever is late, twice there or of another run, it has the bytes of a run at once.
module internal SingleSharp.Properties.SharedOutputLaws

open System
open System.IO
open System.Runtime.InteropServices
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Properties.GenStudies
open SingleSharp.Properties.ShardLaws

module private Link =
    [<DllImport("libc", EntryPoint = "link")>]
    extern int private linkFiles([<MarshalAs(UnmanagedType.LPUTF8Str)>] string from, [<MarshalAs(UnmanagedType.LPUTF8Str)>] string to')

    /// Gives a file a second name.
    let make (name: string) (file: string) = linkFiles (file, name)

/// Some cells of a handful of genes.
let private someCells cells =
    AnnDataFiles.counts
        { Genes = 5
          Rows =
            List.init cells (fun cell ->
                [ for gene in 0..4 do
                      if (cell + 3 * gene) % 5 < 2 then
                          gene, float (1 + (cell + gene) % 9) ]) }

/// A machine that was cut off may write to the output what it has, even once that is complete, since it has the file open.
let private lateMachine =
    test "a task that ends after the output is there leaves it as it is" {
        for storage in [ Unchunked; InChunks 5000; Gzipped 5000 ] do
            inFolder (fun path ->
                NewFile.write (path "in.h5ad") storage (someCells 20_000)
                let input, output = Input.file (path "in.h5ad"), path "out.h5ad"

                let recipe =
                    Recipe.ofSteps
                        [ Qc.step Qc.defaults
                          NormalizeTotal.step NormalizeTotal.defaults
                          Log1p.step Log1p.defaults ]

                let wanted = atOnce recipe input output
                let parts = partsIn (path "parts")
                let run = Shard.plan (Shards 4) recipe Settings.standard input output |> need
                let main = run.Plan.Stages[0]

                for task in 0 .. main.Tasks - 1 do
                    Shard.run main.Name task parts Settings.standard run |> need |> ignore

                let unfinished = Array.exactlyOne (unfinished output)
                Expect.isGreaterThan (FileInfo(unfinished).Length) 65_536L "tasks have written to it"
                Shard.merge main.Name parts Settings.standard run |> need |> ignore

                let isAsWanted why =
                    Expect.isTrue (File.ReadAllBytes(output).AsSpan().SequenceEqual(ReadOnlySpan wanted)) $"{storage}: {why}"

                isAsWanted "merged"
                // By this name the tasks find the output once more, as if they had it open, and do not know that it is complete.
                Expect.equal (Link.make unfinished output) 0 "a second name"
                let merged = Path.Combine(parts.Folder, "main.merged")
                File.Move(merged, path "elsewhere")

                for task in 0 .. main.Tasks - 1 do
                    File.Delete(Path.Combine(parts.Folder, $"main.{task:D4}.part"))
                    Expect.isTrue (Shard.run main.Name task parts Settings.standard run |> need) "it is taken again"

                isAsWanted "tasks were late"
                File.Move(path "elsewhere", merged)
                File.Delete(Path.Combine(parts.Folder, "main.0000.part"))
                Expect.isFalse (Shard.run main.Name 0 parts Settings.standard run |> need) "nobody needs the part"
                let status = Shard.status parts run |> need
                Expect.isTrue (Seq.forall _.IsMerged status) "it is still the output")
    }

/// Whichever comes last leaves the same bytes, or one says that the other has taken its place.
let private mergesAtOnce =
    test "two last merges at once" {
        for _ in 1..5 do
            inFolder (fun path ->
                NewFile.write (path "in.h5ad") Unchunked (someCells 20_000)
                let input, output = Input.file (path "in.h5ad"), path "out.h5ad"
                let recipe = Recipe.ofSteps [ Log1p.step Log1p.defaults ]
                let wanted = atOnce recipe input output
                let parts = partsIn (path "parts")
                let run = Shard.plan (Shards 2) recipe Settings.standard input output |> need

                for task in 0..1 do
                    Shard.run "main" task parts Settings.standard run |> need |> ignore

                let merge _ =
                    Shard.merge "main" parts Settings.standard run

                let ends = Array.Parallel.map merge [| 0..2 |]
                Expect.isTrue (ends |> Array.exists _.IsOk) "one has come to its end"

                for ended in ends do
                    match ended with
                    | Ok _ -> ()
                    | Error fault -> Expect.isTrue (Fault.isTemporary fault) (Fault.sentence fault)

                Expect.isNone (merge 0 |> need) "it is merged"
                Expect.isTrue (File.ReadAllBytes(output).AsSpan().SequenceEqual(ReadOnlySpan wanted)) "the bytes"
                Expect.isEmpty (unfinished output) "nothing is left beside the output")
    }

/// What stands before the superblock counts where files are told by their bytes.
let private userBlock =
    test "a file behind a user block" {
        inFolder (fun path ->
            File.WriteAllBytes(path "in.h5ad", GenFiles.behindUserBlock (File.ReadAllBytes(GenFiles.goldenEdge "layout_contiguous")))
            let input, output = Input.file (path "in.h5ad"), path "out.h5ad"
            let recipe = Recipe.ofSteps [ Qc.step Qc.defaults; Log1p.step Log1p.defaults ]
            let wanted = atOnce recipe input output

            match inShards (Random 1) false 2 recipe Settings.standard input output (path "parts") with
            | Ok _ -> Expect.equal (File.ReadAllBytes output) wanted "the bytes"
            | Error fault -> failtest (Fault.sentence fault))
    }

/// The other output may have the same length, and begin in the same way.
let private anotherOutput =
    test "the output of another run is not taken for this one's" {
        inFolder (fun path ->
            NewFile.write (path "in.h5ad") Unchunked (someCells 60_000)
            let output = path "out.h5ad"

            let taken target =
                let recipe =
                    Recipe.ofSteps
                        [ NormalizeTotal.step
                              { NormalizeTotal.defaults with
                                  TargetSum = TargetSum.Counts target } ]

                let parts = partsIn (path $"parts{target}")

                let run =
                    Shard.plan (Shards 2) recipe Settings.standard (Input.file (path "in.h5ad")) output |> need

                for task in 0 .. run.Plan.Stages[0].Tasks - 1 do
                    Shard.run "main" task parts Settings.standard run |> need |> ignore

                Shard.merge "main" parts Settings.standard run |> need |> ignore
                fun () -> (Shard.status parts run |> need |> Seq.last).IsMerged

            let isFirst = taken 1000.0
            Expect.isTrue (isFirst ()) "it is the output"
            let length = FileInfo(output).Length
            let isSecond = taken 2000.0
            Expect.equal (FileInfo(output).Length) length "as long"
            Expect.isTrue (isSecond ()) "it is the output of the second run"
            Expect.isFalse (isFirst ()) "it is no longer that of the first")
    }

let tests =
    testList "SharedOutput" [ lateMachine; mergesAtOnce; userBlock; anotherOutput ]
