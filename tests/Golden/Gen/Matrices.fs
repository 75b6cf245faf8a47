/// Matrices of result files as rows of numbers, in whichever form they are stored.
module internal SingleSharp.Golden.Matrices

open SingleSharp.Golden.Expected
open SingleSharp.Golden.Tolerance

/// The values that are stored of each cell, in their order; of a dense matrix all.
type Rows =
    {
        /// The type of the values.
        Type: string
        Genes: int
        /// Where the values of each cell begin, and where the last ones end.
        Offsets: int[]
        /// The gene of each value.
        Indices: int[]
        Values: float[]
    }

    member rows.Cells = rows.Offsets.Length - 1

/// csr_matrix, csc_matrix or array.
let encoding (file: Results) path =
    if file.IsDataset path then "array" else file.Text(path, "encoding-type")

/// The dataset that holds the values.
let values file path =
    if encoding file path = "array" then path else $"{path}/data"

/// Cells and genes.
let shape (file: Results) path =
    if encoding file path = "array" then
        file.Shape path
    else
        file.Integers(path, "shape") |> List.map int

let private ofDense (numbers: Numbers) cells genes =
    { Type = numbers.Type
      Genes = genes
      Offsets = Array.init (cells + 1) (fun cell -> cell * genes)
      Indices = Array.init (cells * genes) (fun i -> i % genes)
      Values = numbers.Values }

let private ofCompressed (data: Numbers) (indices: Numbers) (indptr: Numbers) genes =
    { Type = data.Type
      Genes = genes
      Offsets = indptr.Values |> Array.map int
      Indices = indices.Values |> Array.map int
      Values = data.Values }

/// Columns that were read as if they were rows, as rows: those values of a cell that come first in the columns come first.
let private turned cells columns =
    let cellOf = columns.Indices
    let geneOf: int[] = Array.zeroCreate cellOf.Length

    for gene in 0 .. columns.Cells - 1 do
        for i in columns.Offsets[gene] .. columns.Offsets[gene + 1] - 1 do
            geneOf[i] <- gene

    let order =
        Array.init cellOf.Length id |> Array.sortBy (fun i -> struct (cellOf[i], i))

    let lengths: int[] = Array.zeroCreate cells
    cellOf |> Array.iter (fun cell -> lengths[cell] <- lengths[cell] + 1)

    { columns with
        Genes = columns.Cells
        Offsets = Array.scan (+) 0 lengths
        Indices = order |> Array.map (fun i -> geneOf[i])
        Values = order |> Array.map (fun i -> columns.Values[i]) }

/// X, or a layer.
let read (file: Results) path =
    match encoding file path, shape file path with
    | "array", [ cells; genes ] -> ofDense (file.Numbers path) cells genes
    | form, [ cells; genes ] ->
        let stored =
            ofCompressed (file.Numbers $"{path}/data") (file.Numbers $"{path}/indices") (file.Numbers $"{path}/indptr") genes

        if form = "csc_matrix" then turned cells stored else stored
    | _, other -> failwith $"{path} has the shape {other}"

/// A matrix among scanpy's results, which do not say whether they are in rows or in columns; none of them is square.
let readResult (file: Results) prefix =
    let member' name = file.Numbers $"{prefix}X/{name}"

    if file.Has $"{prefix}X/dense" then
        match file.Shape $"{prefix}X/dense" with
        | [ cells; genes ] -> ofDense (member' "dense") cells genes
        | other -> failwith $"{prefix}X has the shape {other}"
    else
        match (member' "shape").Values |> Array.map int with
        | [| cells; genes |] when cells <> genes ->
            let stored =
                ofCompressed (member' "data") (member' "indices") (member' "indptr") genes

            if stored.Cells = cells then stored else turned cells stored
        | other -> failwith $"{prefix}X has the shape {List.ofArray other}, so that rows cannot be told from columns"
