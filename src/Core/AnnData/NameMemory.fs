/// The names of genes, the labels of categories and what belongs to them, as far as they are held in memory.
namespace SingleSharp.Core.AnnData

open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Folds

/// What names take of the memory allowed while they are held.
[<Sealed>]
type internal NameMemory(allowed: int64) =
    /// A string beside its letters, and the place in an array that leads to it.
    let perName = 32L

    let known = HashSet<string>()
    let mutable bytes = 0L
    let mutable most = 0L

    /// What a table takes for a name that is found by it.
    let perEntry = 48L

    let require needed =
        most <- max most needed

        if needed > allowed then
            Fault.throw (Fault.memory needed allowed)

    let count more =
        bytes <- Memory.plus bytes more
        require bytes

    /// Bytes of all names so far.
    member _.Bytes = bytes

    /// The most bytes that there were at a time.
    member _.Most = most

    /// Counts a name that is kept; more than is allowed is a fault.
    member _.Add(name: string) =
        count (perName + 2L * int64 name.Length)
        name

    /// Counts what is kept beside names.
    member _.Take more = count more

    /// Counts what is kept for a moment.
    member _.Borrow more = require (Memory.plus bytes more)

    /// Counts a label that is kept, and what tells where it stands among all others.
    member held.Label(name: string) =
        count perEntry
        held.Add name

    /// The same for one of few words that come again and again, which is kept once.
    member held.Word(name: string) =
        match known.TryGetValue name with
        | true, kept ->
            count 8L
            kept
        | _ ->
            known.Add(held.Add name) |> ignore
            name

[<RequireQualifiedAccess>]
module internal NameMemory =
    /// Counts the texts of a column that is kept.
    let texts (held: NameMemory) field =
        match field with
        | Column.Texts texts -> texts |> Seq.iter (held.Add >> ignore)
        | Column.TextsOrNone(_, texts) -> texts |> Seq.iter (ValueOption.iter (held.Add >> ignore))
        | Column.Numbers _
        | Column.NumbersOrNone _
        | Column.Categories _ -> ()

        field
