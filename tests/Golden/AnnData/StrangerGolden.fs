/// What other programs write is told from what can be read, in one sentence that says how to get from one to the other.
module internal SingleSharp.Golden.StrangerGolden

open System.IO
open System.Text
open Expecto
open PureHDF
open SingleSharp.Golden.InputGolden
open SingleSharp.Golden.Shared

let private hdf5 (members: (string * obj) list) (path: string) =
    let file = H5File()

    for name, value in members do
        file[name] <- value

    file.Write path

let private empty () = box (H5Group())

let private folder (names: string list) (path: string) =
    Directory.CreateDirectory path |> ignore

    for name in names do
        let file = Path.Combine(path, name)
        Directory.CreateDirectory(Path.GetDirectoryName file) |> ignore
        File.WriteAllText(file, "")

/// What other programs write, and what is to be said of it.
let private strangers =
    [ "a.loom",
      hdf5
          [ "matrix", box [| 1.0 |]
            "row_attrs", empty ()
            "col_attrs", empty ()
            "layers", empty () ],
      [ "loom"; "read_loom" ]
      "a.h5mu",
      hdf5
          [ "mod",
            (let modalities = H5Group()
             modalities["rna"] <- H5Group()
             modalities["atac"] <- H5Group()
             box modalities)
            "obs", empty ()
            "var", empty () ],
      [ "MuData"; "rna"; "mudata.read" ]
      "a.h5seurat", hdf5 [ "assays", empty (); "cell.names", box [| "a" |] ], [ "h5Seurat"; "SeuratDisk" ]
      "molecule_info.h5", hdf5 [ "barcode_idx", box [| 1 |]; "feature_idx", box [| 1 |] ], [ "molecules"; "filtered_feature_bc_matrix.h5" ]
      "a.h5ad.gz", bytes (gzipped (File.ReadAllBytes(here "edge/plain_csr_f32/input.h5ad"))), [ "gzip"; "gunzip" ]
      "a.rds", bytes (gzipped "X\n\000\000\000\002rest"B), [ "object of R"; "writeH5AD" ]
      "b.rds", bytes (gzipped "who knows"B), [ "object of R" ]
      "a.RData", text "RDX3\nX\n", [ "object of R" ]
      "GSM1_matrix.mtx", text mtx, [ "MatrixMarket"; "barcodes.tsv"; "name the folder" ]
      "GSM1_matrix.mtx.gz", bytes (gzipped (Encoding.UTF8.GetBytes mtx)), [ "MatrixMarket"; "name the folder" ]
      "counts.csv", text "gene,cell\nA,1\n", [ "text"; "read_csv" ]
      "a.zip", bytes (Array.append "PK\003\004"B (Array.zeroCreate 600)), [ "archive"; "unzip" ]
      "a.h5ad.bz2", bytes "BZh91AY"B, [ "bzip2" ]
      "a.h5ad.xz", bytes (Array.append [| 0xFDuy |] "7zXZ\000"B), [ "packed with xz" ]
      "a.h5ad.zst", bytes [| 0x28uy; 0xB5uy; 0x2Fuy; 0xFDuy; 0uy |], [ "Zstandard" ]
      "page.h5ad", text "<!DOCTYPE html><html>404</html>", [ "page of a web site"; "download" ]
      "lfs.h5ad", text "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", [ "git lfs pull" ]
      "a.parquet", bytes "PAR1\000\000"B, [ "Arrow" ]
      "rubbish.h5ad", bytes (Array.init 900 byte), [ "not an HDF5 file" ]
      "a.zarr", folder [ "X/0.0" ], [ "zarr"; "read_zarr" ]
      "store", folder [ ".zgroup" ], [ "zarr"; "read_zarr" ]
      "parse", folder [ "DGE.mtx"; "all_genes.csv"; "cell_metadata.csv" ], [ "Parse" ]
      "kb", folder [ "cells_x_genes.mtx"; "cells_x_genes.barcodes.txt" ], [ "kb"; "--h5ad" ]
      "alevin", folder [ "quants_mat.gz"; "quants_mat_rows.txt" ], [ "alevin" ]
      "outs", folder [ "filtered_feature_bc_matrix/matrix.mtx.gz" ], [ "name filtered_feature_bc_matrix in it" ]
      "run", folder [ "outs/filtered_feature_bc_matrix.h5" ], [ "name outs/filtered_feature_bc_matrix.h5 in it" ]
      "geo", folder [ "GSM1_matrix.mtx.gz"; "GSM1_barcodes.tsv.gz" ], [ "GSM1_matrix.mtx.gz"; "folder of their own" ]
      "photos", folder [ "a.png" ], [ "matrix.mtx(.gz)"; "all three files" ] ]

let private addresses =
    [ "s3://bucket/x.h5ad", [ "aws s3 cp" ]
      "gs://bucket/x.h5ad", [ "gcloud" ]
      "https://example.org/x.h5", [ "download it first" ]
      "file:///data/x.h5ad", [ "leave out" ] ]

let tests =
    testList
        "Strangers"
        [ for name, make, words in strangers do
              test name {
                  use sandbox = new Sandbox()
                  make (sandbox.File name)
                  refused sandbox (sandbox.File name) words
              }
          for address, words in addresses do
              test address {
                  use sandbox = new Sandbox()
                  refused sandbox address words
              } ]
