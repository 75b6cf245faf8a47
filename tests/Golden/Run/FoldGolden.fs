/// A fold of one's own sees the matrix that is asked for, whatever its form, and duplicate entries as they are to be taken.
module internal SingleSharp.Golden.FoldGolden

open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Shared
open SingleSharp.Answers

/// How many cells there are, how many values are not zero, and their sum.
let private totals: Fold<CsrBatch, int64 * int64 * float> =
    let step (cells, stored, sum) (rows: CsrBatch) =
        let values = rows.Values.ToArray()

        cells + int64 rows.Cells, stored + (values |> Array.filter ((<>) 0.0) |> Array.length |> int64), sum + Array.sum values

    Fold.ofSteps
        { Fresh = fun () -> 0L, 0L, 0.0
          Step = step
          Merge = fun (a, b, c) (d, e, f) -> a + d, b + e, c + f
          Finish = id }

let private edge case = here $"edge/{case}/input.h5ad"

let private inputs (paths: string list) =
    // All files of these cases are called input, and samples must not be.
    let names =
        if paths.Length > 1 then List.mapi (fun i _ -> $"sample {i}") paths else []

    { Paths = paths
      Convert =
        { Input.convert with
            SampleNames = names } }

let private ask matrix sumDuplicates (paths: string list) =
    Pipeline.foldOf matrix sumDuplicates totals Settings.standard (inputs paths)

let private expected (paths: string list) values =
    [ for path in paths do
          use file = new Results(path)
          let numbers = (file.Numbers values).Values
          numbers |> Array.filter ((<>) 0.0) |> Array.length |> int64, Array.sum numbers ]
    |> List.reduce (fun (a, b) (c, d) -> a + c, b + d)

let private sees what matrix values cells paths =
    test what {
        match ask matrix false paths with
        | Ok(rows, stored, sum) ->
            Expect.equal (rows, stored) (cells, fst (expected paths values)) "cells and values"
            Expect.floatClose Accuracy.veryHigh sum (snd (expected paths values)) "the sum"
        | Error fault -> failtest (Fault.sentence fault)
    }

/// The same fold and a column in a run of these steps.
let private rides what steps matrix paths =
    test $"{what}, in a run" {
        use sandbox = new Sandbox()
        let output = sandbox.File "output.h5ad"
        let answer = Also.fold totals

        let recipe =
            { Recipe.ofSteps steps with
                Matrix = matrix
                Also =
                    [ answer
                      Also.obs "stored" DType.Int64 (RowValue(fun row -> float (row.Values.ToArray() |> Array.filter ((<>) 0.0)).Length)) ] }

        let report =
            Pipeline.run recipe Settings.standard (inputs paths) (NewFile output) |> need

        Expect.equal answer.Value (ask matrix false paths |> need) "the answer"
        Expect.equal (Seq.last report.ObsColumns) "stored" "the column in the report"
        use file = new Results(output)
        let column = file.Numbers "obs/stored"
        let cells, stored, _ = answer.Value
        Expect.equal (column.Values.LongLength, int64 (Array.sum column.Values)) (cells, stored) "the column"
    }

let tests =
    let kept = [ edge "preserve_everything" ]

    testList
        "Fold"
        [ sees "X" MatrixName.X "X/data" 40L kept
          sees "a layer in columns" (MatrixName.Layer "csc") "layers/csc/data" 40L kept
          sees "a dense layer" (MatrixName.Layer "dense") "layers/dense" 40L kept
          sees "raw" MatrixName.Raw "raw/X/data" 40L kept
          sees "two inputs" MatrixName.X "X/data" 80L [ edge "preserve_everything"; edge "columns_of_every_kind" ]

          for what, steps in [ "no step", []; "qc", [ Qc.step Qc.defaults ] ] do
              rides $"X and {what}" steps MatrixName.X kept
              rides $"a layer in columns and {what}" steps (MatrixName.Layer "csc") kept
              rides $"a dense layer and {what}" steps (MatrixName.Layer "dense") kept
              rides $"raw and {what}" steps MatrixName.Raw kept
              rides $"two inputs and {what}" steps MatrixName.X [ edge "preserve_everything"; edge "columns_of_every_kind" ]

          test "duplicate entries are refused, or added up" {
              let paths = [ edge "duplicate_indices" ]

              match ask MatrixName.X false paths, ask MatrixName.X true paths with
              | Error(DuplicateEntry _), Ok(_, stored, sum) ->
                  let all, total = expected paths "X/data"
                  Expect.isLessThan stored all "fewer values"
                  Expect.floatClose Accuracy.veryHigh sum total "the sum"
              | other -> failtest $"{other}"
          }

          test "a layer that is not there" {
              match ask (MatrixName.Layer "absent") false kept with
              | Error(InvalidOption("layer", _)) -> ()
              | other -> failtest $"{other}"
          } ]
