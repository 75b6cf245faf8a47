/// Folds and columns of one's own in a run: they see what the run writes, and change nothing else of it.
module internal SingleSharp.Properties.AlsoLaws

open System
open System.IO
open Expecto
open FsCheck.FSharp
open PureHDF
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.RowSource
open SingleSharp.Properties.GenAlso
open SingleSharp.Answers

/// The matrix repeated until it has more rows than one block.
let private longer (matrix: Rows) =
    if matrix.Rows.IsEmpty then
        matrix
    else
        { matrix with
            Rows = List.init (4500 / matrix.Rows.Length) (fun _ -> matrix.Rows) |> List.concat }

let private limits cells genes =
    Filter.step
        { Filter.defaults with
            MinGenes = cells
            MinCells = genes }

let private chosen =
    SubsetStep.step
        { SubsetStep.defaults with
            ObsQuery = Some "index not in cell0"
            VarQuery = Some "index not in gene1" }

/// Recipes, and what they drop of cells and genes by itself.
let private recipes =
    [ "no step", Recipe.ofSteps [], None
      "steps", Recipe.standard, None
      "cells filtered on the way", Recipe.standard |> Recipe.add (limits (Some 2L) None), Some(Recipe.ofSteps [ limits (Some 2L) None ])
      "cells and genes filtered before",
      Recipe.standard |> Recipe.add (limits (Some 1L) (Some 2L)),
      Some(Recipe.ofSteps [ limits (Some 1L) (Some 2L) ])
      "cells and genes that a query chooses", Recipe.standard |> Recipe.add chosen, Some(Recipe.ofSteps [ chosen ])
      "steps that see values before they are scaled",
      Recipe.standard
      |> Recipe.add (
          Scale.step
              { Scale.defaults with
                  ZeroCenter = false
                  MaxValue = Some 1.5 }
      ),
      None ]

/// What a file holds in every object but those that a column changes.
let private others path =
    [ for element in (digest path).Elements do
          let isColumn =
              columns |> List.exists (fun (_, name, _) -> element.Path = $"obs/{name}")

          if not isColumn && element.Path <> "obs" && element.Path <> "/" then
              element.Path, element.Sha256 ]

/// Throws something that nothing in the library throws.
let private faulty: Fold<CsrBatch, int> =
    Fold.ofSteps
        { Fresh = fun () -> 0
          Step = fun _ _ -> raise (InvalidTimeZoneException "as it was thrown")
          Merge = (+)
          Finish = id }

let tests =
    testList
        "Also"
        [ for name, recipe, filter in recipes do
              Law.holdsWithResults
                  8
                  2
                  $"answers and columns are those of what is read and written: {name}"
                  (fun tell (CountRows matrix) (AnySchedule(workers, _)) (chunk: uint16, seed: uint16) ->
                      inFolder (fun path ->
                          let counts = countsOf (if seed % 4us = 0us then longer matrix else matrix)

                          let storage =
                              if chunk % 3us = 0us then Unchunked
                              elif chunk % 3us = 1us then InChunks(1 + counts.Data.Length / 2000 + int chunk)
                              else Gzipped(100 + int chunk)

                          NewFile.write (path "in") storage counts
                          let seen, sum = Also.fold transcript, Also.fold (sumOf (fun _ -> true))

                          let also =
                              { recipe with
                                  Also = [ seen; yield! [ for column, _, _ in columns -> column ]; sum ] }

                          let settings =
                              { withoutNote with
                                  Workers = workers
                                  Memory = leastMemory also workers (path "in") }

                          let run (recipe: Recipe) settings name =
                              if recipe.Steps.IsEmpty && recipe.Also.IsEmpty then
                                  File.Copy(path "in", path name)
                                  Ok 0
                              else
                                  Pipeline.run recipe settings (Input.file (path "in")) (NewFile(path name)) |> Result.map _.Reads

                          match run recipe withoutNote "alone", run also settings "out" with
                          | Ok reads, Ok readsWithAlso ->
                              Expect.equal readsWithAlso (max 1 reads) "reads of X"
                              tell (Ok())

                              let kept =
                                  match filter with
                                  | Some filter ->
                                      ranWith withoutNote filter (path "in") (path "kept") |> ignore
                                      path "kept"
                                  | None -> path "in"

                              use names = H5File.OpenRead(path "out")

                              let cells =
                                  [ for name in names.Dataset("obs/_index").Read<string[]>() -> int64 (name.Substring 4) ]

                              let read, written = values transcript kept, values transcript (path "out")
                              Expect.equal (seen.Value |> List.map _.Cell) cells "cells"
                              Expect.equal (seen.Value |> List.map _.Values) (read |> List.map _.Values) "values as they were read"
                              Expect.equal (seen.Value |> List.map _.Output) (written |> List.map _.Values) "values as they are written"

                              let expectedSum =
                                  match recipe.Steps |> List.tryHead with
                                  // Blocks are those of the rows that are read, of which some are dropped on the way.
                                  | Some step when step = limits (Some 2L) None ->
                                      let kept = set cells
                                      values (sumOf kept.Contains) (path "in")
                                  | _ -> values (sumOf (fun _ -> true)) kept

                              Expect.equal (bits sum.Value) (bits expectedSum) "the bits of a sum"

                              for _, name, value in columns do
                                  Expect.equal
                                      (numbers (path "out") name |> List.map bits)
                                      (seen.Value |> List.map (value >> bits))
                                      $"the column {name}"

                              Expect.equal (others (path "out")) (others (path "alone")) "everything else"
                          | Error alone, Error fault ->
                              Expect.equal (Fault.kind fault) (Fault.kind alone) "the fault"
                              tell (Error(Fault.kind fault))
                          | alone, also -> failtest $"one fails, the other does not: %A{alone}, %A{also}"))

          test "an answer is there once a run has ended with success" {
              withSmall (fun path ->
                  let answer = Also.fold (sumOf (fun _ -> true))
                  let recipe also = { Recipe.ofSteps [] with Also = also }

                  let isNone () =
                      Expect.throwsT<InvalidOperationException> (fun () -> answer.Value |> ignore) "no answer"

                  isNone ()
                  let report = ran (recipe [ answer ]) (path "in") (path "out")
                  Expect.equal (report.Reads, List.ofSeq report.Steps, List.ofSeq report.ObsColumns) (1, [], []) "the report"
                  Expect.equal answer.Value (values (sumOf (fun _ -> true)) (path "in")) "the answer"

                  Expect.throwsT<InvalidTimeZoneException>
                      (fun () ->
                          Pipeline.run
                              (recipe [ answer; Also.fold faulty ])
                              Settings.standard
                              (Input.file (path "in"))
                              (NewFile(path "never"))
                          |> ignore)
                      "as it was thrown"

                  isNone ()
                  Expect.isFalse (File.Exists(path "never")) "no file"
                  ran (recipe [ answer ]) (path "in") (path "out") |> ignore
                  answer.Value |> ignore)
          }

          test "what own code throws arrives as it was thrown, and leaves no file behind" {
              withSmall (fun path ->
                  let trouble = IOException "as it was thrown"
                  let raises _ : 'a = raise trouble

                  let steps fresh step merge finish : Also =
                      Also.fold (
                          Fold.ofSteps
                              { Fresh = fresh
                                Step = step
                                Merge = merge
                                Finish = finish }
                      )

                  let fine () = 0

                  for name, also in
                      [ "fresh", steps raises (fun state _ -> state) (+) id
                        "step", steps fine (fun _ _ -> raises ()) (+) id
                        "finish", steps fine (fun state _ -> state) (+) raises
                        "a column", Also.obs "mine" DType.Float64 (RowValue(fun _ -> raises ())) ] do
                      let before = File.ReadAllBytes(path "in")

                      for output in [ NewFile(path "never"); InPlace ] do
                          let caught =
                              try
                                  Pipeline.run { Recipe.standard with Also = [ also ] } Settings.standard (Input.file (path "in")) output
                                  |> ignore

                                  null
                              with caught ->
                                  caught

                          Expect.isTrue (obj.ReferenceEquals(caught, trouble)) $"{name}: %A{caught}"

                      Expect.equal (File.ReadAllBytes(path "in")) before "the input"
                      Expect.equal (Directory.GetFiles(Path.GetDirectoryName(path "in"))) [| path "in" |] "no other file")
          }

          test "a recipe with code is equal to itself, and is not written as JSON" {
              inFolder (fun path ->
                  let also: Also = Also.fold transcript
                  let recipe = { Recipe.standard with Also = [ also ] }
                  Expect.equal recipe { Recipe.standard with Also = [ also ] } "itself"

                  Expect.notEqual
                      recipe
                      { Recipe.standard with
                          Also = [ Also.fold transcript ] }
                      "another fold"

                  Expect.throwsT<InvalidOperationException> (fun () -> Recipe.toJson recipe |> ignore) "toJson"
                  Recipe.save (path "recipe") recipe |> refused "also: a recipe in JSON holds no code"
                  Expect.isFalse (File.Exists(path "recipe")) "no file")
          } ]
