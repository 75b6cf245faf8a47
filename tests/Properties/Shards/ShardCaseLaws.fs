/// Cases of runs over shards that are to occur in every run of these tests, beside random ones.
module internal SingleSharp.Properties.ShardCaseLaws

open System
open System.IO
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Shards
open SingleSharp.Core.Writing
open SingleSharp.Properties.GenStudies
open SingleSharp.Properties.GenShards
open SingleSharp.Properties.ShardLaws

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
            let wanted = atOnce recipe input output
            let parts = partsIn (path "parts")
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
          occurred ]
