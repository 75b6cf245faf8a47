/// What is an AnnData file and what is not, each with its own fault.
module internal SingleSharp.Properties.AnnDataFileLaws

open System
open System.IO
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing
open SingleSharp.Properties.AnnDataFiles
open SingleSharp.Properties.Gen

let private matrix = csr [ [ 0, 1.0; 2, 5.0 ]; []; [ 3, 2.0 ] ]

let private written (change: H5File -> unit) work =
    GenFiles.withPath (fun path ->
        let file = file (usual Unchunked) 4 matrix []
        change file
        file.Write path
        work path)

let private x (file: H5File) = file["X"] :?> H5Group

let private refused kind part name change =
    test name {
        written change (fun path ->
            let fault = GenFiles.faultOf (fun () -> using (GenFiles.openRead path) ignore)
            Expect.equal (Fault.kind fault) kind "its kind"
            Expect.stringContains (Fault.sentence fault) part "its sentence"

            // The handle is closed again.
            System.IO.File.Delete path)
    }

let tests =
    testList
        "AnnDataFile"
        [ Law.holdsFor 60 "a file in order" (fun (CountRows rows) ->
              GenFiles.withPath (fun path ->
                  AnnDataFiles.write path (usual Unchunked) rows
                  use file = GenFiles.openRead path
                  let x = file.X

                  (x.Cells, x.Genes, x.Stored) = (rows.Rows.Length, rows.Genes, rows.Rows |> List.sumBy (fun row -> int64 row.Length))
                  && x.Type = DType.Float32
                  && (file.Obs.Rows, file.Var.Rows) = (x.Cells, int64 x.Genes)
                  && List.ofArray (AnnDataFile.geneNames file.Store file.Var) = [ for i in 0 .. rows.Genes - 1 -> $"gene{i}" ]
                  && not (AnnDataFile.isLogged file)))

          test "the spelling of files before anndata 0.7" {
              let old (file: H5File) =
                  (x file).Attributes.Remove "encoding-type" |> ignore
                  (x file).Attributes.Remove "shape" |> ignore
                  (x file).Attributes[ "h5sparse_format" ] <- "csr"
                  (x file).Attributes[ "h5sparse_shape" ] <- [| 3L; 4L |]

              written old (fun path -> using (GenFiles.openRead path) (fun file -> Expect.equal file.X.Genes 4 "genes"))
          }

          test "X that is logged already" {
              let logged (file: H5File) =
                  file["uns"] <- group "dict" [ "log1p", group "dict" [] ]

              written logged (fun path ->
                  using (GenFiles.openRead path) (fun file -> Expect.isTrue (AnnDataFile.isLogged file) "uns/log1p"))
          }

          refused FaultKind.NotAnnData "it has no X" "no X" (fun file -> file.Remove "X" |> ignore)
          refused FaultKind.NotAnnData "it has no obs" "no obs" (fun file -> file.Remove "obs" |> ignore)
          refused FaultKind.NotAnnData "it has no var" "no var" (fun file -> file.Remove "var" |> ignore)
          refused FaultKind.Damaged "it names 4 genes" "dense X of another width" (fun file ->
              file["X"] <- H5Dataset(Array2D.create 3 5 1.0f))
          refused FaultKind.Damaged "1 dimension " "X of one dimension" (fun file -> file["X"] <- H5Dataset [| 1.0f |])
          refused FaultKind.Damaged "column offsets" "X by columns" (fun file -> (x file).Attributes[ "encoding-type" ] <- "csc_matrix")
          refused FaultKind.Unsupported "it has no encoding, so that" "X of no encoding" (fun file ->
              (x file).Attributes.Remove "encoding-type" |> ignore)
          refused FaultKind.Damaged "has no data" "no values" (fun file -> (x file).Remove "data" |> ignore)
          refused FaultKind.Damaged "has no indptr" "no offsets" (fun file -> (x file).Remove "indptr" |> ignore)
          refused FaultKind.Damaged "expected, but it is a group" "a group for values" (fun file -> (x file)["data"] <- H5Group())
          refused FaultKind.Damaged "shape is missing" "no shape" (fun file -> (x file).Attributes.Remove "shape" |> ignore)
          refused FaultKind.Damaged "3 dimensions" "a shape of three" (fun file -> (x file).Attributes[ "shape" ] <- [| 3L; 4L; 1L |])
          refused FaultKind.Damaged "row offsets" "more cells" (fun file -> (x file).Attributes[ "shape" ] <- [| 4L; 4L |])
          refused FaultKind.Damaged "said to have -1 cells" "negative cells" (fun file -> (x file).Attributes[ "shape" ] <- [| -1L; 4L |])
          refused FaultKind.Damaged "genes" "negative genes" (fun file -> (x file).Attributes[ "shape" ] <- [| 3L; -4L |])
          refused FaultKind.Damaged "it names 4 genes" "more genes than names" (fun file -> (x file).Attributes[ "shape" ] <- [| 3L; 5L |])
          refused FaultKind.Damaged "column indices" "indices of another length" (fun file -> (x file)["indices"] <- H5Dataset [| 1; 2 |])
          refused FaultKind.Damaged "instead of integers" "indices that are floats" (fun file ->
              (x file)["indices"] <- H5Dataset [| 1.0; 2.0; 3.0 |])
          refused FaultKind.Damaged "2 dimensions" "values in two dimensions" (fun file ->
              (x file)["data"] <- H5Dataset(Array2D.create 3 1 1.0f))
          refused FaultKind.Unsupported "are string" "values that are texts" (fun file -> (x file)["data"] <- H5Dataset [| "1"; "2"; "3" |])
          refused FaultKind.Damaged "it names 2 cells" "more cells than names" (fun file -> file["obs"] <- frame (names "cell" 2) [])
          refused FaultKind.Damaged "nor an array of records" "obs that is no frame" (fun file -> file["obs"] <- H5Dataset [| 1; 2; 3 |])

          test "compression of others is named, with a way out" {
              // The filter's number and name as h5py wrote them: another number makes it lz4.
              let file = File.ReadAllBytes(GenFiles.goldenEdge "layout_lzf")
              let lzf = [| 0x00uy; 0x7Duy; 0x08uy; 0uy |]

              for at in 0 .. file.Length - lzf.Length do
                  if file.AsSpan(at, lzf.Length).SequenceEqual(ReadOnlySpan lzf) then
                      file[at] <- 0x04uy

              GenFiles.withBytes file (fun path ->
                  let sentence = Fault.sentence (GenFiles.faultOf (fun () -> GenFiles.openRead path))
                  Expect.stringContains sentence "compressed with lz4; read the file with anndata and write it again" "what to do")
          } ]
