/// A fold: one way to reduce a stream of things to one answer, in pieces that merge.
namespace SingleSharp.Core

open SingleSharp.Core.Folds

/// What a fold does, with its state in sight. States are linear: once a state is given to Step or Merge it is spent,
/// so both may write into it and return it. Merge is associative; its left argument came earlier in the stream.
type FoldSteps<'a, 's, 'r> =
    { Fresh: unit -> 's
      Step: 's -> 'a -> 's
      Merge: 's -> 's -> 's
      Finish: 's -> 'r }

/// Somebody who can use a fold whatever the type of its state.
type FoldUser<'a, 'r, 'z> =
    abstract Use<'s> : FoldSteps<'a, 's, 'r> -> 'z

/// A reduction of a stream of 'a to one 'r. The type of the state is hidden, so folds compose without its showing.
[<AbstractClass>]
type Fold<'a, 'r> =
    internal new: unit -> Fold<'a, 'r>
    /// Hands the steps to somebody who runs them.
    abstract Open: FoldUser<'a, 'r, 'z> -> 'z

/// Is shown the steps of a fold, and how its states are saved, where they can be.
type internal SavedUser<'a, 'r, 'z> =
    abstract Use<'s> : FoldSteps<'a, 's, 'r> * Saved<'s> voption -> 'z

[<RequireQualifiedAccess>]
module Fold =
    /// The fold with these steps.
    val ofSteps: FoldSteps<'a, 's, 'r> -> Fold<'a, 'r>

    /// The same, with states that are saved in this form. What is built of such folds alone can be saved too.
    val internal saved: Saved<'s> -> FoldSteps<'a, 's, 'r> -> Fold<'a, 'r>

    /// Hands the steps, and the form of their states, to somebody who runs them.
    val internal openSaved: Fold<'a, 'r> -> SavedUser<'a, 'r, 'z> -> 'z

    /// The fold that reads nothing and answers r.
    /// Law (always): run (always r) xs = r
    val always: 'r -> Fold<'a, 'r>

    /// Changes the answer.
    /// Law (map): run (map f x) xs = f (run x xs); map id = id
    val map: ('r -> 'q) -> Fold<'a, 'r> -> Fold<'a, 'q>

    /// Changes what is read.
    /// Law (premap): run (premap f x) xs = run x (Seq.map f xs); premap f (both x y) = both (premap f x) (premap f y)
    val premap: ('b -> 'a) -> Fold<'a, 'r> -> Fold<'b, 'r>

    /// Two answers from one read.
    /// Law (both): run (both x y) xs = struct (run x xs, run y xs)
    val both: Fold<'a, 'p> -> Fold<'a, 'q> -> Fold<'a, struct ('p * 'q)>

    /// The meaning of a fold: one state, every element in order. Every runner must agree with it over the same tree.
    val run: Fold<'a, 'r> -> seq<'a> -> 'r

    /// The meaning of a fold over a tree of parts: each part is folded from Fresh, parts merge from left to right.
    /// Law (parts): runs that cut the same stream at the same places give the same bits.
    val runParts: Fold<'a, 'r> -> seq<#seq<#seq<'a>>> -> 'r
