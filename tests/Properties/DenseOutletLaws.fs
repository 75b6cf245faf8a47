/// Rows that leave as a dense matrix are the array that they mean.
module SingleSharp.Properties.DenseOutletLaws

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenForms

/// The bytes of the rows of a file, as an outlet of this type leaves them.
let private written path schedule datatype perSlice =
    use file = Schema.openRead path
    use scratch = new Scratch(Path.GetDirectoryName path)
    let genes = file.X.Genes
    scratch.Disk.SetLength(file.X.Cells * int64 (genes * Datatype.size datatype))

    let copied =
        Reader.rows file.Store.Disk file.X perSlice
        |> Reader.through (fun () slice -> Array.Copy(slice.Values, slice.Output, slice.Count))

    Blocks.run schedule copied (DenseOutlet.toPlace scratch.Disk 0L datatype genes) (Fold.always ())
    scratch.Disk.Read(0L, scratch.Disk.Length)

let private meant (rows: Rows) (bytesOf: float -> byte[]) =
    [| for row in rows.Rows do
           let values = Map.ofList row

           for gene in 0 .. rows.Genes - 1 do
               yield! bytesOf (values |> Map.tryFind gene |> Option.defaultValue 0.0) |]

let tests =
    testList
        "DenseOutlet"
        [ Law.holds "dense out" (fun (CountRows rows) schedule (slice: byte) (isDouble: bool) ->
              let rows = plain rows

              GenFiles.withPath (fun path ->
                  GenForms.write path (AnyForm.Rows InOnePiece) Numeric.Float64 rows
                  let datatype = Float((if isDouble then 8 else 4), false)

                  let bytesOf (value: float) =
                      if isDouble then BitConverter.GetBytes value else BitConverter.GetBytes(float32 value)

                  written path (AnnDataFiles.schedule schedule) datatype (1 + int slice) = meant rows bytesOf))

          test "rows larger than what is written at once" {
              let rows =
                  { Genes = 300_000
                    Rows = [ [ 0, 1.0; 299_999, 2.0 ]; []; [ 150_000, 3.0 ] ] }

              GenFiles.withPath (fun path ->
                  GenForms.write path (AnyForm.Rows InOnePiece) Numeric.Float64 rows

                  Expect.isTrue (written path Blocks.sequential (Float(8, false)) 9 = meant rows BitConverter.GetBytes) "the array")
          } ]
