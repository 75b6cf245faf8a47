/// The same file, bit for bit, whatever the workers, the memory, the storage and the processor.
module internal SingleSharp.Golden.DeterminismGolden

open System
open System.Collections.Concurrent
open System.IO
open System.Security.Cryptography
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private datasets = [ "pbmc3k"; "hsmm_fpkm"; "heart_1k_v2" ]

/// So many cells that their blocks are merged in segments, which no real file of ours has.
let private manyCells =
    lazy
        (let path = lasting.Value.File "many_cells.h5ad"
         NewFile.write path (Gzipped 10000) (Made.tissue 140_000 40)
         path)

let private input dataset =
    if dataset = "many_cells" then manyCells.Value else require $"data/real/{dataset}.h5ad"

/// Every kind of pass: two preliminary ones, sums in scratch files, all columns, new values.
let private thorough =
    { (Recipe.standard
       |> Recipe.add (
           NormalizeTotal.step
               { NormalizeTotal.defaults with
                   TargetSum = TargetSum.MedianOfPositive
                   ExcludeHighlyExpressed = true
                   KeyAdded = Some "factor" }
       )
       |> Recipe.add (Log1p.step { Log1p.defaults with Base = Some 2.0 })) with
        AllowInvalid = true }

/// Everything there is: cells and genes judged, a median, clipped counts, components of what was spilled.
let private everything leastGenes n span =
    (thorough
     |> Recipe.add (
         Filter.step
             { Filter.defaults with
                 MinGenes = Some leastGenes
                 MinCells = Some 3L }
     )
     |> Recipe.add (
         NormalizeTotal.step
             { NormalizeTotal.defaults with
                 TargetSum = TargetSum.MedianOfPositive
                 KeyAdded = Some "factor" }
     )
     |> Recipe.add (
         Hvg.step
             { Hvg.defaults with
                 Flavor = HvgFlavor.SeuratV3
                 NTopGenes = Some n
                 Span = span }
     )
     |> Recipe.add (Pca.step Pca.defaults))

let private fullOf n =
    (Recipe.full |> Recipe.add (Hvg.step { Hvg.defaults with NTopGenes = Some n }))

let private recipes =
    Map
        [ "standard", Recipe.standard
          "thorough", thorough
          "full", Recipe.full
          "full of 500 genes", fullOf 500
          "full of 26 genes", fullOf 26
          "everything", everything 30L 300 0.3
          "everything of few genes", everything 8L 20 1.0 ]

/// Which recipes run on what: those with components on cells of more than one block.
let private runs =
    [ for dataset in datasets do
          dataset, "standard"
          dataset, "thorough"
      "worm_l2", "full"
      "worm_l2", "everything"
      "many_cells", "everything of few genes" ]

let private bytes (path: string) =
    use stream = File.OpenRead path
    Convert.ToHexStringLower(SHA256.HashData stream)

let private gibibyte = 1L <<< 30

let private budgets recipe workers input =
    let least = leastMemory recipe workers input

    match Pipeline.info recipe (settings workers (least - 1L)) (Input.file input) with
    | Error(InsufficientMemory _) -> ()
    | other -> failtest $"a byte less than the smallest budget should be refused: {other}"

    [ least; 256L <<< 20; gibibyte ] |> List.filter (fun memory -> memory >= least)

let private workersTried = [ 1; 2; 3; 8 ]

/// Each number of workers runs with one of the budgets that it may have, and from run to run with another one: all pairs of workers and
/// budget come, and every recipe has all workers and all budgets.
let private anyWorkers number dataset name =
    let input = input dataset
    let recipe = recipes[name]
    use sandbox = new Sandbox()
    let reference = sandbox.File "reference.h5ad"
    ranWith (settings 1 gibibyte) recipe input reference |> ignore
    let sameBytes = bytes reference
    let sameDigest = whole reference

    for at, workers in List.indexed workersTried do
        let budgets = budgets recipe workers input
        let memory = budgets[(number + at) % budgets.Length]
        let output = sandbox.File "output.h5ad"
        ranWith (settings workers memory) recipe input output |> ignore
        let how = $"{workers} workers, {memory} bytes of memory"
        // Equal bytes have equal digests; where the bytes differ the digest says whether it matters.
        if bytes output <> sameBytes then
            Expect.equal (whole output) sameDigest $"the digest with {how}"
            failtest $"the same digest but other bytes with {how}"

let private inPlace dataset name =
    let input = input dataset
    let recipe = recipes[name]
    use sandbox = new Sandbox()
    let output = sandbox.File "output.h5ad"
    ran recipe input output |> ignore
    let copy = sandbox.Copy input
    Pipeline.run recipe Settings.standard (Input.file copy) InPlace |> need |> ignore
    Expect.equal (whole copy) (whole output) "in place and to a new file"

let private elements path =
    (Pipeline.digest Settings.standard path |> need).Elements
    |> Seq.map (fun element -> element.Path, element.Sha256)
    |> List.ofSeq

/// Of the layouts that a file can have, a run takes one in so many, the next run the next ones.
let private anyStorage (number, share) dataset name =
    let input = input dataset
    let recipe = recipes[name]
    use sandbox = new Sandbox()
    let reference = sandbox.File "reference.h5ad"

    // The note has the name of the input, and the inputs have different ones.
    let ran = ranWith withoutNote

    ran recipe input reference |> ignore
    let expected = elements reference

    let layouts =
        (Child.script "layouts.py" [ input; sandbox.Folder; $"{number}"; $"{share}" ] "").Split('\n', StringSplitOptions.RemoveEmptyEntries)

    Expect.isNonEmpty layouts "some layouts"

    for layout in layouts do
        let output = sandbox.File $"output_{layout}"
        ran recipe (sandbox.File layout) output |> ignore

        /// Wider indices are other objects, and nothing else may differ.
        let comparable =
            List.filter (fun (path, _) -> not (layout.Contains "int64" && (path = "X/indices" || path = "X/indptr")))

        Expect.sequenceEqual (comparable (elements output)) (comparable expected) layout
        File.Delete output
        File.Delete(sandbox.File layout)

/// .NET 10 has no switches of its own for FMA, which goes with AVX2, and for AVX512F, which goes with AVX512.
let private switches =
    [ "EnableHWIntrinsic"; "EnableAVX2"; "EnableAVX512"; "TieredCompilation" ]

/// What a child does for us: run a recipe on each input and print the digest of its output.
let digestOf name (inputs: string list) =
    use sandbox = new Sandbox()

    for number, input in List.indexed inputs do
        let output = sandbox.File $"{number}.h5ad"
        ran recipes[name] input output |> ignore
        Console.Out.WriteLine(whole output)

let private edge = List.map (fun case -> here $"edge/{case}/input.h5ad")

/// Empty cells and genes, NaN, infinities and negative values: which NaN comes out of them is up to the processor. Fractions are rounded
/// with every switch, and the two data sets of counts, whose sums are exact, take turns.
let private manyInputs number =
    let counted = [ "pbmc3k"; "heart_1k_v2" ]

    [ "thorough",
      List.map input [ "hsmm_fpkm"; counted[number % counted.Length] ]
      @ edge [ "empty_cell"; "nan_sparse"; "inf_sparse"; "negative_values" ]
      "everything", [ input "worm_l2" ]
      "full of 500 genes", [ input "worm_l2" ]
      "full of 26 genes", edge [ "empty_cell"; "empty_gene"; "single_gene_bin"; "n_top_too_large" ] ]

/// What comes out in this process, computed once for all switches.
let private ownDigests = ConcurrentDictionary<string * string, Lazy<string>>()

let private ownDigest name input =
    let compute (name, input) =
        lazy
            (use sandbox = new Sandbox()
             let output = sandbox.File "output.h5ad"
             ran recipes[name] input output |> ignore
             whole output)

    ownDigests.GetOrAdd((name, input), compute).Value

let private anyProcessor number switch =
    for name, inputs in manyInputs number do
        let digests =
            Child.self ("--digest-of" :: name :: inputs) [ $"DOTNET_{switch}", "0" ]

        Expect.sequenceEqual digests (List.map (ownDigest name) inputs) $"{name} of {inputs}: digests with DOTNET_{switch}=0"

let all =
    testList
        "Determinism"
        [ for number, (dataset, name) in List.indexed runs do
              test $"{dataset}, {name}: any workers and memory" { anyWorkers number dataset name }
              test $"{dataset}, {name}: in place" { inPlace dataset name }
          for number, dataset in List.indexed datasets do
              test $"{dataset}, standard: storage {number + 1} of {datasets.Length}" {
                  anyStorage (number, datasets.Length) dataset "standard"
              }
          test "worm_l2, everything: any storage" { anyStorage (0, 1) "worm_l2" "everything" }
          for number, switch in List.indexed switches do
              test $"any processor: DOTNET_{switch}=0" { anyProcessor number switch } ]
