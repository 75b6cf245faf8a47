/// Columns of one's own: where they go, what they hold, and which are refused.
module internal SingleSharp.Properties.AlsoColumnLaws

open System
open System.IO
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Properties.Gen
open SingleSharp.Properties.RowSource
open SingleSharp.Properties.GenAlso
open SingleSharp.Answers

/// A recipe of qc with something of one's own is refused with this sentence, by the plan and by the run.
let private refusal name (also: Also list) part =
    test name {
        withSmall (fun path ->
            let recipe =
                { Recipe.ofSteps [ Qc.step Qc.defaults ] with
                    Also = also }

            let before = File.ReadAllBytes(path "in")
            Pipeline.plan recipe Settings.standard (Input.file (path "in")) |> refused part
            Pipeline.run recipe Settings.standard (Input.file (path "in")) (NewFile(path "out")) |> refused part
            Pipeline.run recipe Settings.standard (Input.file (path "in")) InPlace |> refused part
            Expect.isFalse (File.Exists(path "out")) "no file"
            Expect.equal (File.ReadAllBytes(path "in")) before "the input")
    }

let private one = RowValue(fun _ -> 1.0)

let tests =
    testList
        "AlsoColumns"
        [ test "a column is appended in place, replaces the one that is there, and is noted" {
              withSmall (fun path ->
                  let number value =
                      { Recipe.ofSteps [] with
                          Also = [ Also.obs "mine" DType.Int32 (RowValue(fun row -> value + float row.Cell)) ] }

                  let before = File.ReadAllBytes(path "in")

                  for value in [ 10.0; 20.0 ] do
                      let report =
                          need (Pipeline.run (number value) Settings.standard (Input.file (path "in")) InPlace)

                      Expect.equal (List.ofSeq report.ObsColumns) [ "mine" ] "the report"
                      Expect.equal (numbers (path "in") "mine") [ value; value + 1.0; value + 2.0 ] "the values"

                  Expect.isGreaterThan (File.ReadAllBytes(path "in").Length) before.Length "it has grown"
                  use file = GenFiles.openRead (path "in")
                  Expect.equal (file.Obs.Columns |> List.filter ((=) "mine")) [ "mine" ] "one column"

                  let runs = need (Pipeline.history Settings.standard (path "in"))
                  Expect.equal [ for run in runs -> List.ofSeq run.Also ] [ [ "mine" ]; [ "mine" ] ] "the notes"
                  Expect.equal (need (Recipe.ofJson runs.Head.Recipe)) (Recipe.ofSteps []) "the recipe without code")
          }

          test "a plan names the columns and the read, and counts their buffers" {
              withSmall (fun path ->
                  let plan also =
                      need (
                          Pipeline.plan
                              { Recipe.standard with Also = also }
                              { Settings.standard with Workers = 1 }
                              (Input.file (path "in"))
                      )

                  let none = plan []
                  let some = plan [ for column, _, _ in columns -> column ]
                  Expect.equal (List.ofSeq some.Also) [ for _, name, _ in columns -> name ] "the columns"
                  Expect.equal (List.ofSeq none.Also) [] "no columns"
                  Expect.equal [ for pass in some.Passes -> pass.Purpose ] [ "qc + normalize_total + log1p + also" ] "one read"
                  Expect.isGreaterThan some.Memory none.Memory "memory")
          }

          refusal
              "a column that qc writes too"
              [ Also.obs "total_counts" DType.Float64 one ]
              "also: qc writes a column total_counts of obs, too"
          refusal "a column with the name of the index" [ Also.obs "_index" DType.Float64 one ] "also: the index of obs is called _index"
          refusal
              "a column with a name of anndata's own"
              [ Also.obs "__categories" DType.Float64 one ]
              "also: a column cannot be called __categories"
          refusal
              "a column that is written twice"
              [ Also.obs "a" DType.Float64 one; Also.obs "a" DType.Bool one ]
              "also: the column a would be written twice"
          refusal "a column without a name" [ Also.obs "" DType.Float64 one ] "also: a column cannot be called \"\""
          refusal "a column with a slash" [ Also.obs "a/b" DType.Float64 one ] "also: a column cannot be called \"a/b\""
          refusal
              "a column of another type"
              [ Also.obs "a" DType.UInt8 one ]
              "also: the column a cannot be uint8; choose float32, float64, int32, int64, bool"

          for dtype, value, shown in
              [ DType.Int32, 0.5, "0.5"
                DType.Int32, 2147483648.0, "2147483648"
                DType.Int32, nan, "NaN"
                DType.Int64, 9007199254740992.0, "9007199254740992"
                DType.Int64, -infinity, "-Infinity"
                DType.Bool, 2.0, "2"
                DType.Bool, nan, "NaN" ] do
              test $"{shown} is no {DType.name dtype}" {
                  withSmall (fun path ->
                      let recipe =
                          { Recipe.standard with
                              Also = [ Also.obs "mine" dtype (RowValue(fun row -> if row.Cell = 1L then value else 0.0)) ] }

                      Pipeline.run recipe Settings.standard (Input.file (path "in")) (NewFile(path "out"))
                      |> refused $"also: the column mine is {DType.name dtype}, which does not hold {shown}, its value of cell cell1"

                      Expect.isFalse (File.Exists(path "out")) "no file")
              }

          test "what a type holds is stored" {
              withSmall (fun path ->
                  for dtype, value in
                      [ DType.Int32, -2147483648.0
                        DType.Int32, 2147483647.0
                        DType.Int64, -9007199254740991.0
                        DType.Float32, nan
                        DType.Float64, -infinity ] do
                      let recipe =
                          { Recipe.ofSteps [] with
                              Also = [ Also.obs "mine" dtype (RowValue(fun _ -> value)) ] }

                      ran recipe (path "in") (path "out") |> ignore
                      Expect.equal (numbers (path "out") "mine" |> List.map bits) (List.replicate 3 (bits value)) $"{value}")
          } ]
