/// scale, and principal components of scaled genes, against scanpy and against float64 throughout (../shared/golden/scale).
module internal SingleSharp.Golden.ScaleGolden

open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Tolerance
open SingleSharp.Golden.Expected
open SingleSharp.Answers

let variants =
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

let recipe options =
    Recipe.full |> Recipe.add (Scale.step options) |> Recipe.add (Pca.step { Pca.defaults with NComps = Some 30 })


let numbers (results: Results) name = (results.Numbers name).Values

/// Logged values are 2 units of float32 from scanpy's, from which mean and deviation follow.
let private ofGenes = Relative 3e-7

/// What scaled values of float32 are from scanpy's, which stores them in float32 where they are not centred.
let ofValues = Scaled 3e-6

/// Values of X of some genes in one row; zero where none is stored.
let row (results: Results) genes cell =
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
          testList "refusals" refusals ]
