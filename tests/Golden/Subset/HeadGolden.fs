/// The first rows of a table are those that anndata reads (head.py), and fit the line.
module internal SingleSharp.Golden.HeadGolden

open System.IO
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Cli
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Answers

let private made =
    lazy
        (Child.requirePython ()
         let folder = lasting.Value.File "head"
         Directory.CreateDirectory folder |> ignore
         Child.script "split.py" [ "make"; folder ] "" |> ignore
         folder)

let private every () = Path.Combine(made.Value, "every.h5ad")

let private parts =
    [ "obs"
      "var"
      "X"
      "layers/rows"
      "layers/columns"
      "layers/dense"
      "raw/X"
      "raw/var"
      "obsm/array"
      "obsm/sparse"
      "obsm/frame"
      "varm/array" ]

let private request part rows columns =
    { Part = part
      Rows = rows
      Columns = columns
      Most = 100 }

let private head request =
    Pipeline.head request Settings.standard (every ())

let private refusals =
    [ request "uns" 5 [], [ "part: uns is no table" ]
      request "layers/row" 5 [], [ "part: there is no layers/row"; "there is layers/rows" ]
      request "obs" 5 [ "clustr" ], [ "columns: obs has no column clustr"; "there is cluster" ]
      request "X" 5 [ "g99" ], [ "columns: X has no column g99" ]
      request "X" 0 [], [ "rows: it must be from 1 to 10000" ] ]

let all =
    testList
        "Head"
        [ test "rows as anndata reads them" {
              for rows in [ "1"; "7"; "100" ] do
                  let outcome =
                      Child.runTool ([ "head"; every () ] @ parts @ [ "--rows"; rows; "--json" ])

                  Expect.equal outcome.ExitCode 0 outcome.Errors
                  Expect.equal ((Child.script "head.py" [ every () ] outcome.Output).Trim()) "" $"{rows} rows"
          }

          test "columns by their names, in the order that is asked for" {
              let table = head (request "X" 3 [ "g7"; "g2" ]) |> need
              Expect.equal (List.ofSeq table.ColumnNames) [ "g7"; "g2" ] "genes"
              let frame = head (request "obs" 3 [ "stage"; "kind" ]) |> need
              Expect.equal (List.ofSeq frame.ColumnNames) [ "stage"; "kind" ] "columns"
              Expect.equal (List.ofSeq frame.Types) [ "category"; "category" ] "types"
          }

          testList
              "refusals"
              [ for request, parts in refusals -> test $"{request.Part} {request.Rows} {request.Columns}" { head request |> refused parts } ]

          test "as wide as the line, and what is left out is told" {
              let table = head (request "obs" 3 [ "whole"; "kind"; "stage"; "flag" ]) |> need

              let whole row =
                  let cells = table.Cells[row]
                  cells[0].PadLeft 7

              Expect.equal
                  (HeadTable.linesWithin 34 table)
                  (String.concat
                      "\n"
                      [ "obs: 40 rows, 20 columns"
                        "        whole      kind     stage"
                        "        int64  category  category"
                        $"AAAC-0{whole 0}       NaN       NaN"
                        $"AAAC-1{whole 1}         b       mid"
                        $"AAAC-2{whole 2}    T cell      late"
                        "(37 more rows, 17 more columns; --columns names some)" ])
                  "the lines"
          }

          test "without a part, what there is" {
              let outcome = Child.runTool [ "head"; sample ]
              Expect.equal outcome.ExitCode 0 outcome.Errors

              for title in [ "obs: "; "var: "; "X: " ] do
                  Expect.stringContains outcome.Output title "a table"
          } ]
