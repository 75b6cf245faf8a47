/// What splitting a file by a column of obs gives.
namespace SingleSharp

open System.Collections.Generic

/// A file with the cells of one value.
type SplitFile =
    {
        /// The value as text: a category, a string, an integer, True or False.
        Value: string
        Path: string
        Cells: int64
    }

/// What splitting a file did.
type Split =
    {
        /// The path of the file that was read; of several, with commas between them.
        Input: string
        /// The column of obs.
        Column: string
        /// The path of a table of the files, as CSV with the columns value, file and cells.
        Manifest: string
        /// A file for each value that a cell has: categories in their order, other values ascending.
        Files: IReadOnlyList<SplitFile>
        /// Rows and columns of X in the input.
        Cells: int64
        Genes: int
        /// Cells whose value is missing: they are in none of the files.
        CellsWithoutValue: int64
        /// What deserves attention, in the order in which it was found.
        Warnings: IReadOnlyList<string>
    }
