/// How inputs that are no .h5ad file, or are several, become one, and what that gave.
namespace SingleSharp

open System.Collections.Generic

/// The matrix of a file that is meant.
[<RequireQualifiedAccess>]
type MatrixName =
    | X
    /// layers/NAME, which is written where values change.
    | Layer of name: string
    /// raw/X, whose genes are those of raw/var. qc alone leaves everything in its place; other steps make a new file whose X comes from it.
    | Raw

/// Which genes the joined matrix has.
type Join =
    /// Those that every input has, in the order of the first.
    | Inner = 0
    /// Those that any input has; what an input lacks is zero.
    | Outer = 1

/// An input and how many cells came of it.
type SampleSize = { Name: string; Cells: int64 }

/// What a conversion did.
type Conversion =
    {
        Inputs: IReadOnlyList<string>
        Output: string
        Cells: int64
        Genes: int
        StoredValues: int64
        /// The dtype of X.
        Type: string
        /// Names of the inputs and how many cells each has; empty where there is only one.
        Samples: IReadOnlyList<SampleSize>
        ObsColumns: IReadOnlyList<string>
        VarColumns: IReadOnlyList<string>
        Warnings: IReadOnlyList<string>
    }

namespace SingleSharp.Core

open SingleSharp

/// How inputs are read and joined.
type ConvertOptions =
    {
        /// Of a 10x .h5 file: only genes of this genome.
        Genome: string option
        /// Of 10x inputs: only features of this type; none means "Gene Expression", "all" means every one.
        FeatureType: string option
        /// Give genes of equal names different ones: anndata's var_names_make_unique.
        MakeUnique: bool
        Join: Join
        /// The column of obs that says which input a cell is from, where there are several.
        SampleKey: string
        /// Names of the inputs; empty for those of the files without their endings, or of the folders that tell files of one name apart.
        SampleNames: string list
        /// What stands between the name of a cell and that of its sample; none leaves names of cells as they are.
        IndexUnique: string option
    }

/// Paths to read: one .h5ad file, or 10x .h5 files, folders with matrix.mtx and several .h5ad files, which are joined.
type Input =
    { Paths: string list
      Convert: ConvertOptions }

[<RequireQualifiedAccess>]
module Input =
    /// All genes of the type "Gene Expression"; of several inputs, the genes that all share, and a column called sample.
    let convert =
        { Genome = None
          FeatureType = None
          MakeUnique = false
          Join = Join.Inner
          SampleKey = "sample"
          SampleNames = []
          IndexUnique = None }

    /// One file or folder.
    let file path = { Paths = [ path ]; Convert = convert }

    /// Several, whose cells follow one another.
    let files paths = { Paths = paths; Convert = convert }
