/// The one type that both index arrays of a sparse matrix get where they are written anew.
namespace SingleSharp.Core

open System

// SciPy computes with indices and indptr of one type, int32 or int64. Before 1.11 it does not even subset a matrix that has two,
// which anndata takes over from the file as they are.
[<RequireQualifiedAccess>]
module IndexType =
    /// As SciPy chooses it, for so many values or rows and columns at most.
    let fresh most =
        if most <= int64 Int32.MaxValue then Numeric.Int32 else Numeric.Int64

    /// That of old arrays where they have one that SciPy computes with and that holds so much; else a fresh one.
    /// Law (index type): one type for both, which holds whatever the matrix has.
    let succeeding indices indptr most =
        match indices with
        | Integer(size, true, false) when indices = indptr && (size = 8 || size = 4 && most <= int64 Int32.MaxValue) -> indices
        | _ -> Numeric.datatype (fresh most)
