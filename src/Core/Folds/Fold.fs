namespace SingleSharp.Core

open SingleSharp.Core.Folds

type FoldSteps<'a, 's, 'r> =
    { Fresh: unit -> 's
      Step: 's -> 'a -> 's
      Merge: 's -> 's -> 's
      Finish: 's -> 'r }

type FoldUser<'a, 'r, 'z> =
    abstract Use<'s> : FoldSteps<'a, 's, 'r> -> 'z

[<AbstractClass>]
type Fold<'a, 'r>() =
    abstract Open: FoldUser<'a, 'r, 'z> -> 'z

/// Is shown the steps of a fold, and how its states are saved, where they can be.
type internal SavedUser<'a, 'r, 'z> =
    abstract Use<'s> : FoldSteps<'a, 's, 'r> * Saved<'s> voption -> 'z

/// A fold whose states can be saved.
[<AbstractClass>]
type private SavedFold<'a, 'r>() =
    inherit Fold<'a, 'r>()
    abstract OpenSaved: SavedUser<'a, 'r, 'z> -> 'z

[<RequireQualifiedAccess>]
module Fold =
    let ofSteps steps =
        { new Fold<'a, 'r>() with
            member _.Open user = user.Use steps }

    /// A fold whose states are saved in this form.
    let internal saved (form: Saved<'s>) (steps: FoldSteps<'a, 's, 'r>) : Fold<'a, 'r> =
        { new SavedFold<'a, 'r>() with
            member _.Open user = user.Use steps
            member _.OpenSaved user = user.Use(steps, ValueSome form) }

    let internal openSaved (fold: Fold<'a, 'r>) (user: SavedUser<'a, 'r, 'z>) =
        match fold with
        | :? SavedFold<'a, 'r> as fold -> fold.OpenSaved user
        | _ ->
            fold.Open
                { new FoldUser<'a, 'r, 'z> with
                    member _.Use steps = user.Use(steps, ValueNone) }

    let private ofForm form steps =
        match form with
        | ValueSome form -> saved form steps
        | ValueNone -> ofSteps steps

    let always answer =
        saved
            Saved.unit
            { Fresh = fun () -> ()
              Step = fun () _ -> ()
              Merge = fun () () -> ()
              Finish = fun () -> answer }

    let map change (fold: Fold<'a, 'r>) =
        openSaved
            fold
            { new SavedUser<'a, 'r, Fold<'a, 'q>> with
                member _.Use(steps, form) =
                    ofForm
                        form
                        { Fresh = steps.Fresh
                          Step = steps.Step
                          Merge = steps.Merge
                          Finish = steps.Finish >> change } }

    let premap prepare (fold: Fold<'a, 'r>) =
        openSaved
            fold
            { new SavedUser<'a, 'r, Fold<'b, 'r>> with
                member _.Use(steps, form) =
                    ofForm
                        form
                        { Fresh = steps.Fresh
                          Step = fun state element -> steps.Step state (prepare element)
                          Merge = steps.Merge
                          Finish = steps.Finish } }

    let private beside (left: FoldSteps<'a, 's, 'p>) leftForm (right: FoldSteps<'a, 't, 'q>) rightForm =
        let form =
            match leftForm, rightForm with
            | ValueSome left, ValueSome right -> ValueSome(Saved.beside left right)
            | _ -> ValueNone

        ofForm
            form
            { Fresh =
                fun () ->
                    { Left = left.Fresh()
                      Right = right.Fresh() }
              Step =
                fun pair element ->
                    pair.Left <- left.Step pair.Left element
                    pair.Right <- right.Step pair.Right element
                    pair
              Merge =
                fun pair later ->
                    pair.Left <- left.Merge pair.Left later.Left
                    pair.Right <- right.Merge pair.Right later.Right
                    pair
              Finish = fun pair -> struct (left.Finish pair.Left, right.Finish pair.Right) }

    let both (left: Fold<'a, 'p>) (right: Fold<'a, 'q>) =
        openSaved
            left
            { new SavedUser<'a, 'p, Fold<'a, struct ('p * 'q)>> with
                member _.Use(leftSteps, leftForm) =
                    openSaved
                        right
                        { new SavedUser<'a, 'q, Fold<'a, struct ('p * 'q)>> with
                            member _.Use(rightSteps, rightForm) =
                                beside leftSteps leftForm rightSteps rightForm } }

    let run (fold: Fold<'a, 'r>) (elements: seq<'a>) =
        fold.Open
            { new FoldUser<'a, 'r, 'r> with
                member _.Use steps =
                    elements |> Seq.fold steps.Step (steps.Fresh()) |> steps.Finish }

    /// Merges from left to right without a neutral element in front: one part alone is that part.
    let private mergeAll (steps: FoldSteps<'a, 's, 'r>) (states: seq<'s>) =
        use states = states.GetEnumerator()

        if not (states.MoveNext()) then
            steps.Fresh()
        else
            let mutable merged = states.Current

            while states.MoveNext() do
                merged <- steps.Merge merged states.Current

            merged

    let runParts (fold: Fold<'a, 'r>) (segments: seq<#seq<#seq<'a>>>) =
        fold.Open
            { new FoldUser<'a, 'r, 'r> with
                member _.Use steps =
                    segments
                    |> Seq.map (fun blocks -> blocks |> Seq.map (fun block -> Seq.fold steps.Step (steps.Fresh()) block) |> mergeAll steps)
                    |> mergeAll steps
                    |> steps.Finish }
