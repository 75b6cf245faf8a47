/// What ended a command without a result, or after it, with the fields that programs read and the exit code.
namespace SingleSharp.Cli

open System.Runtime.InteropServices
open SingleSharp.Core

type CommandError =
    {
        /// The name of the fault's case in snake_case, or what else it was.
        Kind: string
        /// One sentence; options have scanpy's names in it, except in mistakes of a command line.
        Message: string
        /// The file that it is about.
        Path: string option
        /// The option that it is about, by scanpy's name.
        Option: string option
        /// The result that was written all the same.
        Output: string option
        ExitCode: int
    }

[<RequireQualifiedAccess>]
module CommandError =
    /// Kind, path and option.
    let private fields fault =
        match fault with
        | NotFound path -> "not_found", Some path, None
        | Unreadable(path, _) -> "unreadable", Some path, None
        | NotAnnData(path, _) -> "not_anndata", Some path, None
        | Damaged(path, _, _) -> "damaged", Some path, None
        | Unsupported(path, _, _) -> "unsupported", Some path, None
        | InvalidValue(path, _, _, _) -> "invalid_value", Some path, Some "allow_invalid"
        | DuplicateEntry(path, _, _) -> "duplicate_entry", Some path, Some "sum_duplicates"
        // What has a space is a description and no name.
        | InvalidOption(option, _) -> "invalid_option", None, (if option.Contains ' ' then None else Some option)
        | InvalidStep _ -> "invalid_step", None, None
        | Unsuitable _ -> "unsuitable", None, None
        | CannotWrite(path, _) -> "cannot_write", Some path, None
        | InsufficientMemory _ -> "insufficient_memory", None, Some "memory"
        | OutOfMemory -> "out_of_memory", None, Some "memory"
        | InputChanged path -> "input_changed", Some path, None
        | NotYet(folder, _) -> "not_yet", Some folder, None

    let private plain kind message exitCode =
        { Kind = kind
          Message = message
          Path = None
          Option = None
          Output = None
          ExitCode = exitCode }

    let ofFault fault =
        let kind, path, option = fields fault

        { plain kind (Fault.sentence fault) 1 with
            Path = path
            Option = option }

    /// What may go well later or on another machine, as workflow engines are told by EX_TEMPFAIL of sysexits.h.
    let private temporary = 75

    /// The same error of a task that an engine takes again where that may help.
    let retriable isTemporary error =
        if isTemporary || error.Kind = "system" then { error with ExitCode = temporary } else error

    /// Mistakes of a command line.
    let usage mistakes =
        plain "usage" (String.concat " " mistakes) 2

    /// Trouble with stdout or the like, of which no fault tells.
    let ofSystem message = plain "system" message 1

    let bug message = plain "bug" message 70

    /// The same error, where a result is there.
    let beside (unfinished: Unfinished) (error: CommandError) =
        { error with
            Message = $"{error.Message} {unfinished.Sentence}"
            Output = Some unfinished.Written }

    /// As shells count: 128 and the number of the signal.
    let cancelled signal (unfinished: Unfinished option) =
        let exitCode =
            match signal with
            | Some PosixSignal.SIGTERM -> 143
            | Some PosixSignal.SIGHUP -> 129
            | _ -> 130

        match unfinished with
        | None -> plain "cancelled" "no result was written." exitCode
        | Some unfinished ->
            { plain "cancelled" unfinished.Sentence exitCode with
                Output = Some unfinished.Written }
