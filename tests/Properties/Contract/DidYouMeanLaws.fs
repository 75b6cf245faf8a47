/// The word that was meant is the nearest one, and nothing is proposed where none is near.
module internal SingleSharp.Properties.DidYouMeanLaws

open System
open Expecto
open FsCheck.FSharp
open SingleSharp.Core

/// Levenshtein's distance by its definition.
let rec private distance (word: char list) (other: char list) =
    match word, other with
    | [], rest
    | rest, [] -> rest.Length
    | a :: left, b :: right ->
        List.min
            [ distance left other + 1
              distance word right + 1
              distance left right + (if a = b then 0 else 1) ]

/// How far a candidate is from a word, of which it may be the continuation.
let private strangeness (word: string) (candidate: string) =
    if word.Length > 3 && candidate.StartsWith(word, StringComparison.Ordinal) then
        1
    else
        distance (List.ofSeq word) (List.ofSeq candidate)

let private text =
    gen {
        let! length = Gen.choose (0, 6)
        let! letters = Gen.listOfLength length (Gen.elements [ 'a'; 'b'; '_' ])
        return String(Array.ofList letters)
    }

let private anyCase =
    Arb.fromGen (
        gen {
            let! count = Gen.choose (0, 5)
            let! candidates = Gen.listOfLength count text
            let! word = text
            return candidates, word
        }
    )

let tests =
    testList
        "DidYouMean"
        [ Law.holds "what is found is near and nothing is nearer" (fun () ->
              Prop.forAll anyCase (fun (candidates, word) ->
                  let isNear candidate =
                      strangeness word candidate <= max 1 (word.Length / 4)

                  match DidYouMean.find candidates word with
                  | None -> not (List.exists isNear candidates)
                  | Some found ->
                      List.contains found candidates
                      && isNear found
                      && candidates |> List.forall (fun other -> strangeness word found <= strangeness word other)))

          Law.holds "the order of the candidates changes nothing" (fun () ->
              Prop.forAll anyCase (fun (candidates, word) -> DidYouMean.find candidates word = DidYouMean.find (List.rev candidates) word))

          test "sentences end as they should" {
              for word, ending in
                  [ "n_top_gene", "; did you mean n_top_genes?"
                    "n_top", "; did you mean n_top_genes?"
                    "n_bins", "; did you mean n_bins?"
                    "n_bin", "; did you mean n_bins?"
                    "n_binsss", "; did you mean n_bins?"
                    "n_binssss", "."
                    "", "." ] do
                  Expect.equal (DidYouMean.hint [ "n_top_genes"; "n_bins" ] word) ending $"of '{word}'"

              Expect.equal (DidYouMean.hint [] "a") "." "without candidates"
          } ]
