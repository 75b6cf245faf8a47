/// Principal components against the textbook: a dense covariance matrix of the very values that were stored.
module internal SingleSharp.Golden.DenseGolden

open Expecto
open MathNet.Numerics.LinearAlgebra
open SingleSharp.Core
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Shared

/// So few genes that the textbook is not slow.
let private genes = 300

let private comps = 40

/// Components whose variance is this close to another's, as a share of it, have no direction of their own.
let private leastGap = 1e-4

/// A float32 differs from the number that it stands for by no more than this share.
let private halfUlp = 1.0 / 16777216.0

/// X of the chosen genes, cells × genes.
let private dense (file: Results) =
    let mask = (file.Numbers "var/highly_variable").Values
    let place = mask |> Array.scan (fun count chosen -> count + int chosen) 0
    let stored = Matrices.read file "X"
    let x = Matrix<float>.Build.Dense(stored.Cells, Array.last place)

    for cell in 0 .. stored.Cells - 1 do
        for i in stored.Offsets[cell] .. stored.Offsets[cell + 1] - 1 do
            if mask[stored.Indices[i]] <> 0.0 then
                x[cell, place[stored.Indices[i]]] <- stored.Values[i]

    x

let private centred (x: Matrix<float>) =
    let means = x.ColumnSums() / float x.RowCount
    x.MapIndexed(fun _ gene value -> value - means[gene])

/// Eigenvalues and eigenvectors of a symmetric matrix, the largest first.
let private eigen (matrix: Matrix<float>) =
    let evd = matrix.Evd Symmetricity.Symmetric
    let last = matrix.RowCount - 1
    Array.init matrix.RowCount (fun i -> evd.EigenValues[last - i].Real), (fun k -> evd.EigenVectors.Column(last - k))

let private variance (scores: Vector<float>) =
    let deviations = scores - scores.Sum() / float scores.Count
    deviations * deviations / float scores.Count

let private read (file: Results) place =
    let shape = file.Shape place
    Matrix<float>.Build.DenseOfRowMajor(shape[0], shape[1], (file.Numbers place).Values)

/// The rows of varm/PCs that are not zero throughout.
let private loadings (file: Results) =
    let mask = (file.Numbers "var/highly_variable").Values
    let all = read file "varm/PCs"
    Matrix<float>.Build.DenseOfRowVectors(mask |> Seq.indexed |> Seq.filter (fun (_, chosen) -> chosen <> 0.0) |> Seq.map (fst >> all.Row))

let private isSeparated (values: float[]) k =
    [ k - 1; k + 1 ] |> List.forall (fun other -> other < 0 || abs (values[other] - values[k]) > leastGap * values[k])

let private close what share (ours: float) (theirs: float) =
    Expect.isLessThanOrEqual (abs (ours - theirs)) (share * abs theirs) $"{what}: {ours} and {theirs}"

/// Runs the pipeline on a real file and the textbook on the X that it wrote.
let private agrees zeroCenter dataset =
    use sandbox = new Sandbox()
    let output = sandbox.File "output.h5ad"

    let recipe =
        (Recipe.full
         |> Recipe.add (
             Hvg.step
                 { Hvg.defaults with
                     NTopGenes = Some genes }
         )
         |> Recipe.add (
             Pca.step
                 { Pca.defaults with
                     NComps = Some comps
                     ZeroCenter = zeroCenter }
         ))

    SingleSharp.Answers.ran recipe (RealFiles.input dataset) output |> ignore
    use file = new Results(output)
    let x = dense file
    let seen = if zeroCenter then centred x else x
    let values, vector = eigen (seen.TransposeThisAndMultiply seen)
    let others = float (x.RowCount - 1)
    let ours = loadings file
    let scores = read file "obsm/X_pca"
    let variances = (file.Numbers "uns/pca/variance").Values
    let ratios = (file.Numbers "uns/pca/variance_ratio").Values
    let totals = [ for gene in 0 .. x.ColumnCount - 1 -> variance (x.Column gene) ]
    let total = List.sum totals

    for k in 0 .. comps - 1 do
        let expected = if zeroCenter then values[k] / others else variance (seen * vector k)
        close $"variance {k + 1}" 1e-10 variances[k] expected
        close $"variance ratio {k + 1}" 1e-10 ratios[k] (if zeroCenter then values[k] / float x.RowCount / total else expected / total)

        if isSeparated values k then
            let cos = abs (ours.Column k * vector k)
            Expect.isGreaterThanOrEqual cos (1.0 - 1e-12) $"component {k + 1}: the cosine"

        // What rounding to float32 takes is a share of the score; what comes before it is a share of the largest of them.
        let exact = seen * ours.Column k
        let largest = exact.AbsoluteMaximum()

        for cell in 0 .. x.RowCount - 1 do
            let slack = halfUlp * abs exact[cell] + 1e-12 * largest
            Expect.isLessThanOrEqual (abs (scores[cell, k] - exact[cell])) slack $"the score of cell {cell} in component {k + 1}"

let all =
    testList
        "Dense"
        [ for dataset in [ "pbmc3k"; "hsmm_fpkm" ] do
              test $"{dataset}, centred" { agrees true dataset }
          test "pbmc3k, not centred" { agrees false "pbmc3k" } ]
