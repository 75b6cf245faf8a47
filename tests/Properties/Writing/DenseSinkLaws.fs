/// Rows that leave as a dense matrix are the array that they mean.
module internal SingleSharp.Properties.DenseSinkLaws

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenForms

/// The bytes of the rows of a file, as a sink of this type leaves them.
let private written path schedule datatype perBatch =
    use file = GenFiles.openRead path
    use scratch = new ScratchFile(Path.GetDirectoryName path)
    let genes = file.X.Genes
    scratch.Disk.SetLength(file.X.Cells * int64 (genes * Datatype.size datatype))

    let copied =
        Reader.rows file.Store.Disk file.X perBatch
        |> Reader.through (fun () rowBatch -> Array.Copy(rowBatch.Values, rowBatch.Output, rowBatch.Count))

    Blocks.run schedule copied (DenseSink.toPlace AtOnce scratch.Disk 0L datatype genes) (Fold.always ())
    scratch.Disk.Read(0L, scratch.Disk.Length)

let private meant (rows: Rows) (bytesOf: float -> byte[]) =
    [| for row in rows.Rows do
           let values = Map.ofList row

           for gene in 0 .. rows.Genes - 1 do
               yield! bytesOf (values |> Map.tryFind gene |> Option.defaultValue 0.0) |]

let tests =
    testList
        "DenseSink"
        [ Law.holds "dense out" (fun (CountRows rows) schedule (rowBatch: byte) (isDouble: bool) ->
              let rows = plain rows

              GenFiles.withPath (fun path ->
                  GenForms.write path (AnyForm.Rows Unchunked) DType.Float64 rows
                  let datatype = Float((if isDouble then 8 else 4), false)

                  let bytesOf (value: float) =
                      if isDouble then BitConverter.GetBytes value else BitConverter.GetBytes(float32 value)

                  written path (AnnDataFiles.schedule schedule) datatype (1 + int rowBatch) = meant rows bytesOf))

          Law.holdsFor
              60
              "no chunk is longer than what cannot grow, and there are zeros behind the end"
              (fun (CountRows rows) (cut: uint16) ->
                  let rows = plain rows

                  GenFiles.withPath (fun input ->
                      GenFiles.withPath (fun output ->
                          let form = AnyForm.Chunks(1 + int cut % 7, 1 + int cut / 7 % 9, true)
                          GenForms.write input form DType.Float64 rows

                          let limits =
                              { Filter.defaults with
                                  MinCounts = Some 1.0
                                  MinCells = Some 1L }

                          Pipeline.run
                              (Recipe.ofSteps [ Filter.step limits ])
                              Settings.standard
                              (Input.file input)
                              (Output.NewFile output)
                          |> ignore

                          use file = GenFiles.openRead output
                          let values = file.X.Values

                          match values.Layout, values.Space with
                          | Chunked(shape, _, _, _), Simple(dims, most) ->
                              let chunks = Chunks.load file.Store.Disk values
                              let reader = DatasetReader(file.Store.Disk, values)

                              let isPadded index =
                                  let cell = int64 index / chunks.Counts[1] * shape[0]
                                  let gene = int64 index % chunks.Counts[1] * shape[1]
                                  let bytes = reader.Chunk index

                                  Seq.allPairs [ 0L .. shape[0] - 1L ] [ 0L .. shape[1] - 1L ]
                                  |> Seq.filter (fun (row, column) -> cell + row >= dims[0] || gene + column >= dims[1])
                                  |> Seq.forall (fun (row, column) ->
                                      BitConverter.ToInt64(bytes, int (8L * (row * shape[1] + column))) = 0L)

                              Seq.forall2 (fun extent most -> most < 0L || extent <= most) shape most
                              && Seq.forall isPadded [ 0 .. chunks.Entries.Length - 1 ]
                          | _ -> true)))

          test "rows larger than what is written at once" {
              let rows =
                  { Genes = 300_000
                    Rows = [ [ 0, 1.0; 299_999, 2.0 ]; []; [ 150_000, 3.0 ] ] }

              GenFiles.withPath (fun path ->
                  GenForms.write path (AnyForm.Rows Unchunked) DType.Float64 rows

                  Expect.isTrue (written path Blocks.sequential (Float(8, false)) 9 = meant rows BitConverter.GetBytes) "the array")
          } ]
