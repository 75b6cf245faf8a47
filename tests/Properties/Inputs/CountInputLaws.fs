/// Rows on their way into a new file: columns move to their places, and the file reads back as what went in.
module internal SingleSharp.Properties.CountInputLaws

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Inputs

/// Rows of a file of its own, moved, as a dense table.
let private table cells genes (source: Source<RowBatch>) (valuesOf: RowBatch -> float[]) =
    let found = Array2D.zeroCreate<float> cells genes
    use reader = source.Open()

    for first in 0..4096 .. cells - 1 do
        reader.Read(
            int64 first,
            min 4096 (cells - first),
            fun rowBatch ->
                for row in 0 .. rowBatch.Cells - 1 do
                    let genes = rowBatch.Genes[rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1]

                    if Array.distinct (Array.sort genes) <> genes then
                        failtest "the genes of a row do not ascend"

                    for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                        found[int rowBatch.FirstCell + row, rowBatch.Genes[i]] <- (valuesOf rowBatch)[i]
        )

    found

let private counts (seed: int) cells genes =
    let random = Random seed
    Array2D.init cells genes (fun _ _ -> if random.Next 3 = 0 then float (random.Next 50) else 0.0)

/// Some cells × genes as a new file holds them.
let private written path (dense: float[,]) (work: (Schedule -> byte[]) -> 'r) =
    let cells, genes = Array2D.length1 dense, Array2D.length2 dense

    use scratch =
        new SparseScratch(Path.GetTempPath(), int64 cells, genes, int64 cells * int64 genes)

    dense
    |> Array2D.iteri (fun cell gene value ->
        if value <> 0.0 then
            scratch.Add(int64 cell, gene, float32 value))

    let matrix = scratch.Finish()

    let rows =
        Reader.rows scratch.Disk matrix 20 |> CountInput.moved (Array.init genes id)

    work (fun schedule ->
        File.Delete path

        using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite), 0L)) (fun disk ->
            H5adWriter.write
                None
                disk
                (int64 cells)
                { CellNames = Seq.init cells (fun cell -> $"cell {cell} ä")
                  Obs =
                    [ "n", Column.Numbers(DType.Int32, Seq.init cells BitConverter.GetBytes)
                      "kind", Column.Categories(Labels.Texts [| "a"; "b" |], false, Seq.init cells (fun cell -> cell % 3 - 1)) ]
                  Obsm = []
                  GeneNames = Array.init genes string
                  Var = [] }
                { Type = DType.Float32
                  Most = matrix.Stored
                  Fill = fun sink -> Blocks.run schedule rows sink (Fold.always ()) }
                [])

        File.ReadAllBytes path)

let tests =
    testList
        "CountInput"
        [ Law.holdsFor 50 "moved" (fun (seed: int) (cells: byte) (genes: byte) ->
              let cells, genes = int cells % 50, 1 + int genes % 30
              let random = Random seed
              let dense = counts seed cells genes
              let places = Array.init genes id
              random.Shuffle places
              // Some are not taken.
              let places = places |> Array.map (fun place -> if place % 4 = 1 then -1 else place)

              use scratch =
                  new SparseScratch(Path.GetTempPath(), int64 cells, genes, int64 (cells * genes))

              dense
              |> Array2D.iteri (fun cell gene value ->
                  if value <> 0.0 then
                      scratch.Add(int64 cell, gene, float32 value))

              let source = Reader.rows scratch.Disk (scratch.Finish()) 9
              let moved = table cells genes (CountInput.moved places source) _.Output

              let expected = Array2D.zeroCreate cells genes

              dense
              |> Array2D.iteri (fun cell gene value ->
                  if places[gene] >= 0 then
                      expected[cell, places[gene]] <- value)

              moved = expected)

          test "places of what is wanted" {
              let places = CountInput.placesOf [| false; true; true; false; true |]
              Expect.equal places [| -1; 0; 1; -1; 2 |] "in their own order"
              Expect.equal (CountInput.taken places) [| 1; 2; 4 |] "and back"
              Expect.equal (CountInput.taken [| 2; -1; 0; 1 |]) [| 2; 3; 0 |] "by place"
          }

          Law.holdsFor 20 "new file" (fun (seed: int) (cells: uint16) (genes: byte) schedule ->
              let cells, genes = int cells % 5000, 1 + int genes % 20
              let dense = counts seed cells genes

              GenFiles.withPath (fun path ->
                  let bytes, same =
                      written path dense (fun write -> write (AnnDataFiles.schedule schedule), write Blocks.sequential)

                  use file = GenFiles.openRead path
                  let found = table cells genes (Reader.rows file.Store.Disk file.X 100) _.Values

                  bytes = same
                  && found = dense
                  && List.ofSeq (DataFrame.names file.Store file.Obs 0L file.Obs.Rows) = List.init cells (fun cell -> $"cell {cell} ä")
                  && AnnDataFile.geneNames file.Store file.Var = Array.init genes string
                  && file.Obs.Columns = [ "n"; "kind" ]
                  && file.Var.Columns = []
                  && (match
                          StoredColumns.ofColumn file.Store (NameMemory Int64.MaxValue) file.Obs "kind",
                          StoredColumns.ofColumn file.Store (NameMemory Int64.MaxValue) file.Obs "n"
                      with
                      | Some kind, Some n ->
                          Column.areSame
                              kind
                              (Column.Categories(Labels.Texts [| "a"; "b" |], false, Seq.init cells (fun cell -> cell % 3 - 1)))
                          && Column.areSame n (Column.Numbers(DType.Int32, Seq.init cells BitConverter.GetBytes))
                      | _ -> false))) ]
