/// Rows that are put together are the rows of the matrix.
module SingleSharp.Properties.TransposedLaws

open System
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5
open SingleSharp.Properties.GenForms

/// The rows of X, put together whatever its form.
let private transposed form numeric allowed rows =
    GenFiles.withPath (fun path ->
        GenForms.write path form numeric rows
        use file = Schema.openRead path
        let folder = Path.GetDirectoryName path
        use scratch = new Scratch(folder)

        let matrix =
            Transposed.write file.Store.Disk file.X scratch.Disk folder allowed CancellationToken.None ignore

        Blocks.run Blocks.sequential (Reader.rows scratch.Disk matrix 50) Outlet.none AnnDataFiles.transcript)

let private isSame found rows = found = AnnDataFiles.expected rows.Rows

let tests =
    testList
        "Transposed"
        [ Law.holdsFor 60 "transposed" (fun (CountRows rows) (AnyStorage storage) (cut: uint16) ->
              let rows = plain rows
              let cells, genes = 1 + int cut % 7, 1 + int cut / 7 % 9

              isSame (transposed (AnyForm.Columns storage) Numeric.Float64 0L rows) rows
              && (rows.Rows.IsEmpty
                  || rows.Genes = 0
                  || isSame (transposed (AnyForm.Chunks(cells, genes, true)) Numeric.Float64 0L rows) rows))

          test "more cells than a bucket holds, and more than a buffer" {
              let rows =
                  { Genes = 6
                    Rows = List.init 150_000 (fun cell -> [ for gene in 0 .. cell % 3 -> 2 * gene, float (1 + (cell + gene) % 50) ]) }

              for numeric in [ Numeric.Int8; Numeric.UInt16; Numeric.Float32; Numeric.Int32 ] do
                  Expect.isTrue (isSame (transposed (AnyForm.Columns(InChunks 70_000)) numeric 0L rows) rows) $"{numeric}"
          }

          test "a row index that is no cell is damage" {
              GenFiles.withPath (fun path ->
                  let values, _, pointers = AnnDataFiles.csr [ [ 0, 1.0 ]; [ 0, 2.0 ] ]

                  let file =
                      AnnDataFiles.file (AnnDataFiles.usual InOnePiece) 2 (values, [| 0.0; 2.0 |], pointers) []

                  (file["X"] :?> PureHDF.H5Group).Attributes[ "encoding-type" ] <- "csc_matrix"
                  file.Write path

                  match GenFiles.faultOf (fun () -> GenForms.read path Blocks.sequential 9) with
                  | Damaged(_, "X/indices", _) -> ()
                  | other -> failtest (Fault.sentence other))
          } ]
