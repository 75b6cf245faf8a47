/// The most memory that a command held.
module internal SingleSharp.Golden.Peaks

open System
open Expecto
open SingleSharp.Golden.Shared

/// What the command line says of some words, its exit code, and the most memory that it held, in bytes.
let ofTool (words: string list) =
    let outcome =
        Child.run "/usr/bin/python3" ([ here "scripts/wide.py"; "peak"; "dotnet"; Child.tool ] @ words) [] ""

    match outcome.Output.Split([| ' '; '\n' |], StringSplitOptions.RemoveEmptyEntries) with
    | [| code; kibibytes |] -> outcome.Errors, int code, int64 kibibytes * 1024L
    | _ -> failtest $"no peak was told: {outcome.Errors}"

/// A file of wide.py.
let wide (sandbox: Sandbox) kind =
    let path = sandbox.File $"{kind}.h5ad"
    Child.script "wide.py" [ kind; path ] "" |> ignore
    path
