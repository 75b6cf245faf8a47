/// Options and results of highly_variable_genes.
namespace SingleSharp.Core

open System

[<RequireQualifiedAccess>]
type HvgFlavor =
    | Seurat
    | CellRanger
    | SeuratV3
    | SeuratV3Paper

/// The options of highly_variable_genes that the kernels need.
type HvgOptions =
    {
        Flavor: HvgFlavor
        /// How many genes to choose, at least 1; none for the limits below (seurat, cell_ranger) or 2,000 (seurat_v3, seurat_v3_paper).
        NTopGenes: int option
        /// Limits of the mean (seurat: of ln (1 + mean)) and of the normalized dispersion, all exclusive; unused with NTopGenes.
        MinMean: float
        MaxMean: float
        MinDisp: float
        MaxDisp: float
        /// Bins of the mean in which dispersions are compared, at least 1 (seurat).
        NBins: int
        /// The share of the genes that each local fit of the trend looks at (seurat_v3, seurat_v3_paper).
        Span: float
        /// Break ties at the cut-off by position, where scanpy keeps all of them.
        ExactN: bool
    }

/// What is said of each gene.
type HvgTable =
    {
        IsHighlyVariable: bool[]
        /// The columns of var, in scanpy's order, highly_variable first.
        Columns: (Column * float[]) list
        Warnings: string list
    }

[<RequireQualifiedAccess>]
module Hvg =
    /// scanpy's name.
    let flavorName flavor =
        match flavor with
        | HvgFlavor.Seurat -> "seurat"
        | HvgFlavor.CellRanger -> "cell_ranger"
        | HvgFlavor.SeuratV3 -> "seurat_v3"
        | HvgFlavor.SeuratV3Paper -> "seurat_v3_paper"

    /// Stops with the fault that these data have no result.
    let refuse options why =
        Fault.throw (Unsuitable($"highly_variable_genes ({flavorName options.Flavor})", why))

    /// How sentences call a group of cells.
    let place (batches: string[] option) group =
        match batches with
        | Some names -> $"batch {names[group]}"
        | None -> "the data"

    /// Numbers in order, NaN last.
    let private ordered (numbers: float[]) sign left right =
        match Double.IsNaN numbers[left], Double.IsNaN numbers[right] with
        | false, false -> sign * compare numbers[left] numbers[right]
        | isLast, isOtherLast -> compare isLast isOtherLast

    /// Compares two positions by their numbers, the smaller first, NaN last.
    let ascending numbers left right = ordered numbers 1 left right

    /// Compares two positions by their numbers, the larger first, NaN last.
    let descending numbers left right = ordered numbers -1 left right

    /// The positions of n genes in the order of the first comparison that tells two apart, or else of the positions themselves.
    let order n (comparisons: (int -> int -> int) list) =
        let compare left right =
            comparisons
            |> List.tryPick (fun comparison ->
                match comparison left right with
                | 0 -> None
                | sign -> Some sign)
            |> Option.defaultValue (compare left right)

        Array.sortWith compare [| 0 .. n - 1 |]

    /// True for the first n genes of an order.
    let first n (order: int[]) =
        let flags = Array.create order.Length false

        for gene in Array.truncate n order do
            flags[gene] <- true

        flags

    /// A table whose first column is highly_variable.
    let table isHighlyVariable columns warnings =
        let number flag = if flag then 1.0 else 0.0

        { IsHighlyVariable = isHighlyVariable
          Columns =
            ({ Name = "highly_variable"
               Type = Numeric.Bool },
             Array.map number isHighlyVariable)
            :: (columns |> List.map (fun (name, kind, values) -> { Name = name; Type = kind }, values))
          Warnings = warnings }
