/// The files that pages take for granted: counts of one sample and of two, one of them as Cell Ranger writes it.
module internal SingleSharp.Golden.SampleFiles

open System.IO
open System.IO.Compression
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Packages

let private cells first count (counts: Counts) =
    let start, stop = counts.Indptr[first], counts.Indptr[first + count]

    { counts with
        CellNames = Array.sub counts.CellNames first count
        Indptr = Array.sub counts.Indptr first (count + 1) |> Array.map (fun at -> at - start)
        Indices = counts.Indices[start .. stop - 1]
        Data = counts.Data[start .. stop - 1] }

let private lines (path: string) (lines: seq<string>) =
    use file = File.Create path
    use zip = new GZipStream(file, CompressionLevel.Fastest)
    use writer = new StreamWriter(zip)

    for line in lines do
        writer.Write(line + "\n")

/// A folder of Cell Ranger 3: genes in rows, numbered from one.
let private writeFolder folder (counts: Counts) =
    Directory.CreateDirectory folder |> ignore
    lines (Path.Combine(folder, "barcodes.tsv.gz")) counts.CellNames

    lines
        (Path.Combine(folder, "features.tsv.gz"))
        [ for at, name in Array.indexed counts.GeneNames -> $"ENSG{at:D11}\t{name}\tGene Expression" ]

    lines
        (Path.Combine(folder, "matrix.mtx.gz"))
        [ "%%MatrixMarket matrix coordinate integer general"
          $"{counts.GeneNames.Length} {counts.CellNames.Length} {counts.Data.Length}"
          for cell in 0 .. counts.CellNames.Length - 1 do
              for at in counts.Indptr[cell] .. counts.Indptr[cell + 1] - 1 do
                  $"{counts.Indices[at] + 1} {cell + 1} {int counts.Data[at]}" ]

/// healthy.h5ad, and diseased/filtered_feature_bc_matrix.
let twoSamples (sandbox: Sandbox) =
    let half = counts.Value.CellNames.Length / 2
    NewFile.write (sandbox.File "healthy.h5ad") Unchunked (cells 0 half counts.Value)
    writeFolder (sandbox.File "diseased/filtered_feature_bc_matrix") (cells half half counts.Value)
