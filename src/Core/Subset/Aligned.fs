/// Elements that have an entry for every cell or gene, and the forms in which they are stored.
namespace SingleSharp.Core.Subset

open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// What a dimension of an element runs along.
[<RequireQualifiedAccess>]
type internal Along =
    | Cells
    | Genes

/// A matrix in compressed sparse rows or columns, whatever its values are.
type internal AlignedSparse =
    {
        Path: string
        Arrays: SparseArrays
        /// Rows (CSR) or columns (CSC)?
        ByRows: bool
        Rows: int64
        Columns: int64
        /// The attribute that holds its shape.
        Shape: Attribute
    }

    member matrix.Group = matrix.Arrays.Group
    member matrix.Data = matrix.Arrays.Data
    member matrix.Indices = matrix.Arrays.Indices
    member matrix.Indptr = matrix.Arrays.Indptr

type internal Aligned =
    /// An array of any type and number of dimensions.
    | Plain of Dataset
    | Sparse of AlignedSparse
    /// Codes of one dimension, and what they stand for.
    | Categorical of path: string * Group * codes: Dataset * categories: Aligned * count: int64
    /// Members that all run along the same: the columns of a frame, the values and the mask of a nullable array.
    | Members of path: string * Group * (string * Aligned) list

[<RequireQualifiedAccess>]
module internal Aligned =
    /// Can the element, or a part of it, be reached by other names, which go on leading to what it was?
    let rec hasOtherNames aligned =
        match aligned with
        | Plain dataset -> dataset.Header.LinkCount > 1
        | Sparse matrix ->
            matrix.Group.Header.LinkCount > 1
            || [ matrix.Data; matrix.Indices; matrix.Indptr ] |> List.exists (fun dataset -> dataset.Header.LinkCount > 1)
        | Categorical(_, group, codes, categories, _) ->
            group.Header.LinkCount > 1 || codes.Header.LinkCount > 1 || hasOtherNames categories
        | Members(_, group, members) -> group.Header.LinkCount > 1 || List.exists (snd >> hasOtherNames) members

    /// The groups that are written anew when the element is.
    let rec groups aligned =
        match aligned with
        | Plain _ -> []
        | Sparse matrix -> [ matrix.Path, matrix.Group ]
        | Categorical(path, group, _, categories, _) -> (path, group) :: groups categories
        | Members(path, group, members) -> (path, group) :: List.collect (snd >> groups) members

    /// The datasets that are written anew when the element is.
    let rec datasets aligned =
        match aligned with
        | Plain dataset -> [ dataset ]
        | Sparse matrix -> [ matrix.Data; matrix.Indices; matrix.Indptr ]
        | Categorical(_, _, codes, categories, _) -> codes :: datasets categories
        | Members(_, _, members) -> List.collect (snd >> datasets) members
