/// Blosc in both directions: what c-blosc compresses is read, and c-blosc reads what is written.
module internal SingleSharp.Golden.BloscGolden

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Answers

/// Files of one content: plain.h5ad, and one for each codec, shuffle and level.
let private files =
    lazy
        (let folder =
            Directory.CreateDirectory(Path.Combine(lasting.Value.Folder, "blosc")).FullName

         let names =
             (Child.script "blosc.py" [ "make"; folder ] "").Split('\n', StringSplitOptions.RemoveEmptyEntries)

         folder, List.ofArray names)

let private recipes =
    [ "preprocess", Recipe.standard
      "filter",
      (Recipe.ofSteps
          [ Filter.step
                { Filter.defaults with
                    MinGenes = Some 590L
                    MinCells = Some 205L } ]) ]

/// A note would name the input.
let private ran recipe input output =
    ranWith
        { Settings.standard with
            Provenance = false }
        recipe
        input
        output

let tests =
    testList
        "Blosc"
        [ test "what c-blosc writes has the values that it was given" {
              Child.requireTables ()
              let folder, names = files.Value
              let wanted = whole (Path.Combine(folder, "plain.h5ad"))

              for name in names do
                  Expect.equal (whole (Path.Combine(folder, $"{name}.h5ad"))) wanted name
          }
          for step, recipe in recipes do
              test $"c-blosc reads what {step} writes" {
                  Child.requireTables ()
                  let folder, names = files.Value
                  use sandbox = new Sandbox()
                  let wanted = sandbox.File "wanted.h5ad"
                  let kept = ran recipe (Path.Combine(folder, "plain.h5ad")) wanted

                  if (Recipe.tryFind "filter" recipe).IsSome then
                      Expect.isTrue
                          (kept.CellsKept < 600L && kept.GenesKept < 1000 && kept.CellsKept > 0L && kept.GenesKept > 0)
                          "some are dropped"

                  let outputs =
                      [ for name in names do
                            let output = sandbox.File $"{name}.h5ad"
                            ran recipe (Path.Combine(folder, $"{name}.h5ad")) output |> ignore
                            output ]

                  Expect.equal outputs.Length 36 "the codecs, shuffles and levels"
                  Expect.equal (Child.script "blosc.py" ("read" :: wanted :: outputs) "") "" "what h5py reads otherwise"
              } ]
