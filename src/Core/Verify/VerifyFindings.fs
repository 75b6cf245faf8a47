/// What the verification of a file finds, gathered as it goes on in spite of it.
namespace SingleSharp.Core.Verify

open System.Collections.Generic
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract

/// Findings as they come. Of what an object repeats again and again only the beginning is kept.
[<Sealed>]
type internal FindingList() =
    let mostPerObject = 10
    let mostInAll = 1000

    let findings = List<Finding>()
    let counts = Dictionary<struct (Severity * string), int>()

    member _.Add(severity, path: string, sentence: string) =
        let path = if path = "" then "/" else path
        let sentence = Printable.line sentence
        let key = struct (severity, path)
        let count = counts.GetValueOrDefault key + 1
        counts[key] <- count

        let keep sentence =
            if findings.Count <= mostInAll then
                findings.Add
                    { Severity = severity
                      Path = path
                      Sentence = if findings.Count < mostInAll then sentence else "further findings are not listed" }

        if count <= mostPerObject then
            keep sentence
        elif count = mostPerObject + 1 then
            keep "further findings of this kind are not listed"

    member list.Error path sentence =
        list.Add(Severity.Error, path, sentence)

    member list.Warn path sentence =
        list.Add(Severity.Warning, path, sentence)

    member list.Note path sentence = list.Add(Severity.Note, path, sentence)

    /// Does some checking; a fault that ends it is a finding, and its result is missing.
    member list.Try(path: string, check: unit -> 'a) =
        try
            Some(check ())
        with FaultException fault ->
            match fault with
            // What does not fit the memory allowed is no matter of the file.
            | InsufficientMemory _ -> Fault.throw fault
            // `where` may be a byte, a structure or the object itself.
            | Damaged(_, where, what) when where = path -> list.Error path what
            | Damaged(_, where, what) -> list.Error path $"{where}: {what}"
            | Unsupported(_, where, what) when where = path -> list.Warn path $"it cannot be checked: {what}"
            | Unsupported(_, where, what) -> list.Warn path $"{where} cannot be checked: {what}"
            | NotAnnData(_, why)
            | Unreadable(_, why) -> list.Error path why
            | other -> list.Error path (Fault.sentence other)

            None

    /// The same where nothing comes out of it.
    member list.Check(path, check: unit -> unit) = list.Try(path, check) |> ignore

    /// Is there an error about an object or something in it?
    member _.HasError(path: string) =
        counts.Keys
        |> Seq.exists (fun key ->
            let struct (severity, other) = key
            severity = Severity.Error && (other = path || other.StartsWith(path + "/")))

    member _.All = List.ofSeq findings
