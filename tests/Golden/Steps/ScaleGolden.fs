/// scale, and principal components of scaled genes, against scanpy and against float64 throughout (../shared/golden/scale).
module internal SingleSharp.Golden.ScaleGolden

open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Tolerance
open SingleSharp.Golden.Expected
open SingleSharp.Answers

let private variants =
    [ "centred", Scale.defaults
      "centred_max10",
      { Scale.defaults with
          MaxValue = Some 10.0 }
      "centred_max1",
      { Scale.defaults with
          MaxValue = Some 1.0 }
      "uncentred",
      { Scale.defaults with
          ZeroCenter = false }
      "uncentred_max3",
      { Scale.defaults with
          ZeroCenter = false
          MaxValue = Some 3.0 } ]

let private recipe options =
    Recipe.full |> Recipe.add (Scale.step options) |> Recipe.add (Pca.step { Pca.defaults with NComps = Some 30 })


let private numbers (results: Results) name = (results.Numbers name).Values

/// Logged values are 2 units of float32 from scanpy's, from which mean and deviation follow.
let private ofGenes = Relative 3e-7

/// What scaled values of float32 are from scanpy's, which stores them in float32 where they are not centred.
let private ofValues = Scaled 3e-6

/// Values of X of some genes in one row; zero where none is stored.
let private row (results: Results) genes cell =
    let pointers = numbers results "X/indptr"
    let indices = numbers results "X/indices"
    let data = numbers results "X/data"
    let places = genes |> Array.mapi (fun place gene -> gene, place) |> dict
    let values: float[] = Array.zeroCreate (Array.length genes)

    for i in int pointers[cell] .. int pointers[cell + 1] - 1 do
        match places.TryGetValue indices[i] with
        | true, place -> values[place] <- data[i]
        | _ -> ()

    values

let private agreement dataset (name, options: ScaleOptions) =
    test $"{dataset}, {name}" {
        use sandbox = new Sandbox()
        let output = sandbox.File "scaled.h5ad"
        let report = ran (recipe options) (RealFiles.input dataset) output
        use ours = new Results(output)
        use theirs = new Results(require $"golden/scale/{dataset}.h5")
        let genes = numbers theirs "genes"
        let cells = numbers theirs "cells"
        let expected part = numbers theirs $"{name}/{part}"

        let chosen (values: float[]) =
            genes |> Array.map (fun gene -> values[int gene])

        Expect.equal (Seq.toList report.Steps) [ "qc"; "normalize_total"; "log1p"; "hvg"; "scale"; "pca" ] "the steps"
        Expect.equal report.Reads (if options.ZeroCenter then 2 else 3) "centring costs no read"
        Expect.isEmpty report.LayerKeys "no layer"
        values "mean" ofGenes (numbers ours "var/mean" |> chosen) (expected "ref_mean")
        values "std" ofGenes (numbers ours "var/std" |> chosen) (expected "ref_std")
        values "std of scanpy" (Relative 4e-7) (numbers ours "var/std" |> chosen) (expected "std")
        values "variance" (Relative 1e-7) (numbers ours "uns/pca/variance") (expected "ref_variance")
        values "variance of scanpy" (Relative 3e-6) (numbers ours "uns/pca/variance") (expected "scanpy_variance")

        let total = (expected "ref_total_variance")[0]

        values
            "variance_ratio"
            (Relative 1e-7)
            (numbers ours "uns/pca/variance_ratio")
            (expected "ref_variance" |> Array.map (fun variance -> variance / total))

        let loadings = numbers ours "varm/PCs"

        values
            "PCs"
            (Absolute 1e-6)
            (genes |> Array.collect (fun gene -> loadings[30 * int gene .. 30 * int gene + 29]))
            (expected "ref_PCs")

        let scores = numbers ours "obsm/X_pca"

        values
            "scores"
            (Absolute 1e-4)
            (cells |> Array.collect (fun cell -> scores[30 * int cell .. 30 * int cell + 29]))
            (expected "ref_scores_of_cells")

        if not options.ZeroCenter then
            Expect.equal report.TypeAfter "float32" "float32 stays float32"
            let ofCells = expected "X_of_cells"

            for i in 0..4 do
                values
                    $"X of cell {cells[i]}"
                    ofValues
                    (row ours genes (int cells[i]))
                    ofCells[i * genes.Length .. (i + 1) * genes.Length - 1]
        else
            // X is what it is without the step.
            let plain = sandbox.File "plain.h5ad"
            ran (recipe options |> Recipe.without "scale") (RealFiles.input dataset) plain |> ignore
            use plain = new Results(plain)
            Expect.equal (numbers ours "X/data") (numbers plain "X/data") "X is not scaled"

            Expect.notEqual
                (numbers ours "uns/pca/variance")
                (numbers plain "uns/pca/variance")
                "but its components are those of scaled genes"
    }

/// All values of some genes in one row of a dense layer.
let private denseRow (results: Results) name genes width cell =
    let values = numbers results $"layers/{name}"
    genes |> Array.map (fun gene -> values[cell * width + int gene])

let private layer dataset (name, options: ScaleOptions) =
    test $"{dataset}, {name}" {
        use sandbox = new Sandbox()
        let output = sandbox.File "scaled.h5ad"

        let options =
            { options with
                DenseLayer = Some "scaled" }

        let report = ran (recipe options) (RealFiles.input dataset) output
        Expect.sequenceEqual report.LayerKeys [ "scaled" ] "the layer"
        Expect.equal report.Reads 3 "one more read"
        use ours = new Results(output)
        use theirs = new Results(require $"golden/scale/{dataset}.h5")
        let genes = numbers theirs "genes"
        let cells = numbers theirs "cells"
        let expected = numbers theirs $"{name}/X_of_cells"

        for i in 0 .. cells.Length - 1 do
            values
                $"cell {cells[i]}"
                ofValues
                (denseRow ours "scaled" genes report.Genes (int cells[i]))
                expected[i * genes.Length .. (i + 1) * genes.Length - 1]

        // The layer changes nothing else.
        let plain = sandbox.File "plain.h5ad"
        ran (recipe { options with DenseLayer = None }) (RealFiles.input dataset) plain |> ignore
        use plain = new Results(plain)

        for part in [ "X/data"; "uns/pca/variance"; "obsm/X_pca"; "var/std" ] do
            Expect.equal (numbers ours part) (numbers plain part) part
    }

let private errors path =
    match Pipeline.verify Settings.standard path with
    | Ok verification -> verification.Findings |> Seq.filter (fun finding -> finding.Severity = Severity.Error) |> Set.ofSeq
    | Error fault -> failtest (Fault.sentence fault)

/// No error is found that the input does not have.
let private isAsValid input output =
    Expect.isEmpty (errors output - errors input) output

/// The same bits for any workers and memory, with a filter and batches beside it.
let private determinism =
    test "the same bits for any workers and memory" {
        use sandbox = new Sandbox()
        let input = RealFiles.input "pbmc3k"

        let recipe =
            recipe
                { Scale.defaults with
                    MaxValue = Some 2.0
                    DenseLayer = Some "scaled" }
            |> Recipe.add (
                Filter.step
                    { Filter.defaults with
                        MinGenes = Some 300L
                        MinCells = Some 5L }
            )

        let digests =
            [ for workers, memory in [ 1, 64L <<< 20; 2, 256L <<< 20; 3, 1L <<< 30 ] do
                  let output = sandbox.File $"{workers}.h5ad"

                  match
                      Pipeline.run
                          recipe
                          { Settings.standard with
                              Workers = workers
                              Memory = memory }
                          (Input.file input)
                          (NewFile output)
                  with
                  | Ok _ ->
                      isAsValid input output
                      whole output
                  | Error fault -> failtest (Fault.sentence fault) ]

        Expect.equal (List.distinct digests).Length 1 "digests"
    }

/// X of a small file, zeros included.
let private everyValue (results: Results) genes =
    let rows = (numbers results "X/indptr").Length - 1
    Array.init rows (fun cell -> row results (Array.init genes float) cell)

/// A mask with centring: cells of the mask are scaled, the others are in the layer as they are.
let private masked =
    test "the layer of a mask" {
        use sandbox = new Sandbox()
        let input = here "edge/columns_of_every_kind/input.h5ad"
        let output = sandbox.File "scaled.h5ad"

        let options =
            { Scale.defaults with
                MaxValue = Some 1.0
                MaskObs = Some "bool"
                DenseLayer = Some "scaled" }

        let report = ran (Recipe.ofSteps [ Scale.step options ]) input output
        isAsValid input output
        use ours = new Results(output)
        let x = everyValue ours report.Genes
        let mask = numbers ours "obs/bool" |> Array.map ((<>) 0.0)

        let among =
            x |> Array.indexed |> Array.filter (fun (cell, _) -> mask[cell]) |> Array.map snd

        let count = float among.Length
        Expect.isTrue (count > 1.0 && among.Length < x.Length) "cells inside and outside"

        let moments =
            [| for gene in 0 .. report.Genes - 1 do
                   let values = among |> Array.map (fun row -> row[gene])
                   let mean = Array.average values

                   let variance =
                       (values |> Array.sumBy (fun value -> (value - mean) ** 2.0)) / (count - 1.0)

                   mean, (if variance > 0.0 then sqrt variance else 1.0) |]

        values "mean" (Relative 1e-12) (numbers ours "var/mean of bool") (Array.map fst moments)
        values "std" (Relative 1e-9) (numbers ours "var/std of bool") (Array.map snd moments)

        values
            "the layer"
            ofValues
            (numbers ours "layers/scaled")
            [| for cell in 0 .. x.Length - 1 do
                   for gene in 0 .. report.Genes - 1 do
                       let mean, deviation = moments[gene]
                       if mask[cell] then max -1.0 (min 1.0 ((x[cell][gene] - mean) / deviation)) else x[cell][gene] |]
    }

/// A layer that is X and is written anew, beside one that is new.
let private besideX =
    test "the layer of a layer" {
        use sandbox = new Sandbox()
        let input = here "edge/preserve_everything/input.h5ad"

        let recipe layer =
            { Recipe.standard with
                Matrix = MatrixName.Layer "counts" }
            |> Recipe.add (
                Scale.step
                    { Scale.defaults with
                        DenseLayer = layer }
            )

        let plain, output = sandbox.File "plain.h5ad", sandbox.File "scaled.h5ad"
        ran (recipe None) input plain |> ignore
        let report = ran (recipe (Some "scaled")) input output
        isAsValid input output
        use plain = new Results(plain)
        use ours = new Results(output)
        Expect.equal (ours.Shape "layers/scaled") [ int report.Cells; report.Genes ] "its shape"

        for part in
            [ "layers/counts/data"
              "layers/csc/data"
              "layers/dense"
              "X/data"
              "obsm/X_umap" ] do
            Expect.equal (numbers ours part) (numbers plain part) part

        let scaled = numbers ours "layers/scaled"

        for gene in 0 .. report.Genes - 1 do
            let column =
                Array.init (int report.Cells) (fun cell -> scaled[cell * report.Genes + gene])

            Expect.floatClose Accuracy.low (1.0 + Array.average column) 1.0 $"gene {gene} has the mean 0"

        match Pipeline.run (recipe (Some "scaled")) Settings.standard (Input.file output) (NewFile(sandbox.File "again.h5ad")) with
        | Error fault -> Expect.stringContains (Fault.sentence fault) "there is a layer called scaled already" "it is not overwritten"
        | Ok _ -> failtest "the layer is there already"
    }

/// Refusals, each with the option that it is about.
let private refusals =
    [ for what, options, part in
          [ "a limit that is not positive",
            { Scale.defaults with
                MaxValue = Some 0.0 },
            "max_value: it must be a positive number"
            "a mask with centring",
            { Scale.defaults with
                MaskObs = Some "is_good" },
            "zero_center=False"
            "a layer without centring",
            { Scale.defaults with
                ZeroCenter = false
                DenseLayer = Some "scaled" },
            "X itself is scaled" ] do
          test what {
              match Pipeline.check (Recipe.ofSteps [ Scale.step options; Pca.step Pca.defaults ]) with
              | [ fault ] -> Expect.stringContains (Fault.sentence fault) part "the sentence"
              | faults -> failtest $"{faults}"
          } ]

let tests: Test =
    testList
        "Scale"
        [ testList
              "files"
              (List.allPairs [ "pbmc3k"; "heart_1k_v2"; "worm_l2" ] variants |> List.map (fun (set, variant) -> agreement set variant))
          testList "layers" [ layer "pbmc3k" variants[2]; layer "worm_l2" variants[0] ]
          determinism
          masked
          besideX
          testList "refusals" refusals ]
