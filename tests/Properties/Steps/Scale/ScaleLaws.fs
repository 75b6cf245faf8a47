/// scale: a mask hides nothing from the rest of a run, and options that no file could hold are refused before it is read.
module internal SingleSharp.Properties.ScaleLaws

open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Answers
open SingleSharp.Properties.AnnDataFiles

let private cells = 12_000

/// A file of so many cells, of which the first hundred are in the mask m; a cell near the end has two values of gene 4.
let private write (path: string) =
    let row cell =
        if cell = cells - 5 then [ 1, 1.0; 4, 3.0; 4, 5.0 ] else [ cell % 5, 1.0 + float (cell % 3) ]

    let mask =
        H5Dataset(Array.init cells (fun cell -> if cell < 100 then H5Bool.TRUE else H5Bool.FALSE))

    let obs = frame (names "cell" cells) [ "m", mask ]
    (file (usual (InChunks 5000)) 5 (csr (List.init cells row)) [ "obs", box obs ]).Write path

let private recipes =
    [ "the layer",
      { Scale.defaults with
          MaskObs = Some "m"
          DenseLayer = Some "scaled" }
      "X",
      { Scale.defaults with
          MaskObs = Some "m"
          ZeroCenter = false } ]

let private faults options others =
    Pipeline.check (Recipe.ofSteps (Scale.step options :: others))
    |> List.choose (fun fault ->
        match fault with
        | InvalidOption(option, _) -> Some option
        | _ -> None)

let tests =
    testList
        "Scale"
        [ for name, options in recipes do
              test $"duplicate entries outside of the mask are refused or added up: {name}" {
                  GenFiles.withPath (fun input ->
                      write input
                      let recipe = Recipe.ofSteps [ Scale.step options ]

                      GenFiles.withPath (fun output ->
                          match Pipeline.run recipe Settings.standard (Input.file input) (NewFile output) with
                          | Error(DuplicateEntry(_, cell, gene)) -> Expect.equal (cell, gene) ($"cell{cells - 5}", "gene4") "which"
                          | other -> failtest $"%A{Result.map ignore other}"

                          let summed = { recipe with SumDuplicates = true }
                          ran summed input output |> ignore))
              }

          test "a mask with centring is taken where no pca follows" {
              let options =
                  { Scale.defaults with
                      MaskObs = Some "m" }

              Expect.equal (faults options []) [] "alone"
              Expect.equal (faults options [ Pca.step Pca.defaults ]) [ "mask_obs" ] "before pca"

              Expect.equal (faults { options with ZeroCenter = false } [ Pca.step Pca.defaults ]) [] "without centring"
          }

          test "names that nothing can have" {
              for name in [ ""; "."; "a/b"; "/a"; "a\000b" ] do
                  Expect.equal
                      (faults
                          { Scale.defaults with
                              DenseLayer = Some name }
                          [])
                      [ "dense_layer" ]
                      $"a layer called %A{name}"

              Expect.equal
                  (faults
                      { Scale.defaults with
                          MaskObs = Some "b/mask" }
                      [])
                  [ "mask_obs" ]
                  "columns of var are named after the mask"

              for name in [ ""; "."; "a/b" ] do
                  match
                      Pipeline.check (
                          Recipe.ofSteps
                              [ Pca.step
                                    { Pca.defaults with
                                        KeyAdded = Some name } ]
                      )
                  with
                  | [ InvalidOption("key_added", _) ] -> ()
                  | other -> failtest $"{other}"
          } ]
