/// Means and deviations are those of their definition, and scaled values follow from them, zeros included.
module internal SingleSharp.Properties.GeneSpreadLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

/// The row batch of all rows as scale sees it, which changes what the steps before it have made.
let private scalable (matrix: Rows) =
    let rowBatch = RowBatches.ofRows 0L 0L matrix.Rows
    Array.Copy(rowBatch.Values, rowBatch.Output, rowBatch.Count)
    rowBatch

let private spreadOf (matrix: Rows) =
    Fold.run (Moments.perGene matrix.Genes 1 Precision.Double Quantity.Written) [ scalable matrix ] |> GeneSpread.ofMoments

/// Every second cell, from the first one on or from the second.
let private mask (matrix: Rows) isOdd =
    let mask = RowMask(int64 matrix.Rows.Length)

    for cell in 0 .. matrix.Rows.Length - 1 do
        mask.Add((cell % 2 = 1) = isOdd)

    mask

let private clip least most value =
    if value > most then most
    elif value < least then least
    else value

/// Values as they are scaled, by gene, in stored order, where this changes them.
let private scaled (matrix: Rows) (mask: RowMask option) (change: RowBatch -> unit) (expected: int -> float -> float) =
    let rowBatch = scalable matrix
    change rowBatch

    matrix.Rows
    |> List.mapi (fun cell row ->
        let isScaled = mask |> Option.forall (fun mask -> mask.Has(int64 cell))
        row |> List.map (fun (gene, value) -> if isScaled then expected gene value else value))
    |> List.concat
    |> List.forall2 sameBits (List.ofArray rowBatch.Output[.. rowBatch.Count - 1])

let private mostOf (limit: byte) =
    if limit % 4uy = 0uy then infinity else float limit / 40.0

let tests =
    testList
        "GeneSpread"
        [ Law.holds "means and deviations are those of the definition" (fun (CountRows matrix) ->
              let spread = spreadOf matrix
              let n = float matrix.Rows.Length

              matrix.Rows.Length < 2
              || List.forall
                  (fun gene ->
                      let values =
                          matrix.Rows |> List.map (List.tryFind (fst >> (=) gene) >> Option.map snd >> Option.defaultValue 0.0)

                      let mean = List.sum values / n

                      let deviation =
                          sqrt ((values |> List.sumBy (fun value -> (value - mean) * (value - mean))) / (n - 1.0))

                      let near left right =
                          abs (left - right) <= 1e-9 * (1.0 + List.max values)

                      near spread.Means[gene] mean
                      && (if List.distinct values |> List.length = 1 then
                              spread.Deviations[gene] = 1.0
                          else
                              near spread.Deviations[gene] deviation))
                  [ 0 .. matrix.Genes - 1 ])

          test "a gene that does not vary is divided by 1" {
              let constant =
                  spreadOf
                      { Genes = 2
                        Rows = List.replicate 3 [ 0, 3.0 ] }

              Expect.equal (constant.Means, constant.Deviations) ([| 3.0; 0.0 |], [| 1.0; 1.0 |]) "means and deviations"
          }

          Law.holds "dividing" (fun (CountRows matrix) (limit: byte) (isOdd: bool) (isMasked: bool) (isSingle: bool) ->
              let spread = spreadOf matrix
              let mask = if isMasked then Some(mask matrix isOdd) else None
              let precision = if isSingle then Precision.Single else Precision.Double

              scaled matrix mask (GeneSpread.dividing precision mask (mostOf limit) spread ()) (fun gene value ->
                  Precision.round precision (clip -infinity (mostOf limit) (value / spread.Deviations[gene]))))

          Law.holds "centring leaves zeros as they are, and is z(x) − z(0) elsewhere" (fun (CountRows matrix) (limit: byte) ->
              let spread = spreadOf matrix
              let most = mostOf limit

              let z gene value =
                  clip -most most ((value - spread.Means[gene]) / spread.Deviations[gene])

              scaled matrix None (GeneSpread.centring most spread ()) (fun gene value -> z gene value - z gene 0.0))

          Law.holds
              "a dense row has z(0) where nothing is stored, or 0 outside of the mask"
              (fun (CountRows matrix) (limit: byte) (isOdd: bool) ->
                  let spread = spreadOf matrix
                  let most = mostOf limit

                  let z gene value =
                      clip -most most ((value - spread.Means[gene]) / spread.Deviations[gene])

                  let mask = mask matrix isOdd
                  let struct (change, absent) = GeneSpread.dense (Some mask) most spread
                  let rowBatch = scalable matrix

                  scaled matrix (Some mask) (change ()) z
                  && [ 0 .. matrix.Rows.Length - 1 ]
                     |> List.forall (fun cell ->
                         let expected =
                             Array.init matrix.Genes (fun gene -> if mask.Has(int64 cell) then z gene 0.0 else 0.0)

                         Array.forall2 sameBits expected (absent rowBatch cell))) ]
