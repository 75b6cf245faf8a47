/// Highly variable genes among genes whose mean is large beside their spread, against variances in two passes.
module internal SingleSharp.Golden.OffsetGolden

open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private made =
    lazy
        (let folder =
            System.IO.Directory.CreateDirectory(lasting.Value.File "offsets").FullName

         Child.script "offsets.py" [ "make"; folder ] "" |> ignore
         folder)

let private input name = $"{made.Value}/{name}.h5ad"

let private run flavor batchKey settings input output =
    let recipe =
        (Recipe.ofSteps
            [ Hvg.step
                  { Hvg.defaults with
                      Flavor = flavor
                      BatchKey = batchKey } ])

    ranWith settings recipe input output

/// What scanpy calls it.
let private nameOf flavor =
    match flavor with
    | HvgFlavor.Seurat -> "seurat"
    | HvgFlavor.CellRanger -> "cell_ranger"
    | HvgFlavor.SeuratV3 -> "seurat_v3"
    | HvgFlavor.SeuratV3Paper -> "seurat_v3_paper"

let private cases =
    [ for flavor, names in
          [ HvgFlavor.Seurat, [ "logs" ]
            HvgFlavor.CellRanger, [ "double"; "single" ]
            HvgFlavor.SeuratV3, [ "double"; "single" ]
            HvgFlavor.SeuratV3Paper, [ "double" ] ] do
          for name in names do
              for batchKey in [ None; Some "batch" ] do
                  flavor, name, batchKey ]

let tests =
    testList
        "Offset"
        [ for flavor, name, batchKey in cases do
              let batched = if batchKey.IsSome then ", in batches" else ""

              test $"{nameOf flavor} of {name}{batched}" {
                  Child.requirePython ()
                  use sandbox = new Sandbox()
                  let output, other = sandbox.File "output.h5ad", sandbox.File "other.h5ad"
                  let report = run flavor batchKey (settings 1 (512L <<< 20)) (input name) output
                  Expect.all report.Warnings (fun warning -> not (warning.Contains "rounding")) "warnings"

                  Expect.equal
                      (Child.script "offsets.py" ([ "hvg"; input name; output; nameOf flavor ] @ Option.toList batchKey) "")
                      ""
                      "as in two passes"

                  run flavor batchKey (settings 3 (64L <<< 20)) (input name) other |> ignore
                  Expect.equal (whole other) (whole output) "three workers, and little memory"
              } ]
