/// What is no HDF5 file or no folder of ours but well known: what it is, and how to get from it to one that can be read.
namespace SingleSharp.Core.Files

open System
open System.IO
open System.IO.Compression
open System.Text

[<RequireQualifiedAccess>]
module internal OtherFormat =
    /// Bytes of a file by which it is known.
    let private headBytes = 512

    let private ends (path: string) (endings: string list) =
        endings |> List.exists (fun ending -> path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))

    /// Files on other machines; anything else with a colon is the name of a file.
    let private schemes =
        [ "s3"
          "gs"
          "gcs"
          "az"
          "abfs"
          "http"
          "https"
          "ftp"
          "ftps"
          "sftp"
          "ssh"
          "hdfs"
          "file" ]

    /// What a name says that leads to no file.
    let ofName (path: string) =
        match path.IndexOf "://" with
        | at when at > 0 && List.contains (path[.. at - 1].ToLowerInvariant()) schemes ->
            let how =
                match path[.. at - 1].ToLowerInvariant() with
                | "file" -> "leave out what stands before the path"
                | "s3" -> "download it first (aws s3 cp), and name the file"
                | "gs"
                | "gcs" -> "download it first (gcloud storage cp), and name the file"
                | _ -> "download it first (curl -L -O), and name the file"

            Some $"it is an address, and only files are read; {how}"
        | _ -> None

    let private inR =
        "write an .h5ad file in R (with zellkonverter::writeH5AD or anndataR), and name that"

    let private asMatrix =
        "its names of genes and cells stand in other files: put it as matrix.mtx into one folder with genes.tsv or features.tsv and barcodes.tsv, and name the folder"

    let private begins (head: byte[]) (text: string) =
        head.AsSpan().StartsWith(ReadOnlySpan(Encoding.Latin1.GetBytes text))

    let private isText (head: byte[]) =
        head.Length > 0
        && head
           |> Array.forall (fun letter -> letter >= 0x20uy && letter <> 0x7Fuy || letter = 9uy || letter = 10uy || letter = 13uy)

    /// Whatever a file begins with, packed or not.
    let private ofContent (head: byte[]) =
        if begins head "%%MatrixMarket" || begins head "\xEF\xBB\xBF%%MatrixMarket" then
            Some("a matrix in the text format of MatrixMarket", asMatrix)
        elif
            begins head "RDX2\n"
            || begins head "RDX3\n"
            || begins head "X\n\x00\x00\x00"
            || begins head "A\n2\n"
            || begins head "A\n3\n"
        then
            Some("an object of R", inR)
        elif head.Length > 262 && Encoding.Latin1.GetString(head, 257, 5) = "ustar" then
            Some("an archive", "unpack it first (tar -xf), and name what was in it")
        else
            None

    let private packed (path: string) (head: byte[]) =
        // Only the beginning is there, so that nothing has to be right about its end.
        let inner: byte[] = Array.zeroCreate headBytes

        let count =
            try
                use stream = new GZipStream(new MemoryStream(head), CompressionMode.Decompress)
                stream.ReadAtLeast(Span inner, inner.Length, false)
            with :? InvalidDataException ->
                0

        match ofContent inner[.. count - 1] with
        | Some(what, how) -> $"{what} (packed with gzip)", how
        | None when ends path [ ".rds"; ".rdata"; ".rda" ] -> "an object of R", inR
        | None -> "one that is packed with gzip", "unpack it first (gunzip -k), and name what comes out"

    /// What a file is that does not hold HDF5, told by its first bytes and, where these are of no help, its name.
    let private kindOf (path: string) (head: byte[]) =
        if begins head "\x1F\x8B" then
            Some(packed path head)
        else
            match ofContent head with
            | Some found -> Some found
            | None when begins head "PK\x03\x04" ->
                Some(
                    if ends path [ ".npz" ] then
                        "arrays of NumPy", "make an AnnData of them in Python, and write it with write_h5ad"
                    else
                        "an archive", "unpack it first (unzip), and name what was in it"
                )
            | None when begins head "BZh" -> Some("one that is packed with bzip2", "unpack it first (bunzip2 -k), and name what comes out")
            | None when begins head "\xFD7zXZ" -> Some("one that is packed with xz", "unpack it first (unxz -k), and name what comes out")
            | None when begins head "\x28\xB5\x2F\xFD" ->
                Some("one that is packed with Zstandard", "unpack it first (unzstd), and name what comes out")
            | None when begins head "PAR1" || begins head "ARROW1" || begins head "FEA1" ->
                Some("a table of Arrow", "make an AnnData of it in Python, and write it with write_h5ad")
            | None when begins head "\x93NUMPY" ->
                Some("an array of NumPy", "make an AnnData of it in Python, and write it with write_h5ad")
            | None when begins head "version https://git-lfs" ->
                Some("a pointer of Git LFS to one", "fetch what it stands for (git lfs pull), and run again")
            | None when begins head "<" && isText head ->
                Some("a page of a web site, perhaps its refusal", "download the file itself, and run again")
            | None when isText head ->
                Some(
                    "text",
                    "a table is read with scanpy (read_csv, read_text) and written with write_h5ad; of Cell Ranger's three files the folder is named"
                )
            | None -> None

    /// The bytes by which a file is known.
    let head (device: Device) =
        let head: byte[] = Array.zeroCreate headBytes

        try
            head[.. device.Read(0L, Span head) - 1]
        with :? IOException ->
            [||]

    /// What a file without HDF5 that begins so is instead, if that is known.
    let ofFile path head =
        kindOf path head |> Option.map (fun (what, how) -> $"it is not an HDF5 file but {what}; {how}")

    let private has (folder: string) (names: string list) =
        names |> List.exists (fun name -> Path.Exists(Path.Combine(folder, name)))

    /// Files of three whose names begin with that of their sample, as GEO keeps them.
    let private tryPrefixed (folder: string) =
        Directory.EnumerateFiles folder
        |> Seq.map Path.GetFileName
        |> Seq.filter (fun name -> ends name [ "matrix.mtx"; "matrix.mtx.gz" ])
        |> Seq.except [ "matrix.mtx"; "matrix.mtx.gz" ]
        |> Seq.sort
        |> Seq.tryHead

    /// What a folder without the three files is instead, if that is known.
    let ofFolder (folder: string) =
        let outs =
            [ "filtered_feature_bc_matrix"
              "filtered_gene_bc_matrices"
              "raw_feature_bc_matrix" ]

        try
            if ends (Path.TrimEndingDirectorySeparator folder) [ ".zarr" ] || has folder [ ".zgroup"; ".zattrs"; "zarr.json" ] then
                Some "it is a zarr store; read it with anndata.read_zarr, write it with write_h5ad, and name that file"
            elif has folder [ "all_genes.csv"; "DGE.mtx"; "count_matrix.mtx" ] then
                Some
                    "it is a folder of Parse's split-pipe; name the anndata.h5ad that it holds in newer versions, or read DGE.mtx with scanpy.read_mtx, add all_genes.csv and cell_metadata.csv, and write it with write_h5ad"
            elif
                has
                    folder
                    [ "cells_x_genes.mtx"
                      "cells_x_tcc.mtx"
                      "counts_unfiltered"
                      "counts_filtered" ]
            then
                Some
                    "it is a folder of kb; name the adata.h5ad that kb count writes with --h5ad, or the folder that it makes with --cellranger"
            elif
                has
                    folder
                    [ "quants_mat.gz"
                      "quants_mat.mtx"
                      "quants_mat.mtx.gz"
                      "quants_mat_rows.txt" ]
            then
                Some
                    "it is a folder of alevin; read it with pyroe.load_fry (alevin-fry) or vpolo (alevin), write it with write_h5ad, and name that file"
            else
                match
                    outs |> List.tryFind (fun name -> has folder [ name; $"{name}.h5"; $"outs/{name}"; $"outs/{name}.h5" ]),
                    tryPrefixed folder
                with
                | Some name, _ ->
                    let inner = if has folder [ name; $"{name}.h5" ] then name else $"outs/{name}"
                    let file = if has folder [ inner ] then inner else $"{inner}.h5"
                    Some $"it is a folder of Cell Ranger around the matrices; name {file} in it"
                | None, Some name ->
                    Some
                        $"its files have names like {name}; put those of one sample into a folder of their own as matrix.mtx, features.tsv (or genes.tsv) and barcodes.tsv, with .gz where they are packed, and name that folder"
                | _ -> None
        with
        | :? UnauthorizedAccessException
        | :? IOException -> None

    /// What a folder is, where a file is needed.
    let ofFolderForFile (folder: string) =
        match ofFolder folder with
        | Some why -> why
        | None when has folder [ "matrix.mtx"; "matrix.mtx.gz" ] ->
            "it is a folder with a matrix.mtx; make an .h5ad file of it first (singlesharp convert), and name that"
        | None -> "it is a folder"
