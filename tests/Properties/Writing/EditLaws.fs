/// New columns, notes and values are found where anndata looks for them, and everything else is as it was.
module internal SingleSharp.Properties.EditLaws

open System
open System.IO
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5

let private nothing (file: AnnDataFile) : Edits =
    { Cells = file.X.Cells
      Genes = int64 file.X.Genes
      CellColumns = []
      GeneColumns = []
      Members = []
      Values = SamePlaces
      Kept = [] }

/// The note that a logarithm leaves.
let private noting (basis: float option) (edits: Edits) =
    { edits with
        Members =
            [ "uns", [ "log1p", NewElement.Dict(basis |> Option.map (fun basis -> "base", NewElement.Number basis) |> Option.toList) ] ] }

/// 0, 1, 2 … as a column stores them.
let private encoded (column: OutputColumn) count =
    let bytes = Array.zeroCreate<byte>(8 * count + 8)
    let length = ColumnBytes.encode column.Type (Array.init count float) count bytes
    bytes[.. length - 1]

/// Puts columns of the row's number, and whatever else, into the file itself.
let private edit path cellColumns (geneColumns: OutputColumn list) (change: Edits -> Edits) =
    use file = GenFiles.openWrite path
    Edit.require file cellColumns geneColumns Untouched [ "uns" ]
    let editor = FileEditor(file.Store.Disk, file.Store.Superblock, [])

    Edit.commit
        file
        editor
        (change
            { nothing file with
                CellColumns = [ for column in cellColumns -> column, editor.Put(encoded column (int file.X.Cells)) ]
                GeneColumns = [ for column in geneColumns -> column, (fun () -> Array.init file.X.Genes float) ] })

let private column numeric name : OutputColumn = { Name = name; Type = numeric }

let private elements path =
    match Pipeline.digest Settings.standard path with
    | Ok digest -> digest.Elements |> Seq.map (fun element -> element.Path, element.Sha256) |> Map.ofSeq
    | Error fault -> failtest (Fault.sentence fault)

/// What is in one and different in the other.
let private lost before now =
    before |> Map.filter (fun path hash -> Map.tryFind path now <> Some hash) |> Map.keys |> List.ofSeq

let private order path frame =
    GenFiles.withStore path (fun store -> (DataFrame.read store frame).Columns)

let private withCells fixture work =
    GenFiles.withBytes (GenFiles.fixtureBytes fixture) work

let tests =
    testList
        "Edit"
        [ Law.holdsFor 40 "columns of any type" (fun (CountRows rows) (AnyStorage storage) (seed: byte) ->
              GenFiles.withPath (fun path ->
                  NewFile.write path storage (AnnDataFiles.counts rows)
                  let before = elements path

                  let types =
                      [ DType.Int32; DType.Int64; DType.UInt64; DType.Float32; DType.Float64 ] |> List.skip (int seed % 5)

                  let columns =
                      types |> List.map (fun numeric -> column numeric $"as {DType.name numeric}")

                  edit path columns (List.rev columns) id
                  let now = elements path

                  let isNumbered frame count =
                      GenFiles.withStore path (fun store ->
                          columns
                          |> List.forall (fun column ->
                              let dataset = GenFiles.findDataset store $"{frame}/{column.Name}"

                              dataset.Type = DType.datatype column.Type
                              && dataset.Dims = [| int64 count |]
                              && store.Text(dataset.Header, "encoding-type") = Some "array"
                              && DatasetReader(store.Disk, dataset).ReadAll() = encoded column count))

                  isNumbered "obs" rows.Rows.Length
                  && isNumbered "var" rows.Genes
                  && order path "obs" = (columns |> List.map _.Name)
                  && order path "var" = (columns |> List.rev |> List.map _.Name)
                  && List.forall (fun path -> path = "obs" || path = "var") (lost before now)))

          test "columns that are there are replaced in their place" {
              for fixture in [ "cells"; "cells_old" ] do
                  withCells fixture (fun path ->
                      let before = elements path
                      edit path [ column DType.Float32 "new"; column DType.Int64 "batch" ] [ column DType.Float64 "mito" ] id
                      let now = elements path
                      Expect.equal (order path "obs") [ "group"; "batch"; "new" ] "the order of obs"
                      Expect.equal (order path "var") [ "mito" ] "the order of var"
                      Expect.equal (lost before now) [ "obs"; "obs/batch"; "var/mito" ] $"what changed in {fixture}"
                      use file = H5File.OpenRead path
                      Expect.equal (file.Dataset("obs/batch").Read<int64[]>()) (Array.init 40 int64) "PureHDF reads it")
          }

          test "an order that names what is not there, or not all that is, is kept, and only what is written joins it" {
              GenFiles.withPath (fun path ->
                  let obs =
                      AnnDataFiles.frame
                          (AnnDataFiles.names "cell" 5)
                          [ "a", H5Dataset [| 1; 2; 3; 4; 5 |]; "b", H5Dataset [| 1; 2; 3; 4; 5 |] ]

                  obs.Attributes["column-order"] <- [| "gone"; "a"; "later" |]
                  let rows = List.init 5 (fun row -> [ row, 1.0 ])
                  (AnnDataFiles.file (AnnDataFiles.usual Unchunked) 6 (AnnDataFiles.csr rows) [ "obs", box obs ]).Write path
                  let before = elements path
                  edit path [ column DType.Int32 "new"; column DType.Int64 "later" ] [] id
                  Expect.equal (order path "obs") [ "gone"; "a"; "later"; "new" ] "the order"
                  Expect.equal (lost before (elements path)) [ "obs" ] "what changed")
          }

          test "a logarithm leaves its note, with its base where it has one" {
              for fixture in [ "cells"; "cells_old" ] do
                  for basis in [ None; Some 2.0 ] do
                      withCells fixture (fun path ->
                          let before = elements path

                          edit path [] [] (noting basis)

                          Expect.isEmpty (lost before (elements path)) "nothing else has changed"
                          Expect.isTrue (using (GenFiles.openRead path) AnnDataFile.isLogged) "noted"

                          GenFiles.withStore path (fun store ->
                              let note = GenFiles.findGroup store "uns/log1p"
                              Expect.equal (store.Text(note.Header, "encoding-type")) (Some "dict") "a dict"

                              match basis with
                              | None -> Expect.isEmpty note.Links "empty for the natural logarithm"
                              | Some basis ->
                                  let dataset = GenFiles.findDataset store "uns/log1p/base"
                                  Expect.equal (BitConverter.ToDouble(DatasetReader(store.Disk, dataset).ReadAll(), 0)) basis "its base"))
          }

          test "a file without uns gets one" {
              GenFiles.withPath (fun path ->
                  AnnDataFiles.write path (AnnDataFiles.usual Unchunked) AnnDataFiles.manyRows

                  edit path [] [] (noting None)

                  GenFiles.withStore path (fun store ->
                      let uns = GenFiles.findGroup store "uns"
                      Expect.equal (store.Text(uns.Header, "encoding-type")) (Some "dict") "a dict"
                      Expect.equal (uns.Links |> List.map _.Name) [ "log1p" ] "with the note"))
          }

          test "no edits change nothing but the superblock" {
              withCells "cells_old" (fun path ->
                  let before = File.ReadAllBytes path
                  edit path [] [] id
                  let now = File.ReadAllBytes path
                  Expect.isTrue (now[96 .. before.Length - 1] = before[96..]) "the old bytes"
                  let content = GenFiles.withStore path Listing.ofStore
                  Expect.equal content (GenFiles.withBytes before (fun old -> GenFiles.withStore old Listing.ofStore)) "the content")
          }

          test "columns that a frame cannot hold are refused" {
              let refused part columns =
                  withCells "cells" (fun path ->
                      GenFiles.isFault part (fun () -> edit path (columns |> List.map (column DType.Float32)) [] id)
                      Expect.isTrue (File.ReadAllBytes path = GenFiles.fixtureBytes "cells") "the file is as it was")

              refused "rename the index" [ "barcode" ]
              refused "cannot be called" [ "" ]
              refused "cannot be called" [ "a/b" ]
              refused "written twice" [ "a"; "b"; "a" ]
          }

          yield!
              [ "preserve_everything"
                "columns_of_every_kind"
                "layout_libver_latest"
                "layout_big_endian"
                "index_categorical" ]
              |> List.map (fun name ->
                  testCase $"{name} keeps everything" (fun () ->
                      GenFiles.withBytes (File.ReadAllBytes(GenFiles.goldenEdge name)) (fun path ->
                          let before = elements path

                          edit path [ column DType.Float32 "new" ] [ column DType.Float32 "new" ] (noting None)

                          Expect.equal (lost before (elements path)) [ "obs"; "var" ] "only the orders of columns changed"))) ]
