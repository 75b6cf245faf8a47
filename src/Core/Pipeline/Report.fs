/// What a run did.
namespace SingleSharp.Core

type Report =
    {
        Input: string
        Output: string
        Steps: string list
        Cells: int64
        Genes: int
        StoredValues: int64
        /// How often X was read.
        Reads: int
        /// The type of X before and after.
        TypeBefore: string
        TypeAfter: string
        /// What cells were scaled to.
        TargetSum: float option
        /// Genes left out of the totals because they were highly expressed.
        ExcludedGenes: int
        /// Gene sets and how many genes each has.
        GeneSets: (string * int) list
        ObsColumns: string list
        VarColumns: string list
        /// Of the values before any step; none where no metrics were asked for.
        MeanCountsPerCell: float option
        MeanGenesPerCell: float option
        Findings: Findings
        Warnings: string list
    }
