/// What stays of a sparse matrix is what was stored, in its order, whichever way it lies.
module internal SingleSharp.Properties.SubsetSparseLaws

open Expecto
open SingleSharp.Core
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5

/// Some values twice, under the same index.
let private doubled (rows: (int * float) list list) =
    rows |> List.mapi (fun i row -> if i % 4 = 3 then row @ List.truncate 2 row else row)

/// The rows of the other direction: for each gene the cells that have it.
let private turned genes (rows: (int * float) list list) =
    [ for gene in 0 .. genes - 1 do
          [ for cell, row in List.indexed rows do
                for gene', value in row do
                    if gene' = gene then
                        cell, value ] ]

/// Types that hold every index and offset of the matrix.
let private roomy numeric =
    if DType.size numeric = 1 then DType.UInt16 else numeric

let private judge storage (matrix: Rows) seeds =
    let cells = matrix.Rows.Length
    let rows = doubled matrix.Rows
    let columns = turned matrix.Genes rows

    let selection =
        { Cells = SubsetArrayLaws.keptOf (fst seeds) (int64 cells)
          Genes = SubsetArrayLaws.keptOf (snd seeds) (int64 matrix.Genes) }

    GenFiles.withPath (fun path ->
        let layers =
            AnnDataFiles.group
                "dict"
                [ "csr", Subsetting.sparse "csr_matrix" storage (cells, matrix.Genes) rows
                  "csc", Subsetting.sparse "csc_matrix" storage (cells, matrix.Genes) columns ]

        (AnnDataFiles.file storage matrix.Genes (AnnDataFiles.csr rows) [ "layers", layers ]).Write path

        GenFiles.withPath (fun target ->
            Subsetting.apply path target selection

            GenFiles.withStore path (fun before ->
                GenFiles.withStore target (fun after ->
                    let isPicked path major minor =
                        Subsetting.stored after path = Subsetting.pickedStored major minor (Subsetting.stored before path)

                    let shapeOf path =
                        after.Integers((GenFiles.findGroup after path).Header, "shape")

                    [ "X"; "layers/csr"; "layers/csc" ]
                    |> List.forall (fun path -> shapeOf path = Some [ selection.Cells.Count; selection.Genes.Count ])
                    && isPicked "X" selection.Cells selection.Genes
                    && isPicked "layers/csr" selection.Cells selection.Genes
                    && isPicked "layers/csc" selection.Genes selection.Cells))))

let private like numeric indices pointers storage : AnnDataFiles.Stored =
    { Values = numeric
      Indices = indices
      Pointers = pointers
      Storage = storage }

let tests =
    testList
        "SubsetSparse"
        [ Law.holdsFor
              150
              "subset of a sparse matrix"
              (fun (CountRows matrix) (AnyTypes(_, indices, pointers)) (AnyStorage storage) (seeds: int * int) ->
                  judge
                      (like DType.Float32 (roomy indices) (if DType.size pointers < 4 then DType.UInt32 else pointers) storage)
                      matrix
                      seeds)

          test "more rows and values than are read at a time" {
              let matrix =
                  { Genes = 300
                    Rows =
                      List.init 70_000 (fun row -> if row % 1000 = 7 then [ for gene in 0..299 -> gene, float row ] else [ row % 300, 1.0 ]) }

              for seeds in [ 12, 13; 14, 15; 1016, 1020 ] do
                  Expect.isTrue (judge (like DType.Float32 DType.Int32 DType.Int64 (Gzipped 10_000)) matrix seeds) $"{seeds}"
          }

          test "a row with more values than are read at a time" {
              let genes = 600_000

              let matrix =
                  { Genes = genes
                    Rows =
                      [ [ 5, 1.0 ]
                        [ for gene in 0 .. genes - 1 -> gene, float (gene % 9) ]
                        []
                        [ 7, 2.0 ] ] }

              GenFiles.withPath (fun path ->
                  let storage = like DType.Float32 DType.Int32 DType.Int32 Unchunked

                  let layers =
                      AnnDataFiles.group "dict" [ "csr", Subsetting.sparse "csr_matrix" storage (4, genes) matrix.Rows ]

                  (AnnDataFiles.file storage genes (AnnDataFiles.csr matrix.Rows) [ "layers", layers ]).Write path

                  let selection =
                      { Cells = RowMask.ofFlags [| true; true; false; true |]
                        Genes = RowMask.ofFlags (Array.init genes (fun gene -> gene % 3 <> 1)) }

                  GenFiles.withPath (fun target ->
                      Subsetting.apply path target selection

                      GenFiles.withStore path (fun before ->
                          GenFiles.withStore target (fun after ->
                              let expected =
                                  Subsetting.pickedStored selection.Cells selection.Genes (Subsetting.stored before "layers/csr")

                              Expect.isTrue (Subsetting.stored after "layers/csr" = expected) "the layer"
                              Expect.isTrue (Subsetting.stored after "X" = expected) "X"))))
          }

          test "offsets and indices out of order are found" {
              let broken (change: float[] -> float[] -> unit) part =
                  GenFiles.withPath (fun path ->
                      let rows = List.init 9 (fun row -> [ row % 4, 1.0; (row + 1) % 4, 2.0 ])
                      let storage = like DType.Float32 DType.Int32 DType.Int32 Unchunked
                      let values, indices, pointers = AnnDataFiles.csr rows
                      change indices pointers

                      let layer =
                          AnnDataFiles.group
                              "csr_matrix"
                              [ "data", AnnDataFiles.line Unchunked (AnnDataFiles.asArray DType.Float32 values)
                                "indices", AnnDataFiles.line Unchunked (AnnDataFiles.asArray DType.Int32 indices)
                                "indptr", AnnDataFiles.line Unchunked (AnnDataFiles.asArray DType.Int32 pointers) ]

                      layer.Attributes["shape"] <- [| 9L; 4L |]

                      (AnnDataFiles.file storage 4 (AnnDataFiles.csr rows) [ "layers", AnnDataFiles.group "dict" [ "broken", layer ] ])
                          .Write
                          path

                      let selection =
                          { Cells = RowMask.all 9L
                            Genes = RowMask.ofFlags [| true; false; true; true |] }

                      GenFiles.withPath (fun target -> GenFiles.isFault part (fun () -> Subsetting.apply path target selection)))

              broken (fun indices _ -> indices[3] <- 4.0) "position 3"
              broken (fun indices _ -> indices[3] <- -1.0) "position 3"
              broken (fun _ pointers -> pointers[4] <- 3.0) "out of order"
              broken (fun _ pointers -> pointers[9] <- 19.0) "out of order"
          } ]
