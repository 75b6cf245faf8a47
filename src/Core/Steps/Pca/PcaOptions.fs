/// The options of pca.
namespace SingleSharp

/// Which genes pca looks at.
[<RequireQualifiedAccess>]
type MaskVar =
    /// Those that are highly variable, where that is known; all otherwise.
    | HighlyVariable
    /// Those that are True in this boolean column of var.
    | Column of name: string
    /// All genes: scanpy's None.
    | AllGenes

    /// Those that are True in this boolean column of var.
    static member op_Implicit(column: string) = Column column

namespace SingleSharp.Core

type MaskVar = SingleSharp.MaskVar

/// The options of pca.
type PcaOptions =
    {
        /// How many components; none for 50, or one fewer than there are cells or genes where that is less.
        NComps: int option
        MaskVar: MaskVar
        /// Is the mean of each gene taken away first? Without it the components are those of a truncated SVD.
        ZeroCenter: bool
        /// The name in obsm, varm and uns; none for X_pca, PCs and pca.
        KeyAdded: string option
    }
