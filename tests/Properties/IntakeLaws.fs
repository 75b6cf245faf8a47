/// Rows on their way into a new file: columns move to their places, and the file reads back as what went in.
module SingleSharp.Properties.IntakeLaws

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Properties.Gen

/// Rows of a file of its own, moved, as a dense table.
let private table cells genes (source: Source<Slice>) (valuesOf: Slice -> float[]) =
    let found = Array2D.zeroCreate<float> cells genes
    use reader = source.Open()

    for first in 0..4096 .. cells - 1 do
        reader.Read(
            int64 first,
            min 4096 (cells - first),
            fun slice ->
                for row in 0 .. slice.Cells - 1 do
                    let genes = slice.Genes[slice.Offsets[row] .. slice.Offsets[row + 1] - 1]

                    if Array.distinct (Array.sort genes) <> genes then
                        failtest "the genes of a row do not ascend"

                    for i in slice.Offsets[row] .. slice.Offsets[row + 1] - 1 do
                        found[int slice.FirstCell + row, slice.Genes[i]] <- (valuesOf slice)[i]
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
    let rows = Reader.rows scratch.Disk matrix 20 |> Intake.moved (Array.init genes id)

    work (fun schedule ->
        File.Delete path

        using (new Disk(path, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite), 0L)) (fun disk ->
            Fresh.write
                disk
                (int64 cells)
                { CellNames = Seq.init cells (fun cell -> $"cell {cell} ä")
                  Obs =
                    [ "n", Field.Numbers(Numeric.Int32, Seq.init cells BitConverter.GetBytes)
                      "kind", Field.Categories(Labels.Texts [| "a"; "b" |], false, Seq.init cells (fun cell -> cell % 3 - 1)) ]
                  Obsm = []
                  GeneNames = Array.init genes string
                  Var = [] }
                { Type = Numeric.Float32
                  Most = matrix.Stored
                  Fill = fun outlet -> Blocks.run schedule rows outlet (Fold.always ()) }
                [])

        File.ReadAllBytes path)

let tests =
    testList
        "Intake"
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
              let moved = table cells genes (Intake.moved places source) _.Output

              let expected = Array2D.zeroCreate cells genes

              dense
              |> Array2D.iteri (fun cell gene value ->
                  if places[gene] >= 0 then
                      expected[cell, places[gene]] <- value)

              moved = expected)

          test "places of what is wanted" {
              let places = Intake.placesOf [| false; true; true; false; true |]
              Expect.equal places [| -1; 0; 1; -1; 2 |] "in their own order"
              Expect.equal (Intake.taken places) [| 1; 2; 4 |] "and back"
              Expect.equal (Intake.taken [| 2; -1; 0; 1 |]) [| 2; 3; 0 |] "by place"
          }

          Law.holdsFor 20 "fresh" (fun (seed: int) (cells: uint16) (genes: byte) schedule ->
              let cells, genes = int cells % 5000, 1 + int genes % 20
              let dense = counts seed cells genes

              GenFiles.withPath (fun path ->
                  let bytes, same =
                      written path dense (fun write -> write (AnnDataFiles.schedule schedule), write Blocks.sequential)

                  use file = GenFiles.openRead path
                  let found = table cells genes (Reader.rows file.Store.Disk file.X 100) _.Values

                  bytes = same
                  && found = dense
                  && List.ofSeq (Frame.names file.Store file.Obs 0L file.Obs.Rows) = List.init cells (fun cell -> $"cell {cell} ä")
                  && Schema.geneNames file = Array.init genes string
                  && file.Obs.Columns = [ "n"; "kind" ]
                  && file.Var.Columns = []
                  && (match
                          Fields.ofColumn file.Store (Held Int64.MaxValue) file.Obs "kind",
                          Fields.ofColumn file.Store (Held Int64.MaxValue) file.Obs "n"
                      with
                      | Some kind, Some n ->
                          Field.areSame
                              kind
                              (Field.Categories(Labels.Texts [| "a"; "b" |], false, Seq.init cells (fun cell -> cell % 3 - 1)))
                          && Field.areSame n (Field.Numbers(Numeric.Int32, Seq.init cells BitConverter.GetBytes))
                      | _ -> false))) ]
