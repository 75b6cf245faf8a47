/// Faults of what goes through a temporary file, as people know their files, who know nothing of it.
namespace SingleSharp.Core.Run

open SingleSharp.Core

[<RequireQualifiedAccess>]
module internal Temporary =
    let told (temporary: string) (input: string) (target: string) fault =
        let name path =
            if path = temporary then input else path

        match fault with
        | NotFound path -> NotFound(name path)
        | Unreadable(path, why) -> Unreadable(name path, why)
        | NotAnnData(path, why) -> NotAnnData(name path, why)
        | Damaged(path, where, what) -> Damaged(name path, where, what)
        | Unsupported(path, where, what) -> Unsupported(name path, where, what)
        | InvalidValue(path, cell, gene, value) -> InvalidValue(name path, cell, gene, value)
        | DuplicateEntry(path, cell, gene) -> DuplicateEntry(name path, cell, gene)
        | CannotWrite(path, why) -> CannotWrite((if path = temporary then target else path), why)
        | InputChanged path -> InputChanged(name path)
        | InvalidOption _
        | Unsuitable _
        | InvalidStep _
        | InsufficientMemory _
        | OutOfMemory
        | NotYet _ -> fault

    /// Does the work, and tells its faults so.
    let telling temporary input target work =
        try
            work ()
        with trouble when (Fault.tryFind trouble).IsSome ->
            Fault.throw (told temporary input target (Fault.tryFind trouble).Value)
