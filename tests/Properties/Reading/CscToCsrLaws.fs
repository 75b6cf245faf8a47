/// Rows that are put together are the rows of the matrix.
module internal SingleSharp.Properties.CscToCsrLaws

open System
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5
open SingleSharp.Properties.GenForms

/// The rows of X, put together whatever its form.
let private transposed form numeric allowed rows =
    GenFiles.withPath (fun path ->
        GenForms.write path form numeric rows
        use file = GenFiles.openRead path
        let folder = Path.GetDirectoryName path
        use scratch = new ScratchFile(folder)

        let matrix =
            CscToCsr.write file.Store.Disk file.X scratch.Disk folder allowed CancellationToken.None ignore

        Blocks.run Blocks.sequential (Reader.rows scratch.Disk matrix 50) Sink.none AnnDataFiles.transcript)

let private isSame found rows = found = AnnDataFiles.expected rows.Rows

let tests =
    testList
        "CscToCsr"
        [ Law.holdsFor 60 "csr" (fun (CountRows rows) (AnyStorage storage) (cut: uint16) ->
              let rows = plain rows
              let cells, genes = 1 + int cut % 7, 1 + int cut / 7 % 9

              isSame (transposed (AnyForm.Columns storage) DType.Float64 0L rows) rows
              && (rows.Rows.IsEmpty
                  || rows.Genes = 0
                  || isSame (transposed (AnyForm.Chunks(cells, genes, true)) DType.Float64 0L rows) rows))

          Law.holdsFor 60 "turned" (fun (CountRows rows) (roomy: bool) (perBatch: byte) ->
              use scratch = new ScratchFile(Path.GetTempPath())
              let rows = plain rows
              let source = RowSource.source rows.Rows (1 + int perBatch % 5) false
              let allowed = if roomy then 1L <<< 30 else 0L

              let matrix =
                  CscToCsr.turned
                      scratch.Disk
                      "X"
                      source
                      rows.Genes
                      Precision.Double
                      scratch.Disk
                      (Path.GetTempPath())
                      allowed
                      CancellationToken.None
                      ignore

              let found =
                  Blocks.run Blocks.sequential (Reader.rows scratch.Disk matrix 50) Sink.none AnnDataFiles.transcript

              let wanted =
                  [ for gene in 0 .. rows.Genes - 1 ->
                        [ for cell, row in List.indexed rows.Rows do
                              for other, value in row do
                                  if other = gene then
                                      cell, value ] ]

              found = AnnDataFiles.expected wanted)

          test "more cells than a bucket holds, and more than a buffer" {
              let rows =
                  { Genes = 6
                    Rows = List.init 150_000 (fun cell -> [ for gene in 0 .. cell % 3 -> 2 * gene, float (1 + (cell + gene) % 50) ]) }

              for numeric in [ DType.Int8; DType.UInt16; DType.Float32; DType.Int32 ] do
                  Expect.isTrue (isSame (transposed (AnyForm.Columns(InChunks 70_000)) numeric 0L rows) rows) $"{numeric}"
          }

          Law.holdsFor
              60
              "dense rows are those that are read in order, numbers or not"
              (fun (CountRows rows) (odd: (byte * byte * byte) list) (cut: uint16) ->
                  let cells = rows.Rows.Length
                  let values = [| nan; infinity; -infinity; -0.0 |]

                  let changes =
                      [ for cell, gene, which in odd do
                            if cells > 0 && rows.Genes > 0 then
                                int cell % cells, int gene % rows.Genes, values[int which % 4] ]

                  let rows =
                      { rows with
                          Rows =
                              rows.Rows
                              |> List.mapi (fun i row ->
                                  changes
                                  |> List.fold
                                      (fun row (cell, gene, value) ->
                                          if cell = i then (gene, value) :: List.filter (fun (other, _) -> other <> gene) row else row)
                                      row) }

                  let form = AnyForm.Chunks(1 + int cut % 7, 1 + int cut / 7 % 9, true)

                  let bits (rows: (int * float) list seq) =
                      rows
                      |> Seq.map (List.map (fun (gene, value) -> gene, BitConverter.DoubleToInt64Bits value) >> List.sort)
                      |> List.ofSeq

                  let inOrder =
                      GenFiles.withPath (fun path ->
                          GenForms.write path form DType.Float64 rows
                          GenForms.read path Blocks.sequential 50 |> List.map snd)

                  cells = 0
                  || rows.Genes = 0
                  || bits (transposed form DType.Float64 0L rows |> List.map (fun (_, _, row) -> row)) = bits inOrder)

          test "stripes that the memory allowed cannot sort are refused" {
              let full: Rows =
                  { Genes = 16_500
                    Rows = List.init 64 (fun _ -> [ for gene in 0..16_499 -> gene, 1.0 ]) }

              let attempt allowed () =
                  transposed (AnyForm.Columns Unchunked) DType.Float32 allowed full

              match GenFiles.faultOf (attempt (1L <<< 25)) with
              | InsufficientMemory _ -> ()
              | other -> failtest (Fault.sentence other)

              Expect.isTrue (isSame (attempt (1L <<< 27) ()) full) "with more memory"
          }

          test "chunks that are decoded whole count as memory" {
              GenFiles.withPath (fun path ->
                  let rows: Rows =
                      { Genes = 2048
                        Rows = List.init 2100 (fun _ -> [ 0, 1.0 ]) }

                  GenForms.write path (AnyForm.Chunks(2100, 2048, true)) DType.Int8 rows
                  use file = GenFiles.openRead path
                  Expect.isTrue (CscToCsr.isNeeded file.X) "one chunk holds all rows"
                  Expect.isGreaterThan (CscToCsr.least file.X) (2100L * 2048L * 18L) "its numbers, twice, and its bytes")
          }

          test "integers that float32 does not hold stay what they are" {
              let rows: Rows =
                  { Genes = 2
                    Rows = [ [ 0, 2147483647.0; 1, 16777217.0 ]; [ 1, -2147483647.0 ] ] }

              for form in [ AnyForm.Columns Unchunked; AnyForm.Chunks(1, 1, true) ] do
                  Expect.isTrue (isSame (transposed form DType.Int32 0L rows) rows) $"{form}"
          }

          test "a row index that is no cell is damage" {
              GenFiles.withPath (fun path ->
                  let values, _, pointers = AnnDataFiles.csr [ [ 0, 1.0 ]; [ 0, 2.0 ] ]

                  let file =
                      AnnDataFiles.file (AnnDataFiles.usual Unchunked) 2 (values, [| 0.0; 2.0 |], pointers) []

                  (file["X"] :?> PureHDF.H5Group).Attributes[ "encoding-type" ] <- "csc_matrix"
                  file.Write path

                  match GenFiles.faultOf (fun () -> GenForms.read path Blocks.sequential 9) with
                  | Damaged(_, "X/indices", _) -> ()
                  | other -> failtest (Fault.sentence other))
          } ]
