/// Columns of every name, as frames.py makes them: filtered and looked up as anndata does, or refused.
module internal SingleSharp.Golden.FrameGolden

open System.IO
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Answers

let private made =
    lazy
        (let folder = lasting.Value.File "frames"
         Directory.CreateDirectory folder |> ignore
         Child.script "frames.py" [ "make"; folder ] "" |> ignore
         folder)

let input name =
    Child.requirePython ()
    Path.Combine(made.Value, name)

let run recipe input output =
    Pipeline.run recipe Settings.standard (Input.file input) output

let private filter minGenes minCells =
    (Recipe.ofSteps
        [ Filter.step
              { Filter.defaults with
                  MinGenes = if minGenes = 0 then None else Some(int64 minGenes)
                  MinCells = if minCells = 0 then None else Some(int64 minCells) } ])

/// verify finds nothing in a file.
let isSound path =
    let verification = Pipeline.verify Settings.standard path |> need

    let wrong =
        verification.Findings |> Seq.filter (fun finding -> finding.Severity <> Severity.Note) |> List.ofSeq

    Expect.isEmpty wrong $"verify finds nothing in {Path.GetFileName path}"

let private filtered name minGenes minCells inPlace =
    test $"""{name} of which cells with {minGenes} genes and genes in {minCells} cells stay, {if inPlace then "in place" else "anew"}""" {
        use sandbox = new Sandbox()
        let source = input name
        isSound source
        let twin = sandbox.Copy source
        let output = if inPlace then twin else sandbox.File "output.h5ad"
        run (filter minGenes minCells) twin (if inPlace then InPlace else NewFile output) |> need |> ignore
        isSound output
        Expect.equal (Child.script "frames.py" [ "filtered"; source; output; string minGenes; string minCells ] "") "" "as anndata"
    }

let private filters =
    [ for name in [ "nested.h5ad"; "old.h5ad" ] do
          for minGenes, minCells in [ 1, 0; 4, 0; 0, 1; 4, 5 ] do
              for inPlace in [ false; true ] do
                  filtered name minGenes minCells inPlace
      test "arrays under names with slashes" {
          use sandbox = new Sandbox()
          let output = sandbox.File "output.h5ad"
          run (filter 4 0) (input "layers.h5ad") (NewFile output) |> need |> ignore
          Expect.equal (Child.script "frames.py" [ "layers"; input "layers.h5ad"; output; "4" ] "") "" "their rows"
      }
      for name, where in [ "inside.h5ad", "obs/plain/more"; "outside.h5ad", "obs//uns/there" ] do
          test $"{name}, whose column lies where it cannot be filtered" {
              use sandbox = new Sandbox()
              run (filter 1 0) (input name) (NewFile(sandbox.File "output.h5ad")) |> refused [ where; "without a slash" ]
              Expect.isEmpty sandbox.Names "nothing is left behind"
          } ]

/// The same columns of var, whether a column that was asked for has a slash in its name or not.
let private sameAs name recipe =
    test name {
        use sandbox = new Sandbox()

        let output (separator: string) file =
            let output = sandbox.File file
            run (recipe separator) (input file) (NewFile output) |> need |> ignore
            output

        let slashed = output "/" "slashed.h5ad"
        isSound slashed
        Expect.equal (Child.script "frames.py" [ "twins"; slashed; output "_" "unslashed.h5ad" ] "") "" "as without slashes"
    }

let private lookups =
    [ sameAs "a batch key with a slash" (fun separator ->
          (Recipe.ofSteps
              [ Hvg.step
                    { Hvg.defaults with
                        NTopGenes = Some 4
                        BatchKey = Some $"a{separator}b{separator}flag" } ]))
      sameAs "a gene set and a mask with slashes" (fun separator ->
          { Recipe.ofSteps
                [ Qc.step Qc.defaults
                  Pca.step
                      { Pca.defaults with
                          NComps = Some 1
                          MaskVar = MaskVar.Column $"is{separator}mito" } ] with
              GeneSets = [ GeneSet.FromColumn("m", $"is{separator}mito") ] })
      test "a column that would take the place of a group of columns" {
          use sandbox = new Sandbox()

          run qc (input "taken.h5ad") (NewFile(sandbox.File "output.h5ad")) |> refused [ "total_counts/x"; "rename it" ]
      }
      test "a layer whose name has a slash" {
          use sandbox = new Sandbox()

          let recipe =
              { filter 1 0 with
                  Matrix = MatrixName.Layer "a/b" }

          run recipe (input "layers.h5ad") (NewFile(sandbox.File "output.h5ad")) |> refused [ "layer: "; "a/b" ]
      }
      test "a new column of a name with a slash" {
          use sandbox = new Sandbox()

          let recipe =
              { Recipe.ofSteps [ Qc.step Qc.defaults ] with
                  GeneSets = [ GeneSet.WithPrefix("a/b", "g") ] }

          run recipe (input "slashed.h5ad") (NewFile(sandbox.File "output.h5ad"))
          |> refused [ "a column cannot be called"; "a/b" ]
      } ]

let all =
    testList "Frames" [ testList "filtered" filters; testList "looked up" lookups ]
