/// Options and results of highly_variable_genes.
namespace SingleSharp.Core

[<RequireQualifiedAccess>]
type HvgFlavor =
    | Seurat
    | CellRanger
    | SeuratV3
    | SeuratV3Paper
