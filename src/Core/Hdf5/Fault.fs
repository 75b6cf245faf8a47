/// What can be wrong with a file or a request, each with the one sentence that says what, where and what to do.
namespace SingleSharp.Core

open System.Globalization

/// Expected trouble. Everything else is a bug and throws as such.
type Fault =
    /// There is no such file.
    | Missing of path: string
    /// The file is there but cannot be opened.
    | Unreadable of path: string * why: string
    /// The file is not an AnnData .h5ad file with a matrix.
    | NotAnnData of path: string * why: string
    /// The file contradicts itself or is cut off.
    | Damaged of path: string * where: string * what: string
    /// The file is in order, but stored in a way that SingleSharp does not handle.
    | Unsupported of path: string * where: string * what: string
    /// A value that is not a count.
    | InvalidValue of path: string * cell: string * gene: string * value: float
    /// A cell has several values of one gene.
    | StoredTwice of path: string * cell: string * gene: string
    /// An option that does not fit the data or another option.
    | BadOption of option: string * why: string
    /// A step has no result for these data.
    | Unsuitable of step: string * why: string
    /// The output cannot be written.
    | CannotWrite of path: string * why: string
    /// The work does not fit the memory allowed.
    | OverBudget of needed: int64 * allowed: int64
    /// The matrix of products that pca computes does not fit the memory allowed.
    | GramOverBudget of genes: int64 * needed: int64 * allowed: int64
    /// Somebody changed the input while it was read.
    | InputChanged of path: string

    static member private Mebibytes(bytes: int64) = $"{(bytes + 1048575L) / 1048576L} MiB"

    /// A value as people write it, the same under every culture.
    static member private Number(value: float) =
        value.ToString("R", CultureInfo.InvariantCulture)

    /// One sentence: what is wrong, where, and what to do next.
    member fault.Sentence =
        match fault with
        | Missing path -> $"{path} does not exist; check the name."
        | Unreadable(path, why) -> $"{path} cannot be opened: {why}."
        | NotAnnData(path, why) -> $"{path} is not a usable .h5ad file: {why}."
        | Damaged(path, where, what) -> $"{path} is damaged at {where}: {what}; restore it from its source or write it again with anndata."
        | Unsupported(path, where, what) -> $"{path} stores {where} in a way that is not supported: {what}."
        | InvalidValue(path, cell, gene, value) ->
            $"{path} holds {Fault.Number value} for cell {cell}, gene {gene}, which is not a count; clean the data, or pass --allow-invalid to compute as scanpy does."
        | StoredTwice(path, cell, gene) ->
            $"{path} stores more than one value for cell {cell}, gene {gene}, and does not say which counts; pass --sum-duplicates to add them up, or clean the data with X.sum_duplicates()."
        | BadOption(option, why) -> $"{option}: {why}."
        | Unsuitable(step, why) -> $"{step} cannot be computed: {why}."
        | CannotWrite(path, why) -> $"{path} cannot be written: {why}."
        | OverBudget(needed, allowed) ->
            $"This needs at least {Fault.Mebibytes needed} of memory, but {Fault.Mebibytes allowed} are allowed; raise --memory, or lower --workers if you gave it."
        | GramOverBudget(genes, needed, allowed) ->
            $"pca of {genes} genes needs at least {Fault.Mebibytes needed} of memory for its Gram matrix, but {Fault.Mebibytes allowed} are allowed; choose fewer genes (--n-top-genes or --mask-var), raise --memory, or lower --workers if you gave it."
        | InputChanged path -> $"{path} was changed by somebody else during the run, so nothing was written; run again."

/// Carries a fault out of the middle of a read or a write.
exception FaultException of Fault with
    override this.Message = this.Data0.Sentence

[<RequireQualifiedAccess>]
module Fault =
    /// One sentence: what is wrong, where, and what to do next.
    let sentence (fault: Fault) = fault.Sentence

    /// The name of the case, for programs.
    let kind fault =
        match fault with
        | Missing _ -> "Missing"
        | Unreadable _ -> "Unreadable"
        | NotAnnData _ -> "NotAnnData"
        | Damaged _ -> "Damaged"
        | Unsupported _ -> "Unsupported"
        | InvalidValue _ -> "InvalidValue"
        | StoredTwice _ -> "StoredTwice"
        | BadOption _ -> "BadOption"
        | Unsuitable _ -> "Unsuitable"
        | CannotWrite _ -> "CannotWrite"
        | OverBudget _
        | GramOverBudget _ -> "OverBudget"
        | InputChanged _ -> "InputChanged"

    let throw fault = raise (FaultException fault)

    /// What the operating system says, without the path and the full stop that .NET adds.
    let reason (trouble: exn) =
        (trouble.Message.Split " : '" |> Array.head).TrimEnd '.'

    /// The fault that an exception carries, also from inside a failed block. Whatever is not a fault is a bug.
    let rec tryFind (trouble: exn) =
        match trouble with
        | FaultException fault -> Some fault
        | BlockFailed(_, _, cause) -> tryFind cause
        | _ -> None
