/// Components of all genes, where neither products of genes nor of cells are made, against SciPy's.
module internal SingleSharp.Golden.ManyGenesGolden

open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private made =
    lazy
        (let folder =
            System.IO.Directory.CreateDirectory(lasting.Value.File "many_genes").FullName

         Child.script "many_genes.py" [ "make"; folder ] "" |> ignore
         folder)

let private recipe zeroCenter =
    Recipe.ofSteps
        [ Pca.step
              { Pca.defaults with
                  MaskVar = MaskVar.AllGenes
                  NComps = Some 6
                  ZeroCenter = zeroCenter } ]

let tests =
    testList
        "ManyGenes"
        [ for name, zeroCenter in [ "plain", true; "plain", false; "offset", true ] do
              let centred = if zeroCenter then "" else ", not centred"

              test $"{name}{centred}" {
                  Child.requirePython ()
                  use sandbox = new Sandbox()
                  let input = $"{made.Value}/{name}.h5ad"
                  let output, other = sandbox.File "output.h5ad", sandbox.File "other.h5ad"
                  let recipe = recipe zeroCenter
                  ranWith (settings 1 (1L <<< 30)) recipe input output |> ignore

                  Expect.equal
                      (Child.script "many_genes.py" [ "pca"; input; output; (if zeroCenter then "yes" else "no") ] "")
                      ""
                      "as SciPy"

                  ranWith (settings 3 (leastMemory recipe 3 input)) recipe input other |> ignore
                  Expect.equal (whole other) (whole output) "three workers, and as little memory as possible"
              } ]
