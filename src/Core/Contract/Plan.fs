/// What a recipe means for a file, before any value is read.
namespace SingleSharp

open System
open System.Collections.Generic

/// The way that the values of X take into the output.
type ValuePlan =
    /// X does not change.
    | Untouched = 0
    /// To the same addresses of the copy: same dtype, not compressed.
    | Overwrite = 1
    /// Into a new dataset that is stored like the old one.
    | StoreAnew = 2
    /// Row by row into new datasets: where a filter drops something, where duplicates are added up, and where X is dense or csc,
    /// which becomes csr.
    | RowByRow = 3

/// One read of X.
type PlannedPass =
    {
        /// What it is for, such as qc + normalize_total + log1p.
        Purpose: string
        /// Bytes of memory for buffers and states.
        Memory: int64
    }

/// What a recipe means for one file.
type Plan =
    {
        /// The names of the steps, in order.
        Steps: IReadOnlyList<string>
        /// The reads of X, in order.
        Passes: IReadOnlyList<PlannedPass>
        Values: ValuePlan
        /// The dtype of X afterwards, such as float32.
        TypeAfter: string
        /// The gene sets of qc and their sizes.
        GeneSets: IReadOnlyList<GeneSetSize>
        /// For which k qc computes the share of the k most expressed genes.
        PercentTop: IReadOnlyList<int>
        /// The columns of obs that code of one's own writes.
        Also: IReadOnlyList<string>
        /// Bytes of memory for buffers and states: what the most demanding read needs.
        Memory: int64
        /// What deserves attention before any value is read.
        Warnings: IReadOnlyList<string>
    }

/// One dataset of the matrix.
type StoredDataset =
    {
        /// Where it is, such as X/data.
        Name: string
        /// The dtype of its values, such as float32.
        Type: string
        Count: int64
        /// Contiguous, chunked, gzip and so on.
        Storage: string
        /// Values per chunk; null where it is not chunked.
        ChunkLength: Nullable<int64>
    }

/// What is in a file, and what a recipe would do to it.
type Info =
    {
        Path: string
        /// The length of the file.
        Bytes: int64
        Cells: int64
        Genes: int
        /// Values that X stores, explicit zeros among them.
        StoredValues: int64
        /// csr_matrix, csc_matrix or array.
        Encoding: string
        /// The datasets of X: data, indices, indptr.
        Matrix: IReadOnlyList<StoredDataset>
        ObsColumns: IReadOnlyList<string>
        VarColumns: IReadOnlyList<string>
        /// Everything else, which is kept as it is: layers/…, obsm/…, raw.
        Others: IReadOnlyList<string>
        /// Does uns/log1p say that X is logged already?
        IsLogged: bool
        /// Are the values of the first block of cells integers, finite and not negative?
        LooksLikeCounts: bool
        /// How many cells that block has; 0 where genes were examined instead, because X is csc.
        CellsExamined: int64
        /// What the recipe would do.
        Plan: Plan
    }
