/// The whole pipeline: its steps at once mean what they mean one by one, whatever the storage, the workers and the memory.
module internal SingleSharp.Properties.PipelineLaws

open System.IO
open Expecto
open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen

/// Counts in which some genes vary much and others little, so that most recipes have a result.
type Tissue = Tissue of Rows

let private tissue (least, most) =
    gen {
        let! genes = Gen.choose (least, most)
        let! cells = Gen.frequency [ 6, Gen.choose (3, 60); 1, Gen.choose (4090, 4700) ]
        let! scales = Gen.listOfLength genes (Gen.elements [ 0; 1; 2; 5; 30 ])
        let! seed = Gen.choose (1, 1_000_000)

        // Many numbers from one seed: a list of them would take FsCheck longer than the runs.
        let value cell gene scale =
            let hash =
                (uint64 seed * 6364136223846793005UL + uint64 (cell * 31 + gene * 7919)) * 1442695040888963407UL

            float (hash >>> 40 &&& 1023UL) % float (scale + 1)

        return
            Tissue
                { Genes = genes
                  Rows =
                    [ for cell in 0 .. cells - 1 do
                          [ for gene, scale in List.indexed scales do
                                let count = value cell gene scale

                                if count > 0.0 then
                                    gene, count ] ] }
    }

let private counts (Tissue matrix) =
    { CellNames = Array.init matrix.Rows.Length (fun cell -> $"cell{cell}")
      GeneNames = Array.init matrix.Genes (fun gene -> if gene % 5 = 0 then $"MT-{gene}" else $"gene{gene}")
      Indptr = matrix.Rows |> List.scan (fun total row -> total + row.Length) 0 |> Array.ofList
      Indices = matrix.Rows |> List.concat |> List.map fst |> Array.ofList
      Data = matrix.Rows |> List.concat |> List.map (snd >> float32) |> Array.ofList }

let private hvg flavor n =
    Hvg.step
        { Hvg.defaults with
            Flavor = flavor
            NTopGenes = n
            Span =
                match flavor with
                | HvgFlavor.SeuratV3
                | HvgFlavor.SeuratV3Paper -> 1.0
                | _ -> Hvg.defaults.Span }

let private filter =
    Filter.step
        { Filter.defaults with
            MinGenes = Some 2L
            MinCells = Some 2L }

let private pca n =
    Pca.step { Pca.defaults with NComps = Some n }

let private some = 4, 14

/// cell_ranger has twenty bins, and a gene that is alone in one is never chosen.
let private many = 40, 60

/// Recipes with every step but for those of which there are several kinds, how many genes they are for, and whether the trend is fitted
/// to raw counts.
let private recipes =
    let full =
        Recipe.standard |> Recipe.add (hvg HvgFlavor.Seurat (Some 3)) |> Recipe.add (pca 1)

    [ "seurat", some, false, full
      "seurat with filters", some, false, full |> Recipe.add filter
      "cells filtered only",
      some,
      false,
      full
      |> Recipe.add (
          Filter.step
              { Filter.defaults with
                  MinGenes = Some 2L
                  MaxPct = [ "mt", 60.0 ] }
      )
      |> Recipe.add (hvg HvgFlavor.Seurat None)
      |> Recipe.add (
          Pca.step
              { Pca.defaults with
                  MaskVar = MaskVar.AllGenes }
      )
      "cell_ranger, uncentred",
      many,
      false,
      full
      |> Recipe.add filter
      |> Recipe.add (hvg HvgFlavor.CellRanger (Some 4))
      |> Recipe.add (
          Pca.step
              { Pca.defaults with
                  NComps = Some 2
                  ZeroCenter = false }
      )
      "seurat_v3", some, true, full |> Recipe.add (hvg HvgFlavor.SeuratV3 (Some 4))
      "seurat_v3 of a median",
      some,
      true,
      full
      |> Recipe.add filter
      |> Recipe.add (
          NormalizeTotal.step
              { NormalizeTotal.defaults with
                  TargetSum = TargetSum.MedianOfPositive }
      )
      |> Recipe.add (hvg HvgFlavor.SeuratV3Paper (Some 4))
      "scaled and clipped, not centred",
      some,
      false,
      full
      |> Recipe.add filter
      |> Recipe.add (
          Scale.step
              { Scale.defaults with
                  ZeroCenter = false
                  MaxValue = Some 1.5 }
      ) ]

/// Recipes that mean more at once than one by one: pca sees centred values, which no file holds.
let private centred =
    let full =
        Recipe.standard |> Recipe.add (hvg HvgFlavor.Seurat (Some 3)) |> Recipe.add (pca 1)

    [ "scaled", some, full |> Recipe.add (Scale.step Scale.defaults)
      "scaled and clipped, of filtered cells",
      some,
      full
      |> Recipe.add filter
      |> Recipe.add (
          Scale.step
              { Scale.defaults with
                  MaxValue = Some 1.0 }
      ) ]

let private inFolder work =
    let folder = Directory.CreateTempSubdirectory "singlesharp"

    try
        work (fun name -> Path.Combine(folder.FullName, name + ".h5ad"))
    finally
        folder.Delete true

let private digestOf path =
    [ for element in (SingleSharp.Answers.digest path).Elements -> element.Path, element.Sha256 ]

/// What a run leaves behind: the digest of every object, or the kind of the fault.
let private outcomeOf output result =
    match result with
    | Ok _ -> Ok(digestOf output)
    | Error fault -> Error(Fault.kind fault)

let private outcome recipe settings input output =
    Pipeline.run recipe settings (Input.file input) (NewFile output) |> outcomeOf output

/// The same in the least memory that is accepted: what the plan names, or what the run names once it knows how many genes pca looks at.
/// Fewer genes than cells are multiplied in another way than the plan has to count on, which may need a little more.
let private inLeastMemory recipe settings input output =
    let run memory =
        Pipeline.run recipe { settings with Memory = memory } (Input.file input) (NewFile output)

    let least =
        match Pipeline.plan recipe { settings with Memory = 1L } (Input.file input) with
        | Error(InsufficientMemory(_, needed, _, _)) -> needed
        | other -> failtest $"one byte should not be enough: %A{other}"

    match run least with
    | Error(InsufficientMemory(_, needed, _, _)) ->
        match run needed with
        | Error(InsufficientMemory _ as fault) -> failtest $"{needed} bytes should be enough: {Fault.sentence fault}"
        | result -> outcomeOf output result
    | result -> outcomeOf output result

/// The steps one by one, each on the file that the one before it left.
let private oneByOne fitsTrend (recipe: Recipe) input output =
    let steps =
        [ "filter"
          "qc"
          // The trend is fitted to raw counts.
          if fitsTrend then
              "hvg"
          "normalize_total"
          "log1p"
          if not fitsTrend then
              "hvg"
          "scale"
          "pca" ]
        |> List.choose (fun name -> Recipe.tryFind name recipe)
        |> List.map (fun step -> { recipe with Steps = [ step ] })

    Expect.equal steps.Length recipe.Steps.Length "every step"
    File.Copy(input, output)

    (Ok [], steps)
    ||> List.fold (fun result step ->
        match result with
        | Error kind -> Error kind
        | Ok _ ->
            match Pipeline.run step SingleSharp.Answers.withoutNote (Input.file output) InPlace with
            | Ok _ -> Ok []
            | Error fault -> Error(Fault.kind fault))
    |> Result.map (fun _ -> digestOf output)

let private columnOrder (path: string) =
    use file = GenFiles.openRead path
    Set file.Var.Columns, file.Obs.Columns

let tests =
    let holdsFor times least genes name property =
        Law.holdsWithResults times least name (fun tell seed ->
            Prop.forAll (Arb.fromGen (tissue genes)) (fun tissue -> property tell tissue seed))

    testList
        "Pipeline"
        [ for name, genes, fitsTrend, recipe in recipes do
              holdsFor 10 3 genes $"at once and one by one mean the same: {name}" (fun tell tissue () ->
                  inFolder (fun path ->
                      NewFile.write (path "in") (Gzipped 50) (counts tissue)

                      let together =
                          outcome recipe SingleSharp.Answers.withoutNote (path "in") (path "together")

                      let separate = oneByOne fitsTrend recipe (path "in") (path "separate")

                      tell (Result.map ignore together)

                      // A column's place tells when it came, and the trend's came before the others.
                      let known results =
                          results |> Result.map (List.filter (fun (element, _) -> element <> "var" && element <> "/"))

                      match known together, known separate with
                      | Ok together, Ok separate ->
                          Expect.equal (List.except separate together, List.except together separate) ([], []) "every object"
                      | Error together, Error separate when not fitsTrend -> Expect.equal together separate "the kind of the fault"
                      // Which step is the first to find the data unfit differs, since the trend is asked for later at once.
                      | Error together, Error separate ->
                          for kind in [ together; separate ] do
                              Expect.contains [ FaultKind.Unsuitable; FaultKind.InvalidOption ] kind "data that are unfit"
                      | together, separate ->
                          failtest $"one fails, the other does not: %A{Result.map ignore together}, %A{Result.map ignore separate}"

                      if together.IsOk then
                          Expect.equal (columnOrder (path "together")) (columnOrder (path "separate")) "the columns"))

          for name, genes, recipe in [ for name, genes, _, recipe in recipes -> name, genes, recipe ] @ centred do
              holdsFor 8 2 genes $"schedule and storage change nothing: {name}" (fun tell tissue (AnySchedule(workers, _), chunk: uint16) ->
                  inFolder (fun path ->
                      let run name storage workers =
                          NewFile.write (path name) storage (counts tissue)

                          let settings =
                              { SingleSharp.Answers.withoutNote with
                                  Workers = workers }

                          inLeastMemory recipe settings (path name) (path (name + "-out"))

                      // PureHDF takes minutes to write hundreds of thousands of chunks.
                      let least = 1 + (counts tissue).Data.Length / 2000
                      let plain = run "plain" Unchunked 1
                      tell (Result.map ignore plain)
                      Expect.equal (run "chunked" (InChunks(least + int chunk)) workers) plain "other chunks, other workers"
                      Expect.equal (run "gzipped" (Gzipped(100 + int chunk)) 3) plain "compressed")) ]
