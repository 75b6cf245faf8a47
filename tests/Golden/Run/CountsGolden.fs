/// keep_counts: X as it was, in layers/counts, for anndata and h5py; what it does not go with is refused.
module internal SingleSharp.Golden.CountsGolden

open System.IO
open System.Text.Json
open Expecto
open SingleSharp.Core
open SingleSharp.Answers
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private case name = here $"edge/{name}/input.h5ad"

let private keeping (recipe: Recipe) =
    { recipe with
        KeepCounts = true
        AllowInvalid = true }

/// Every way in which X is stored.
let private cases =
    [ "plain_csr_f32"
      "x_csc"
      "x_dense_f32"
      "x_dense_f64"
      "x_bool"
      "x_int32"
      "x_int64"
      "x_uint16"
      "x_float64"
      "explicit_zeros"
      "unsorted_indices"
      "indices_int64_indptr_int32"
      "indices_unsigned"
      "layout_big_endian"
      "layout_chunked"
      "layout_contiguous"
      "layout_dense_chunked"
      "layout_gzip"
      "layout_lzf"
      "layout_shuffle_gzip"
      "layout_libver_latest"
      "negative_values"
      "nan_sparse"
      "no_cells" ]

/// The elements of a file but the layers, and the note of the run.
let private others path =
    [ for element in (digest path).Elements do
          if not (element.Path.StartsWith "layers" || element.Path.StartsWith "uns/singlesharp") then
              element ]

let private isSound path =
    Expect.isTrue (need (Pipeline.verify Settings.standard path)).IsSound $"{path} is sound"

/// h5py and anndata find X of each input in layers/counts of its output.
let private readsBack (made: (string * string) list) =
    let answer = Child.script "counts.py" [] (JsonSerializer.Serialize(dict made))
    Expect.equal (answer.Trim()) "{}" "what h5py and anndata read"

let private isRefused input change words (sandbox: Sandbox) =
    run (change (keeping log1p)) input sandbox |> refused ("keep_counts" :: words)
    Expect.isFalse (File.Exists(sandbox.File "output.h5ad")) "nothing is written"

let private refusals =
    [ "a layer as the matrix",
      case "preserve_everything",
      (fun recipe ->
          { recipe with
              Matrix = MatrixName.Layer "dense" }),
      [ "X, which stays as it is"; "the layer dense" ]
      "entries that are added up", case "duplicate_indices", (fun recipe -> { recipe with SumDuplicates = true }), [ "sum_duplicates" ] ]

let all =
    testList
        "Counts"
        [ test "of every kind of X, and nothing else is another" {
              use sandbox = new Sandbox()

              let made =
                  [ for name in cases do
                        let output = sandbox.File $"{name}.h5ad"
                        let plain = sandbox.File $"{name}.plain.h5ad"
                        let report = ran (keeping log1p) (case name) output
                        ran { log1p with AllowInvalid = true } (case name) plain |> ignore
                        Expect.equal (List.ofSeq report.LayerKeys) [ "counts" ] name
                        Expect.equal (others output) (others plain) name
                        isSound output
                        output, case name ]

              readsBack made
          }

          test "in place, and of a file of anndata 0.7" {
              use sandbox = new Sandbox()

              for source in [ sample; require "data/wild/BPCells__mini_mat.anndata-v0.7__1fa516.h5ad" ] do
                  let file = sandbox.Copy(source, "place.h5ad")
                  need (Pipeline.run (keeping Recipe.standard) Settings.standard (Input.file file) InPlace) |> ignore
                  isSound file

                  readsBack [ file, source ]

                  File.Delete file
          }

          test "of several inputs, it is X of what convert makes of them" {
              use sandbox = new Sandbox()

              let inputs =
                  { Paths = [ sample; case "x_csc" ]
                    Convert = joined }

              let output = sandbox.File "out.h5ad"
              let together = sandbox.File "together.h5ad"
              need (Pipeline.convert MatrixName.X false Settings.standard inputs together) |> ignore
              need (Pipeline.run (keeping log1p) Settings.standard inputs (NewFile output)) |> ignore
              isSound output

              readsBack [ output, together ]
          }

          test "a second run finds the layer, which was not there before" {
              use sandbox = new Sandbox()
              let first = sandbox.File "first.h5ad"
              ran (keeping log1p) sample first |> ignore

              let again =
                  keeping (
                      Recipe.ofSteps
                          [ Log1p.step
                                { Log1p.defaults with
                                    AllowLogged = true } ]
                  )

              run again first sandbox |> refused [ "keep_counts"; "a layer called counts already" ]
          }

          for name, input, change, words in refusals do
              test $"refused: {name}" {
                  use sandbox = new Sandbox()
                  isRefused input change words sandbox
              }

          test "refused: what changes nothing" {
              Expect.equal
                  (Pipeline.check (keeping qc) |> List.map Fault.sentence)
                  [ "keep_counts: it has no effect: no step changes values of X, which stays as it is; leave it out." ]
                  "the sentence"
          }

          test "refused: a dense layer of the same name" {
              let recipe =
                  Recipe.add
                      (Scale.step
                          { Scale.defaults with
                              DenseLayer = Some "counts" })
                      (keeping log1p)

              Expect.equal
                  (Pipeline.check recipe |> List.map Fault.sentence)
                  [ "dense_layer: keep_counts takes the name counts for a layer; choose another name." ]
                  "the sentence"
          } ]
