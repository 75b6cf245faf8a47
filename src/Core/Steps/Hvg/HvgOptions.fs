/// The options of highly_variable_genes.
namespace SingleSharp

/// How the variability of genes is compared.
[<RequireQualifiedAccess>]
type HvgFlavor =
    /// Dispersions of what was logged, within bins of the mean of equal width.
    | Seurat
    /// Dispersions, within bins of the mean that hold equally many genes.
    | CellRanger
    /// Variances of raw counts over a trend; by rank first, then by the number of batches. Costs one more read of X.
    | SeuratV3
    /// The same as SeuratV3, but by the number of batches first, then by rank.
    | SeuratV3Paper

namespace SingleSharp.Core

type HvgFlavor = SingleSharp.HvgFlavor

/// The options of highly_variable_genes.
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
        /// The share of the genes, above 0 and up to 1, that each local fit of the trend looks at (seurat_v3, seurat_v3_paper).
        Span: float
        /// A column of obs: genes are judged within each batch, then together.
        BatchKey: string option
        /// Break ties at the cut-off by position, where scanpy keeps all of them.
        ExactN: bool
        /// Keep the highly variable genes alone, in all that has an entry for each gene, once all steps have been taken.
        Subset: bool
        /// With Subset: keep X and var, as they are before, as raw.
        KeepRaw: bool
    }
