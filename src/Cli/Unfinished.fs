/// What goes wrong once a result is there: that it is there is said, and what is missing beside it.
namespace SingleSharp.Cli

open System

/// Trouble after something was written.
[<Sealed>]
type Unfinished(written: string, missing: string list, trouble: exn) =
    inherit Exception(trouble.Message, trouble)

    /// The path of what was written.
    member _.Written = written

    member _.Sentence =
        match missing with
        | [] -> $"{written} was written."
        | _ -> $"""{written} was written, but not {String.concat " and " missing}."""

[<RequireQualifiedAccess>]
module Unfinished =
    /// Does what is left to do once something was written, part by part: the file that a part makes, if any, and how.
    let rec finish written (parts: (string option * (unit -> unit)) list) =
        match parts with
        | [] -> ()
        | (_, work) :: rest ->
            try
                work ()
            with
            | :? Unfinished -> reraise ()
            | trouble -> raise (Unfinished(written, List.choose fst parts, trouble))

            finish written rest
