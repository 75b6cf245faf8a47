/// Whole runs: the same meaning whatever the storage, the workers and the memory, and equal to the in-memory result.
module internal SingleSharp.Properties.RunnerLaws

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory
open SingleSharp.Answers

/// The matrix repeated until it has more rows than one block.
let private longer (matrix: Rows) =
    if matrix.Rows.IsEmpty then
        matrix
    else
        { matrix with
            Rows = List.init (4500 / matrix.Rows.Length) (fun _ -> matrix.Rows) |> List.concat }

let private countsOf (matrix: Rows) =
    { CellNames = Array.init matrix.Rows.Length (fun cell -> $"cell{cell}")
      GeneNames = Array.init matrix.Genes (fun gene -> if gene % 5 = 0 then $"MT-{gene}" else $"gene{gene}")
      Indptr = matrix.Rows |> List.scan (fun total row -> total + row.Length) 0 |> Array.ofList
      Indices = matrix.Rows |> List.concat |> List.map fst |> Array.ofList
      Data = matrix.Rows |> List.concat |> List.map (snd >> float32) |> Array.ofList }

let private inFolder work =
    let folder = Directory.CreateTempSubdirectory "singlesharp"

    try
        work folder.FullName
    finally
        folder.Delete true

let private valuesOf path =
    use file = GenFiles.openRead path
    let reader = Reader.rows file.Store.Disk file.X 100

    Blocks.run
        Blocks.sequential
        reader
        Sink.none
        (Fold.ofSteps
            { Fresh = fun () -> []
              Step = fun values (rowBatch: RowBatch) -> List.rev (List.ofSeq (Seq.truncate rowBatch.Count rowBatch.Values)) @ values
              Merge = fun left right -> right @ left
              Finish = List.rev })

let private recipes =
    [ Recipe.standard
      (Recipe.standard
       |> Recipe.add (
           NormalizeTotal.step
               { NormalizeTotal.defaults with
                   TargetSum = TargetSum.MedianOfPositive
                   ExcludeHighlyExpressed = true
                   MaxFraction = 0.3
                   KeyAdded = Some "factor" }
       )
       |> Recipe.add (Log1p.step { Log1p.defaults with Base = Some 2.0 }))
      (Recipe.ofSteps [ Log1p.step Log1p.defaults ]) ]

let tests =
    testList
        "Runner"
        [ for i, recipe in List.indexed recipes do
              Law.holdsFor
                  12
                  $"schedule and storage change nothing, recipe {i}"
                  (fun (CountRows matrix) (AnySchedule(workers, _)) (chunk: uint16) ->
                      inFolder (fun folder ->
                          let counts = countsOf (longer matrix)
                          let path name = Path.Combine(folder, name + ".h5ad")

                          let run name storage workers memory =
                              NewFile.write (path name) storage counts
                              let memory = if memory = 0L then leastMemory recipe workers (path name) else memory

                              match
                                  Pipeline.run
                                      recipe
                                      { settings workers memory with
                                          Provenance = false }
                                      (Input.file (path name))
                                      (NewFile(path (name + "-out")))
                              with
                              // A median of nothing is refused.
                              | Error(InvalidOption("target_sum", why)) -> why, [||]
                              | result ->
                                  need result |> ignore
                                  whole (path (name + "-out")), File.ReadAllBytes(path (name + "-out"))

                          // PureHDF takes minutes to write hundreds of thousands of chunks.
                          let least = 1 + counts.Data.Length / 2000
                          let plain, plainBytes = run "plain" Unchunked 1 (1L <<< 30)
                          let chunked, _ = run "chunked" (InChunks(least + int chunk)) workers 0L

                          let gzipped, gzippedBytes =
                              run "gzipped" (Gzipped(100 + int chunk)) workers (1L <<< 28)

                          let again, againBytes = run "again" Unchunked workers 0L

                          let gzippedAgain, gzippedBytesAgain =
                              run "gzippedAgain" (Gzipped(100 + int chunk)) 1 0L

                          plain = chunked
                          && plain = gzipped
                          && plain = again
                          && plain = gzippedAgain
                          && plainBytes = againBytes
                          && gzippedBytes = gzippedBytesAgain))

          Law.holdsFor 25 "preprocess equals the in-memory result" (fun (CountRows matrix) ->
              inFolder (fun folder ->
                  let input = Path.Combine(folder, "in.h5ad")
                  let output = Path.Combine(folder, "out.h5ad")
                  NewFile.write input (InChunks 64) (countsOf matrix)
                  let before = File.ReadAllBytes input
                  Pipeline.run Recipe.standard withoutNote (Input.file input) (NewFile output) |> need |> ignore

                  let expected =
                      [ for row in matrix.Rows do
                            for _, value in row ->
                                logged (normalized 1e4 (sum (row |> List.map (fun (gene, value) -> gene, single value))) (single value)) ]

                  List.forall2 sameBits (valuesOf output) expected && File.ReadAllBytes input = before))

          Law.holdsFor 15 "one fused run means what three single runs mean" (fun (CountRows matrix) ->
              inFolder (fun folder ->
                  let path name = Path.Combine(folder, name + ".h5ad")
                  NewFile.write (path "in") (Gzipped 50) (countsOf matrix)
                  let settings = withoutNote
                  Pipeline.run Recipe.standard settings (Input.file (path "in")) (NewFile(path "fused")) |> need |> ignore

                  Pipeline.run (Recipe.ofSteps [ Qc.step Qc.defaults ]) settings (Input.file (path "in")) (NewFile(path "steps"))
                  |> need
                  |> ignore

                  Pipeline.run
                      (Recipe.ofSteps [ NormalizeTotal.step NormalizeTotal.defaults ])
                      settings
                      (Input.file (path "steps"))
                      InPlace
                  |> need
                  |> ignore

                  Pipeline.run (Recipe.ofSteps [ Log1p.step Log1p.defaults ]) settings (Input.file (path "steps")) InPlace
                  |> need
                  |> ignore

                  whole (path "fused") = whole (path "steps")))

          Law.holdsFor 15 "in place means what a new file means, and nothing is left beside it" (fun (CountRows matrix) (qcOnly: bool) ->
              inFolder (fun folder ->
                  let path name = Path.Combine(folder, name + ".h5ad")

                  let recipe =
                      if qcOnly then (Recipe.ofSteps [ Qc.step Qc.defaults ]) else Recipe.standard

                  NewFile.write (path "in") (InChunks 50) (countsOf matrix)
                  Pipeline.run recipe withoutNote (Input.file (path "in")) (NewFile(path "out")) |> need |> ignore
                  Pipeline.run recipe withoutNote (Input.file (path "in")) InPlace |> need |> ignore
                  whole (path "in") = whole (path "out") && Directory.GetFiles(folder).Length = 2))

          test "cancelling leaves no trace" {
              inFolder (fun folder ->
                  let input = Path.Combine(folder, "in.h5ad")

                  NewFile.write
                      input
                      (InChunks 999)
                      (countsOf (
                          longer
                              { Genes = 4
                                Rows = [ [ 0, 1.0; 3, 2.0 ] ] }
                      ))

                  let before = File.ReadAllBytes input

                  for output in [ NewFile(Path.Combine(folder, "out.h5ad")); InPlace ] do
                      for recipe in (Recipe.ofSteps [ Qc.step Qc.defaults ]) :: recipes do
                          use stop = new Threading.CancellationTokenSource()

                          let stopping =
                              { withoutNote with
                                  Cancel = stop.Token
                                  Progress = fun _ -> stop.Cancel() }

                          Expect.throwsT<OperationCanceledException>
                              (fun () -> Pipeline.run recipe stopping (Input.file input) output |> ignore)
                              "cancelled"

                          Expect.equal (File.ReadAllBytes input) before "the input is as it was"
                          Expect.equal (Directory.GetFiles folder) [| input |] "there is no other file")
          } ]
