/// What nobody can read beside what is asked for hinders nobody: joins leave it out, filters leave it alone.
module internal SingleSharp.Golden.OddGolden

open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private made =
    lazy
        (let folder = Directory.CreateDirectory(lasting.Value.File "odd").FullName
         Child.script "odd.py" [ "make"; folder ] "" |> ignore
         folder)

let private input name =
    Path.Combine(made.Value, $"{name}.h5ad")

let private joined (sandbox: Sandbox) names =
    let recipe =
        { Input.convert with
            Join = Join.Outer
            IndexUnique = Some "-" }

    Pipeline.convert
        MatrixName.X
        false
        Settings.standard
        { Paths = (List.map input names)
          Convert = recipe }
        (sandbox.File "joined.h5ad")
    |> need

/// The elements of the file below a path.
let private elements path prefix =
    (Pipeline.digest Settings.standard path |> need).Elements
    |> Seq.filter (fun element -> element.Path.StartsWith(prefix: string))
    |> Seq.map (fun element -> element.Path, element.Sha256)
    |> List.ofSeq

let private filtered (sandbox: Sandbox) name =
    let output = sandbox.File "filtered.h5ad"

    let recipe =
        { Filter.defaults with
            MinCounts = Some 9.0 }

    let report =
        Pipeline.run (Recipe.ofSteps [ Filter.step recipe ]) Settings.standard (Input.file (input name)) (NewFile output)
        |> need

    Expect.isTrue (report.CellsKept > 0L && report.CellsKept < 4L) "some cells stay"
    output

let tests =
    testList
        "Odd"
        [ test "an array that lies in another file is left out of a join" {
              use sandbox = new Sandbox()
              let conversion = joined sandbox [ "obsm"; "plain" ]
              Expect.exists conversion.Warnings (fun warning -> warning.Contains "obsm/X_odd") "it is named"
              Expect.isNonEmpty (elements conversion.Output "obsm/X_pca") "the other array is there"
          }
          test "an array without rows is joined" {
              use sandbox = new Sandbox()
              let conversion = joined sandbox [ "empty"; "plain" ]
              Expect.isNonEmpty (elements conversion.Output "obsm/X_pca") "the array is there"
          }
          test "a column of genes that lies in another file hinders no filter of cells" {
              use sandbox = new Sandbox()

              let info =
                  Pipeline.info Recipe.standard Settings.standard (Input.file (filtered sandbox "column")) |> need

              Expect.isLessThan info.Cells 4L "its cells"
          }
          test "categories that something points to stay where nothing else is dropped" {
              use sandbox = new Sandbox()
              let output = filtered sandbox "referred"
              Expect.equal (elements output "var/kind") (elements (input "referred") "var/kind") "the column"
          } ]
