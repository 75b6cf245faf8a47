/// The law of the fold { } builder.
module internal SingleSharp.Properties.SyntaxLaws

open Expecto
open SingleSharp.Core

let private total: Fold<int64, int64> =
    Fold.ofSteps
        { Fresh = fun () -> 0L
          Step = (+)
          Merge = (+)
          Finish = id }

let private largest: Fold<int64, int64 option> =
    Fold.ofSteps
        { Fresh = fun () -> None
          Step = fun most x -> Some(max x (Option.defaultValue x most))
          Merge = fun left right -> List.tryHead (List.sortDescending (Option.toList left @ Option.toList right))
          Finish = id }

let tests =
    testList
        "Syntax"
        [ Law.holds "syntax" (fun (xs: int64 list) (f: int64 -> int64 option -> int) ->
              let written =
                  fold {
                      let! a = total
                      and! b = largest
                      return f a b
                  }

              let composed = Fold.both total largest |> Fold.map (fun (struct (a, b)) -> f a b)
              Fold.run written xs = Fold.run composed xs)
          Law.holds "three questions of one read" (fun (xs: int64 list) ->
              let written =
                  fold {
                      let! a = total
                      and! b = largest
                      and! c = Fold.map string total
                      return a, b, c
                  }

              Fold.run written xs = (Fold.run total xs, Fold.run largest xs, string (Fold.run total xs))) ]
