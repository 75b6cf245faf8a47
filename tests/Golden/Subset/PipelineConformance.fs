/// Outputs of the pipeline and of its filters in the hands of everybody else: anndata, scanpy's next steps, h5py and h5dump.
module internal SingleSharp.Golden.PipelineConformance

open System
open System.IO
open System.Text.Json
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Golden.Jobs
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Shared

let private pipeline n =
    "pipeline",
    { (Recipe.full
       |> Recipe.add (Hvg.step { Hvg.defaults with NTopGenes = Some n })
       |> Recipe.add (
           Log1p.step
               { Log1p.defaults with
                   AllowLogged = true }
       )) with
        AllowInvalid = true }

/// A trend that small files have.
let private trend =
    "pipeline with a trend",
    (Recipe.full
     |> Recipe.add (
         Hvg.step
             { Hvg.defaults with
                 Flavor = HvgFlavor.SeuratV3
                 NTopGenes = Some 30
                 Span = 0.5 }
     )
     |> Recipe.add (Pca.step { Pca.defaults with NComps = Some 10 })
     |> Recipe.add (
         Log1p.step
             { Log1p.defaults with
                 AllowLogged = true }
     ))

/// Cases that have no highly variable genes or no components.
let private withoutResult =
    [ "all_zero"
      "inf_sparse"
      "nan_dense"
      "nan_sparse"
      "negative_values"
      "no_cells"
      "one_cell"
      "one_gene" ]

let private refused case =
    test $"{case} has no result" {
        use sandbox = new Sandbox()

        match
            Pipeline.run
                (snd (pipeline 26))
                Settings.standard
                (Input.file (here $"edge/{case}/input.h5ad"))
                (NewFile(sandbox.File "output.h5ad"))
        with
        | Error(Unsuitable _) -> Expect.isEmpty sandbox.Names "a refusal writes nothing"
        | other -> failtest $"a refusal is expected, not {other}"
    }

let private median (numbers: int64[]) =
    (Array.sort numbers)[numbers.Length / 2]

/// Limits that half of the cells and genes meet.
let private limits (input: string) =
    use file = new Results(input)
    let x = Matrices.read file "X"
    let cells = Array.zeroCreate x.Cells
    let genes = Array.zeroCreate x.Genes

    for cell in 0 .. cells.Length - 1 do
        for i in x.Offsets[cell] .. x.Offsets[cell + 1] - 1 do
            if x.Values[i] > 0.0 then
                cells[cell] <- cells[cell] + 1L
                genes[x.Indices[i]] <- genes[x.Indices[i]] + 1L

    median cells, median genes

/// Filters of an input. Of files that are odd elsewhere than in their frames, a filter of both axes and one of nothing are enough: one file
/// takes one of them, and the next file, which is odd in the same way, the other one.
let private filtered odd (sandbox: Sandbox) (leastGenes, leastCells) number (input: string) =
    let ofBoth = "cells and genes", Some leastGenes, Some leastCells
    // Everything meets these, and categories without rows go all the same.
    let ofNothing = "nothing", Some 0L, Some 0L

    let filters =
        match odd with
        | Some first -> [ List.item ((first + number) % 2) [ ofBoth; ofNothing ] ]
        | None ->
            [ "cells", Some leastGenes, None
              "genes", None, Some leastCells
              ofBoth
              ofNothing ]

    [ for name, genes, cells in filters do
          let output = sandbox.File $"{Path.GetFileNameWithoutExtension input}.{name}.h5ad"

          let limits =
              { Filter.defaults with
                  MinGenes = genes
                  MinCells = cells }

          // Without a note: everything but what is cut must be as it was.
          match
              Pipeline.run (Recipe.ofSteps [ Filter.step limits ]) SingleSharp.Answers.withoutNote (Input.file input) (NewFile output)
          with
          | Ok _ ->
              Ok
                  { FilteredJob.name = $"{Path.GetFileName input}, {name}"
                    input = input
                    output = output
                    min_genes = Option.toNullable genes
                    min_cells = Option.toNullable cells
                    cells = null
                    genes = null
                    used = false }
          | Error fault -> Error fault ]

/// Every second name of a frame that a line can hold, in a file of its own; and which rows are called so.
let private everySecond (store: Hdf5File) (frame: DataFrame) path =
    let names = DataFrame.names store frame 0L frame.Rows |> Array.ofSeq

    let listed =
        names
        |> Array.indexed
        |> Array.filter (fun (i, name) -> i % 2 = 1 && name <> "" && name = name.Trim() && not (name.Contains '\n' || name.Contains '\r'))
        |> Array.map snd
        |> Set.ofArray

    File.WriteAllLines(path, listed)
    names |> Array.map (fun name -> if listed.Contains name then '1' else '0') |> String

/// The same by names of cells and genes instead of limits.
let private named (sandbox: Sandbox) (input: string) =
    let name = Path.GetFileNameWithoutExtension input
    let output = sandbox.File $"{name}.named.h5ad"
    let cellList, geneList = sandbox.File $"{name}.cells", sandbox.File $"{name}.genes"

    let cells, genes =
        using (AnnDataFile.openReadWithin (1L <<< 30) MatrixName.X input) (fun file ->
            everySecond file.Store file.Obs cellList, everySecond file.Store file.Var geneList)

    let subset =
        SubsetStep.step
            { SubsetStep.defaults with
                Obs = Some cellList
                Var = Some geneList }

    Pipeline.run (Recipe.ofSteps [ subset ]) SingleSharp.Answers.withoutNote (Input.file input) (NewFile output)
    |> Result.map (fun _ ->
        { FilteredJob.name = $"{Path.GetFileName input}, by names"
          input = input
          output = output
          min_genes = Nullable()
          min_cells = Nullable()
          cells = cells
          genes = genes
          used = false })

/// Of the outputs of one file one is used, and of the next file the one of the next filter.
let private oneUsed number (jobs: FilteredJob list) =
    jobs
    |> List.mapi (fun i job ->
        { job with
            used = i = number % jobs.Length })

/// Nothing but what should have stayed; where it is allowed, a file may be refused instead. Files that are odd say with which filter they begin.
let private requireSubsets odd mayRefuse limitsOf inputs =
    Child.requirePython ()
    use sandbox = new Sandbox()

    let outcomes number input =
        [ if Option.isNone odd then
              named sandbox input
          yield! filtered odd sandbox (limitsOf input) number input ]

    let jobs number input =
        outcomes number input
        |> List.choose (function
            | Ok job -> Some job
            | Error(Unsupported _) when mayRefuse -> None
            | Error fault -> failtest (Fault.sentence fault))
        |> oneUsed number

    let jobs = inputs |> List.mapi jobs |> List.concat

    let answer =
        Child.script "filtered.py" [] (JsonSerializer.Serialize(Array.ofList jobs))

    let problems =
        [ for job in JsonDocument.Parse(answer).RootElement.EnumerateObject() do
              for problem in job.Value.EnumerateArray() -> $"\n- {job.Name}: {problem.GetString()}" ]

    if not problems.IsEmpty then
        failtest $"{jobs.Length} outputs, with problems:{String.Concat problems}"

let private everyMember =
    [ "plain_csr_f32"
      "preserve_everything"
      "columns_of_every_kind"
      "batch_unused_category"
      "index_categorical"
      "index_fixed_length"
      "index_named_and_stale_columns"
      "index_nullable_string"
      "indices_int64_indptr_int32"
      "explicit_zeros"
      "unsorted_indices"
      "layout_dense_chunked"
      "x_csc"
      "x_dense_f64"
      "x_bool"
      "layout_gzip"
      "layout_libver_latest"
      "x_int64"
      "x_uint16" ]

let private exotic number (kind, mayRefuse) =
    test $"subsets of {kind}" {
        use sandbox = new Sandbox()
        // PureHDF does not open all of them, and their counts are those of one file.
        let limits = limits (here "edge/plain_csr_f32/input.h5ad")
        Conformance.exotic sandbox kind |> requireSubsets (Some number) mayRefuse (fun _ -> limits)
    }

let all =
    testList
        "Pipeline conformance"
        [ test "pipeline of edge cases" {
              use sandbox = new Sandbox()

              Conformance.edge
              |> List.except withoutResult
              |> Conformance.named sandbox
              |> Conformance.requireGoodInTurn [ pipeline 26 ]
          }
          testList "pipeline without a result" (List.map refused withoutResult)
          test "pipeline with a trend" {
              use sandbox = new Sandbox()
              [ "plain_csr_f32"; "preserve_everything"; "x_int32" ] |> Conformance.named sandbox |> Conformance.requireGood [ trend ]
          }
          test "pipeline of worm_l2" { Conformance.requireGood [ "pipeline", Recipe.full ] [ require "data/real/worm_l2.h5ad" ] }
          test "subsets of edge cases" {
              use sandbox = new Sandbox()
              everyMember |> Conformance.named sandbox |> requireSubsets None false limits
          }
          test "subsets of a file that keeps distances in uns" {
              requireSubsets None false limits [ require "data/wild/TileDB-SOMA__pbmc-small__842fc1.h5ad" ]
          }
          testList "exotic" (Conformance.kinds |> List.mapi exotic)
          test "subsets of worm_l2" { requireSubsets None false limits [ require "data/real/worm_l2.h5ad" ] } ]
