/// What can be wrong with a file or a request, each with the one sentence that says what, where and what to do.
namespace SingleSharp

/// Kinds of expected trouble, for programs.
type FaultKind =
    /// There is no such file.
    | NotFound = 0
    /// The file is there but cannot be opened.
    | Unreadable = 1
    /// The file is not an AnnData .h5ad file with a matrix.
    | NotAnnData = 2
    /// The file contradicts itself or is cut off.
    | Damaged = 3
    /// The file is in order, but stored in a way that SingleSharp does not handle.
    | Unsupported = 4
    /// A value that is not a count.
    | InvalidValue = 5
    /// A cell has several values of one gene.
    | DuplicateEntry = 6
    /// An option that does not fit the data or another option.
    | InvalidOption = 7
    /// A step has no result for these data.
    | Unsuitable = 8
    /// The output cannot be written.
    | CannotWrite = 9
    /// The work does not fit the memory allowed.
    | InsufficientMemory = 10
    /// Somebody changed the input while it was read.
    | InputChanged = 11
    /// Parts of a run over shards are not there, or not whole; they may come.
    | NotYet = 12

namespace SingleSharp.Core

open System
open System.Globalization
open System.IO
open SingleSharp
open SingleSharp.Core.Folds
open SingleSharp.Core.Contract

/// Expected trouble. Everything else is a bug and throws as such.
type Fault =
    /// There is no such file.
    | NotFound of path: string
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
    | DuplicateEntry of path: string * cell: string * gene: string
    /// An option, by scanpy's name, that does not fit the data or another option.
    | InvalidOption of option: string * why: string
    /// Options of a step that make no sense together.
    | InvalidStep of step: string * why: string
    /// A step has no result for these data.
    | Unsuitable of step: string * why: string
    /// The output cannot be written.
    | CannotWrite of path: string * why: string
    /// The work does not fit the memory allowed; what needs it, and what to do about that other than to allow more.
    | InsufficientMemory of what: string * needed: int64 * allowed: int64 * advice: string
    /// The machine has no more memory, whatever is allowed.
    | OutOfMemory
    /// Somebody changed the input while it was read.
    | InputChanged of path: string
    /// Parts of a run over shards are not there, or not whole; they may come.
    | NotYet of folder: string * what: string

    static member private Mebibytes(bytes: int64) = $"{(bytes + 1048575L) / 1048576L} MiB"

    /// A value as people write it, the same under every culture.
    static member private Number(value: float) =
        value.ToString("R", CultureInfo.InvariantCulture)

    /// What helps against damage: a file that is cut off has come so, and a table can be corrected by hand.
    static member private Remedy(path: string, what: string) =
        let isTable =
            [ ".gz"; ".mtx"; ".tsv"; ".txt"; ".csv" ]
            |> List.exists (fun ending -> path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))

        if what.Contains "cut off" then "download or copy the file again"
        elif isTable then "correct it there, or download or copy the file again"
        else "restore it from its source or write it again with anndata"

    member private fault.Words =
        match fault with
        | NotFound path -> $"{path} does not exist; check the name."
        | Unreadable(path, why) -> $"{path} cannot be opened: {why}."
        | NotAnnData(path, why) -> $"{path} is not a usable .h5ad file: {why}."
        | Damaged(path, where, what) -> $"{path} is damaged at {where}: {what}; {Fault.Remedy(path, what)}."
        | Unsupported(path, where, what) -> $"{path} stores {where} in a way that is not supported: {what}."
        | InvalidValue(path, cell, gene, value) ->
            $"{path} holds {Fault.Number value} for cell {cell}, gene {gene}, which is not a count; clean the data, or pass ⟨allow_invalid⟩ to compute as scanpy does."
        | DuplicateEntry(path, cell, gene) ->
            $"{path} stores more than one value for cell {cell}, gene {gene}, and does not say which counts; pass ⟨sum_duplicates⟩ to add them up, or clean the data with X.sum_duplicates()."
        | InvalidOption(option, why) -> if option.Contains ' ' then $"{option}: {why}." else $"⟨{option}⟩: {why}."
        | InvalidStep(step, why) -> $"{step}: {why}."
        | Unsuitable(step, why) -> $"{step} cannot be computed: {why}."
        | CannotWrite(path, why) -> $"{path} cannot be written: {why}."
        | InsufficientMemory(what, needed, allowed, advice) ->
            $"{what} needs at least {Fault.Mebibytes needed} of memory, but {Fault.Mebibytes allowed} are allowed; {advice}raise ⟨memory⟩, or lower ⟨workers⟩ if you gave it."
        | OutOfMemory -> "There is no memory left on this machine or in this container; lower ⟨memory⟩ or ⟨workers⟩, or end other programs."
        | InputChanged path -> $"{path} was changed by somebody else during the run, so its result was not written; run again."
        | NotYet(folder, what) -> $"Parts are missing in {folder}: {what}; run their tasks again."

    /// One sentence: what is wrong, where, and what to do next. What a file or a path brings into it is escaped.
    member internal fault.Sentence(spelling) =
        fault.Words |> OptionText.spell spelling |> Printable.line

/// Carries a fault out of the middle of a read or a write.
exception internal FaultException of Fault with
    override this.Message = this.Data0.Sentence OptionText.plain

[<RequireQualifiedAccess>]
module Fault =
    /// One sentence: what is wrong, where, and what to do next.
    let sentence (fault: Fault) = fault.Sentence OptionText.plain

    /// The same with options as a door spells them.
    let sentenceFor spelling (fault: Fault) = fault.Sentence spelling

    /// What kind of trouble it is, for programs.
    let kind fault =
        match fault with
        | NotFound _ -> FaultKind.NotFound
        | Unreadable _ -> FaultKind.Unreadable
        | NotAnnData _ -> FaultKind.NotAnnData
        | Damaged _ -> FaultKind.Damaged
        | Unsupported _ -> FaultKind.Unsupported
        | InvalidValue _ -> FaultKind.InvalidValue
        | DuplicateEntry _ -> FaultKind.DuplicateEntry
        | InvalidOption _
        | InvalidStep _ -> FaultKind.InvalidOption
        | Unsuitable _ -> FaultKind.Unsuitable
        | CannotWrite _ -> FaultKind.CannotWrite
        | InsufficientMemory _
        | OutOfMemory -> FaultKind.InsufficientMemory
        | InputChanged _ -> FaultKind.InputChanged
        | NotYet _ -> FaultKind.NotYet

    /// How the reason begins where permission is what is missing.
    let private forbidden = [ "you may not"; "you have no permission" ]

    /// May the same work succeed later or on another machine? Full and failing disks, files that cannot be read just now, parts that are not
    /// there yet, and memory that others have taken; but nobody gets a permission by trying again.
    let isTemporary fault =
        match fault with
        | Unreadable(_, why)
        | CannotWrite(_, why) when forbidden |> List.exists (fun start -> why.StartsWith(start, StringComparison.Ordinal)) -> false
        | Unreadable _
        | CannotWrite _
        | OutOfMemory
        // Of a file that was touched, or made again as it was; one that is another is refused when it is looked at again.
        | InputChanged _
        | NotYet _ -> true
        | _ -> false

    let internal throw fault = raise (FaultException fault)

    /// The work does not fit the memory allowed.
    let internal memory needed allowed =
        InsufficientMemory("This", needed, allowed, "")

    /// What the operating system says, without the path and the full stop that .NET adds.
    let internal reason (trouble: exn) =
        (trouble.Message.Split " : '" |> Array.head).TrimEnd '.'

    /// A number of bytes in a unit that leaves something of it.
    let internal size bytes =
        if bytes < 10240L then Plural.things bytes "byte"
        elif bytes < (10L <<< 20) then $"{bytes >>> 10} KiB"
        else $"{bytes >>> 20} MiB"

    let private folderOf (path: string) =
        if Directory.Exists path then
            path
        else
            match Path.GetDirectoryName(Path.GetFullPath path) with
            | null -> path
            | folder -> folder

    /// What the operating system may have against a write.
    let internal (|WriteTrouble|_|) (trouble: exn) =
        match trouble with
        | :? IOException
        | :? UnauthorizedAccessException -> Some trouble
        | :? ArgumentOutOfRangeException as tooLarge when tooLarge.ParamName = "value" -> Some trouble
        | _ -> None

    /// What keeps a file from being written there, and what to do about it.
    let internal ofWrite (path: string) (trouble: exn) =
        let said =
            match trouble with
            | :? ArgumentOutOfRangeException -> "File too large"
            | _ -> reason trouble

        /// A scratch file has no name but that of its folder.
        let other =
            if Directory.Exists path then
                "choose another folder (⟨scratch⟩)"
            else
                "choose another folder (⟨out⟩)"

        // The number of the error: of Unix, or of Windows behind 0x8007.
        match trouble, trouble.HResult with
        | :? PathTooLongException, _ -> CannotWrite(path, "its name is too long for that folder; choose a shorter one (⟨out⟩)")
        | (:? DirectoryNotFoundException | :? FileNotFoundException), _ ->
            let what =
                if Directory.Exists(folderOf path) then
                    "somebody has removed what was written so far; run again"
                else
                    "its folder has vanished; make it again, or choose another (⟨out⟩)"

            CannotWrite(path, what)
        | :? UnauthorizedAccessException, _ ->
            CannotWrite(path, "you may not write to its folder; choose another (⟨out⟩), or ask for permission")
        | _, (28 | 0x80070070 | 0x80070027) ->
            CannotWrite(path, $"{said}: the disk of {folderOf path} is full; make room there, or {other}")
        | _, (69 | 122) -> CannotWrite(path, $"{said}: your share of the disk of {folderOf path} is used up; make room there, or {other}")
        | _, 30 -> CannotWrite(path, $"{said}: nothing can be written to {folderOf path}; {other}")
        // So .NET calls a file that is too large.
        | :? ArgumentOutOfRangeException, _
        | _, 27 -> CannotWrite(path, $"{said}: a file may not be so large in {folderOf path}; raise the limit (ulimit -f), or {other}")
        | _ -> CannotWrite(path, said)

    /// The fault that an exception carries, also from inside a failed block. Whatever is not a fault is a bug.
    let rec internal tryFind (trouble: exn) =
        match trouble with
        | FaultException fault -> Some fault
        | BlockFailed(_, _, cause) -> tryFind cause
        | :? OutOfMemoryException -> Some OutOfMemory
        | _ -> None
