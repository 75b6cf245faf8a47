/// Principal components against the dense textbook computation.
module internal SingleSharp.Properties.PcaLaws

open System
open System.Security.Cryptography
open Expecto
open MathNet.Numerics.LinearAlgebra
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Writing
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

let private centred =
    { Pca.defaults with
        NComps = None
        ZeroCenter = true }

let private uncentred =
    { Pca.defaults with
        NComps = None
        ZeroCenter = false }

/// Counts as PCA meets them: logarithms in float32, genes in ascending order. So few genes that the textbook is not slow.
let private logs (matrix: Rows) =
    let size = min 40 matrix.Genes

    { Genes = size
      Rows =
        matrix.Rows
        |> List.map (List.filter (fun (gene, _) -> gene < size) >> List.map (fun (gene, value) -> gene, logged value) >> List.sortBy fst) }

let private components options size rows =
    Components.components options string (GramLaws.gram size rows)

/// Is there anything to find? A stored zero is no difference.
let private varies (matrix: Rows) =
    let stored = matrix.Rows |> List.map (List.filter (fun (_, value) -> value <> 0.0))
    matrix.Genes > 1 && stored |> List.exists (fun row -> row <> stored.Head)

/// Holds for matrices of which some gene varies, as logarithms.
let private lawOfLogs times name (property: int -> (int * float) list list -> bool) =
    Law.holdsFor times name (fun (CountRows matrix) ->
        let matrix = logs matrix
        not (varies matrix) || property matrix.Genes matrix.Rows)

let private dense size (rows: (int * float) list list) =
    let x = Matrix<float>.Build.Dense(rows.Length, size)
    rows |> List.iteri (fun i row -> row |> List.iter (fun (gene, value) -> x[i, gene] <- value))
    x

let private means (x: Matrix<float>) = x.ColumnSums() / float x.RowCount

let private without (means: Vector<float>) (x: Matrix<float>) =
    x.MapIndexed(fun _ gene value -> value - means[gene])

/// Eigenvalues and eigenvectors of a symmetric matrix, the largest first.
let private eigen (matrix: Matrix<float>) =
    let evd = matrix.Evd Symmetricity.Symmetric
    let last = matrix.RowCount - 1

    Array.init matrix.RowCount (fun i -> evd.EigenValues[last - i].Real),
    Array.init matrix.RowCount (fun i -> evd.EigenVectors.Column(last - i))

let private vector (components: Components) k =
    Vector<float>.Build.Dense(components.Means.Length, fun gene -> components.Loadings[gene * components.Count + k])

/// (x − μ) V in float64.
let private projected size rows (components: Components) =
    let loadings =
        Matrix<float>.Build.Dense(size, components.Count, fun gene k -> components.Loadings[gene * components.Count + k])

    without (Vector<float>.Build.DenseOfArray components.Means) (dense size rows) * loadings

let private covariance denominator (scores: Matrix<float>) =
    let centred = without (means scores) scores
    centred.TransposeThisAndMultiply centred / denominator

let private near tolerance (left: float) (right: float) = abs (left - right) <= tolerance

/// Are the first of these eigenvalues far enough from their neighbours for their vectors to be defined?
let private isSeparated (values: float[]) k =
    let gap other =
        other < 0 || other >= values.Length || abs (values[other] - values[k]) > 1e-3 * values[0]

    gap (k - 1) && gap (k + 1)

/// Values within 10⁻¹⁰ of the largest, vectors of separated values the same but for their sign.
let private agrees (values: float[], vectors: Vector<float>[]) (found: float[]) (components: Components) =
    List.forall
        (fun k ->
            near (1e-10 * abs values[0]) found[k] values[k]
            && (not (isSeparated values k) || abs (vectors[k] * vector components k) >= 1.0 - 1e-12))
        [ 0 .. components.Count - 1 ]

let private scoresOf (components: Components) (rowBatches: RowBatch list) =
    let scores = Components.scores components

    let target =
        Array.zeroCreate (scores.Count * List.sumBy (fun (rowBatch: RowBatch) -> rowBatch.Cells) rowBatches)

    let compute = scores.Start()
    let mutable row = 0

    for rowBatch in rowBatches do
        compute rowBatch target row
        row <- row + rowBatch.Cells

    target

/// Made-up components, since a projection does not care what it projects on.
let private arbitrary genes count seed : Components =
    let random = Random(seed: int)

    let numbers count =
        Array.init count (fun _ -> random.NextDouble() - 0.5)

    { Count = count
      Loadings = numbers (genes * count)
      Means = numbers genes
      Variances = numbers count
      Ratios = numbers count
      TotalVariance = 1.0 }

let private bits (values: float32[]) =
    values |> Array.map BitConverter.SingleToInt32Bits

let tests =
    testList
        "Pca"
        [ lawOfLogs 300 "components: scores have mean 0, are uncorrelated, and vary as they are said to" (fun size rows ->
              let found = components centred size rows
              let scores = projected size rows found
              let tolerance = 1e-9 * found.Variances[0]
              let covariances = covariance (float (rows.Length - 1)) scores

              (means scores).ForAll(fun mean -> near (1e-9 * sqrt found.Variances[0]) mean 0.0)
              && List.allPairs [ 0 .. found.Count - 1 ] [ 0 .. found.Count - 1 ]
                 |> List.forall (fun (k, l) -> near tolerance covariances[k, l] (if k = l then found.Variances[k] else 0.0)))

          lawOfLogs 300 "components: they are the eigenvectors of the covariance matrix" (fun size rows ->
              let found = components centred size rows
              agrees (eigen (covariance (float (rows.Length - 1)) (dense size rows))) found.Variances found)

          lawOfLogs 300 "components: without centring they are those of a truncated SVD" (fun size rows ->
              let found = components uncentred size rows
              let x = dense size rows
              let values, vectors = eigen (x.TransposeThisAndMultiply x)
              let n = float rows.Length

              // Each component's own variance is compared with that of its scores, because a basis of equal values is any basis.
              let squares =
                  found.Variances |> Array.mapi (fun k variance -> n * (variance + pown (means x * vector found k) 2))

              agrees (values, vectors) squares found
              && (let covariances = covariance n (projected size rows found)

                  List.forall (fun k -> near (1e-10 * values[0] / n) found.Variances[k] covariances[k, k]) [ 0 .. found.Count - 1 ]))

          lawOfLogs 300 "variances fall, and add up to no more than all genes' variances" (fun size rows ->
              let found = components centred size rows
              let x = dense size rows
              let total = (covariance (float (rows.Length - 1)) x).Trace()
              let population = (covariance (float rows.Length) x).Trace()
              let bare = components uncentred size rows

              near (1e-10 * total) found.TotalVariance total
              && near (1e-10 * total) bare.TotalVariance population
              && Array.sum found.Variances <= total * (1.0 + 1e-10)
              && Array.sum bare.Variances <= population * (1.0 + 1e-10)
              && Array.forall (fun variance -> variance >= 0.0) (Array.append found.Variances bare.Variances)
              && Array.pairwise found.Variances |> Array.forall (fun (left, right) -> left >= right)
              && found.Ratios = Array.map (fun variance -> min 1.0 (variance / found.TotalVariance)) found.Variances)

          lawOfLogs 300 "the largest loading of each component is positive, of equal ones the first" (fun size rows ->
              [ centred; uncentred ]
              |> List.forall (fun options ->
                  let found = components options size rows

                  List.forall
                      (fun k ->
                          let loadings = vector found k
                          loadings[loadings.AbsoluteMaximumIndex()] > 0.0)
                      [ 0 .. found.Count - 1 ]))

          test "of two loadings that are equal but for their sign, the first is positive" {
              // Rounding breaks most ties, so many are tried.
              let ties =
                  [ for i in 1..100 do
                        let found =
                            components { centred with NComps = Some 1 } 2 [ []; [ 0, float i; 1, -(float i) ]; [ 0, 1.0; 1, -1.0 ] ]

                        if abs found.Loadings[0] = abs found.Loadings[1] then
                            found.Loadings ]

              Expect.all ties (fun loadings -> loadings[0] > 0.0 && loadings[1] < 0.0) "the first is positive"
          }

          Law.holds "scores" (fun (CutRows segments) (seed: int) (wide: bool) ->
              let rowBatches = segments |> List.concat |> List.concat
              let rows = rowsOf rowBatches
              let genes = 1 + (rows |> List.concat |> List.map fst |> List.fold max 0)
              let components = arbitrary genes (if wide then 50 else 7) seed
              bits (scoresOf components rowBatches) = bits (scoresOf components [ RowBatches.ofRows 0L 0L rows ]))

          Law.holds
              "scores are sums in stored order less one number per component, rounded once"
              (fun (WildRows matrix) (seed: int) (count: byte) ->
                  let count = 1 + int count % 60
                  let components = arbitrary matrix.Genes count seed

                  let sum k (terms: (int * float) seq) =
                      Seq.fold (fun total (gene, value) -> total + value * components.Loadings[gene * count + k]) 0.0 terms

                  let wanted =
                      [| for row in matrix.Rows do
                             for k in 0 .. count - 1 -> Precision.toFloat32 (sum k row - sum k (Seq.indexed components.Means)) |]

                  bits (scoresOf components [ RowBatches.ofRows 0L 0L matrix.Rows ]) = bits wanted)

          test "how many components" {
              for comps, cells, genes, wanted in
                  [ None, 1000L, 2000, 50
                    None, 51L, 2000, 50
                    None, 50L, 2000, 49
                    None, 10_000_000_000L, 26, 25
                    None, 2L, 2, 1
                    Some 1, 2L, 2, 1
                    Some 29, 30L, 60, 29
                    Some 70, 5000L, 2000, 70 ] do
                  Expect.equal (Components.count { centred with NComps = comps } cells genes) wanted $"{comps} of {cells} × {genes}"

              for comps, cells, genes, said in
                  [ Some 30, 30L, 60, "30 components are wanted of 30 cells and 60 genes; ask for 1 to 29"
                    Some 31, 60L, 30, "31 components"
                    Some 0, 30L, 60, "0 components"
                    Some -1, 30L, 60, "-1 components"
                    None, 1L, 60, "two genes, and there are 1 and 60"
                    Some 1, 60L, 1, "there are 60 and 1"
                    None, 0L, 60, "there are 0 and 60"
                    None, 60L, 0, "there are 60 and 0" ] do
                  GenFiles.isFault said (fun () -> Components.count { centred with NComps = comps } cells genes)
          }

          test "what has no components is refused with its reason" {
              for options in [ centred; uncentred ] do
                  let refuses said rows =
                      GenFiles.isFault said (fun () -> components options 3 rows)

                  for value in [ nan; infinity; -infinity; 1e200 ] do
                      refuses "gene 1 has a value" [ [ 0, 1.0 ]; [ 1, value ]; [ 2, 1.0 ] ]

                  refuses "the total variance of" [ []; []; [] ]
                  refuses "the total variance of" (List.replicate 4 [ 0, 0.5; 2, 2.0 ])
                  refuses "it takes at least two cells" [ [ 0, 1.0; 1, 2.0 ] ]
          }

          test "values from one end of float32 to the other" {
              for scale in [ 1e-30; 1e38 ] do
                  let rows =
                      [ for i in 1..9 -> [ 0, scale * float i; 1, scale * float (i % 4); 2, scale * float (i % 3) ] ]

                  let plain =
                      [ for row in rows -> row |> List.map (fun (gene, value) -> gene, value / scale) ]

                  let found, wanted = components centred 3 rows, components centred 3 plain
                  Expect.floatClose Accuracy.veryHigh (found.Variances[0] / scale / scale) wanted.Variances[0] $"{scale}"
                  Expect.floatClose Accuracy.veryHigh found.Ratios[1] wanted.Ratios[1] $"{scale}"
          }

          test "its bits are the same on every machine" {
              for options, wanted in
                  [ centred, "957d58d4762f2c6551614cab979044aeb2434b8d579a9ab17546b65abb63e453"
                    uncentred, "7ab32be0f43d176ff469a522172504a353283ac7591dcbe95c1e3b003dd57fca" ] do
                  let rows = GramLaws.fixedRows 90 31 40
                  let found = components { options with NComps = Some 7 } 31 rows

                  let scores =
                      scoresOf found [ RowBatches.ofRows 0L 0L rows ] |> Array.collect BitConverter.GetBytes

                  let all =
                      Array.concat
                          [ GramLaws.bits found.Loadings
                            GramLaws.bits found.Variances
                            GramLaws.bits found.Ratios
                            scores ]

                  Expect.equal (Convert.ToHexStringLower(SHA256.HashData all)) wanted $"%A{options}"
          } ]
