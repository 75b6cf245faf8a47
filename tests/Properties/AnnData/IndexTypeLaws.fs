/// The index arrays of every sparse matrix that is written anew have one type, which SciPy computes with.
module internal SingleSharp.Properties.IndexTypeLaws

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5

let private int32s = DType.datatype DType.Int32
let private int64s = DType.datatype DType.Int64

/// The types of the index arrays of X.
let private types path =
    use file = GenFiles.openRead path
    let arrays = Matrix.rows file.X
    arrays.Indices.Type, arrays.Indptr.Type

/// A new file of two cells that may have so many values.
let private fresh most (genes: int) work =
    GenFiles.withPath (fun path ->
        let rows = RowSource.source [ [ 0, 1.0 ]; [ genes - 1, 2.0 ] ] 10 false

        using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite), 0L)) (fun disk ->
            H5adWriter.write
                None
                disk
                2L
                { CellNames = [ "a"; "b" ]
                  Obs = []
                  Obsm = []
                  GeneNames = Array.init genes string
                  Var = [] }
                { Type = DType.Float32
                  Most = most
                  Fill = fun sink -> Blocks.run Blocks.sequential (CountInput.moved (Array.init genes id) rows) sink (Fold.always ()) }
                [])

        work path)

let tests =
    testList
        "IndexType"
        [ Law.holds "index type" (fun (AnyTypes(_, indices, pointers)) (most: int64) ->
              let most = abs (most % (1L <<< 40))
              let indices, pointers = DType.datatype indices, DType.datatype pointers
              let chosen = IndexType.succeeding indices pointers most

              (chosen = int32s && most <= int64 Int32.MaxValue || chosen = int64s)
              && (indices <> pointers || indices <> int32s && indices <> int64s || chosen = indices || most > int64 Int32.MaxValue))

          test "the types of SciPy" {
              for most, expected in [ 0L, int32s; 2147483647L, int32s; 2147483648L, int64s ] do
                  Expect.equal (DType.datatype (IndexType.fresh most)) expected $"for {most}"
                  Expect.equal (IndexType.succeeding int32s int64s most) expected $"mixed, for {most}"
                  Expect.equal (IndexType.succeeding int32s int32s most) expected $"int32, for {most}"
                  Expect.equal (IndexType.succeeding int64s int64s most) int64s $"int64, for {most}"

              let swapped = Integer(4, true, true)
              Expect.equal (IndexType.succeeding swapped swapped 9L) int32s "of the other byte order"
          }

          test "a new file has one type, which holds whatever there may be" {
              for most, expected in [ 2L, int32s; 2147483647L, int32s; 2147483648L, int64s ] do
                  fresh most 3 (fun path -> Expect.equal (types path) (expected, expected) $"for {most} values")
          }

          Law.holdsFor 30 "a filter leaves one type" (fun (CountRows matrix) (AnyTypes(_, indices, pointers)) (AnyStorage storage) ->
              let roomy numeric =
                  if DType.size numeric < 4 then DType.UInt32 else numeric

              let stored: AnnDataFiles.Stored =
                  { Values = DType.Float32
                    Indices = roomy indices
                    Pointers = roomy pointers
                    Storage = storage }

              matrix.Rows.IsEmpty
              || matrix.Genes = 0
              || GenFiles.withPath (fun path ->
                  GenFiles.withPath (fun target ->
                      AnnDataFiles.write path stored matrix

                      let limits =
                          { Filter.defaults with
                              MinGenes = Some 0L
                              MinCells = Some 1L }

                      match
                          Pipeline.run (Recipe.ofSteps [ Filter.step limits ]) Settings.standard (Input.file path) (NewFile target)
                      with
                      | Error fault -> failtest (Fault.sentence fault)
                      | Ok report ->
                          let indices, pointers = types target

                          // Where nothing is dropped, nothing is written anew.
                          (report.GenesKept = matrix.Genes && report.CellsKept = int64 matrix.Rows.Length)
                          || indices = pointers && (indices = int32s || indices = int64s)))) ]
