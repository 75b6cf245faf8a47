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
open SingleSharp.Answers

let private countsOf (matrix: Rows) =
    { CellNames = Array.init matrix.Rows.Length (fun cell -> $"cell{cell}")
      GeneNames = Array.init matrix.Genes (fun gene -> if gene % 5 = 0 then $"MT-{gene}" else $"gene{gene}")
      Indptr = matrix.Rows |> List.scan (fun total row -> total + row.Length) 0 |> Array.ofList
      Indices = matrix.Rows |> List.concat |> List.map fst |> Array.ofList
      Data = matrix.Rows |> List.concat |> List.map (snd >> float32) |> Array.ofList }

/// The matrix repeated until it has more rows than one block.
let private longer (matrix: Rows) =
    if matrix.Rows.IsEmpty then
        matrix
    else
        { matrix with
            Rows = List.init (4500 / matrix.Rows.Length) (fun _ -> matrix.Rows) |> List.concat }

let private inFolder work =
    let folder = Directory.CreateTempSubdirectory "singlesharp"

    try
        work (fun name -> Path.Combine(folder.FullName, name + ".h5ad"))
    finally
        folder.Delete true

/// A row that was seen: its cell, and its genes with the bits of values and of output.
type private Seen =
    { Cell: int64
      Values: (int * int64) list
      Output: (int * int64) list }

let private see (batch: CsrBatch) row =
    let row = batch.Row row

    let cell, genes, values, output =
        row.Cell, row.Genes.ToArray(), row.Values.ToArray(), row.Output.ToArray()

    { Cell = cell
      Values = Array.zip genes (Array.map bits values) |> List.ofArray
      Output = Array.zip genes (Array.map bits output) |> List.ofArray }

let private transcript: Fold<CsrBatch, Seen list> =
    Fold.ofSteps
        { Fresh = fun () -> []
          Step = fun seen batch -> List.rev [ for row in 0 .. batch.Cells - 1 -> see batch row ] @ seen
          Merge = fun left right -> right @ left
          Finish = List.rev }

/// A sum of fractions, whose bits tell in which order it was added up, over the cells that are wanted.
let private sumOf isWanted : Fold<CsrBatch, float> =
    let addTo sum (batch: CsrBatch) row =
        let row = batch.Row row
        let mutable sum = sum

        if isWanted row.Cell then
            for value in row.Values do
                sum <- sum + Math.Log(1.5 + value) / 3.0

        sum

    Fold.ofSteps
        { Fresh = fun () -> 0.0
          Step =
            fun sum batch ->
                let mutable sum = sum

                for row in 0 .. batch.Cells - 1 do
                    sum <- addTo sum batch row

                sum
          Merge = (+)
          Finish = id }

let private thirds =
    RowValue(fun row ->
        let mutable sum = 0.0

        for value in row.Output do
            sum <- sum + value / 3.0

        sum + float row.Cell)

let private ofThirds (seen: Seen) =
    (0.0, seen.Output)
    ||> List.fold (fun sum (_, value) -> sum + BitConverter.Int64BitsToDouble value / 3.0)
    |> fun sum -> sum + float seen.Cell

/// Columns of every type, and what they must hold.
let private columns: (Also * string * (Seen -> float)) list =
    [ Also.obs "thirds" DType.Float64 thirds, "thirds", ofThirds
      Also.obs "single" DType.Float32 thirds, "single", (fun seen -> float (float32 (ofThirds seen)))
      Also.obs "stored" DType.Int32 (RowValue(fun row -> float row.Genes.Length)), "stored", (fun seen -> float seen.Values.Length)
      Also.obs "cell" DType.Int64 (RowValue(fun row -> float row.Cell)), "cell", (fun seen -> float seen.Cell)
      Also.obs "silent" DType.Bool (RowValue(fun row -> if row.Genes.IsEmpty then 1.0 else 0.0)),
      "silent",
      (fun seen -> if seen.Values.IsEmpty then 1.0 else 0.0) ]

let private numbers (path: string) name =
    use file = H5File.OpenRead path
    let dataset = file.Dataset $"obs/{name}"

    match dataset.Type.Class, dataset.Type.Size with
    | H5DataTypeClass.FloatingPoint, 8 -> dataset.Read<float[]>()
    | H5DataTypeClass.FloatingPoint, _ -> dataset.Read<float32[]>() |> Array.map float
    | _, 8 -> dataset.Read<int64[]>() |> Array.map float
    | _, 4 -> dataset.Read<int[]>() |> Array.map float
    | _ -> dataset.Read<sbyte[]>() |> Array.map float
    |> List.ofArray

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

let private values fold path =
    need (Pipeline.fold fold Settings.standard (Input.file path))

/// Throws something that nothing in the library throws.
let private faulty: Fold<CsrBatch, int> =
    Fold.ofSteps
        { Fresh = fun () -> 0
          Step = fun _ _ -> raise (InvalidTimeZoneException "as it was thrown")
          Merge = (+)
          Finish = id }

let private small =
    { Genes = 4
      Rows = [ [ 0, 1.0; 2, 3.0 ]; []; [ 1, 2.0 ] ] }

let private refused part result =
    match result with
    | Ok _ -> failtest "a fault is expected"
    | Error fault ->
        Expect.equal (Fault.kind fault) FaultKind.InvalidOption "its kind"
        Expect.stringContains (Fault.sentence fault) part "its sentence"

let private withSmall work =
    inFolder (fun path ->
        NewFile.write (path "in") Unchunked (countsOf small)
        work path)

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

          test "a column is appended in place, replaces the one that is there, and is noted" {
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
