/// Cases of runs over shards that are to occur in every run of these tests, beside random ones.
module internal SingleSharp.Properties.ShardCaseLaws

open System
open System.IO
open System.Runtime.InteropServices
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Shards
open SingleSharp.Core.Writing
open SingleSharp.Properties.GenStudies
open SingleSharp.Properties.GenShards
open SingleSharp.Properties.ShardLaws

module private Link =
    [<DllImport("libc", EntryPoint = "link")>]
    extern int private linkFiles([<MarshalAs(UnmanagedType.LPUTF8Str)>] string from, [<MarshalAs(UnmanagedType.LPUTF8Str)>] string to')

    /// Gives a file a second name.
    let make (name: string) (file: string) = linkFiles (file, name)

/// More cells than three segments have, of a handful of genes: sums of fractions, so that the order of additions shows.
let private manyCells: Counts =
    let cells, genes = 3 * 131_072 - 5000, 5
    let random = Random 11
    let indices, data = ResizeArray<int>(), ResizeArray<float32>()
    let indptr = Array.zeroCreate (cells + 1)

    for cell in 0 .. cells - 1 do
        for gene in 0 .. genes - 1 do
            if random.Next 5 < 2 then
                indices.Add gene
                data.Add(float32 (random.NextDouble() * float (1 + gene * 7)))

        indptr[cell + 1] <- indices.Count

    { CellNames = Array.init cells string
      GeneNames = Array.init genes (fun gene -> $"gene{gene}")
      Indptr = indptr
      Indices = indices.ToArray()
      Data = data.ToArray() }

let private severalSegments =
    test "several segments: parts of whole ones, and cuts inside" {
        inFolder (fun path ->
            NewFile.write (path "in.h5ad") Unchunked manyCells
            let settings = SingleSharp.Answers.settings 2 (1L <<< 30)
            let output = path "out.h5ad"

            let recipe =
                Recipe.ofSteps
                    [ Filter.step
                          { Filter.defaults with
                              MinGenes = Some 1L }
                      NormalizeTotal.step NormalizeTotal.defaults
                      Log1p.step Log1p.defaults
                      Hvg.step { Hvg.defaults with NTopGenes = Some 3 }
                      Pca.step { Pca.defaults with NComps = Some 2 } ]

            let input = Input.file (path "in.h5ad")

            let report =
                SingleSharp.Answers.need (Pipeline.run recipe settings input (NewFile output))

            let wanted = File.ReadAllBytes output
            Expect.isLessThan report.CellsKept report.Cells "cells are dropped, so that segments are others in the second pass"
            Expect.isGreaterThan report.CellsKept (2L * 131_072L) "three segments are left"

            let mutable cutInSegments = 0

            for shards in [ 2; 5 ] do
                File.Delete output

                match inShards (Random shards) false shards recipe settings input output (path $"parts{shards}") with
                | Ok(plan, Some _) ->
                    Expect.equal plan.Shards shards "shards"
                    Expect.isTrue (File.ReadAllBytes(output).AsSpan().SequenceEqual(ReadOnlySpan wanted)) $"the bytes, in {shards} shards"

                    let bounds =
                        [ for task in 0 .. shards - 1 -> (ShardCut.range report.CellsKept shards task).First ]

                    if bounds |> List.exists (fun bound -> bound % int64 Blocks.blocksPerSegment <> 0L) then
                        cutInSegments <- cutInSegments + 1
                | Ok _ -> failtest "no report"
                | Error fault -> failtest (Fault.sentence fault)

            Expect.equal cutInSegments 1 "a cut inside a segment")
    }

/// A case that is to occur in every run of these tests.
let private fixedCase name study recipe second =
    test name {
        let case =
            { Study =
                { Seed = 7
                  Batches = BatchesAs.Categories
                  Cells = 9000
                  Genes = 6
                  Form = GenForms.AnyForm.Rows Unchunked
                  Type = DType.Float32
                  PoorFrom = Int32.MaxValue
                  IsFractional = true
                  HasNegative = false }
                |> study
              Recipe = Recipe.ofSteps recipe
              Shards = 3
              Workers = 1
              Compression = None
              Notes = true
              Second = second
              Course = 1 }

        let mutable end' = None
        Expect.isTrue (isAsAtOnce (fun told -> end' <- Some told) case) "the same bytes"
        Expect.equal end' (Some(Ok())) "a result"
    }

/// The plan knows of the column although the file that has it is not there yet.
let private joinedMask =
    fixedCase
        "several inputs, scaled by a mask of cells"
        id
        [ Scale.step
              { Scale.defaults with
                  ZeroCenter = false
                  MaskObs = Some "chosen" } ]
        (Some
            { Cells = 5000
              Genes = 6
              Form = GenForms.AnyForm.Columns Unchunked
              Type = DType.Float32
              Join = Join.Inner })

/// One has a gene that the others lack, so that nobody knows before they are counted how many values are taken; and cells are chosen by a
/// column that is not there before inputs are joined.
let private joinedOther =
    fixedCase
        "several inputs of other genes, of which a query takes some cells"
        id
        [ SubsetStep.step
              { SubsetStep.defaults with
                  ObsQuery = Some "sample == 'y' or batch == 'a'" }
          Qc.step Qc.defaults ]
        (Some
            { Cells = 5000
              Genes = 5
              Form = GenForms.AnyForm.Dense
              Type = DType.Int32
              Join = Join.Inner })

/// Sums over batches go by their numbers, and those of a joined column by the values that all inputs have.
let private joinedBatches =
    [ for batches in [ BatchesAs.Numbers; BatchesAs.Texts ] do
          fixedCase
              $"several inputs, by batches that are %A{batches}"
              (fun study ->
                  { study with
                      Batches = batches
                      Genes = 40 })
              [ Log1p.step Log1p.defaults
                Hvg.step
                    { Hvg.defaults with
                        BatchKey = Some "batch"
                        NTopGenes = Some 7 } ]
              (Some
                  { Cells = 5000
                    Genes = 40
                    Form = GenForms.AnyForm.Rows Unchunked
                    Type = DType.Float32
                    Join = Join.Inner }) ]

let private joinedCounted =
    fixedCase
        "several inputs of other genes"
        id
        [ NormalizeTotal.step NormalizeTotal.defaults ]
        (Some
            { Cells = 5000
              Genes = 5
              Form = GenForms.AnyForm.Rows Unchunked
              Type = DType.Float32
              Join = Join.Inner })

/// Fewer blocks stay than there are tasks.
let private emptyShard =
    fixedCase
        "tasks of no block"
        (fun study -> { study with PoorFrom = 3000 })
        [ Filter.step
              { Filter.defaults with
                  MinGenes = Some 2L }
          NormalizeTotal.step NormalizeTotal.defaults
          Pca.step
              { Pca.defaults with
                  NComps = Some 2
                  MaskVar = MaskVar.AllGenes } ]
        None

/// Rows of a dense layer wait to be saved, all genes of each; so does what they are in a part.
let private denseLayer =
    test "what dense rows take is planned" {
        inFolder (fun path ->
            NewFile.write (path "in.h5ad") Unchunked (AnnDataFiles.counts AnnDataFiles.manyRows)

            let recipe =
                Recipe.ofSteps
                    [ Scale.step
                          { Scale.defaults with
                              DenseLayer = Some "scaled" } ]

            let run =
                Shard.plan (Shards 1) recipe Settings.standard (Input.file (path "in.h5ad")) (path "out.h5ad") |> need

            let stage = run.Plan.Stages |> Seq.find (fun stage -> stage.Name = "scale")
            let genes = int64 AnnDataFiles.manyRows.Genes
            let cells = int64 AnnDataFiles.manyRows.Rows.Length
            Expect.isGreaterThanOrEqual stage.Memory (4L * genes * int64 Blocks.rowsPerBlock) "memory"
            Expect.isGreaterThanOrEqual stage.Part (4L * genes * cells) "the part"

            // More than an array holds.
            let wide =
                AnnDataFiles.counts
                    { Genes = 140_000
                      Rows = [ [ 0, 1.0; 139_999, 2.0 ] ] }

            NewFile.write (path "wide.h5ad") Unchunked wide

            match Shard.plan (Shards 1) recipe Settings.standard (Input.file (path "wide.h5ad")) (path "out.h5ad") with
            | Ok _ -> failtest "it is planned"
            | Error fault -> Expect.stringContains (Fault.sentence fault) "more than can be saved at a time" "the sentence")
    }

/// Far from zero, so that components take a second look at all rows. A part that is lost once its merge has been is made anew as it was, and
/// what the merge has found stays.
let private lostOnceMerged =
    test "a part that is lost once it was merged" {
        inFolder (fun path ->
            let random = Random 3

            let rows =
                List.init 9000 (fun _ -> List.init 6 (fun gene -> gene, 1e5 + float (float32 (random.NextDouble()))))

            NewFile.write (path "in.h5ad") Unchunked (AnnDataFiles.counts { Genes = 6; Rows = rows })

            let recipe =
                Recipe.ofSteps
                    [ Pca.step
                          { Pca.defaults with
                              NComps = Some 2
                              MaskVar = MaskVar.AllGenes } ]

            let input, output = Input.file (path "in.h5ad"), path "out.h5ad"
            Pipeline.run recipe Settings.standard input (NewFile output) |> need |> ignore
            let wanted = File.ReadAllBytes output
            File.Delete output

            let parts =
                { Folder = path "parts"
                  Patience = TimeSpan.Zero }

            let run = Shard.plan (Shards 3) recipe Settings.standard input output |> need

            for stage in run.Plan.Stages do
                if stage.Name = "scores" then
                    let lost = Path.Combine(parts.Folder, "pca.0001.part")
                    let was = File.ReadAllBytes lost
                    File.Delete lost
                    Expect.isTrue (Shard.run "pca" 1 parts Settings.standard run |> need) "it is made"
                    Expect.isTrue (File.ReadAllBytes(lost).AsSpan().SequenceEqual(ReadOnlySpan was)) "the same part"

                for task in 0 .. stage.Tasks - 1 do
                    Shard.run stage.Name task parts Settings.standard run |> need |> ignore

                Shard.merge stage.Name parts Settings.standard run |> need |> ignore

            Expect.isTrue (File.ReadAllBytes(output).AsSpan().SequenceEqual(ReadOnlySpan wanted)) "the same bytes")
    }

/// The first cells of many.
let private someCells cells =
    { manyCells with
        Indptr = manyCells.Indptr[..cells]
        CellNames = manyCells.CellNames[.. cells - 1]
        Indices = manyCells.Indices[.. manyCells.Indptr[cells] - 1]
        Data = manyCells.Data[.. manyCells.Indptr[cells] - 1] }

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

                Pipeline.run recipe Settings.standard input (NewFile output) |> need |> ignore
                let wanted = File.ReadAllBytes output
                File.Delete output

                let parts =
                    { Folder = path "parts"
                      Patience = TimeSpan.Zero }

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
                Pipeline.run recipe Settings.standard input (NewFile output) |> need |> ignore
                let wanted = File.ReadAllBytes output
                File.Delete output

                let parts =
                    { Folder = path "parts"
                      Patience = TimeSpan.Zero }

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
            Pipeline.run recipe Settings.standard input (NewFile output) |> need |> ignore
            let wanted = File.ReadAllBytes output
            File.Delete output

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

                let parts =
                    { Folder = path $"parts{target}"
                      Patience = TimeSpan.Zero }

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
    testSequenced
    <| testList
        "Shard"
        [ law
          lawTogether
          severalSegments
          joinedMask
          joinedOther
          joinedCounted
          yield! joinedBatches
          emptyShard
          denseLayer
          lostOnceMerged
          lateMachine
          mergesAtOnce
          userBlock
          anotherOutput
          occurred ]
