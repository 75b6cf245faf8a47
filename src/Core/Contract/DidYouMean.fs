/// What was probably meant by a word that is not known. The command line compiles this file too.
namespace SingleSharp.Core

[<RequireQualifiedAccess>]
module internal DidYouMean =
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

    /// The end of a clause that says that there is no such word, within a sentence.
    let clause candidates word =
        match find candidates word with
        | Some near -> $"; there is {near}"
        | None -> ""

    /// The end of a sentence that says that there is no such word.
    let hint candidates word =
        match find candidates word with
        | Some near -> $"; did you mean {near}?"
        | None -> "."
