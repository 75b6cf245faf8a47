/// What a run did.
namespace SingleSharp

open System
open System.Collections.Generic

/// What was found among the values of X, before any step.
type Findings =
    {
        /// Values below zero.
        Negative: int64
        /// Values that are NaN or infinite.
        NotFinite: int64
        /// Values that are not integers.
        Fractional: int64
        /// Cells whose total is zero.
        EmptyCells: int64
        /// Stored values, explicit zeros among them.
        Stored: int64
    }

    /// Could this be raw counts?
    member findings.AreCounts =
        findings.Negative = 0L && findings.NotFinite = 0L && findings.Fractional = 0L

/// How many cells or genes did not meet a limit of the filter.
type LimitLoss =
    {
        /// The limit, such as min_genes or max_pct mt.
        Limit: string
        Lost: int64
    }

/// What did not meet the limits of the filter; a cell or gene that did not meet several is counted for each.
type Dropped =
    { OfCells: IReadOnlyList<LimitLoss>
      OfGenes: IReadOnlyList<LimitLoss> }

/// How many genes of a file belong to a set.
type GeneSetSize = { Name: string; Genes: int }

/// What a run did.
type Report =
    {
        /// The path of the file that was read; of several, with commas between them.
        Input: string
        /// The path of the file that was written; the input where it was changed in place.
        Output: string
        /// The names of the steps, in order.
        Steps: IReadOnlyList<string>
        /// The matrix that was read: X, layers/NAME or raw/X.
        Matrix: string
        /// Rows and columns of X in the input, and the values that it stores, explicit zeros among them.
        Cells: int64
        Genes: int
        StoredValues: int64
        /// Cells and genes that the filter left; the same numbers without one.
        CellsKept: int64
        GenesKept: int
        /// How many cells and genes did not meet each limit of the filter; empty without one.
        Dropped: Dropped
        /// How often X was read.
        Reads: int
        /// The dtype of X before and after, such as float32.
        TypeBefore: string
        TypeAfter: string
        /// What cells were scaled to, in counts; null where they were not.
        TargetSum: Nullable<float>
        /// Genes left out of the totals because they were highly expressed.
        ExcludedGenes: int
        /// The gene sets of qc and their sizes.
        GeneSets: IReadOnlyList<GeneSetSize>
        /// The columns and keys that were written, in order.
        ObsColumns: IReadOnlyList<string>
        VarColumns: IReadOnlyList<string>
        LayerKeys: IReadOnlyList<string>
        ObsmKeys: IReadOnlyList<string>
        VarmKeys: IReadOnlyList<string>
        UnsKeys: IReadOnlyList<string>
        /// Counts, and genes detected, per cell on average, before any step; null where qc was not asked for.
        MeanCountsPerCell: Nullable<float>
        MeanGenesPerCell: Nullable<float>
        /// How many genes are highly variable; null where that was not asked for.
        HighlyVariableGenes: Nullable<int>
        /// The share of the variance, between 0 and 1, that each principal component explains; empty without pca.
        VarianceRatio: IReadOnlyList<float>
        /// Whether the values were counts.
        Findings: Findings
        /// What deserves attention, in the order in which it was found.
        Warnings: IReadOnlyList<string>
    }
