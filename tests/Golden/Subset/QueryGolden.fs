/// Queries of columns of every kind find the rows that pandas finds (queries.py).
module internal SingleSharp.Golden.QueryGolden

open System.IO
open System.Text.Json
open Expecto
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Query
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Answers

let private made =
    lazy
        (Child.requirePython ()
         let folder = lasting.Value.File "queries"
         Directory.CreateDirectory folder |> ignore
         Child.script "queries.py" [ "make"; folder ] "" |> ignore
         folder)

let private input () =
    Path.Combine(made.Value, "columns.h5ad")

let private rowsOf query =
    using (AnnDataFile.openReadWithin (1L <<< 30) MatrixName.X (input ())) (fun file ->
        let rows =
            QueryRows(file.Store, file.Obs, "obs_query", 1L <<< 30).Answer(Query.parse query)

        [ for row in 0L .. rows.Length - 1L do
              if rows.Has row then
                  row ])

let private subset options (output: string) =
    Pipeline.run (Recipe.ofSteps [ SubsetStep.step options ]) withoutNote (Input.file (input ())) (NewFile output)

let private byQuery query =
    { SubsetStep.defaults with
        ObsQuery = Some query }

/// What a query is refused with: the place of the mistake, and what is said of it.
let private mistakes =
    [ "flag and", 9, "a column is expected, not its end"
      "flag whole", 6, "and, or, or the end is expected, not whole"
      "(flag", 6, ") is expected, not its end"
      "whole in (1, 2", 15, ") is expected, not its end"
      "whole >> 5", 8, "a column or a value is expected, not >"
      "whole = 5", 7, "compare with ==, not with ="
      "kind == 'a", 9, "the text that begins with ' has no end"
      "flg", 1, "obs has no column flg; there is flag"
      "flag or hole > 2", 9, "obs has no column hole; there is whole"
      "whole > many", 9, "many is neither a number nor a column, but whole holds numbers"
      "flag == 'yes'", 9, "yes is neither a number nor a column, but flag holds booleans"
      "whole == True", 10, "whole holds numbers, not booleans"
      "whole", 1, "whole is not boolean"
      "kind < a", 8, "the categories of kind have no order"
      "stage < nobody", 9, "nobody is no category of stage"
      "text == whole", 9, "text and whole cannot be compared"
      "kind in `kind`", 9, "a list holds values, not columns such as kind"
      "stage < kind", 9, "have no order in common"
      "whole == '5'", 10, "'5' is a text, but whole holds numbers; leave the quotes out"
      "real == nan", 9, "real == real is true where a value is there"
      "1 < 2", 1, "no column is compared"
      "whol == 'nobody'", 1, "obs has no column whol; there is whole"
      "kind == `nobody`", 9, "obs has no column nobody"
      "not 3", 5, "a column is expected"
      "", 1, "a column is expected, not its end"
      String.replicate 300 "(", 202, "more than 200 brackets" ]

let private refusal (query: string, place: int, why: string) =
    test $"""refused: {if query.Length > 40 then "many brackets" else query}""" {
        use sandbox = new Sandbox()

        if query = "" then
            // No door lets an empty text through.
            Expect.throws (fun () -> Query.parse query |> ignore) "an empty query"
        else
            subset (byQuery query) (sandbox.File "output.h5ad") |> refused [ $"at character {place} of the query, "; why ]

            Expect.isEmpty sandbox.Names "nothing is left behind"
    }

let private names path =
    let told =
        JsonDocument.Parse(Child.script "queries.py" [ "names"; path ] "").RootElement

    let ofAxis (name: string) =
        [ for each in told.GetProperty(name).EnumerateArray() -> each.GetString() ]

    ofAxis "obs", ofAxis "var"

let all =
    testList
        "Queries"
        [ test "rows as pandas finds them" {
              let wanted =
                  JsonDocument.Parse(File.ReadAllText(Path.Combine(made.Value, "queries.json"))).RootElement

              Expect.isGreaterThan (wanted.GetArrayLength()) 60 "queries"

              for each in wanted.EnumerateArray() do
                  let query = each.GetProperty("query").GetString()

                  let rows =
                      [ for row in each.GetProperty("rows").EnumerateArray() -> row.GetInt64() ]

                  Expect.equal (rowsOf query) rows query
          }

          testList "mistakes" (List.map refusal mistakes)

          test "queries and lists together, and what is told" {
              use sandbox = new Sandbox()
              let output = sandbox.File "output.h5ad"
              let cells = sandbox.File "cells.txt"
              File.WriteAllLines(cells, [ "AAAC-5"; "  AAAC-3 "; ""; "AAAC-12"; "AAAC-3" ])

              let report =
                  subset
                      { ObsQuery = Some "kind != nobody and whole < 1e9 and `a/b` < 12"
                        VarQuery = Some "keep"
                        Obs = Some cells
                        Var = None }
                      output
                  |> need

              let obs, var = names output
              Expect.equal obs [ "AAAC-3"; "AAAC-5" ] "the order is that of the file"
              Expect.equal var [ "g0"; "g2"; "g4"; "g6"; "g8" ] "genes"
              Expect.equal report.Reads 1 "X is read once"
              Expect.contains report.Warnings "no category of kind in obs is called nobody" "told"

              Expect.equal
                  [ for loss in report.Dropped.OfCells -> loss.Limit, loss.Lost ]
                  [ "obs_query", 29L; "obs", 37L ]
                  "each condition by itself"
          }

          test "names that are not there are refused" {
              use sandbox = new Sandbox()
              let genes = sandbox.File "genes.txt"
              File.WriteAllLines(genes, [ "g1"; "h1"; "h2"; "h3"; "h4" ])

              subset
                  { SubsetStep.defaults with
                      Var = Some genes }
                  (sandbox.File "output.h5ad")
              |> refused [ "var: 4 names of the 5 that"; "are not in var: h1, h2, h3, ..." ]
          }

          test "nothing that is asked for is there" {
              use sandbox = new Sandbox()
              let report = subset (byQuery "whole > 1e300") (sandbox.File "output.h5ad") |> need
              Expect.contains report.Warnings "subset keeps no cell: obs_query drops 40 of 40" "the warning"
          }

          test "one run drops cells and genes once" {
              let recipe =
                  Recipe.ofSteps
                      [ SubsetStep.step (byQuery "flag")
                        Filter.step
                            { Filter.defaults with
                                MinGenes = Some 1L } ]

              Expect.exists
                  (Pipeline.check recipe)
                  (fun fault -> (Fault.sentence fault).Contains "run subset first, and filter on its output")
                  "a mistake"
          }

          test "after it the other steps see the cells that stay" {
              use sandbox = new Sandbox()

              let apart, whole, together =
                  sandbox.File "apart.h5ad", sandbox.File "whole.h5ad", sandbox.File "together.h5ad"

              subset (byQuery "flag") apart |> need |> ignore
              Pipeline.run Recipe.standard withoutNote (Input.file apart) (NewFile whole) |> need |> ignore
              let both = Recipe.standard |> Recipe.add (SubsetStep.step (byQuery "flag"))
              Pipeline.run both withoutNote (Input.file (input ())) (NewFile together) |> need |> ignore
              Expect.equal (digest together) (digest whole) "at once as one after the other"
          } ]
