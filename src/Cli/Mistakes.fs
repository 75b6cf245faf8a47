/// Mistakes of a command line are gathered, so that people see all of them at once.
namespace SingleSharp.Cli

/// A value, or a sentence per mistake.
type Checked<'a> = Result<'a, string list>

type CheckedBuilder() =
    member _.MergeSources(left: Checked<'a>, right: Checked<'b>) : Checked<'a * 'b> =
        match left, right with
        | Ok left, Ok right -> Ok(left, right)
        | Ok _, Error mistakes
        | Error mistakes, Ok _ -> Error mistakes
        | Error first, Error second -> Error(first @ second)

    member _.BindReturn(value: Checked<'a>, map: 'a -> 'b) : Checked<'b> = Result.map map value

[<RequireQualifiedAccess>]
module Checked =
    let mistake sentence : Checked<'a> = Error [ sentence ]

    /// All values, or the mistakes of all that have one.
    let all (values: Checked<'a> list) : Checked<'a list> =
        match values |> List.collect (fun value -> Result.toOption value |> Option.toList) with
        | good when good.Length = values.Length -> Ok good
        | _ ->
            values
            |> List.collect (fun value ->
                match value with
                | Ok _ -> []
                | Error mistakes -> mistakes)
            |> Error

    /// What is missing is checked already.
    let optional (check: 'a -> Checked<'b>) (value: 'a option) : Checked<'b option> =
        match value with
        | Some value -> check value |> Result.map Some
        | None -> Ok None

/// What was probably meant.
[<RequireQualifiedAccess>]
module Nearest =
    /// Levenshtein's distance: the letters to add, remove or change.
    let private distance (word: string) (other: string) =
        let next (above: int[]) letter =
            (above[0] + 1, seq { 1 .. other.Length })
            ||> Seq.scan (fun left at -> min (min left above[at] + 1) (above[at - 1] + if other[at - 1] = letter then 0 else 1))
            |> Array.ofSeq

        word |> Seq.fold next [| 0 .. other.Length |] |> Array.last

    /// The candidate that differs least, if it differs little or goes on where the word ends.
    let find (candidates: string list) (word: string) =
        let strangeness (candidate: string) =
            if word.Length > 3 && candidate.StartsWith word then 1 else distance word candidate

        candidates
        |> List.map (fun candidate -> strangeness candidate, candidate)
        |> List.filter (fun (strangeness, _) -> strangeness <= max 1 (word.Length / 4))
        |> function
            | [] -> None
            | near -> Some(snd (List.min near))

    /// The end of a sentence that says that there is no such word.
    let hint candidates word =
        match find candidates word with
        | Some near -> $"; did you mean {near}?"
        | None -> "."

[<AutoOpen>]
module CheckedSyntax =
    let check = CheckedBuilder()
