/// What to do with a file, as a value.
namespace SingleSharp.Core

open SingleSharp
open SingleSharp.Core.Steps

/// Steps, and what they have in common.
type Recipe =
    {
        /// In the order in which they are taken: that of AllSteps.inOrder.
        Steps: Step list
        /// The matrix that the steps read, and write where they change values.
        Matrix: MatrixName
        /// Which genes make up the set mt.
        Mitochondrial: Mitochondrial
        /// Further sets of genes.
        GeneSets: GeneSet list
        /// The column of var that sets by prefix and by name go by, such as feature_name; none for the names of the genes.
        GeneSymbols: string option
        /// Add up what a cell has of one gene where it is stored more than once, instead of refusing it.
        SumDuplicates: bool
        /// Compute with negative, NaN and infinite values as scanpy does, instead of refusing them.
        AllowInvalid: bool
        /// Keep X as it was before the steps in layers/counts.
        KeepCounts: bool
        /// Folds and columns of one's own that ride the main pass; a recipe in JSON does not hold them.
        Also: Also list
    }
