/// Code of somebody's own in the middle of a run: what it throws passes through everything and arrives as it was thrown.
namespace SingleSharp.Core.Rows

open System
open System.Runtime.ExceptionServices
open SingleSharp.Core.Folds

/// Somebody's own code has thrown this. Nobody on the way shall take it for trouble with a file.
exception internal OwnCodeFailed of ExceptionDispatchInfo

[<RequireQualifiedAccess>]
module internal OwnCode =
    let call (code: unit -> 'r) =
        try
            code ()
        with
        // To cancel is no failure, and the machine has no more memory for whatever code.
        | :? OperationCanceledException
        | :? OutOfMemoryException -> reraise ()
        | cause -> raise (OwnCodeFailed(ExceptionDispatchInfo.Capture cause))

    /// What somebody's own code has thrown, also inside a failed block.
    let (|Thrown|_|) (trouble: exn) =
        match trouble with
        | OwnCodeFailed cause
        | BlockFailed(_, _, OwnCodeFailed cause) -> Some cause
        | _ -> None
