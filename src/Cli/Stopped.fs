/// How a command says something, warns and ends early.
namespace SingleSharp.Cli

open System
open SingleSharp.Core

/// A fault that ends the program.
[<Sealed>]
type Stopped(fault: Fault) =
    inherit Exception(Fault.sentence fault)
    member _.Fault = fault

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Stopped =
    /// One line on stdout.
    let say (text: string) = printfn "%s" (Escaped.line text)

    /// The value, or the end of the program.
    let orStop result =
        match result with
        | Ok value -> value
        | Error fault -> raise (Stopped fault)

    let warn (log: RunLog) (request: Request) sentence =
        log.Warn sentence
        Display.warn request.Listener sentence
