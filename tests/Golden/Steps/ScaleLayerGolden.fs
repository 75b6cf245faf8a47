/// The dense layer of scale, against scanpy's dense X and against its definition where cells are masked.
module internal SingleSharp.Golden.ScaleLayerGolden

open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Tolerance
open SingleSharp.Golden.Expected
open SingleSharp.Golden.ScaleGolden
open SingleSharp.Answers

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

                  ranWith (settings workers memory) recipe input output |> ignore
                  isAsValid input output
                  whole output ]

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

let tests =
    testList
        "Scale layers"
        [ layer "pbmc3k" variants[2]
          layer "worm_l2" variants[0]
          determinism
          masked
          besideX ]
