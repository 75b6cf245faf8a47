/// The same matrix in every form in which a file may store it.
module internal SingleSharp.Properties.GenForms

open System
open System.Collections.Generic
open PureHDF
open PureHDF.Filters
open PureHDF.VOL.Native
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen

/// How to store X.
[<RequireQualifiedAccess>]
type AnyForm =
    | Rows of Storage
    | Columns of Storage
    | Dense
    /// In chunks of so many cells and genes; compressed or not.
    | Chunks of cells: int * genes: int * compressed: bool

/// Rows without zeros, each in the order of its genes: what all forms can tell.
let plain (rows: Rows) : Rows =
    { rows with
        Rows = rows.Rows |> List.map (List.filter (fun (_, value) -> value <> 0.0) >> List.sortBy fst) }

/// The columns of a matrix as rows, and the other way round.
let flipped (rows: Rows) : Rows =
    let columns = Array.create rows.Genes []

    rows.Rows
    |> List.iteri (fun cell row ->
        for gene, value in row do
            columns[gene] <- (cell, value) :: columns[gene])

    { Genes = rows.Rows.Length
      Rows = columns |> Array.map List.rev |> List.ofArray }

let private array2 numeric (rows: Rows) : Array =
    let full = Array2D.zeroCreate rows.Rows.Length rows.Genes

    rows.Rows
    |> List.iteri (fun cell row ->
        for gene, value in row do
            full[cell, gene] <- value)

    match numeric with
    | DType.Float32 -> Array2D.map float32 full
    | DType.Float64 -> full
    | DType.Int32 -> Array2D.map int32 full
    | DType.UInt16 -> Array2D.map uint16 full
    | DType.Int8 -> Array2D.map sbyte full
    | other -> invalidOp $"{other} is not tried"

/// X alone, as a member of a file.
let x form numeric (rows: Rows) : obj =
    let sparse kind (lines: Rows) storage =
        let values, indices, pointers = AnnDataFiles.csr lines.Rows

        let group =
            AnnDataFiles.group
                kind
                [ "data", AnnDataFiles.line storage (AnnDataFiles.asArray numeric values)
                  "indices", AnnDataFiles.line storage (AnnDataFiles.asArray DType.Int32 indices)
                  "indptr", AnnDataFiles.line storage (AnnDataFiles.asArray DType.Int32 pointers) ]

        group.Attributes["shape"] <- [| int64 rows.Rows.Length; int64 rows.Genes |]
        box group

    match form with
    | AnyForm.Rows storage -> sparse "csr_matrix" rows storage
    | AnyForm.Columns storage -> sparse "csc_matrix" (flipped rows) storage
    | AnyForm.Dense -> H5Dataset(array2 numeric rows)
    | AnyForm.Chunks _ when rows.Rows.IsEmpty || rows.Genes = 0 -> H5Dataset(array2 numeric rows)
    | AnyForm.Chunks(cells, genes, compressed) ->
        let chunks =
            [| uint32 (min cells rows.Rows.Length); uint32 (min genes rows.Genes) |]

        if compressed then
            let filters =
                List<H5Filter> [ H5Filter ShuffleFilter.Id; H5Filter DeflateFilter.Id ]

            H5Dataset(array2 numeric rows, chunks = chunks, datasetCreation = H5DatasetCreation(Filters = filters))
        else
            H5Dataset(array2 numeric rows, chunks = chunks)

/// A file whose X is this matrix in this form, with values of this type.
let write (path: string) form numeric (rows: Rows) =
    let stored = AnnDataFiles.usual Unchunked

    let file =
        AnnDataFiles.file stored rows.Genes (AnnDataFiles.csr rows.Rows) [ "X", x form numeric rows ]

    file.Write(path, H5WriteOptions(PreferCompactDatasetLayout = false))

/// The rows of X of a file as they are read: those of the file itself, or those that were put together.
let read (path: string) schedule valuesPerBatch =
    use file = GenFiles.openRead path

    use rows =
        CsrView.Prepare(file, IO.Path.GetDirectoryName path, 1L <<< 26, Threading.CancellationToken.None, ignore)

    Blocks.run schedule (Reader.rows rows.Disk rows.Matrix valuesPerBatch) Sink.none AnnDataFiles.transcript
    |> List.map (fun (cell, _, row) -> cell, row)
