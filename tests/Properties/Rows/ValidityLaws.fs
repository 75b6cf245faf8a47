/// What is not a count is found, whatever the cuts.
module internal SingleSharp.Properties.ValidityLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Rows
open SingleSharp.Properties.Gen

let private isNotACount value =
    not (value >= 0.0 && Double.IsFinite value)

let private slicesOf (matrix: Rows) =
    rowBatches (List.chunkBySize 3 matrix.Rows)

let tests =
    testList
        "Validity"
        [ Law.holds "findings" (fun (WildRows matrix) ->
              let values = matrix.Rows |> List.concat |> List.map snd

              let count condition =
                  values |> List.filter condition |> List.length |> int64

              let found = Fold.run (Validity.find false) (slicesOf matrix)

              found.Negative = count (fun value -> Double.IsFinite value && value < 0.0)
              && found.NotFinite = count (Double.IsFinite >> not)
              && found.Fractional = count (fun value -> Double.IsFinite value && Math.Floor value <> value)
              && found.Stored = int64 values.Length
              && found.EmptyCells = (matrix.Rows |> List.filter (fun row -> InMemory.sum row = 0.0) |> List.length |> int64))

          Law.holds "findings of parts add up" (fun (WildRows matrix) ->
              let rowBatches = slicesOf matrix
              Fold.runParts (Validity.find false) [ rowBatches |> List.map List.singleton ] = Fold.run (Validity.find false) rowBatches)

          Law.holds "the first value that is not a count is refused by its cell and gene" (fun (WildRows matrix) ->
              let first =
                  matrix.Rows
                  |> List.indexed
                  |> List.tryPick (fun (cell, row) ->
                      row |> List.tryFind (snd >> isNotACount) |> Option.map (fun (gene, value) -> int64 cell, gene, value))

              try
                  Fold.run (Validity.find true) (slicesOf matrix) |> ignore
                  first = None
              with NotACount(cell, gene, value) ->
                  match first with
                  | Some(cell', gene', value') -> cell = cell' && gene = gene' && InMemory.sameBits value value'
                  | None -> false) ]
