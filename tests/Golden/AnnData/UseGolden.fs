/// Every kind of file that is written anew can be used, in memory and on disk: uses.py says for what.
module internal SingleSharp.Golden.UseGolden

open System.Text.Json
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared

let private case name = here $"edge/{name}/input.h5ad"

/// What makes a new file of a case of edge/.
let private make how (input: string) (output: string) =
    let need result =
        match result with
        | Ok _ -> ()
        | Error fault -> failtest $"{input}: {Fault.sentence fault}"

    let run recipe =
        Pipeline.run { recipe with AllowInvalid = true } Settings.standard (Input.file input) (NewFile output) |> need

    let convert matrix =
        Pipeline.convert matrix false Settings.standard (Input.file input) output |> need

    let limits least =
        (Recipe.ofSteps
            [ Filter.step
                  { Filter.defaults with
                      MinGenes = Some least
                      MinCells = Some least } ])

    match how with
    | "filtered" -> run (limits 12L)
    | "with less than half" -> run (limits 25L)
    | "preprocessed" -> run Recipe.standard
    | "with counts" ->
        run
            { Recipe.standard with
                KeepCounts = true }
    | "filtered with counts" ->
        run
            { Recipe.standard with
                Steps = (limits 12L).Steps @ Recipe.standard.Steps
                KeepCounts = true }
    | "added up" ->
        run
            { Recipe.standard with
                SumDuplicates = true }
    | "filtered and added up" -> run { limits 12L with SumDuplicates = true }
    | "from raw" ->
        run
            { Recipe.standard with
                Matrix = MatrixName.Raw }
    | "of raw" -> convert MatrixName.Raw
    | layer -> convert (MatrixName.Layer layer)

/// How files come into being that have new index arrays.
let private outputs =
    [ for case in
          [ "plain_csr_f32"
            "indices_int32_indptr_int64"
            "indices_int64_indptr_int32"
            "indices_unsigned"
            "layout_gzip"
            "x_csc"
            "x_dense_f64"
            "layout_dense_chunked"
            "preserve_everything" ] do
          case, "filtered"
          case, "with less than half"
      for case in [ "plain_csr_f32"; "x_csc"; "x_dense_f64"; "x_int64" ] do
          case, "preprocessed"
          case, "with counts"
          case, "filtered with counts"
      for case in
          [ "indices_int32_indptr_int64"
            "indices_unsigned"
            "duplicate_indices"
            "x_csc" ] do
          case, "added up"
          case, "filtered and added up"
      for how in [ "from raw"; "of raw"; "counts"; "csc"; "dense" ] do
          "preserve_everything", how ]

let tests =
    testList
        "Uses"
        [ test "of every kind of new file" {
              Child.requirePython ()
              use sandbox = new Sandbox()

              let made =
                  [ for i, (name, how) in List.indexed outputs do
                        let output = sandbox.File $"{i}.h5ad"
                        make how (case name) output
                        output, $"{name}, {how}" ]

              let answer =
                  Child.script "uses.py" [] (JsonSerializer.Serialize(made |> List.map fst |> Array.ofList))

              let found = JsonDocument.Parse(answer).RootElement

              let problems =
                  [ for output, name in made do
                        for problem in found.GetProperty(output).EnumerateArray() -> $"{name}: {problem.GetString()}" ]

              if not problems.IsEmpty then
                  failtest (String.concat "\n" problems)
          } ]
