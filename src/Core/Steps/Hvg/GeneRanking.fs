/// What highly_variable_genes says of each gene, and orders of genes.
namespace SingleSharp.Core.Steps

open System
open SingleSharp.Core
open SingleSharp.Core.Rows

/// What is said of each gene.
type internal HvgTable =
    {
        IsHighlyVariable: bool[]
        /// The columns of var, in scanpy's order, highly_variable first.
        Columns: (OutputColumn * float[]) list
        Warnings: string list
    }

[<RequireQualifiedAccess>]
module internal GeneRanking =
    /// scanpy's name.
    let flavorName flavor =
        match flavor with
        | HvgFlavor.Seurat -> "seurat"
        | HvgFlavor.CellRanger -> "cell_ranger"
        | HvgFlavor.SeuratV3 -> "seurat_v3"
        | HvgFlavor.SeuratV3Paper -> "seurat_v3_paper"

    /// Is the trend of the variance over the mean fitted to raw counts?
    let fitsTrend (options: HvgOptions) =
        options.Flavor = HvgFlavor.SeuratV3 || options.Flavor = HvgFlavor.SeuratV3Paper

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
               Type = DType.Bool },
             Array.map number isHighlyVariable)
            :: (columns |> List.map (fun (name, kind, values) -> { Name = name; Type = kind }, values))
          Warnings = warnings }
