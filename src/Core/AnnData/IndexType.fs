/// The one type that both index arrays of a sparse matrix get where they are written anew.
namespace SingleSharp.Core.AnnData

open System
open SingleSharp.Core
open SingleSharp.Core.Hdf5

// SciPy computes with indices and indptr of one type, int32 or int64. Before 1.11 it does not even subset a matrix that has two,
// which anndata takes over from the file as they are.
[<RequireQualifiedAccess>]
module internal IndexType =
    /// As SciPy chooses it, for N values or rows and columns at most.
    let fresh most =
        if most <= int64 Int32.MaxValue then DType.Int32 else DType.Int64

    /// That of old arrays where they have one that SciPy computes with and that holds so much; else a fresh one.
    /// Law (index type): one type for both, which holds whatever the matrix has.
    let succeeding indices indptr most =
        match indices with
        | Integer(size, true, false) when indices = indptr && (size = 8 || size = 4 && most <= int64 Int32.MaxValue) -> indices
        | _ -> DType.datatype (fresh most)
