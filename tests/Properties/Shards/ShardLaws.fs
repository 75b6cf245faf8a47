/// A run over shards leaves the bytes of a run at once, whatever becomes of its tasks on the way.
module internal SingleSharp.Properties.ShardLaws

open System
open System.IO
open System.Threading
open Expecto
open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Shards
open SingleSharp.Core.Writing
open SingleSharp.Properties.GenShards

/// What occurred in the cases that were tried.
let mutable private severalShards = 0
let mutable private dropped = 0
let mutable private emptyShards = 0
let mutable private repaired = 0
let mutable private cutInSegments = 0
let mutable private counted = 0
let mutable private uncounted = 0

let private count (counter: byref<int>) =
    Interlocked.Increment &counter |> ignore

let private inFolder work =
    let folder = Directory.CreateTempSubdirectory "singlesharp"

    try
        work (fun name -> Path.Combine(folder.FullName, name))
    finally
        folder.Delete true

/// The run cannot go on: what one of its programs says.
exception private Stopped of Fault

/// A part is missing or damaged, so that an engine would take all tasks once more.
exception private Again

let private need result =
    match result with
    | Ok value -> value
    | Error(NotYet _) -> raise Again
    | Error fault -> raise (Stopped fault)

/// Loses, cuts off or changes one of the files of parts.
let private damage (random: Random) folder =
    let files =
        Directory.GetFiles folder |> Array.filter (fun path -> not (path.EndsWith ".h5ad")) |> Array.sort

    if files.Length > 0 then
        let path = files[random.Next files.Length]
        let bytes = File.ReadAllBytes path

        match random.Next 3 with
        | 0 -> File.Delete path
        | 1 -> File.WriteAllBytes(path, bytes[.. random.Next bytes.Length - 1])
        | _ ->
            let place = random.Next bytes.Length
            bytes[place] <- bytes[place] ^^^ byte (random.Next(1, 256))
            File.WriteAllBytes(path, bytes)

let private shuffled (random: Random) items =
    items |> List.sortBy (fun _ -> random.Next())

/// Takes all tasks and merges once, in some order, some of them twice.
let private engine (random: Random) mayDamage parts settings (run: ShardedRun) =
    let task stage number () =
        Shard.run stage number parts settings run |> need |> ignore

    let mutable report = None

    for stage in run.Plan.Stages do
        for number in shuffled random [ for number in 0 .. stage.Tasks - 1 -> number ] do
            match random.Next 8 with
            | 0 ->
                // Two machines at once.
                try
                    Array.Parallel.iter (fun take -> take ()) [| task stage.Name number; task stage.Name number |]
                with :? AggregateException as several ->
                    raise several.InnerExceptions[0]
            | _ -> task stage.Name number ()

            if random.Next 6 = 0 then
                Expect.isFalse (Shard.run stage.Name number parts settings run |> need) "it was done"

            if mayDamage && random.Next 6 = 0 then
                damage random parts.Folder

        let merged = Shard.merge stage.Name parts settings run |> need

        if merged.IsSome then
            report <- merged

        if mayDamage && random.Next 6 = 0 then
            damage random parts.Folder
        elif random.Next 4 = 0 then
            Expect.isNone (Shard.merge stage.Name parts settings run |> need) "it was merged"

    report

/// The run as an engine takes it that begins anew whenever something is missing.
let private inShards (random: Random) mayDamage shards recipe settings input output folder =
    let parts =
        { Folder = folder
          Patience = TimeSpan.Zero }

    let rec rounds number run =
        try
            engine random (mayDamage && number < 3) parts settings run
        with Again when number < 8 ->
            count &repaired
            rounds (number + 1) run

    try
        // Files of shards are made of the result, which they leave as it is.
        let withFiles = random.Next 6 = 0
        let plan = if withFiles then Shard.planFiles else Shard.plan
        let run = plan (Shards shards) recipe settings input output |> need
        // Every task would read the plan from its file.
        let path = folder + ".json"
        File.WriteAllText(path, run.Json)
        let run = Shard.load path |> need

        if run.Plan.Shards > 1 then
            count &severalShards

        let report = rounds 0 run

        if withFiles then
            for task in 0 .. run.Plan.Shards - 1 do
                Expect.isTrue (File.Exists(ShardFiles.path output task)) $"the file of shard {task}"

        if not mayDamage then
            for stage in Shard.status parts run |> need do
                Expect.equal (stage.Finished, stage.Missing.Count, stage.IsMerged) (stage.Tasks, 0, true) stage.Stage

        Ok(run.Plan, report)
    with Stopped fault ->
        Error fault

/// Does a fault name the cell where a task stopped first? Another one may have stopped in another order.
let private isOfSomeCell fault =
    match fault with
    | InvalidValue _
    | DuplicateEntry _ -> true
    | _ -> false

let private isAsAtOnce tell (case: ShardCase) =
    inFolder (fun path ->
        write (path "in.h5ad") case.Study

        let input =
            match case.Second with
            | None -> Input.file (path "in.h5ad")
            | Some second ->
                write
                    (path "more.h5ad")
                    { case.Study with
                        Seed = case.Study.Seed + 1
                        Cells = second.Cells
                        Genes = second.Genes
                        Form = second.Form
                        Type = second.Type }

                { Paths = [ path "in.h5ad"; path "more.h5ad" ]
                  Convert =
                    { Input.convert with
                        Join = second.Join
                        SampleNames = [ "x"; "y" ]
                        IndexUnique = Some "-" } }

        let settings =
            { Settings.standard with
                Workers = case.Workers
                Compression = case.Compression
                Provenance = case.Notes }

        let output = path "out.h5ad"
        let atOnce = Pipeline.run case.Recipe settings input (NewFile output)
        let wanted = if atOnce.IsOk then File.ReadAllBytes output else [||]
        File.Delete output
        let random = Random case.Course

        let found =
            inShards random (case.Course % 2 = 0) case.Shards case.Recipe settings input output (path "parts")

        match atOnce, found with
        | Ok report, Ok(plan, _) ->
            tell (Ok())

            if plan.Stages |> Seq.exists (fun stage -> stage.Name = "count") then
                count &counted
            elif case.Second.IsSome then
                count &uncounted

            if report.CellsKept < report.Cells then
                count &dropped

            if Blocks.count report.CellsKept < int64 plan.Shards then
                count &emptyShards

            File.ReadAllBytes(output).AsSpan().SequenceEqual(ReadOnlySpan wanted) || failtest "other bytes"
        | Error one, Error other ->
            tell (Error(Fault.kind one))

            Fault.kind one = Fault.kind other && (isOfSomeCell one || one = other)
            || failtest $"at once: {Fault.sentence one}\nin shards: {Fault.sentence other}"
        | Ok _, Error fault -> failtest $"only in shards: {Fault.sentence fault}"
        | Error fault, Ok _ -> failtest $"only at once: {Fault.sentence fault}")

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

            for shards in [ 2; 5 ] do
                File.Delete output

                match inShards (Random shards) false shards recipe settings input output (path $"parts{shards}") with
                | Ok(plan, Some _) ->
                    Expect.equal plan.Shards shards "shards"
                    Expect.isTrue (File.ReadAllBytes(output).AsSpan().SequenceEqual(ReadOnlySpan wanted)) $"the bytes, in {shards} shards"

                    let bounds =
                        [ for task in 0 .. shards - 1 -> (ShardCut.range report.CellsKept shards task).First ]

                    if bounds |> List.exists (fun bound -> bound % int64 Blocks.blocksPerSegment <> 0L) then
                        count &cutInSegments
                | Ok _ -> failtest "no report"
                | Error fault -> failtest (Fault.sentence fault))
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

let tests =
    testSequenced
    <| testList
        "Shard"
        [ Law.holdsWithResults 40 15 "shards" (fun tell () -> Prop.forAll anything (isAsAtOnce tell))
          severalSegments
          joinedMask
          joinedOther
          joinedCounted
          yield! joinedBatches
          emptyShard
          denseLayer
          lostOnceMerged
          test "shards, drops, empty shards and repairs were among them" {
              printfn
                  $"shards: {severalShards} runs over several, {dropped} dropped cells, {emptyShards} had empty shards, {repaired} were begun anew, \
                    {counted} counted the values of inputs, {uncounted} knew them"

              // A law about what hardly ever occurs says little.
              Expect.isGreaterThanOrEqual severalShards 8 "runs over several shards"
              Expect.isGreaterThanOrEqual dropped 2 "runs that dropped cells"
              Expect.isGreaterThanOrEqual emptyShards 1 "runs with tasks of no block"
              Expect.isGreaterThanOrEqual repaired 3 "runs that were begun anew for a part"
              Expect.isGreaterThanOrEqual counted 1 "runs whose inputs were counted"
              Expect.isGreaterThanOrEqual uncounted 2 "runs of inputs that need not be counted"
              Expect.equal cutInSegments 1 "a cut inside a segment"
          } ]
