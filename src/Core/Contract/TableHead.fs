/// The first rows of a table of a file.
namespace SingleSharp

open System.Collections.Generic

/// The first rows of obs, var, a matrix or an array of a file, as text.
type TableHead =
    {
        /// The path of the file, and what of it this is: obs, var, X, layers/NAME, raw/X, raw/var, obsm/NAME or varm/NAME.
        Path: string
        Part: string
        /// How many rows and columns it has; fewer are here.
        Rows: int64
        Columns: int64
        /// The names of the rows that are here: cells, or genes of var, raw/var and varm.
        RowNames: IReadOnlyList<string>
        /// The names of the columns that are here: columns of a frame, genes of a matrix, numbers from 0 of an array.
        ColumnNames: IReadOnlyList<string>
        /// The dtype of each of them, such as float32, category or string.
        Types: IReadOnlyList<string>
        /// Row by row: categories by their labels, True and False, numbers with up to six digits, NaN and <NA> for what is missing.
        Cells: IReadOnlyList<IReadOnlyList<string>>
    }

namespace SingleSharp.Core

/// What to look at.
type HeadRequest =
    {
        /// obs, var, X, layers/NAME, raw/X, raw/var, obsm/NAME or varm/NAME.
        Part: string
        /// How many rows, at most 10,000.
        Rows: int
        /// The names of the columns; empty for the first ones, as many as Most.
        Columns: string list
        Most: int
    }
