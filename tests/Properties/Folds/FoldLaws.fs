/// The laws of folds, as Fold.fsi states them.
module internal SingleSharp.Properties.FoldLaws

open System.Collections.Generic
open Expecto
open SingleSharp.Core
open SingleSharp.Properties.Gen

/// A fold whose answer remembers everything: the elements in order, and where parts were joined.
let private transcript: Fold<int64, string> =
    Fold.ofSteps
        { Fresh = fun () -> "("
          Step = fun text element -> $"{text} {element}"
          Merge = fun left right -> $"{left} | {right}"
          Finish = fun text -> text + ")" }

/// A fold with a state that is written into, as kernels have.
let private sums: Fold<int64, int64 list> =
    Fold.ofSteps
        { Fresh = fun () -> List<int64>()
          Step =
            fun seen element ->
                seen.Add element
                seen
          Merge =
            fun left right ->
                left.AddRange right
                left
          Finish = List.ofSeq }

/// Wraps a state so that using it twice throws.
[<AllowNullLiteral>]
type private Tagged<'s>(state: 's) =
    let mutable isSpent = false

    member _.Spend() =
        if isSpent then
            failwith "a spent state was used again"

        isSpent <- true
        state

/// The same fold, watching that nobody uses a state twice.
let watched (fold: Fold<'a, 'r>) : Fold<'a, 'r> =
    fold.Open
        { new FoldUser<'a, 'r, Fold<'a, 'r>> with
            member _.Use steps =
                Fold.ofSteps
                    { Fresh = fun () -> Tagged(steps.Fresh())
                      Step = fun state element -> Tagged(steps.Step (state.Spend()) element)
                      Merge = fun left right -> Tagged(steps.Merge (left.Spend()) (right.Spend()))
                      Finish = fun state -> steps.Finish(state.Spend()) } }

let private flat (Cut parts) = List.concat (List.concat parts)

/// Two runs of one fold, their steps alternating.
let private interleaved (fold: Fold<'a, 'r>) (first: 'a list) (second: 'a list) =
    fold.Open
        { new FoldUser<'a, 'r, 'r * 'r> with
            member _.Use steps =
                let rec go left right first second =
                    match first, second with
                    | a :: first, b :: second -> go (steps.Step left a) (steps.Step right b) first second
                    | a :: first, [] -> go (steps.Step left a) right first []
                    | [], b :: second -> go left (steps.Step right b) [] second
                    | [], [] -> steps.Finish left, steps.Finish right

                go (steps.Fresh()) (steps.Fresh()) first second }

let tests =
    testList
        "Fold"
        [ Law.holds "always" (fun (xs: int64 list) (r: int) -> Fold.run (Fold.always r) xs = r)
          Law.holds "map" (fun (xs: int64 list) (f: string -> int) -> Fold.run (Fold.map f transcript) xs = f (Fold.run transcript xs))
          Law.holds "map id" (fun (xs: int64 list) -> Fold.run (Fold.map id transcript) xs = Fold.run transcript xs)
          Law.holds "premap" (fun (xs: int list) (f: int -> int64) ->
              Fold.run (Fold.premap f transcript) xs = Fold.run transcript (List.map f xs))
          Law.holds "premap distributes over both" (fun (xs: int list) (f: int -> int64) ->
              Fold.run (Fold.premap f (Fold.both transcript sums)) xs =
                  Fold.run (Fold.both (Fold.premap f transcript) (Fold.premap f sums)) xs)
          Law.holds "both" (fun (xs: int64 list) ->
              Fold.run (Fold.both transcript sums) xs = struct (Fold.run transcript xs, Fold.run sums xs))
          Law.holds "both, over parts" (fun (Cut parts) ->
              Fold.runParts (Fold.both transcript sums) parts = struct (Fold.runParts transcript parts, Fold.runParts sums parts))
          Law.holds "parts" (fun cut ->
              let (Cut parts) = cut
              Fold.runParts sums parts = Fold.run sums (flat cut))
          Law.holds "interleave" (fun (xs: int64 list) (ys: int64 list) ->
              interleaved (Fold.both transcript sums) xs ys =
                  (Fold.run (Fold.both transcript sums) xs, Fold.run (Fold.both transcript sums) ys))
          Law.holds "spent" (fun (Cut parts) ->
              Fold.runParts (watched (Fold.both (watched transcript) (Fold.map List.length (watched sums)))) parts
              |> fun (struct (text, count)) -> text = Fold.runParts transcript parts && count = List.length (Fold.runParts sums parts)) ]
