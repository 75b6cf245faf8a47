/// The whole pipeline: its steps at once mean what they mean one by one, whatever the storage, the workers and the memory.
module SingleSharp.Properties.PipelineLaws

open System.IO
open Expecto
open FsCheck
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Properties.Gen

/// Counts in which some genes vary much and others little, so that most recipes have a result.
type Tissue = Tissue of Rows

let private tissue =
    gen {
        let! genes = Gen.choose (4, 14)
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
    Some
        { Recipe.hvg with
            Flavor = flavor
            NTopGenes = n
            Span =
                match flavor with
                | HvgFlavor.SeuratV3
                | HvgFlavor.SeuratV3Paper -> 1.0
                | _ -> Recipe.hvg.Span }

let private filter =
    Some
        { Recipe.filter with
            MinGenes = Some 2L
            MinCells = Some 2L }

/// Recipes with every step but for those of which there are several kinds.
let private recipes =
    let full =
        { Recipe.standard with
            Hvg = hvg HvgFlavor.Seurat (Some 3)
            Pca = Some { Recipe.pca with NComps = Some 1 } }

    [ "seurat", full
      "seurat with filters", { full with Filter = filter }
      "cells filtered only",
      { full with
          Filter =
              Some
                  { Recipe.filter with
                      MinGenes = Some 2L
                      MaxPct = [ "mt", 60.0 ] }
          Hvg = hvg HvgFlavor.Seurat None
          Pca = Some { Recipe.pca with MaskVar = AllGenes } }
      "cell_ranger, uncentred",
      { full with
          Filter = filter
          Hvg = hvg HvgFlavor.CellRanger (Some 4)
          Pca =
              Some
                  { Recipe.pca with
                      NComps = Some 2
                      ZeroCenter = false } }
      "seurat_v3",
      { full with
          Hvg = hvg HvgFlavor.SeuratV3 (Some 4) }
      "seurat_v3 of a median",
      { full with
          Filter = filter
          NormalizeTotal =
              Some
                  { Recipe.normalizeTotal with
                      TargetSum = MedianOfPositive }
          Hvg = hvg HvgFlavor.SeuratV3Paper (Some 4) } ]

let private inFolder work =
    let folder = Directory.CreateTempSubdirectory "singlesharp"

    try
        work (fun name -> Path.Combine(folder.FullName, name + ".h5ad"))
    finally
        folder.Delete true

let private digestOf path =
    match Pipeline.digest Settings.standard path with
    | Ok digest -> digest.Elements |> List.map (fun element -> element.Path, element.Sha256)
    | Error fault -> failtest (Fault.sentence fault)

/// What a run leaves behind: the digest of every object, or the kind of the fault.
let private outcome recipe settings input output =
    match Pipeline.run recipe settings input (NewFile output) with
    | Ok _ -> Ok(digestOf output)
    | Error fault -> Error(Fault.kind fault)

/// The steps one by one, each on the file that the one before it left.
let private oneByOne (recipe: Recipe) input output =
    let nothing = Recipe.nothing

    let steps =
        [ { nothing with Filter = recipe.Filter }
          { nothing with Qc = recipe.Qc }
          // The trend is fitted to raw counts.
          if Option.exists Recipe.fitsTrend recipe.Hvg then
              { nothing with Hvg = recipe.Hvg }
          { nothing with
              NormalizeTotal = recipe.NormalizeTotal }
          { nothing with Log1p = recipe.Log1p }
          if not (Option.exists Recipe.fitsTrend recipe.Hvg) then
              { nothing with Hvg = recipe.Hvg }
          { nothing with Pca = recipe.Pca } ]
        |> List.filter (fun step -> not (Recipe.steps step).IsEmpty)

    File.Copy(input, output)

    (Ok [], steps)
    ||> List.fold (fun result step ->
        match result with
        | Error kind -> Error kind
        | Ok _ ->
            match Pipeline.run step Settings.standard output InPlace with
            | Ok _ -> Ok []
            | Error fault -> Error(Fault.kind fault))
    |> Result.map (fun _ -> digestOf output)

let private columnOrder (path: string) =
    use file = GenFiles.openRead path
    Set file.Var.Columns, file.Obs.Columns

let tests =
    let holdsFor times name property =
        Law.holdsFor times name (fun seed -> Prop.forAll (Arb.fromGen tissue) (fun tissue -> property tissue seed))

    testList
        "Pipeline"
        [ for name, recipe in recipes do
              holdsFor 10 $"at once and one by one mean the same: {name}" (fun tissue () ->
                  inFolder (fun path ->
                      NewFile.write (path "in") (Gzipped 50) (counts tissue)
                      let together = outcome recipe Settings.standard (path "in") (path "together")
                      let separate = oneByOne recipe (path "in") (path "separate")

                      // A column's place tells when it came, and the trend's came before the others.
                      let known results =
                          results |> Result.map (List.filter (fun (element, _) -> element <> "var" && element <> "/"))

                      match known together, known separate with
                      | Ok together, Ok separate ->
                          Expect.equal (List.except separate together, List.except together separate) ([], []) "every object"
                      // Which step is the first to find the data unfit differs, since the trend is asked for later at once.
                      | together, separate -> Expect.equal together.IsOk separate.IsOk "both fail, or neither"

                      if together.IsOk then
                          Expect.equal (columnOrder (path "together")) (columnOrder (path "separate")) "the columns"))

              holdsFor 8 $"schedule and storage change nothing: {name}" (fun tissue (AnySchedule(workers, _), chunk: uint16) ->
                  inFolder (fun path ->
                      let run name storage workers =
                          NewFile.write (path name) storage (counts tissue)

                          let settings =
                              { Settings.standard with
                                  Workers = workers }

                          let least =
                              match Pipeline.plan recipe { settings with Memory = 1L } (path name) with
                              | Error(OverBudget(needed, _) | GramOverBudget(_, needed, _, _)) -> needed
                              | other -> failtest $"one byte should not be enough: %A{other}"

                          outcome recipe { settings with Memory = least } (path name) (path (name + "-out"))

                      let plain = run "plain" InOnePiece 1
                      Expect.equal (run "chunked" (InChunks(1 + int chunk)) workers) plain "other chunks, other workers"
                      Expect.equal (run "gzipped" (Gzipped(100 + int chunk)) 3) plain "compressed")) ]
