/// The exception of everything that is read piece by piece, and of all methods of C#.
namespace SingleSharp

open System

/// Expected trouble with a file or a request. The message is one sentence that says what is wrong, where, and what to do next.
[<Sealed; AllowNullLiteral>]
type SingleSharpException(kind: FaultKind, message: string) =
    inherit Exception(message)

    /// What kind of trouble it is, for programs.
    member _.Kind = kind
