/// The names of cells, genes and what belongs to them, as far as they are held in memory.
namespace SingleSharp.Core

open System.Collections.Generic

/// What names take of the memory allowed while they are held.
[<Sealed>]
type Held(allowed: int64) =
    /// A string beside its letters, and the place in an array that leads to it.
    let perName = 32L

    let known = HashSet<string>()
    let mutable bytes = 0L

    let count more =
        bytes <- bytes + more

        if bytes > allowed then
            Fault.throw (OverBudget(bytes, allowed))

    /// Bytes of all names so far.
    member _.Bytes = bytes

    /// Counts a name that is kept; more than is allowed is a fault.
    member _.Add(name: string) =
        count (perName + 2L * int64 name.Length)
        name

    /// The same for one of few words that come again and again, which is kept once.
    member held.Word(name: string) =
        match known.TryGetValue name with
        | true, kept ->
            count 8L
            kept
        | _ ->
            known.Add(held.Add name) |> ignore
            name
