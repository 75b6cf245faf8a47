/// NewFile writes what others can read.
module internal SingleSharp.Properties.NewFileLaws

open System.IO
open Expecto
open PureHDF
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5

let private text (target: IH5Object) name = target.Attribute(name).Read<string>()

let tests =
    testList
        "NewFile"
        [ Law.holds "PureHDF reads what was written" (fun (CountRows rows) (AnyStorage storage) ->
              GenFiles.withPath (fun path ->
                  let counts = AnnDataFiles.counts rows
                  NewFile.write path storage counts
                  use file = H5File.OpenRead path

                  let line name (wanted: 'n[]) =
                      // PureHDF refuses to read what is empty.
                      wanted.Length = 0 || file.Dataset(name).Read<'n[]>() = wanted

                  line "X/data" counts.Data
                  && line "X/indices" counts.Indices
                  && line "X/indptr" counts.Indptr
                  && line "obs/_index" counts.CellNames
                  && line "var/_index" counts.GeneNames
                  && file.Group("X").Attribute("shape").Read<int64[]>() = [| int64 rows.Rows.Length; int64 rows.Genes |]))

          test "every part has its encoding" {
              GenFiles.withPath (fun path ->
                  NewFile.write path Unchunked (AnnDataFiles.counts AnnDataFiles.manyRows)
                  use file = H5File.OpenRead path
                  Expect.equal (text file "encoding-type") "anndata" "the root"
                  Expect.equal (text (file.Group "X") "encoding-type") "csr_matrix" "X"
                  Expect.equal (text (file.Group "obs") "encoding-type") "dataframe" "obs"
                  Expect.equal (text (file.Group "obs") "_index") "_index" "its index"
                  Expect.equal (text (file.Dataset "obs/_index") "encoding-type") "string-array" "names"

                  for name in [ "layers"; "obsm"; "varm"; "obsp"; "varp"; "uns" ] do
                      Expect.equal (text (file.Group name) "encoding-type") "dict" name)
          }

          test "storage is what was asked for" {
              let storageOf storage =
                  GenFiles.withPath (fun path ->
                      NewFile.write path storage (AnnDataFiles.counts AnnDataFiles.manyRows)

                      GenFiles.withStore path (fun store ->
                          [ for name in [ "X/data"; "X/indices" ] do
                                let dataset = GenFiles.findDataset store name

                                Dataset.storage dataset,
                                match dataset.Layout with
                                | Chunked(shape, _, _, _) -> shape[0]
                                | _ -> 0L ]
                          |> List.distinct))

              Expect.equal (storageOf (InChunks 700)) [ "chunked", 700L ] "chunks"
              Expect.equal (storageOf (Gzipped 700)) [ "shuffle+gzip", 700L ] "compressed"
          }

          test "a path that cannot be written throws" {
              Expect.throws
                  (fun () -> NewFile.write (Path.Combine(GenFiles.freshPath (), "x")) Unchunked (AnnDataFiles.counts AnnDataFiles.manyRows))
                  "no folder"
          } ]
