/// Frames and values of an open file: what is there by name, and what is said of what is not.
module internal SingleSharp.Properties.H5adFileLaws

open System
open System.Collections.Generic
open Expecto
open PureHDF
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Properties.AnnDataFiles

let private scores = [| 0.5; -1.0; Double.PositiveInfinity |]

let private written (others: (string * obj) list) (work: H5adFile -> unit) =
    GenFiles.withPath (fun path ->
        (file (usual Unchunked) 2 (csr [ [ 0, 1.0 ]; []; [ 1, 2.0 ] ]) others).Write path

        match H5ad.openFile Settings.standard path with
        | Ok file -> using file work
        | Error fault -> failtest (Fault.sentence fault))

let private message<'trouble, 'a when 'trouble :> exn> (work: unit -> 'a) =
    let trouble = Expect.throwsC (fun () -> work () |> ignore) id
    Expect.isTrue (trouble :? 'trouble) $"{trouble}"
    trouble.Message

let private obs =
    frame
        (names "cell" 3)
        [ "score", box (H5Dataset scores)
          "label", box (H5Dataset [| "a"; "b"; "a" |]) ]

let private uns =
    group
        "dict"
        [ "title", box (H5Dataset "blood")
          "count", box (H5Dataset 7)
          "ratio", box (H5Dataset scores)
          "pca", box (group "dict" [ "variance", box (H5Dataset [| 3.0f; 1.0f |]) ]) ]

let tests =
    testList
        "H5adFile"
        [ test "columns by name" {
              written [ "obs", obs ] (fun file ->
                  Expect.sequenceEqual file.Obs.Columns [ "score"; "label" ] "names in order"
                  Expect.sequenceEqual file.Obs.Names [ "cell0"; "cell1"; "cell2" ] "index"
                  Expect.equal (file.Obs.ReadNames(1L, 2)) [| "cell1"; "cell2" |] "part of it"
                  Expect.equal (file.Obs["score"].Read<float>(1L, 2)) scores[1..] "part of a column"
                  Expect.equal (file.Obs["score"].Type, file.Obs["score"].Kind) (typeof<float>, ColumnKind.Number) "numbers"
                  Expect.equal (file.Obs["label"].Read<string>()) [| "a"; "b"; "a" |] "strings"
                  Expect.isFalse (file.Var.Has "score") "var has none"
                  Expect.stringContains (message<KeyNotFoundException, _>(fun () -> file.Obs["scores"])) "did you mean score?" "a slip"
                  Expect.stringContains (message<KeyNotFoundException, _>(fun () -> file.Var["score"])) "it has none" "no columns"
                  Expect.stringContains (message<InvalidOperationException, _>(fun () -> file.Obs["score"].ReadCodes())) "no codes" "codes"
                  message<ArgumentOutOfRangeException, _>(fun () -> file.Obs["score"].Read<float>(2L, 2)) |> ignore
                  message<ArgumentOutOfRangeException, _>(fun () -> file.Obs.ReadNames(-1L, 1)) |> ignore)
          }

          test "uns" {
              written [ "uns", uns ] (fun file ->
                  Expect.equal (file.Uns["title"].Read<string>()) "blood" "a string"
                  Expect.equal (file.Uns["count"].Read<int>()) 7 "an integer"
                  Expect.equal (file.Uns["count"].Read<float>()) 7.0 "as Double"
                  Expect.equal (file.Uns["ratio"].ReadArray<float>()) scores "an array"
                  Expect.equal (file["uns"].["pca"].["variance"].ReadArray<float32>()) [| 3.0f; 1.0f |] "inside"
                  Expect.equal file.Uns["pca"].Kind H5adKind.Mapping "a mapping"

                  Expect.stringContains
                      (message<InvalidOperationException, _>(fun () -> file.Uns["ratio"].Read<float>()))
                      "ReadArray"
                      "several"

                  Expect.stringContains (message<InvalidOperationException, _>(fun () -> file.Uns["pca"].Read<float>())) "Keys" "a mapping"
                  Expect.stringContains (message<KeyNotFoundException, _>(fun () -> file.Uns["titl"])) "did you mean title?" "a slip")

              written [] (fun file -> Expect.isEmpty file.Uns.Keys "none")
          }

          test "obsm, row by row and in pieces" {
              let values = Array2D.init 3 2 (fun row column -> float32 (10 * row + column))

              written [ "obsm", group "dict" [ "X_pca", box (H5Dataset values) ] ] (fun file ->
                  let x = file.Obsm "X_pca"
                  Expect.equal (x.Rows, x.Columns, x.Type) (3L, 2, typeof<float32>) "shape"
                  Expect.equal (x.Read<float32>()) [| 0.0f; 1.0f; 10.0f; 11.0f; 20.0f; 21.0f |] "all"
                  Expect.equal (x.Read<float>(1L, 1)) [| 10.0; 11.0 |] "a row"
                  let piece = Seq.exactlyOne (x.Pieces<float32>())
                  Expect.equal (piece.Row(2).ToArray(), piece[1, 1]) ([| 20.0f; 21.0f |], 11.0f) "of a piece"
                  Expect.stringContains (message<KeyNotFoundException, _>(fun () -> file.Obsm "X_pc")) "did you mean X_pca?" "a slip")
          }

          test "what is not there" {
              written [] (fun file ->
                  Expect.stringContains (message<InvalidOperationException, _>(fun () -> file.X.Read<float>())) "Batches" "sparse"

                  Expect.equal
                      (message<SingleSharpException, _>(fun () -> file.Layer "counts"))
                      "layer: the file has no layers."
                      "no layer"

                  message<KeyNotFoundException, _>(fun () -> file.Obsm "X_pca") |> ignore
                  Expect.sequenceEqual file.GeneNames [ "gene0"; "gene1" ] "names of genes")

              GenFiles.withPath (fun path ->
                  match H5ad.openFile Settings.standard path with
                  | Ok _ -> failtest "there is no file"
                  | Error fault -> Expect.equal (Fault.kind fault) FaultKind.NotFound "no file")
          } ]
