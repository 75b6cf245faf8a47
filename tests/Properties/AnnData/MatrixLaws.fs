/// A matrix means the same in every form in which it can be stored.
module internal SingleSharp.Properties.MatrixLaws

open System
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5
open SingleSharp.Properties.GenForms
open SingleSharp.Answers

let private half (value: float32) : Half = Half.op_Explicit value

let private limited =
    { Filter.defaults with
        MinGenes = Some 2L
        MinCells = Some 2L }

/// Steps that write X and columns, with and without limits; limits of cells alone are judged in the same read.
let private recipes =
    [ Recipe.standard
      (Recipe.ofSteps [ Log1p.step Log1p.defaults ])
      (Recipe.ofSteps [ Filter.step limited ])
      (Recipe.standard |> Recipe.add (Filter.step { limited with MinCells = None }))
      (Recipe.standard |> Recipe.add (Filter.step limited) |> Recipe.add (Hvg.step { Hvg.defaults with NTopGenes = Some 3 })) ]

/// Counts of cells and genes have the integer type that scanpy gives them in each form, so they are compared as numbers.
let private counted =
    [ "obs/n_genes_by_counts"
      "obs/n_genes"
      "var/n_cells_by_counts"
      "var/n_cells" ]

let private numbers path =
    GenFiles.withStore path (fun store ->
        [ for path in counted do
              match store.TryFind path with
              | Some(DatasetObject dataset) ->
                  let target: int64[] = Array.zeroCreate (int dataset.Count)
                  Integers.decode dataset.Type (Span(DatasetReader(store.Disk, dataset).ReadAll())) target
                  path, List.ofArray target
              | _ -> () ])

/// All but X by hash, and X by its rows; or the sentence, without the path.
let private outcomeOf form numeric rows recipe =
    GenFiles.withPath (fun input ->
        GenFiles.withPath (fun output ->
            GenForms.write input form numeric rows

            let settings = { withoutNote with Workers = 2 }

            match Pipeline.run recipe settings (Input.file input) (Output.NewFile output) with
            | Error fault -> Error((Fault.sentence fault).Replace(input, ""))
            | Ok _ ->
                let others =
                    (need (Pipeline.digest withoutNote output)).Elements
                    |> List.ofSeq
                    |> List.filter (fun element -> element.Path <> "/" && not (element.Path.StartsWith "X"))
                    |> List.filter (fun element -> not (List.contains element.Path counted))

                // Zeros that became stored values are zeros.
                let meant row =
                    row
                    |> List.filter (fun (_, value) -> value <> 0.0)
                    |> List.map (fun (gene: int, value) -> gene, BitConverter.DoubleToInt64Bits value)

                Ok(others, numbers output, GenForms.read output Blocks.sequential 100 |> List.map (fun (cell, row) -> cell, meant row))))

let tests =
    testList
        "Matrix"
        [ Law.holdsFor 60 "every form has the same results" (fun (CountRows rows) (AnyStorage storage) (recipe: byte) (cut: uint16) ->
              let rows = plain rows
              let recipe = recipes[int recipe % recipes.Length]
              let cells, genes = 1 + int cut % 7, 1 + int cut / 7 % 9
              let wanted = outcomeOf (AnyForm.Rows Unchunked) DType.Float64 rows recipe

              [ AnyForm.Rows storage
                AnyForm.Columns storage
                AnyForm.Dense
                AnyForm.Chunks(cells, genes, false)
                AnyForm.Chunks(cells, genes, true) ]
              |> List.forall (fun form ->
                  let found = outcomeOf form DType.Float64 rows recipe

                  if found <> wanted then
                      failtest $"%A{form}:\n%A{found}\ninstead of\n%A{wanted}"

                  true))

          test "float16 counts as float32, and a filter leaves it float16" {
              GenFiles.withPath (fun input ->
                  GenFiles.withPath (fun output ->
                      let file =
                          AnnDataFiles.file (AnnDataFiles.usual Unchunked) 3 (AnnDataFiles.csr [ [ 0, 1.0; 2, 2.0 ]; []; [ 1, 3.0 ] ]) []

                      (file["X"] :?> H5Group)["data"] <- H5Dataset(Array.map half [| 0.5f; 2.0f; 0.333f |])
                      file.Write input
                      let third = float (half 0.333f)

                      Expect.equal
                          (GenForms.read input Blocks.sequential 9)
                          [ 0L, [ 0, 0.5; 2, 2.0 ]; 1L, []; 2L, [ 1, third ] ]
                          "as read"

                      let limits =
                          { Filter.defaults with
                              MinGenes = Some 1L }

                      Pipeline.run (Recipe.ofSteps [ Filter.step limits ]) withoutNote (Input.file input) (Output.NewFile output)
                      |> need
                      |> ignore

                      use kept = GenFiles.openRead output
                      Expect.equal (kept.X.Type, kept.X.Values.Type) (DType.Float32, Float(2, false)) "its type"
                      Expect.equal (GenForms.read output Blocks.sequential 9) [ 0L, [ 0, 0.5; 2, 2.0 ]; 1L, [ 1, third ] ] "what stays"))
          }

          test "what is computed of float16 is float32 in every form" {
              let counts = [| half 1.0f; half 2.0f; half 4.0f |]

              let rows kind =
                  let file =
                      AnnDataFiles.file (AnnDataFiles.usual Unchunked) 3 (AnnDataFiles.csr [ [ 0, 1.0 ]; [ 1, 2.0 ]; [ 2, 4.0 ] ]) []

                  (file["X"] :?> H5Group)["data"] <- H5Dataset counts
                  (file["X"] :?> H5Group).Attributes[ "encoding-type" ] <- kind
                  file

              let dense =
                  AnnDataFiles.file
                      (AnnDataFiles.usual Unchunked)
                      3
                      (AnnDataFiles.csr [ [ 0, 1.0 ]; [ 1, 2.0 ]; [ 2, 3.0 ] ])
                      [ "X", H5Dataset(Array2D.init 3 3 (fun i j -> if i = j then counts[i] else half 0.0f)) ]

              let recipe =
                  (Recipe.ofSteps
                      [ NormalizeTotal.step
                            { NormalizeTotal.defaults with
                                TargetSum = TargetSum.Counts 1e6 } ])

              for name, file in [ "csr", rows "csr_matrix"; "csc", rows "csc_matrix"; "dense", dense ] do
                  GenFiles.withPath (fun input ->
                      GenFiles.withPath (fun output ->
                          file.Write input
                          Pipeline.run recipe withoutNote (Input.file input) (Output.NewFile output) |> need |> ignore
                          use after = GenFiles.openRead output
                          Expect.equal after.X.Values.Type (DType.datatype DType.Float32) $"{name}: its type"

                          Expect.equal
                              (GenForms.read output Blocks.sequential 9)
                              [ for i in 0..2 -> int64 i, [ i, 1e6 ] ]
                              $"{name}: values beyond float16"))
          }

          test "a layer is read and written like X, which stays as it is" {
              GenFiles.withPath (fun input ->
                  GenFiles.withPath (fun output ->
                      let rows = [ [ 0, 5.0; 1, 5.0 ]; [ 1, 20.0 ] ]
                      let values, indices, pointers = AnnDataFiles.csr rows
                      let stored = AnnDataFiles.usual (Gzipped 2)
                      let twin = AnnDataFiles.file stored 2 (values, indices, pointers) []
                      let layers = AnnDataFiles.group "dict" [ "counts", twin["X"] ]

                      let file =
                          AnnDataFiles.file stored 2 (AnnDataFiles.csr [ [ 0, 1.0 ]; [ 0, 2.0 ] ]) [ "layers", box layers ]

                      file.Write input

                      let recipe =
                          { (Recipe.ofSteps
                                [ NormalizeTotal.step
                                      { NormalizeTotal.defaults with
                                          TargetSum = TargetSum.Counts 10.0 } ]) with
                              Matrix = MatrixName.Layer "counts" }

                      Pipeline.run recipe withoutNote (Input.file input) (Output.NewFile output) |> need |> ignore
                      Expect.equal (GenForms.read output Blocks.sequential 9) [ 0L, [ 0, 1.0 ]; 1L, [ 0, 2.0 ] ] "X"

                      let layer =
                          use file =
                              AnnDataFile.openReadWithin Int64.MaxValue (MatrixName.Layer "counts") output

                          Blocks.run Blocks.sequential (Reader.rows file.Store.Disk file.X 9) Sink.none AnnDataFiles.transcript

                      Expect.equal (layer |> List.map (fun (_, _, row) -> row)) [ [ 0, 5.0; 1, 5.0 ]; [ 1, 10.0 ] ] "the layer"

                      let limited =
                          (recipe
                           |> Recipe.add (
                               Filter.step
                                   { Filter.defaults with
                                       MinCounts = Some 15.0 }
                           ))

                      Pipeline.run limited withoutNote (Input.file input) (Output.NewFile output) |> need |> ignore
                      Expect.equal (GenForms.read output Blocks.sequential 9) [ 0L, [ 0, 2.0 ] ] "what stays of X"

                      GenFiles.isFault "no layer called other" (fun () ->
                          AnnDataFile.openReadWithin Int64.MaxValue (MatrixName.Layer "other") input)))
          } ]
